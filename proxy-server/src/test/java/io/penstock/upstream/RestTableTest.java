package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RestTableTest {
    private static final long NOW = Long.MAX_VALUE - 50; // clocks may overflow

    private final RestTable rests = new RestTable();

    @Test
    void aRestThatIsOverIsForgotten() {
        rests.rest("m", NOW, 100, true);
        assertThat(rests.restNanos("m", NOW + 100)).isZero();
        assertThat(rests.restsByProvidersWord("m", NOW + 100)).isFalse();

        rests.rest("m", NOW + 200, 1, false);
        assertThat(rests.restNanos("m", NOW + 200)).isEqualTo(1);
        assertThat(rests.restsByProvidersWord("m", NOW + 200)).isFalse();
    }

    @Test
    void restsByTheProvidersWordIfOneReasonIsThat() {
        rests.restAll(NOW, 300, false);
        assertThat(rests.restsByProvidersWord("m", NOW)).isFalse();
        rests.rest("m", NOW, 100, true);
        assertThat(rests.restsByProvidersWord("m", NOW)).isTrue();
        assertThat(rests.restsByProvidersWord("other", NOW)).isFalse();
    }

    @Test
    void isBoundedAndForgetsTheRestThatEndsFirst() {
        rests.restAll(NOW, 1, true);
        for (int i = 0; i < RestTable.MAX_MODELS - 1; i++) {
            rests.rest("m" + i, NOW, 1000 - i, true);
        }
        rests.rest("one more", NOW, 5000, true);
        assertThat(rests.models(NOW)).hasSizeLessThanOrEqualTo(RestTable.MAX_MODELS)
                .containsKey("one more").containsKey("m0");
        rests.rest("the last", NOW + 2, 5000, true);
        assertThat(rests.models(NOW + 2)).containsKey("the last").containsKey("m0")
                .doesNotContainKey("m" + (RestTable.MAX_MODELS - 2));
    }

    @Test
    void keepsTheRestOfAllWhenThereIsNoRoomLeft() {
        rests.restAll(NOW, 10, true);
        for (int i = 0; i < 2 * RestTable.MAX_MODELS; i++) {
            rests.rest("m" + i, NOW, 1000 + i, true);
        }
        assertThat(rests.restOfAllNanos(NOW)).isEqualTo(10);
        assertThat(rests.models(NOW)).hasSizeLessThan(RestTable.MAX_MODELS);
    }

    @Test
    void makesRoomByWhatIsOver() {
        for (int i = 0; i < RestTable.MAX_MODELS; i++) {
            rests.rest("m" + i, NOW, i < 10 ? 5 : 1000, true);
        }
        rests.rest("more", NOW + 5, 1, true);
        assertThat(rests.models(NOW + 5)).hasSize(RestTable.MAX_MODELS - 9).containsKey("more");
    }
}
