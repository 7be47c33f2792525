package io.penstock.translate;

import io.penstock.failure.Failure;
import io.penstock.json.JsonText;

/** Error objects in the caller's format. */
public final class ErrorBody {
    private ErrorBody() {}

    /**
     * OpenAI's error object.
     *
     * @param attempts a JSON array of what was tried; null where nothing was
     */
    public static String openAi(Failure failure, String attempts) {
        StringBuilder out = new StringBuilder(192).append("{\"error\":{\"message\":");
        JsonText.quote(out, failure.message()).append(",\"type\":");
        JsonText.quote(out, failure.kind().type()).append(",\"param\":");
        JsonText.quote(out, failure.param()).append(",\"code\":");
        JsonText.quote(out, failure.kind().code());
        if (attempts != null) {
            out.append(",\"attempts\":").append(attempts);
        }
        return out.append("}}").toString();
    }

    /**
     * The event that ends a chat completion stream which cannot go on; no {@code [DONE]} follows.
     */
    public static String openAiEvent(Failure failure, String attempts) {
        return "data: " + openAi(failure, attempts) + "\n\n";
    }
}
