package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.failure.Failure;
import org.junit.jupiter.api.Test;

class ErrorBodyTest {
    @Test
    void isOpenAisErrorObject() {
        Failure failure = new Failure(Failure.Kind.MODEL_NOT_FOUND, "No \"x\".\n", "model",
                "secret");

        assertThat(ErrorBody.openAi(failure, null)).isEqualTo("{\"error\":{\"message\":"
                + "\"No \\\"x\\\".\\n\",\"type\":\"invalid_request_error\",\"param\":\"model\","
                + "\"code\":\"model_not_found\"}}");
    }

    @Test
    void tellsWhatWasTried() {
        Failure failure = Failure.of(Failure.Kind.UPSTREAM_TIMEOUT, "Late.");

        assertThat(ErrorBody.openAi(failure, "[{\"ms\":1}]")).isEqualTo("{\"error\":{\"message\":"
                + "\"Late.\",\"type\":\"server_error\",\"param\":null,"
                + "\"code\":\"upstream_timeout\","
                + "\"attempts\":[{\"ms\":1}]}}");
    }

    @Test
    void tellsAnthropicsLibrariesWhatToDo() {
        Failure failure = new Failure(Failure.Kind.UNSUPPORTED_PARAMETER, "No threads.", "thread",
                null, "thread_unsupported_request");

        assertThat(ErrorBody.anthropic(failure, null)).isEqualTo("{\"type\":\"error\",\"error\":"
                + "{\"type\":\"invalid_request_error\",\"message\":\"No threads.\",\"details\":"
                + "{\"error_code\":\"thread_unsupported_request\"}}}");
        assertThat(ErrorBody.openAi(failure, null)).doesNotContain("thread_unsupported_request");
    }

    @Test
    void isOneEventInAStream() {
        Failure failure = Failure.of(Failure.Kind.UPSTREAM_ERROR, "Two\r\nlines\n\n");

        String event = ErrorBody.openAiEvent(failure, null);

        assertThat(event).isEqualTo("data: " + ErrorBody.openAi(failure, null) + "\n\n");
        assertThat(event.lines()).hasSize(2);
    }

    @Test
    void goesOnWithTheNumbersOfResponses() {
        Failure failure = Failure.of(Failure.Kind.UPSTREAM_ERROR, "It broke \"off\".");

        assertThat(ErrorBody.event(ReplyFormat.RESPONSES, failure, null, 7)).isEqualTo("event: "
                + "error\ndata: {\"type\":\"error\",\"code\":\"upstream_error\",\"message\":"
                + "\"It broke \\\"off\\\".\",\"param\":null,\"sequence_number\":7}\n\n");
    }
}
