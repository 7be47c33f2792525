package io.penstock.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DeadlinesTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Deadlines deadlines;
    private final List<String> due = new ArrayList<>();

    DeadlinesTest() {
        channel.freezeTime();
        deadlines = new Deadlines(channel.eventLoop());
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private void advanceMillis(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    private final class Wait extends Deadlines.Entry {
        private final String name;
        private long atNanos;
        private Runnable then = () -> { };
        private boolean stays;
        private int looks;

        Wait(String name) {
            this.name = name;
        }

        Wait in(long millis) {
            atNanos = deadlines.nowNanos() + TimeUnit.MILLISECONDS.toNanos(millis);
            deadlines.expectBy(atNanos);
            return this;
        }

        @Override
        protected long remainingNanos(long nowNanos) {
            looks++;
            return atNanos == 0 ? Deadlines.NEVER : atNanos - nowNanos;
        }

        @Override
        protected void onDeadline(long nowNanos) {
            due.add(name);
            atNanos = 0;
            if (!stays) {
                deadlines.remove(this);
            }
            then.run();
        }
    }

    private Wait add(String name, long millis) {
        Wait wait = new Wait(name);
        deadlines.add(wait);
        return wait.in(millis);
    }

    @Test
    void tellsAnEntryWhenItsTimeIsUpAndNotBefore() {
        add("a", 1000);
        advanceMillis(999);
        assertThat(due).isEmpty();
        advanceMillis(1 + Deadlines.MIN_SWEEP_MILLIS);
        assertThat(due).containsExactly("a");
        assertThat(deadlines.size()).isZero();
        advanceMillis(100_000);
        assertThat(due).hasSize(1);
    }

    @Test
    void tellsSeveralEachInItsTime() {
        add("late", 3000);
        add("early", 1000);
        add("middle", 2000);
        for (int i = 1; i <= 3; i++) {
            advanceMillis(1000 + Deadlines.MIN_SWEEP_MILLIS);
            assertThat(due).hasSize(i);
        }
        assertThat(due).containsExactly("early", "middle", "late");
    }

    @Test
    void forgetsWhatIsRemoved() {
        Wait wait = add("a", 100);
        add("b", 100);
        deadlines.remove(wait);
        deadlines.remove(wait);
        advanceMillis(200);
        assertThat(due).containsExactly("b");
        assertThat(deadlines.size()).isZero();
    }

    @Test
    void followsADeadlineThatMovesAwayWithoutBeingTold() {
        Wait wait = add("a", 100);
        wait.atNanos += TimeUnit.MILLISECONDS.toNanos(500);
        advanceMillis(300);
        assertThat(due).isEmpty();
        advanceMillis(300 + Deadlines.MIN_SWEEP_MILLIS);
        assertThat(due).containsExactly("a");
    }

    @Test
    void looksNoMoreOftenThanItHasTo() {
        Wait wait = add("a", 10_000);
        for (int i = 0; i < 100; i++) {
            wait.in(10_000); // as each event of a stream would
            advanceMillis(20);
        }
        assertThat(wait.looks).isZero();
        add("b", 1);
        for (int i = 0; i < 9; i++) {
            advanceMillis(1);
        }
        assertThat(due).isEmpty(); // sweeps keep their distance
        advanceMillis(1);
        assertThat(due).containsExactly("b");
    }

    @Test
    void staysAwakeForAnEntryThatWaitsAnew() {
        Wait wait = add("a", 100);
        wait.stays = true;
        wait.then = () -> {
            if (due.size() < 3) {
                wait.in(100);
            }
        };
        for (int i = 0; i < 50; i++) {
            advanceMillis(10);
        }
        assertThat(due).containsExactly("a", "a", "a");
        assertThat(deadlines.size()).isEqualTo(1);
    }

    @Test
    void allowsEntriesToComeAndGoDuringASweep() {
        Wait first = add("first", 100);
        Wait second = add("second", 100);
        Wait third = add("third", 100);
        first.then = () -> {
            deadlines.remove(second); // the one that is looked at next
            add("added", 0);
            add("later", 50);
        };
        third.then = () -> deadlines.remove(first);
        advanceMillis(110);
        assertThat(due).startsWith("first", "third").doesNotContain("second", "later");
        advanceMillis(50 + 2 * Deadlines.MIN_SWEEP_MILLIS);
        assertThat(due).containsExactlyInAnyOrder("first", "third", "added", "later");
        assertThat(deadlines.size()).isZero();
    }

    @Test
    void sleepsWhileNobodyWaits() {
        Wait wait = new Wait("a");
        deadlines.add(wait);
        advanceMillis(1_000_000);
        assertThat(wait.looks).isZero();
        wait.in(10);
        advanceMillis(20);
        assertThat(due).containsExactly("a");
    }

    @Test
    void countsFromOneThread() {
        Counter counter = new Counter();
        counter.add(5);
        counter.add(-2);
        assertThat(counter.get()).isEqualTo(3);
    }
}
