package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CompareColumnsTest {
    private final CompareColumns columns = new CompareColumns(List.of("one", "two"), 43);

    @Test
    void wrapsEachTextInItsColumn() {
        columns.add(0, "Because blue light is ");
        columns.add(1, "No.");
        columns.add(0, "scattered most.\n\nTruly.");
        columns.close(1, "12 tokens");

        assertThat(columns.lines(100)).containsExactly(
                "one                  │ two",
                "──────────────────── │ ────────────────────",
                "Because blue light   │ No.",
                "is scattered most.   │",
                "                     │",
                "Truly.               │",
                "                     │ 12 tokens");
    }

    @Test
    void showsTheLastLinesWhereThereIsNoRoomForAll() {
        columns.add(0, "1\n2\n3\n4");
        columns.add(1, "a\nb");
        assertThat(columns.lines(2).subList(2, 4)).containsExactly("3                    │ a",
                "4                    │ b");
    }

    @Test
    void cutsAWordThatIsWiderThanItsColumn() {
        columns.add(1, "x".repeat(45));
        assertThat(columns.lines(10).subList(2, 5)).allMatch(line -> line.length() <= 43)
                .last().isEqualTo("                     │ xxxxx");
    }

    @Test
    void letsNoAnswerMoveTheCursor() {
        columns.add(0, "a\u001b[2Jb\rc\td");
        assertThat(columns.lines(10).get(2)).startsWith("a[2Jbc d");
    }

    @Test
    void keepsColumnsReadableOnANarrowScreen() {
        assertThat(new CompareColumns(List.of("a", "b", "c"), 10).lines(1).get(1))
                .isEqualTo("─".repeat(20) + " │ " + "─".repeat(20) + " │ " + "─".repeat(20));
    }
}
