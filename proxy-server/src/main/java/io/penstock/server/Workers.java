package io.penstock.server;

import io.penstock.admin.ServerState;
import io.penstock.observe.Readings;
import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.Provider;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All event loops of the proxy, asked or told one after the other.
 *
 * <p><b>Thread:</b> filled before any listener is bound; safe from then on.
 * <br><b>Bounds:</b> no loop is waited for longer than {@value #ANSWER_SECONDS} s.
 */
final class Workers {
    private static final long ANSWER_SECONDS = 1;
    private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

    private final List<Worker> all = new ArrayList<>();

    void add(Worker worker) {
        all.add(worker);
    }

    int count() {
        return all.size();
    }

    List<Worker> list() {
        return all;
    }

    /** Runs it on each loop, some time soon. */
    void tell(Consumer<Worker> action) {
        for (Worker worker : all) {
            worker.eventLoop().execute(() -> action.accept(worker));
        }
    }

    /** Runs it on one loop after the other, and waits for each. */
    void onEach(Consumer<Worker> action) {
        for (Worker worker : all) {
            worker.eventLoop().submit(() -> action.accept(worker))
                    .awaitUninterruptibly(ANSWER_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** The sum of a figure that only the loops themselves may read. */
    int sum(ToIntFunction<Worker> figure) {
        int sum = 0;
        for (Worker worker : all) {
            try {
                sum += worker.eventLoop().submit(() -> figure.applyAsInt(worker))
                        .get(ANSWER_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                throw new IllegalStateException("an event loop does not answer", e);
            }
        }
        return sum;
    }

    /** How each loop stands; one that does not answer has only its lag so far. */
    List<Readings.OfLoop> readings() {
        long askedNanos = System.nanoTime();
        List<Future<Readings.OfLoop>> answers = new ArrayList<>();
        for (Worker worker : all) {
            answers.add(worker.eventLoop().submit(() -> new Readings.OfLoop(
                    System.nanoTime() - askedNanos, worker.upstream().open(),
                    worker.admission().waiting())));
        }
        List<Readings.OfLoop> readings = new ArrayList<>();
        for (Future<Readings.OfLoop> answer : answers) {
            long leftNanos = TimeUnit.SECONDS.toNanos(ANSWER_SECONDS)
                    - (System.nanoTime() - askedNanos);
            Readings.OfLoop late = new Readings.OfLoop(TimeUnit.SECONDS.toNanos(ANSWER_SECONDS),
                    0, 0);
            try {
                readings.add(answer.get(Math.max(0, leftNanos), TimeUnit.NANOSECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                readings.add(late);
            } catch (TimeoutException e) {
                readings.add(late);
            } catch (ExecutionException e) {
                throw new IllegalStateException("an event loop cannot be read", e);
            }
        }
        return readings;
    }

    /** The answers of the loops, but for one that gives none in time. */
    <T> List<T> ask(ServerState.LoopQuestion<T> question) {
        long untilNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(ANSWER_SECONDS);
        List<Future<T>> asked = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            int loop = i;
            Worker worker = all.get(i);
            asked.add(worker.eventLoop().submit(() -> question.ask(loop, worker.watch())));
        }
        List<T> answers = new ArrayList<>();
        for (Future<T> answer : asked) {
            try {
                answers.add(answer.get(Math.max(0, untilNanos - System.nanoTime()),
                        TimeUnit.NANOSECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return answers;
            } catch (TimeoutException e) {
                LOG.warn("loop_slow seconds={}", ANSWER_SECONDS);
            } catch (ExecutionException e) {
                throw new IllegalStateException("an event loop cannot be read", e);
            }
        }
        return answers;
    }

    /** The sum of a figure of that provider's pools, which any thread may read. */
    long sum(Provider provider, ToLongFunction<ConnectionPool> figure) {
        long sum = 0;
        for (Worker worker : all) {
            ConnectionPool pool = worker.upstream().existingPool(provider);
            sum += pool == null ? 0 : figure.applyAsLong(pool);
        }
        return sum;
    }
}
