package io.penstock.exchange;

import static io.penstock.exchange.Phase.ATTEMPTING;
import static io.penstock.exchange.Phase.COMMITTED;
import static io.penstock.exchange.Phase.COMPLETE;
import static io.penstock.exchange.Phase.DRAINING;
import static io.penstock.exchange.Phase.FAILED;
import static io.penstock.exchange.Phase.IDLE;
import static io.penstock.exchange.Phase.RECEIVED;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PhaseTest {
    @Test
    void movesOnlyInTheOrderOfARequestsLife() {
        Map<Phase, Set<Phase>> next = Map.of(IDLE, Set.of(RECEIVED),
                RECEIVED, Set.of(ATTEMPTING, FAILED),
                ATTEMPTING, Set.of(COMMITTED, DRAINING, FAILED),
                COMMITTED, Set.of(COMPLETE, DRAINING, FAILED), DRAINING, Set.of(FAILED), COMPLETE, Set.of(IDLE), FAILED, Set.of(IDLE));
        for (Phase from : Phase.values()) {
            for (Phase to : Phase.values()) {
                assertThat(from.canMoveTo(to)).as("%s to %s", from, to)
                        .isEqualTo(next.get(from).contains(to));
            }
        }
    }
}
