package io.penstock.exchange.call;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.failure.Fault;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;
import org.junit.jupiter.api.Test;

class AttemptLogTest {
    private static final TargetName A = new TargetName("openai", "gpt-4o");
    private static final TargetName B = new TargetName("groq", "org/llama \"3\", big\n");

    private final AttemptLog log = new AttemptLog();
    private final AttemptFigures begun = new Begun();

    /** An attempt that began at zero, and got no further. */
    private static final class Begun implements AttemptFigures {
        @Override
        public Ask ask() {
            throw new IllegalStateException("not asked for here");
        }

        @Override
        public int status() {
            return 0;
        }

        @Override
        public long startedNanos() {
            return 0;
        }

        @Override
        public long slotNanos() {
            return 0;
        }

        @Override
        public long readyNanos() {
            return 0;
        }

        @Override
        public long headNanos() {
            return 0;
        }

        @Override
        public long contentNanos() {
            return 0;
        }

        @Override
        public long endedNanos() {
            return 0;
        }

        @Override
        public boolean isReplayed() {
            return false;
        }

        @Override
        public TokenUsage booked() {
            return null;
        }

        @Override
        public long bookedNanoDollars() {
            return 0;
        }
    }

    private static Ask ask(TargetName target) {
        return new Ask(new Candidate(target, null, null, 0, null, null), null, null,
                Ask.Why.FIRST, false);
    }

    @Test
    void tellsWhatWasTriedInOrder() {
        log.onPassedOver(A, Fault.COOLDOWN);
        log.onFault(ask(B), begun, Fault.HEAD_TIMEOUT, 1_234_567_890L);
        log.onReply(ask(A), begun, 200, 50_000);

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
        log.onReply(ask(A), begun, 200, 1);

        assertThat(log).hasToString("-/gpt-9=model_not_found, openai/gpt-4o=200");
        assertThat(log.tried()).isEqualTo(1);
    }

    @Test
    void isEmptyAtFirst() {
        assertThat(log.toJson()).isEqualTo("[]");
        assertThat(log).hasToString("");
        assertThat(log.tried()).isZero();
        assertThat(log.lastFault()).isNull();
        assertThat(log.isNotFoundEverywhere()).isFalse();
    }

    @Test
    void remembersWhatTheLastAttemptFailedOf() {
        log.onFault(ask(A), begun, Fault.RESET, 1);
        assertThat(log.lastFault()).isEqualTo(Fault.RESET);
        log.onPassedOver(B, Fault.COOLDOWN);
        assertThat(log.lastFault()).isEqualTo(Fault.RESET);
        log.onReply(ask(A), begun, 503, 1);
        assertThat(log.lastFault()).isNull();
    }

    @Test
    void knowsAModelThatNobodyHas() {
        assertThat(log.isNotFoundEverywhere()).isFalse();
        log.onPassedOver(A, Fault.COOLDOWN);
        assertThat(log.isNotFoundEverywhere()).isFalse();
        log.onReply(ask(A), begun, 404, 1);
        log.onReply(ask(B), begun, 404, 1);
        assertThat(log.isNotFoundEverywhere()).isTrue();
        log.onFault(ask(B), begun, Fault.RESET, 1);
        assertThat(log.isNotFoundEverywhere()).isFalse();
    }
}
