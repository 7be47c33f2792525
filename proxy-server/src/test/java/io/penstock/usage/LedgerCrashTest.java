package io.penstock.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Month;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that books under load is killed with SIGKILL, again and again, on one and the same
 * store. What it had begun to book, and what it knew to be written, stands in memory that it shares
 * with the test through a mapped file, so that no clock has a part in this.
 */
class LedgerCrashTest {
    private static final int KILLS = 20;
    private static final int MONTH = Month.of(System.currentTimeMillis());
    private static final int CALLERS = 40;
    private static final int BEGUN = 0;
    private static final int WRITTEN = 1;
    private static final String UNDER_WAY = "under way";
    private static final TokenUsage USAGE = new TokenUsage(3, 2, 1, 1);

    @TempDir
    Path directory;

    /** The process that is killed; its arguments: data directory, shared file, month. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) throws Exception {
            LongBuffer shared = map(Path.of(args[1]));
            int month = Integer.parseInt(args[2]);
            Ledger ledger = Ledger.open(Path.of(args[0]));
            Thread booking = new Thread(() -> {
                for (long call = 0; ; call++) {
                    shared.put(BEGUN, call + 1); // before it is booked, so never less than that
                    ledger.add("caller-" + call % CALLERS, "openai", "gpt-4o", month, USAGE, 7);
                    if (call % 16 == 0) {
                        LockSupport.parkNanos(50_000);
                    }
                }
            });
            booking.setDaemon(true);
            booking.start();
            for (boolean told = false; ; ) {
                long booked = Math.max(0, shared.get(BEGUN) - 1);
                ledger.writer().written().get();
                shared.put(WRITTEN, booked);
                if (!told && booked >= CALLERS) { // each has a row
                    told = true;
                    System.out.println(UNDER_WAY);
                }
            }
        }
    }

    private static LongBuffer map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ,
                StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, 2 * Long.BYTES)
                    .order(ByteOrder.nativeOrder()).asLongBuffer();
        }
    }

    private void runAndKill(Path data, Path shared, long afterNanos) throws Exception {
        Process victim = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("java.class.path"), Victim.class.getName(), data.toString(),
                shared.toString(), "" + MONTH).redirectErrorStream(true).start();
        try (BufferedReader out = new BufferedReader(
                new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8))) {
            String line = out.readLine();
            while (line != null && !line.equals(UNDER_WAY)) { // a JVM may have its own to say
                line = out.readLine();
            }
            assertThat(line).isEqualTo(UNDER_WAY);
            LockSupport.parkNanos(afterNanos); // wherever in a commit that is
        } finally {
            victim.destroyForcibly();
        }
        assertThat(victim.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void losesNothingThatWasWrittenAndCountsNothingTwice() throws Exception {
        Path data = directory.resolve("data");
        Random random = new Random(20261121);
        long before = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            Path shared = directory.resolve("shared-" + kill);
            runAndKill(data, shared, TimeUnit.MILLISECONDS.toNanos(random.nextInt(250)));

            LongBuffer counts = map(shared);
            long found = calls(data);
            assertThat(counts.get(WRITTEN)).as("the load got through").isPositive();
            assertThat(found).as("after kill " + kill)
                    .isBetween(before + counts.get(WRITTEN), before + counts.get(BEGUN));
            before = found;
        }
    }

    /** How many calls the store knows; every row has to fit its number of calls. */
    private static long calls(Path data) throws Exception {
        try (Ledger ledger = Ledger.open(data)) {
            List<LedgerRow> rows = ledger.read(MONTH).get(20, TimeUnit.SECONDS);
            assertThat(rows).hasSize(CALLERS).allSatisfy(row -> {
                assertThat(row.prompt()).isEqualTo(3 * row.calls());
                assertThat(row.completion()).isEqualTo(2 * row.calls());
                assertThat(row.nanoDollars()).isEqualTo(7 * row.calls());
            });
            return rows.stream().mapToLong(LedgerRow::calls).sum();
        }
    }
}
