package io.penstock.trace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {
    private static final String GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @Test
    void readsTraceSpanAndFlags() {
        assertThat(TraceParent.of(GOOD)).isEqualTo(new TraceParent(0x0af7651916cd43ddL,
                0x8448eb211c80319cL, 0xb7ad6b7169203331L, 1));
        assertThat(TraceParent.of(GOOD).isSampled()).isTrue();
        assertThat(TraceParent.of(GOOD.replace("-01", "-fe")).isSampled()).isFalse();
    }

    @Test
    void readsTheFirstFourPartsOfALaterVersion() {
        assertThat(TraceParent.of(GOOD.replace("00-", "cc-"))).isEqualTo(TraceParent.of(GOOD));
        assertThat(TraceParent.of(GOOD.replace("00-", "cc-") + "-what-comes"))
                .isEqualTo(TraceParent.of(GOOD));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "",
        "00",
        "00-a-b-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01-",
        "+0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
    void refusesWhatIsMalformed(String value) {
        assertThat(TraceParent.of(value)).isNull();
    }
}
