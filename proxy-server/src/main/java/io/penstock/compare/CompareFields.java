package io.penstock.compare;

import io.penstock.exchange.call.BodyEdits;
import io.penstock.failure.Failure;
import io.penstock.failure.Failure.Kind;
import io.penstock.json.JsonText;
import io.penstock.json.StringArray;
import io.penstock.json.TopLevelScanner;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the body of a comparison says beside the chat: which models, whether as a stream, and
 * whether each may fail over.
 *
 * <p><b>Thread:</b> confined to the comparison's event loop.
 */
final class CompareFields {
    static final int MIN_MODELS = 2;
    static final int MAX_MODELS = 10;
    private static final int MAX_NAME_CHARS = 512;
    private static final byte[] NOTHING = {};
    private static final int MODELS = 0;
    private static final int STREAM = 1;
    private static final int FAILOVER = 2;
    private static final int MODEL = 3;

    private final TopLevelScanner found;
    private final @Nullable List<String> models; // null where they are no list of names

    private CompareFields(TopLevelScanner found) {
        this.found = found;
        models = found.kind(MODELS) == TopLevelScanner.Kind.ARRAY
                ? StringArray.read(found.text(MODELS), MAX_MODELS) : null;
    }

    static TopLevelScanner newScanner() {
        return new TopLevelScanner("models", "stream", "failover", "model");
    }

    /** What was found of a whole body. */
    static CompareFields of(TopLevelScanner found) {
        return new CompareFields(found);
    }

    /** What is wrong with it; null if nothing is. */
    @Nullable Failure mistake() {
        if (models == null || models.size() < MIN_MODELS || models.size() > MAX_MODELS
                || models.stream().anyMatch(name -> name.isBlank()
                        || name.length() > MAX_NAME_CHARS)) {
            boolean absent = found.kind(MODELS) == TopLevelScanner.Kind.ABSENT;
            return new Failure(absent ? Kind.MISSING_MODEL : Kind.BAD_REQUEST, "'models' has to be "
                    + "a list of " + MIN_MODELS + " to " + MAX_MODELS + " names of models.",
                    "models", null);
        }
        if (!isFlag(STREAM)) {
            return notAFlag("stream");
        }
        return isFlag(FAILOVER) ? null : notAFlag("failover");
    }

    private boolean isFlag(int member) {
        return switch (found.kind(member)) {
            case ABSENT, TRUE, FALSE, NULL -> true;
            default -> false;
        };
    }

    private static Failure notAFlag(String name) {
        return new Failure(Kind.BAD_REQUEST, "'" + name + "' has to be true or false.", name,
                null);
    }

    /** Of a body without a {@linkplain #mistake mistake}. */
    List<String> models() {
        if (models == null) {
            throw new IllegalStateException("no list of models");
        }
        return models;
    }

    boolean isStream() {
        return found.kind(STREAM) == TopLevelScanner.Kind.TRUE;
    }

    boolean mayFailOver() {
        return found.kind(FAILOVER) == TopLevelScanner.Kind.TRUE;
    }

    /** Makes the body a chat with that model: it takes the place of the list. */
    void ask(String model, BodyEdits edits) {
        edits.clear().replace(found.before(MODELS) + 1, found.end(MODELS),
                JsonText.quote(new StringBuilder("\"model\":"), model).toString()
                        .getBytes(StandardCharsets.UTF_8));
        cut(FAILOVER, MODEL, edits);
        cut(MODEL, FAILOVER, edits);
    }

    /** A member goes with the comma before it; where none stays before it, with the one behind. */
    private void cut(int member, int other, BodyEdits edits) {
        if (found.kind(member) == TopLevelScanner.Kind.ABSENT) {
            return;
        }
        int before = found.ordinal(member);
        boolean otherBefore = found.kind(other) != TopLevelScanner.Kind.ABSENT
                && found.ordinal(other) < before;
        boolean leads = before == (otherBefore ? 1 : 0);
        edits.replace(leads ? found.before(member) + 1 : found.before(member),
                leads ? found.after(member) : found.end(member), NOTHING);
    }
}
