package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.translate.ResponseAnswer.Item;
import io.penstock.translate.ResponseMemory.Settings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ResponseMemoryTest {
    private final AtomicLong nanos = new AtomicLong();

    private ResponseMemory memory(long maxBytes, int maxResponses) {
        return new ResponseMemory(new Settings(maxBytes, maxResponses, Duration.ofMinutes(1)),
                nanos::get);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ResponseAnswer answer(String id) {
        return new ResponseAnswer(id, List.of(new Item(id + "_0", bytes("{\"a\":\"" + id + "\"}")),
                new Item(id + "_1", bytes("{\"b\":\"" + id + "\"}"))));
    }

    private static String text(List<byte[]> items) {
        return items == null ? null : String.join(",", items.stream()
                .map(item -> new String(item, StandardCharsets.UTF_8)).toList());
    }

    @Test
    void findsItsItems() {
        ResponseMemory memory = memory(1 << 20, 10);
        memory.remember("me", null, bytes("{}"), answer("r"));

        assertThat(memory.item("me", "r_1")).asString().isEqualTo("{\"b\":\"r\"}");
        assertThat(memory.item("me", "r_2")).isNull();
        assertThat(memory.item("me", "r")).isNull();
    }

    @Test
    void callersFindTheirOwnOnly() {
        ResponseMemory memory = memory(1 << 20, 10);
        memory.remember("me", null, bytes("{}"), answer("r"));

        assertThat(memory.item("you", "r_0")).isNull();
        assertThat(memory.history("you", "r")).isNull();
    }

    @Test
    void goesBackAllTheWay() {
        ResponseMemory memory = memory(1 << 20, 10);
        memory.remember("me", null, bytes("{1},{2}"), answer("r"));
        memory.remember("me", "r", bytes("{3}"), answer("s"));
        memory.remember("me", "s", bytes(""), answer("t"));

        assertThat(text(memory.history("me", "t"))).isEqualTo("{1},{2},{\"a\":\"r\"},{\"b\":\"r\"},"
                + "{3},{\"a\":\"s\"},{\"b\":\"s\"},{\"a\":\"t\"},{\"b\":\"t\"}");
        assertThat(memory.history("me", "u")).isNull();
    }

    @Test
    void aConversationWithAGapIsNone() {
        ResponseMemory memory = memory(1 << 20, 10);
        memory.remember("me", "lost", bytes("{3}"), answer("s"));

        assertThat(memory.history("me", "s")).isNull();
        assertThat(memory.item("me", "s_0")).isNotNull();
    }

    @Test
    void aCircleIsNone() {
        ResponseMemory memory = memory(1 << 20, 10);
        memory.remember("me", "r", bytes("{}"), answer("r"));

        assertThat(memory.history("me", "r")).isNull();
    }

    @Test
    void letsGoOfTheOldest() {
        ResponseMemory memory = memory(1 << 20, 2);
        memory.remember("me", null, bytes("{}"), answer("r"));
        memory.remember("me", null, bytes("{}"), answer("s"));
        assertThat(memory.item("me", "r_0")).isNotNull(); // which makes it the younger one
        memory.remember("me", null, bytes("{}"), answer("t"));

        assertThat(memory.item("me", "s_0")).isNull();
        assertThat(memory.item("me", "r_0")).isNotNull();
        assertThat(memory.item("me", "t_0")).isNotNull();
        assertThat(memory.size()).isEqualTo(2);
    }

    @Test
    void aConversationGoesFromItsBeginning() {
        ResponseMemory memory = memory(1 << 20, 3);
        memory.remember("me", null, bytes("{}"), answer("r"));
        memory.remember("me", "r", bytes("{}"), answer("s"));
        assertThat(memory.history("me", "s")).isNotNull();
        memory.remember("me", null, bytes("{}"), answer("t"));
        memory.remember("me", null, bytes("{}"), answer("u"));

        assertThat(memory.item("me", "r_0")).isNull();
        assertThat(memory.item("me", "s_0")).isNotNull();
    }

    @Test
    void holdsNoMoreBytesThanItMay() {
        ResponseMemory memory = memory(64 * 1024, 1000);
        for (int i = 0; i < 200; i++) {
            memory.remember("me", null, bytes("x".repeat(4096)), answer("r" + i));
            assertThat(memory.bytes()).isBetween(1L, 64L * 1024);
        }

        assertThat(memory.item("me", "r199_0")).isNotNull();
        assertThat(memory.item("me", "r0_0")).isNull();
    }

    @Test
    void doesNotKeepOneThatWouldPushOutAllOthers() {
        ResponseMemory memory = memory(64 * 1024, 1000);
        memory.remember("me", null, bytes("{}"), answer("r"));
        memory.remember("me", null, bytes("x".repeat(17 * 1024)), answer("s"));

        assertThat(memory.item("me", "s_0")).isNull();
        assertThat(memory.item("me", "r_0")).isNotNull();
    }

    @Test
    void keepsNothingIfItMayHoldNothing() {
        ResponseMemory memory = memory(0, 10);
        memory.remember("me", null, bytes(""), answer("r"));

        assertThat(memory.item("me", "r_0")).isNull();
        assertThat(memory.bytes()).isZero();
    }

    @Test
    void forgetsAfterAWhileWithoutUse() {
        ResponseMemory memory = memory(1 << 20, 10);
        memory.remember("me", null, bytes("{}"), answer("r"));
        memory.remember("me", null, bytes("{}"), answer("s"));
        nanos.addAndGet(Duration.ofSeconds(40).toNanos());
        assertThat(memory.item("me", "r_0")).isNotNull();
        nanos.addAndGet(Duration.ofSeconds(40).toNanos());

        assertThat(memory.item("me", "s_0")).isNull();
        assertThat(memory.item("me", "r_0")).isNotNull();
        nanos.addAndGet(Duration.ofSeconds(60).toNanos());
        assertThat(memory.item("me", "r_0")).isNull();
        assertThat(memory.bytes()).isZero();
    }

    @Test
    void theLatestOfOneIdCounts() {
        ResponseMemory memory = memory(1 << 20, 10);
        memory.remember("me", null, bytes("{1}"), answer("r"));
        memory.remember("me", null, bytes("{2}"), answer("r"));

        assertThat(text(memory.history("me", "r"))).startsWith("{2},");
        assertThat(memory.size()).isEqualTo(1);
    }

    @Test
    void isSafeForAllLoops() throws Exception {
        ResponseMemory memory = memory(64 * 1024, 50);
        ExecutorService loops = Executors.newFixedThreadPool(4);
        CountDownLatch start = new CountDownLatch(1);
        List<Future<?>> all = new ArrayList<>();
        for (int loop = 0; loop < 4; loop++) {
            String caller = "caller" + loop;
            all.add(loops.submit(() -> {
                start.await();
                for (int i = 0; i < 500; i++) {
                    memory.remember(caller, i == 0 ? null : "r" + (i - 1), bytes("{}"),
                            answer("r" + i));
                    memory.item(caller, "r" + i + "_0"); // others may have pushed it out
                    memory.history(caller, "r" + i);
                }
                return null;
            }));
        }
        start.countDown();
        for (Future<?> one : all) {
            one.get();
        }
        loops.shutdown();

        assertThat(memory.size()).isLessThanOrEqualTo(50);
        assertThat(memory.bytes()).isBetween(1L, 64L * 1024);
    }

    @Test
    void settingsAreChecked() {
        assertThatThrownBy(() -> new Settings(-1, 1, Duration.ofSeconds(1)))
                .hasMessageContaining("maxBytes: -1");
        assertThatThrownBy(() -> new Settings(1, 0, Duration.ofSeconds(1)))
                .hasMessageContaining("maxResponses: 0");
        assertThatThrownBy(() -> new Settings(1, 1, Duration.ZERO))
                .hasMessageContaining("life: PT0S");
    }
}
