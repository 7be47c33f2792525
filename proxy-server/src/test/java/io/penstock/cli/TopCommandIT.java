package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.ScriptedUpstream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class TopCommandIT {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return new CommandLine(new TopCommand()).setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true)).execute(args);
    }

    private static String admin(ProxyUnderTest proxy) {
        return "http://127.0.0.1:" + proxy.server().adminAddress().getPort();
    }

    @Test
    void printsTheFiguresOnceAsJson() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", a.url()).start()) {
            var caller = proxy.ask(ProxyUnderTest.SMART, false);
            caller.readBody(caller.readHead());

            assertThat(run("--once", "--json", "--admin", admin(proxy))).isZero();

            assertThat(out.toString()).startsWith("{\"version\":").hasLineCount(1)
                    .contains("\"requests\":1,", "\"requests_per_second\":0.0");
            assertThat(err.toString()).isEmpty();
        }
    }

    @Test
    void printsOneScreen() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", a.url()).adminToken("secret").start()) {
            var caller = proxy.ask(ProxyUnderTest.SMART, false);
            caller.readBody(caller.readHead());

            assertThat(run("--once", "--admin", admin(proxy), "--token", "secret")).isZero();

            assertThat(out.toString()).contains("Penstock ", "live", "PROVIDER", "EXCHANGES",
                    "200  smart");
        }
    }

    @Test
    void asksForTheTokenThatIsMissing() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:1").adminToken("secret").start()) {
            assertThat(run("--once", "--admin", admin(proxy))).isEqualTo(1);
            assertThat(err.toString()).contains("asks for a token");
        }
    }

    @Test
    void saysInOneLineThatNothingIsThere() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }

        assertThat(run("--once", "--admin", "127.0.0.1:" + port)).isEqualTo(1);

        assertThat(err.toString()).hasLineCount(1).startsWith("penstock: nothing listens on ");
    }

    @Test
    void refusesToDrawOnWhatIsNoTerminal() {
        assertThat(run("--admin", "127.0.0.1:1")).isEqualTo(2);
        assertThat(err.toString()).contains("no terminal");
    }
}
