package io.penstock.exchange.call;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.Timing.Stage;
import io.penstock.http.HeadWriter;
import org.junit.jupiter.api.Test;

class TimingTest {
    private static String written(Timing timing, long nowNanos) {
        HeadWriter out = new HeadWriter();
        timing.write(out, nowNanos);
        return out.toString();
    }

    @Test
    void givesEachMomentToOneStage() {
        Timing timing = new Timing(1_000);
        timing.enter(Stage.PROXY, 2_001_000);
        timing.enter(Stage.QUEUE, 2_011_000);
        timing.enter(Stage.PROVIDER, 5_011_000);
        timing.enter(Stage.PROVIDER, 5_511_000);
        timing.enter(Stage.PROXY, 9_011_000);
        timing.enter(Stage.PROVIDER, 9_018_000);
        timing.enter(Stage.PROXY, 10_000_000);

        assertThat(written(timing, 10_001_000)).isEqualTo("server-timing: receive;dur=2.000, "
                + "queue;dur=3.000, upstream;dur=4.982, proxy;dur=0.018, total;dur=10.000\r\n");
    }

    @Test
    void countsNoTimeTwiceWhereAStageBeganAMomentAgo() {
        Timing timing = new Timing(0);
        timing.enter(Stage.PROVIDER, 0);
        timing.enter(Stage.PROXY, 5_000_000);
        timing.enter(Stage.PROVIDER, 3_000_000);

        assertThat(written(timing, 6_000_000)).contains(
                "upstream;dur=6.000, proxy;dur=0.000, total;");
    }
}
