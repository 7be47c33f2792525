package io.penstock.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two event loops, each with its own clockwork; both clocks are frozen and go together. */
class SlotQueueTest {
    private static final long WAIT_MILLIS = 1000;
    private static final int MANY = 100;

    private final Loop a = new Loop();
    private final Loop b = new Loop();
    private long nowMillis;

    /** An event loop that does what it is told when it is told. */
    private static final class Loop implements SlotQueue.Listener<String> {
        private final EmbeddedChannel channel = new EmbeddedChannel();
        private final Deadlines deadlines = new Deadlines(channel.eventLoop());
        private final ArrayDeque<Runnable> turns = new ArrayDeque<>();
        private final List<String> told = new ArrayList<>();
        private SlotQueue<String> queue;
        private Runnable onSlot = () -> { };

        Loop() {
            channel.freezeTime();
        }

        void queue(Slots shared, int maxHere) {
            queue = new SlotQueue<>(shared, maxHere, deadlines, turns::add, this);
        }

        boolean tryTake() {
            return queue.tryTake(deadlines.nowNanos());
        }

        boolean offer(String who) {
            return queue.offer(who, MANY, TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS),
                    deadlines.nowNanos());
        }

        void turn() {
            while (!turns.isEmpty()) {
                turns.poll().run();
            }
        }

        @Override
        public void onSlot(String waiter) {
            told.add(waiter);
            onSlot.run();
        }

