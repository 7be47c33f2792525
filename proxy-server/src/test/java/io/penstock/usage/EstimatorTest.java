package io.penstock.usage;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class EstimatorTest {
    private final Estimator estimator = new Estimator();

    @Test
    void takesFourBytesForATokenUntilItKnowsBetter() {
        assertThat(estimator.promptTokens("m", 4000)).isEqualTo(1000);
        assertThat(estimator.promptTokens("m", 1)).isEqualTo(1);
        assertThat(estimator.completionTokens("m")).isEqualTo(Estimator.FIRST_COMPLETION);
    }

    @Test
    void learnsEachModelsOwnRatio() {
        for (int i = 0; i < 200; i++) {
            estimator.learn("dense", 3000, 1, new TokenUsage(1500, 10, 0, 0));
        }
        assertThat(estimator.promptTokens("dense", 3000))
                .isCloseTo(1500, Percentage.withPercentage(5));
        assertThat(estimator.promptTokens("other", 3000)).isEqualTo(750);
    }

    @Test
    void learnsHowLongAnswersAre() {
        estimator.learn("m", 100, 1, new TokenUsage(25, 300, 0, 0));
        assertThat(estimator.completionTokens("m")).isEqualTo(300);
        for (int i = 0; i < 200; i++) {
            estimator.learn("m", 100, 1, new TokenUsage(25, i % 2 == 0 ? 100 : 200, 0, 0));
        }
        assertThat(estimator.completionTokens("m")).as("mean and room").isBetween(200L, 300L);
    }

    @Test
    void learnsNothingFromEstimates() {
        estimator.learn("m", 100, 1, new TokenUsage(100, 5, 0, 0, true));
        assertThat(estimator.completionTokens("m")).isEqualTo(Estimator.FIRST_COMPLETION);
    }

    @Test
    void doesNotTakeAnImageForAsMuchText() {
        long text = estimator.promptTokens("m", Estimator.MAX_TEXT_BYTES);
        assertThat(estimator.promptTokens("m", 8L * 1024 * 1024)).isBetween(text, 2 * text);
        estimator.learn("m", 8L * 1024 * 1024, 1, new TokenUsage(900, 0, 0, 0));
        assertThat(estimator.promptTokens("m", 4000)).isEqualTo(1000);
    }

    @Test
    void boundsTheModelsItRemembers() {
        for (int i = 0; i < Estimator.MAX_MODELS + 10; i++) {
            estimator.learn("m" + i, 100, 1, new TokenUsage(25, 7, 0, 0));
        }
        assertThat(estimator.completionTokens("m0")).isEqualTo(7);
        assertThat(estimator.completionTokens("never seen")).as("what holds for all").isEqualTo(7);
    }

    @Test
    void learnsNoLengthFromSeveralAnswersAtOnce() {
        estimator.learn("m", 100, 1, new TokenUsage(25, 300, 0, 0));
        for (int i = 0; i < 50; i++) {
            estimator.learn("m", 200, 4, new TokenUsage(100, 4000, 0, 0));
        }
        assertThat(estimator.completionTokens("m")).isEqualTo(300);
        assertThat(estimator.promptTokens("m", 200)).isGreaterThan(90);
    }
}
