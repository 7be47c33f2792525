package io.penstock.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.ProxyUnderTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class StandardErrorTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    /** A reader that reads nothing until it is told to. */
    private final class Stopped extends OutputStream {
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        @Override
        public void write(int b) {
            throw new AssertionError("one byte at a time");
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            entered.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            written.write(bytes, offset, length);
        }
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }

    private static PrintStream printer(StandardError error) {
        return new PrintStream(error, true, StandardCharsets.UTF_8);
    }

    @Test
    void writesLinesInTheirOrder() {
        StandardError error = new StandardError(written);
        PrintStream printer = printer(error);
        printer.println("one");
        printer.print("tw");
        printer.println("o");
        printer.print("the rest");

        error.close();

        assertThat(text()).isEqualTo("one\ntwo\nthe rest\n");
    }

    @Test
    void dropsAndCountsWhatNobodyReadsAndSaysSoOnceItFlows() throws Exception {
        Stopped reader = new Stopped();
        StandardError error = new StandardError(reader);
        PrintStream printer = printer(error);
        printer.println("first");
        reader.entered.await();
        String line = "x".repeat(1023);
        int fit = StandardError.MAX_WAITING_BYTES / 1024;

        for (int i = 0; i < fit + 5000; i++) { // nothing of this waits
            printer.println(line);
        }
        reader.go.countDown();
        assertThat(error.awaitWritten(ProxyUnderTest.PATIENCE)).isTrue();
        printer.println("last");
        error.close();

        assertThat(text().lines()).hasSize(fit + 3).startsWith("first", line)
                .endsWith("penstock: log_dropped lines=5000", "last");
    }

    @Test
    void endsThoughNobodyReads() {
        Stopped reader = new Stopped();
        StandardError error = new StandardError(reader);
        printer(error).println("unread");

        error.close(); // within its bound, or the test hangs

        assertThat(text()).isEmpty();
        reader.go.countDown();
    }

    @Test
    void cutsALineThatIsTooLong() {
        StandardError error = new StandardError(written);
        printer(error).println("y".repeat(StandardError.MAX_LINE_BYTES * 3));

        error.close();

        assertThat(text()).hasSize(StandardError.MAX_LINE_BYTES + 1).endsWith("y\n");
    }

    @Test
    void outlivesAStreamThatIsClosed() {
        StandardError error = new StandardError(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("broken pipe");
            }
        });
        PrintStream printer = printer(error);
        printer.println("one");
        printer.println("two");

        error.close();

        assertThat(printer.checkError()).isFalse();
    }

    @Test
    void takesThePlaceOfStandardErrorUntilItIsClosed() {
        PrintStream before = System.err;
        System.setErr(printer(new StandardError(written)));
        try {
            PrintStream original = System.err;
            StandardError error = StandardError.install();
            System.err.println("through both");
            error.close();
            assertThat(System.err).isSameAs(original);
            original.close();
        } finally {
            System.setErr(before);
        }
        assertThat(text()).isEqualTo("through both\n");
    }
}
