package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.store.Month;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.usage.TokenUsage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class UsageCommandIT {
    private static final int MONTH = Month.parse("2026-03");

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return new CommandLine(new UsageCommand()).setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true)).execute(args);
    }

    private static ProxyUnderTest start(String token) throws Exception {
        ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:1").adminToken(token).start();
        var ledger = proxy.server().ledger();
        ledger.add("team-a", "openai", "gpt-4o", MONTH,
                new TokenUsage(1_234_567, 89_000, 400, 0), 3_976_417_500L);
        ledger.add("b", "openai", "gpt-4o", MONTH, new TokenUsage(7, 1, 0, 0), 0);
        return proxy;
    }

    private static String admin(ProxyUnderTest proxy) {
        return "127.0.0.1:" + proxy.server().adminAddress().getPort();
    }

    private Path configuration(String admin) throws IOException {
        return Files.writeString(directory.resolve("penstock.yaml"), "admin: " + admin + "\n");
    }

    @Test
    void printsATable() throws Exception {
        try (ProxyUnderTest proxy = start(null)) {
            assertThat(run("--admin", admin(proxy), "--month", "2026-03")).isZero();

            assertThat(out).hasToString("""
                    2026-03 (UTC)
                    caller  calls     prompt  completion  cached    dollars  left
                    team-a      1  1,234,567      89,000     400  3.9764175     -
                    b           1          7           1       0          0     -
                    total       2  1,234,574      89,001     400  3.9764175     -
                    """);
            assertThat(err).hasToString("warning: the proxy has no store: what was used is lost "
                    + "when it ends" + System.lineSeparator());
        }
    }

    @Test
    void printsOneCaller() throws Exception {
        try (ProxyUnderTest proxy = start(null)) {
            assertThat(run("--admin", admin(proxy), "--month", "2026-03", "--key", "b")).isZero();
            assertThat(run("--admin", admin(proxy), "--month", "2026-03", "--key", "x y")).isZero();

            assertThat(out).hasToString("""
                    2026-03 (UTC)
                    caller  calls  prompt  completion  cached  dollars  left
                    b           1       7           1       0        0     -
                    'x y' used nothing in 2026-03.
                    """);
        }
    }

    @Test
    void printsTheAnswerItself() throws Exception {
        try (ProxyUnderTest proxy = start(null)) {
            assertThat(run("--json", "--admin", admin(proxy), "--month", "2026-03")).isZero();

            assertThat(out.toString()).startsWith("{\"month\":\"2026-03\",\"callers\":[{\"id\":")
                    .endsWith("}\n");
        }
    }

    @Test
    void takesAddressAndTokenFromTheConfiguration() throws Exception {
        try (ProxyUnderTest proxy = start("secret")) {
            Path file = configuration("{address: \"" + admin(proxy) + "\", token: secret}");

            assertThat(run("-c", file.toString())).isZero();

            assertThat(out.toString()).startsWith("Nothing was used in ");
        }
    }

    @Test
    void asksForTheTokenThatIsMissingOrWrong() throws Exception {
        try (ProxyUnderTest proxy = start("secret")) {
            assertThat(run("--admin", admin(proxy), "--token", "wrong")).isEqualTo(1);
            assertThat(run("--admin", admin(proxy), "--token", "secret")).isZero();

            assertThat(err.toString().lines().findFirst()).hasValue("penstock: the admin port on "
                    + admin(proxy) + " does not take this token: give admin.token's value with "
                    + "--token or PENSTOCK_ADMIN_TOKEN");
        }
    }

    @Test
    void saysInOneLineThatNothingListens() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }

        assertThat(run("--admin", "127.0.0.1:" + port)).isEqualTo(1);

        assertThat(err.toString().lines()).singleElement().isEqualTo(
                "penstock: nothing listens on 127.0.0.1:" + port
                        + ": start the proxy with `penstock serve`, or say --admin HOST:PORT");
    }

    @Test
    void saysThatSomethingElseListens() throws Exception {
        try (ProxyUnderTest proxy = start(null)) {
            assertThat(run("--admin", "127.0.0.1:" + proxy.port())).isEqualTo(1);

            assertThat(err.toString().lines()).singleElement().asString()
                    .startsWith("penstock: Unknown request URL: ");
        }
    }

    @ParameterizedTest
    @CsvSource({"--month,2026", "--month,2026-00", "--admin,here", "--admin,host:port",
        "--admin,host:99999", "--no-such,1"})
    void refusesBadUsage(String option, String value) {
        assertThat(run(option, value)).isEqualTo(2);
        assertThat(err.toString()).contains(option);
    }

    @Test
    void refusesAConfigurationThatDoesNotSayWhere() throws Exception {
        assertThat(run("-c", configuration("{address: \"127.0.0.1:0\"}").toString())).isEqualTo(2);
        assertThat(run("-c", configuration("{adress: x}").toString())).isEqualTo(2);

        assertThat(err.toString()).contains("say which with --admin HOST:PORT",
                "unknown key 'adress'");
    }
}
