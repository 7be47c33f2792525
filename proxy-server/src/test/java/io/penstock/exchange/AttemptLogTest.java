package io.penstock.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.failure.Fault;
import io.penstock.route.Route.TargetName;
import org.junit.jupiter.api.Test;

class AttemptLogTest {
    private static final TargetName A = new TargetName("openai", "gpt-4o");
    private static final TargetName B = new TargetName("groq", "org/llama \"3\", big\n");

    private final AttemptLog log = new AttemptLog();

    @Test
    void tellsWhatWasTriedInOrder() {
        log.onPassedOver(A, Fault.COOLDOWN);
        log.onFault(B, Fault.HEAD_TIMEOUT, 1_234_567_890L);
        log.onReply(A, 200, 50_000);

        assertThat(log).hasToString("openai/gpt-4o=cooldown, "
                + "groq/org/llama \"3\"? big?=head_timeout, openai/gpt-4o=200");
        assertThat(log.toJson()).isEqualTo("[{\"provider\":\"openai\",\"model\":\"gpt-4o\","
                + "\"outcome\":\"cooldown\",\"ms\":0.0},{\"provider\":\"groq\",\"model\":"
                + "\"org/llama \\\"3\\\", big\\n\",\"outcome\":\"head_timeout\",\"ms\":1234.5},"
                + "{\"provider\":\"openai\",\"model\":\"gpt-4o\",\"outcome\":\"200\",\"ms\":0.0}]");
        assertThat(log.tried()).isEqualTo(2);
        assertThat(log.entries()).hasSize(3);
    }

    @Test
    void namesAModelThatNobodyServesWithoutAProvider() {
        log.onUnknownModel("gpt-9");
        log.onReply(A, 200, 1);

        assertThat(log).hasToString("-/gpt-9=model_not_found, openai/gpt-4o=200");
        assertThat(log.tried()).isEqualTo(1);
    }

    @Test
    void isEmptyAtFirstAndAfterClearing() {
        assertThat(log.toJson()).isEqualTo("[]");
        log.onFault(A, Fault.RESET, 1);
        log.clear();
        assertThat(log).hasToString("");
        assertThat(log.tried()).isZero();
        assertThat(log.lastFault()).isNull();
        assertThat(log.isNotFoundEverywhere()).isFalse();
    }

    @Test
    void remembersWhatTheLastAttemptFailedOf() {
        log.onFault(A, Fault.RESET, 1);
        assertThat(log.lastFault()).isEqualTo(Fault.RESET);
        log.onPassedOver(B, Fault.COOLDOWN);
        assertThat(log.lastFault()).isEqualTo(Fault.RESET);
        log.onReply(A, 503, 1);
        assertThat(log.lastFault()).isNull();
    }

    @Test
    void knowsAModelThatNobodyHas() {
        assertThat(log.isNotFoundEverywhere()).isFalse();
        log.onPassedOver(A, Fault.COOLDOWN);
        assertThat(log.isNotFoundEverywhere()).isFalse();
        log.onReply(A, 404, 1);
        log.onReply(B, 404, 1);
        assertThat(log.isNotFoundEverywhere()).isTrue();
        log.onFault(B, Fault.RESET, 1);
        assertThat(log.isNotFoundEverywhere()).isFalse();
    }
}
