package io.penstock.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PhaseTest {
    /** Every way from that phase to an end. */
    private static List<List<Phase>> walks(Phase from) {
        List<List<Phase>> walks = new ArrayList<>();
        for (Phase next : Phase.values()) {
            if (from.canMoveTo(next)) {
                for (List<Phase> rest : walks(next)) {
                    List<Phase> walk = new ArrayList<>(List.of(from));
                    walk.addAll(rest);
                    walks.add(walk);
                }
            }
        }
        return walks.isEmpty() ? List.of(List.of(from)) : walks;
    }

    @Test
    void everyWalkEndsInOneOfTheLastPhases() {
        assertThat(walks(Phase.RECEIVED)).isNotEmpty().allSatisfy(walk -> {
            assertThat(walk).doesNotHaveDuplicates();
            assertThat(walk.get(walk.size() - 1).isLast()).isTrue();
            assertThat(walk.subList(0, walk.size() - 1)).noneMatch(Phase::isLast);
        });
    }

    @Test
    void onlyWhatWasCommittedCompletes() {
        assertThat(walks(Phase.RECEIVED)).filteredOn(walk -> walk.contains(Phase.COMPLETE))
                .allSatisfy(walk -> assertThat(walk).contains(Phase.COMMITTED));
    }

    @Test
    void anyPhaseButTheLastMayFail() {
        for (Phase phase : Phase.values()) {
            assertThat(walks(phase)).as(phase.name())
                    .anyMatch(walk -> walk.contains(Phase.FAILED) || phase == Phase.COMPLETE);
        }
    }
}
