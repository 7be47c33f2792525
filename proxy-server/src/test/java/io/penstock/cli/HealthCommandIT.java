package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class HealthCommandIT {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return new CommandLine(new HealthCommand()).setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true)).execute(args);
    }

    private static ProxyUnderTest start() throws Exception {
        return ProxyUnderTest.on(Transport.auto()).provider("a", "http://127.0.0.1:1")
                .adminToken("secret").start();
    }

    private static String admin(ProxyUnderTest proxy) {
        return "127.0.0.1:" + proxy.server().adminAddress().getPort();
    }

    @Test
    void isFineWhileCallsAreTakenAndNeedsNoToken() throws Exception {
        try (ProxyUnderTest proxy = start()) {
            assertThat(run("--admin", admin(proxy))).isZero();
            assertThat(run("--live", "--admin", admin(proxy))).isZero();

            assertThat(out.toString()).startsWith("{\"status\":\"ok\",\"version\":\"")
                    .contains("\"commit\":\"", "\"built\":\"");
        }
    }

    @Test
    void failsWhereNothingListens() throws Exception {
        String free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = "127.0.0.1:" + socket.getLocalPort();
        }

        assertThat(run("--admin", free)).isEqualTo(Main.FAILED);
        assertThat(err.toString()).startsWith("penstock: nothing listens on " + free);
    }

    @Test
    void saysWhichAddressItWants() {
        assertThat(run("--admin", "nowhere")).isEqualTo(Main.BAD_USAGE);
    }
}
