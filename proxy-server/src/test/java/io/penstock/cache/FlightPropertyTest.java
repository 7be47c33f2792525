package io.penstock.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.cache.CachedReply.Tokens;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stays true of flights whoever comes, leaves or fails, on whatever event loops. */
class FlightPropertyTest {
    private static final int LOOPS = 3;
    private static final int CALLS = 400;
    private static final int KEYS = 5;
    private static final CacheKey[] ALL_KEYS = new CacheKey[KEYS];

    static {
        for (int i = 0; i < KEYS; i++) {
            ALL_KEYS[i] = new CacheKey(i, 0, 0, 0);
        }
    }

    private final List<ExecutorService> loops = new ArrayList<>();
    private final ReplyCache cache = new ReplyCache(64 * 1024 * 1024, System::nanoTime);
    private final AtomicInteger asked = new AtomicInteger();

    FlightPropertyTest() {
        for (int i = 0; i < LOOPS; i++) {
            loops.add(Executors.newSingleThreadExecutor());
        }
    }

    @AfterEach
    void stop() {
        loops.forEach(ExecutorService::shutdownNow);
    }

    /** One call; leads, follows, leaves or fails as its dice say. */
    private final class Call {
        private final ExecutorService loop;
        private final Random dice;
        private final int key;
        private final ReplyKind kind;
        private final CompletableFuture<String> outcome = new CompletableFuture<>();
        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private Seat seat;
        private Flight flight;
        private int piece;
        private String version; // of the reply that this call leads

        Call(ExecutorService loop, Random dice) {
            this.loop = loop;
            this.dice = dice;
            key = dice.nextInt(KEYS);
            kind = dice.nextBoolean() ? ReplyKind.WHOLE : ReplyKind.EVENTS;
        }

        void begin() {
            Lookup found = cache.look(ALL_KEYS[key], kind, (reply, to) -> null, loop,
                    this::onNews);
            if (found instanceof Lookup.Hit hit) {
                end(new String(hit.reply().body(), StandardCharsets.UTF_8));
            } else if (found instanceof Lookup.Lead lead) {
                lead(lead.flight());
            } else if (found instanceof Lookup.Follow follow) {
                seat = follow.seat();
                onNews();
            } else {
                end("alone");
            }
        }

        private void lead(Flight led) {
            flight = led;
            version = key + "." + kind + "." + asked.incrementAndGet() + ":";
            loop.execute(this::goOn);
        }

        private void goOn() {
            int step = piece++;
            if (dice.nextInt(12) == 0 && !(step > 0 && flight.isFollowed() && kind.isEvents())) {
                flight.handOver();
                end("left");
            } else if (dice.nextInt(12) == 0) {
                flight.fail();
                end("failed");
            } else if (step == 0) {
                flight.open("p", version);
                flight.append(version.getBytes(StandardCharsets.UTF_8));
                loop.execute(this::goOn);
            } else if (step < 6) {
                flight.append(new byte[] {(byte) ('0' + step)});
                loop.execute(this::goOn);
            } else {
                flight.complete(Tokens.NONE, 0, 1 + dice.nextInt(2_000_000), true);
                end(version + "12345");
            }
        }

        private void onNews() {
            if (outcome.isDone()) {
                return;
            }
            if (dice.nextInt(30) == 0) {
                seat.leave();
                end("left");
                return;
            }
            switch (seat.look()) {
                case EVENTS -> poll();
                case ALL_EVENTS -> {
                    poll();
                    end(read.toString(StandardCharsets.UTF_8));
                    seat.leave();
                }
                case WHOLE -> {
                    end(new String(seat.reply().body(), StandardCharsets.UTF_8));
                    seat.leave();
                }
                case LEAD -> lead(seat.flight());
                case ALONE -> end("alone");
                case BROKEN -> {
                    end("broken");
                    seat.leave();
                }
                default -> { }
            }
        }

        private void poll() {
            for (byte[] next = seat.poll(); next != null; next = seat.poll()) {
                read.writeBytes(next);
            }
        }

        private void end(String how) {
            assertThat(outcome.complete(how)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void givesEveryCallOneWholeReplyOrSaysWhatBecameOfIt(long seed) throws Exception {
        Random random = new Random(seed);
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            Call call = new Call(loops.get(random.nextInt(LOOPS)), new Random(random.nextLong()));
            calls.add(call);
            call.loop.execute(() -> {
                try {
                    call.begin();
                } catch (Throwable e) {
                    call.outcome.completeExceptionally(e);
                }
            });
        }

        for (Call call : calls) {
            String outcome = call.outcome.get(20, TimeUnit.SECONDS);
            if (!List.of("left", "failed", "alone", "broken").contains(outcome)) {
                assertThat(outcome).matches(call.key + "\\." + call.kind + "\\.\\d+:12345");
            }
        }
        assertThat(cache.flights()).isZero();
        assertThat(cache.recordedBytes()).isZero();
    }
}