        @Override
        public void onNoSlot(String waiter) {
            told.add("no " + waiter);
        }
    }

    /** The two clocks were frozen one after the other, and however long after. */
    @BeforeEach
    void queues() {
        a.channel.advanceTimeBy(b.deadlines.nowNanos() - a.deadlines.nowNanos(),
                TimeUnit.NANOSECONDS);
        queues(new Slots(2));
    }

    private void queues(Slots shared) {
        a.queue(shared, MANY);
        b.queue(shared, MANY);
    }

    @AfterEach
    void close() {
        assertThat(a.queue.waiting() + b.queue.waiting()).isZero();
        assertThat(a.deadlines.size() + b.deadlines.size()).isZero();
        a.channel.finishAndReleaseAll();
        b.channel.finishAndReleaseAll();
    }

    /** Lets time pass on both loops, in small steps. */
    private void pass(long millis) {
        for (long end = nowMillis + millis; nowMillis < end; nowMillis++) {
            for (Loop loop : List.of(a, b)) {
                loop.channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
                loop.channel.runScheduledPendingTasks();
                loop.turn();
            }
        }
    }

    private void release(Loop loop) {
        loop.queue.release();
        loop.turn();
    }

    @Test
    void givesAsManySlotsAsThereAreOnAllLoopsTogether() {
        assertThat(a.tryTake()).isTrue();
        assertThat(b.tryTake()).isTrue();
        assertThat(a.tryTake()).isFalse();
        assertThat(b.tryTake()).isFalse();
        release(b);
        assertThat(a.tryTake()).isTrue();
        assertThat(a.queue.used()).isEqualTo(2);
    }

    @Test
    void servesCallsInTheOrderInWhichTheyCame() {
        a.tryTake();
        a.tryTake();
        a.offer("first");
        a.offer("second");
        a.offer("third");

        release(a);
        assertThat(a.told).containsExactly("first");
        assertThat(a.tryTake()).isFalse();
        release(a);
        release(a);
        assertThat(a.told).containsExactly("first", "second", "third");
        assertThat(a.queue.used()).isEqualTo(2);
    }

    @Test
    void letsNobodyPassThoseWhoWaitEvenBeforeTheyAreServed() {
        a.tryTake();
        a.tryTake();
        a.offer("first");
        a.queue.release();

        assertThat(a.tryTake()).isFalse();
        a.turn();
        assertThat(a.told).containsExactly("first");
    }

    @Test
    void tellsACallWhoseTimeIsUp() {
        a.tryTake();
        a.tryTake();
        a.offer("first");
        pass(500);
        a.offer("second");

        pass(WAIT_MILLIS - 501);
        assertThat(a.told).isEmpty();
        pass(12);
        assertThat(a.told).containsExactly("no first");
        release(a);
        assertThat(a.told).containsExactly("no first", "second");
    }

    @Test
    void hasNoRoomForMoreThanMayWaitAndNoneWithoutTime() {
        a.tryTake();
        a.tryTake();
        long now = a.deadlines.nowNanos();
        assertThat(a.queue.offer("x", 0, 1000, now)).isFalse();
        assertThat(a.queue.offer("x", 1, 0, now)).isFalse();
        assertThat(a.queue.offer("first", 1, 1000, now)).isTrue();
        assertThat(a.queue.offer("second", 1, 1000, now)).isFalse();
        a.queue.remove("first");
        a.queue.remove("second");
        assertThat(a.queue.offer("third", 1, 1000, now)).isTrue();
        a.queue.remove("third");
    }

    @Test
    void givesNoSlotToACallThatWaitsNoMore() {
        a.tryTake();
        a.tryTake();
        a.offer("first");
        a.offer("second");
        a.queue.remove("first");

        release(a);
        assertThat(a.told).containsExactly("second");
    }

    @Test
    void findsASlotThatAnotherLoopGaveBack() {
        a.tryTake();
        a.tryTake();
        b.offer("first");
        release(a);
        assertThat(b.told).isEmpty();

        pass(2 * SlotQueue.POLL_MILLIS + 1);

        assertThat(b.told).containsExactly("first");
        assertThat(a.queue.used() + b.queue.used()).isEqualTo(2);
    }

    @Test
    void findsASlotThatWasGivenBackJustBeforeItWaited() {
        a.tryTake();
        a.tryTake();
        assertThat(b.tryTake()).isFalse();
        release(a);
        release(a);
        b.offer("first");

        pass(2 * SlotQueue.POLL_MILLIS + 1);

        assertThat(b.told).containsExactly("first");
    }

    @Test
    void leavesASlotToTheLoopWhoseCallHasWaitedLonger() {
        a.tryTake();
        a.tryTake();
        b.offer("older");
        pass(Slots.LEAD_MILLIS + 1);
        a.offer("younger");

        release(a);
        assertThat(a.told).isEmpty();
        pass(2 * SlotQueue.POLL_MILLIS + 1);
        assertThat(b.told).containsExactly("older");

        release(a);
        assertThat(a.told).containsExactly("younger");
    }

    @Test
    void looksAgainForASlotThatItLeftToAnotherLoop() {
        a.tryTake();
        a.tryTake();
        b.offer("older");
        pass(Slots.LEAD_MILLIS + 1);
        a.offer("younger"); // every slot is this loop's own: there is nothing to look for yet
        release(a);
        pass(2 * SlotQueue.POLL_MILLIS + 1);
        assertThat(b.told).containsExactly("older");

        release(b);
        pass(2 * SlotQueue.POLL_MILLIS + 1);

        assertThat(a.told).containsExactly("younger");
    }

    @Test
    void letsNoNewcomerPassACallThatHasWaitedOnAnotherLoop() {
        a.tryTake();
        a.tryTake();
        b.offer("older");
        pass(Slots.LEAD_MILLIS + 1);
        a.queue.release();

        assertThat(a.tryTake()).isFalse();
        pass(2 * SlotQueue.POLL_MILLIS + 1);
        assertThat(b.told).containsExactly("older");
        b.queue.release();
        assertThat(a.tryTake()).isTrue();
    }

    @Test
    void doesNotReserveSharedSlotsForACallThatItsOwnLoopHasNoRoomFor() {
        b.queue(null, MANY);
        Slots shared = new Slots(3);
        a.queue(shared, 1);
        b.queue(shared, MANY);
        a.tryTake();
        a.offer("waits for a");
        pass(Slots.LEAD_MILLIS + 1);

        assertThat(b.tryTake()).isTrue();
        assertThat(b.tryTake()).isTrue();
        release(a);
        assertThat(a.told).containsExactly("waits for a");
    }

    @Test
    void boundsTheSlotsOfOneLoopWithoutOthers() {
        a.queue(null, 1);
        assertThat(a.tryTake()).isTrue();
        assertThat(a.tryTake()).isFalse();
        a.offer("first");
        pass(50);
        assertThat(a.told).isEmpty();
        release(a);
        assertThat(a.told).containsExactly("first");
    }

    @Test
    void followsAHigherLimitAndALowerOne() {
        Slots shared = new Slots(2);
        queues(shared);
        a.tryTake();
        a.tryTake();
        a.offer("first");
        a.offer("second");
        pass(5);
        shared.setLimit(3);
        release(a); // whatever looks next finds both
        assertThat(a.told).containsExactly("first", "second");
        assertThat(shared.used()).isEqualTo(3);

        shared.setLimit(1);
        a.offer("third");
        release(a);
        release(a);
        assertThat(a.told).hasSize(2);
        release(a);
        assertThat(a.told).containsExactly("first", "second", "third");
        assertThat(shared.used()).isEqualTo(1);
    }

    @Test
    void bearsCallsThatEndAsSoonAsTheyAreServed() {
        a.tryTake();
        a.tryTake();
        a.onSlot = () -> a.queue.release();
        for (int i = 0; i < MANY; i++) {
            a.offer("call " + i);
        }

        release(a);

        assertThat(a.told).hasSize(MANY);
        assertThat(a.queue.used()).isEqualTo(1);
    }
}
