package io.penstock.limit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Real threads that begin at the same moment. */
final class Threads {
    private Threads() {}

    /** Runs all at once, and waits for their end; throws what any of them threw. */
    static void runTogether(List<? extends Runnable> loops) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(loops.size());
        try {
            CyclicBarrier start = new CyclicBarrier(loops.size());
            List<Future<?>> ends = new ArrayList<>();
            for (Runnable loop : loops) {
                ends.add(threads.submit(() -> {
                    start.await();
                    loop.run();
                    return null;
                }));
            }
            for (Future<?> end : ends) {
                end.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
