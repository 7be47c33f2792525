package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PacerTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<String> woken = new ArrayList<>();
    private Pacer pacer;

    @BeforeEach
    void setUp() {
        channel.freezeTime();
        pacer = new Pacer(channel.eventLoop());
    }

    @AfterEach
    void tearDown() {
        channel.finishAndReleaseAll();
    }

    @Test
    void wakesEachWhenItIsDueAndNotBefore() {
        add("b", 5);
        add("a", 2);
        advance(1);
        assertThat(woken).isEmpty();
        advance(2);
        assertThat(woken).containsExactly("a");
        advance(10);
        assertThat(woken).containsExactly("a", "b");
    }

    @Test
    void wakesAtTheNextTickWhoIsLate() {
        add("late", -7);
        assertThat(woken).isEmpty();
        advance(1);
        assertThat(woken).containsExactly("late");
    }

    @Test
    void keepsThoseOfALaterTurnOfTheWheel() {
        add("near", 3);
        add("far", 3 + 2 * Pacer.SLOTS);
        for (int i = 0; i < 2 * Pacer.SLOTS + 2; i++) {
            advance(1);
        }
        assertThat(woken).containsExactly("near");
        advance(2);
        assertThat(woken).containsExactly("near", "far");
    }

    @Test
    void missesNobodyAfterALongStall() {
        for (int i = 1; i < 3000; i += 100) {
            add("w", i);
        }
        advance(5000);
        assertThat(woken).hasSize(30);
    }

    @Test
    void letsThoseWhoLeaveSleep() {
        Pacer.Waiter first = add("first", 2);
        add("second", 2);
        Pacer.Waiter third = add("third", 2);
        pacer.remove(first);
        pacer.remove(third);
        pacer.remove(third);
        advance(3);
        assertThat(woken).containsExactly("second");
    }

    @Test
    void restsAndStartsAgain() {
        add("once", 1);
        advance(5);
        assertThat(channel.runScheduledPendingTasks()).isEqualTo(-1); // no timer is left
        add("again", 1);
        advance(1);
        assertThat(woken).containsExactly("once", "again");
    }

    private Pacer.Waiter add(String name, long millis) {
        Pacer.Waiter waiter = new Pacer.Waiter(() -> woken.add(name));
        pacer.add(waiter, now() + TimeUnit.MILLISECONDS.toNanos(millis));
        return waiter;
    }

    private long now() {
        return channel.eventLoop().ticker().nanoTime();
    }

    private void advance(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }
}
