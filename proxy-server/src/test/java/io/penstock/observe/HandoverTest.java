package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HandoverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final BlockingQueue<List<Integer>> taken = new LinkedBlockingQueue<>();

    private Handover<Integer> handover(int capacity, int maxBatch, Duration gather,
            Consumer<List<Integer>> taker) {
        return new Handover<>("handover-test", capacity, maxBatch, gather, taker);
    }

    private void keep(List<Integer> batch) {
        taken.add(List.copyOf(batch));
    }

    private List<Integer> next() throws InterruptedException {
        List<Integer> batch = taken.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(batch).as("a batch in time").isNotNull();
        return batch;
    }

    @Test
    void givesItemsInTheirOrder() throws InterruptedException {
        Handover<Integer> handover = handover(10, 4, Duration.ofMillis(1), this::keep);

        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            assertThat(handover.offer(i)).isTrue();
        }
        while (all.size() < 8) {
            all.addAll(next());
        }

        assertThat(all).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        handover.close(PATIENCE);
        assertThat(handover.dropped()).isZero();
    }

    @Test
    void aFullBatchDoesNotWaitForMore() throws InterruptedException {
        Handover<Integer> handover = handover(10, 3, Duration.ofHours(1), this::keep);

        handover.offer(1);
        handover.offer(2);
        handover.offer(3);

        assertThat(next()).containsExactly(1, 2, 3);
        handover.close(PATIENCE);
    }

    @Test
    void dropsAndCountsWhatHasNoRoom() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Handover<Integer> handover = handover(2, 1, Duration.ZERO, batch -> {
            begun.countDown();
            await(go);
            keep(batch);
        });
        handover.offer(1);
        await(begun); // the taker has one, and is stuck with it

        assertThat(handover.offer(2)).isTrue();
        assertThat(handover.offer(3)).isTrue();
        assertThat(handover.offer(4)).isFalse();
        assertThat(handover.offer(5)).isFalse();

        assertThat(handover.dropped()).isEqualTo(2);
        go.countDown();
        assertThat(next()).containsExactly(1);
        assertThat(next()).containsExactly(2);
        assertThat(next()).containsExactly(3);
        handover.close(PATIENCE);
    }

    @Test
    void closingHandsOverWhatIsQueuedWithoutWaitingForMore() throws InterruptedException {
        Handover<Integer> handover = handover(10, 5, Duration.ofHours(1), this::keep);
        handover.offer(1);
        handover.offer(2);

        handover.close(PATIENCE);

        List<Integer> all = new ArrayList<>(next());
        if (all.size() < 2) {
            all.addAll(next());
        }
        assertThat(all).containsExactly(1, 2);
        assertThat(handover.offer(3)).isFalse();
        assertThat(handover.dropped()).isEqualTo(1);
    }

    @Test
    void closingWaitsForAStuckTakerNoLongerThanItsBound() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Handover<Integer> handover = handover(10, 1, Duration.ZERO, batch -> {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                Thread.currentThread().interrupt();
            }
        });
        handover.offer(1);
        await(begun);
        handover.offer(2);

        handover.close(Duration.ofMillis(20));

        await(interrupted);
        assertThat(handover.dropped()).as("what was still queued").isEqualTo(1);
    }

    @Test
    void aTakerThatThrowsLosesItsBatchOnly() throws InterruptedException {
        Handover<Integer> handover = handover(10, 1, Duration.ZERO, batch -> {
            if (batch.contains(1)) {
                throw new IllegalStateException("as the test wants it");
            }
            keep(batch);
        });

        handover.offer(1);
        handover.offer(2);

        assertThat(next()).containsExactly(2);
        assertThat(handover.dropped()).isEqualTo(1);
        handover.close(PATIENCE);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
