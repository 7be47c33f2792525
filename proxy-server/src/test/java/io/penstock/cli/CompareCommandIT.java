package io.penstock.cli;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.ScriptedUpstream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CompareCommandIT {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String url, String... args) {
        List<String> all = new ArrayList<>(List.of("-m", "model-a", "-m", "model-b", "--url", url));
        all.addAll(List.of(args));
        return new CommandLine(new CompareCommand()).setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true)).execute(all.toArray(new String[0]));
    }

    private static ProxyUnderTest before(ScriptedUpstream a, ScriptedUpstream b)
            throws Exception {
        return ProxyUnderTest.on(Transport.auto()).provider("a", a.url()).provider("b", b.url())
                .start();
    }

    private static String url(ProxyUnderTest proxy) {
        return "http://127.0.0.1:" + proxy.port() + "/";
    }

    private static ScriptedUpstream.Script bad() {
        String text = "{\"error\":{\"message\":\"too odd\"}}";
        return x -> {
            x.readRequest();
            x.head(400, "content-type: application/json", "content-length: " + text.length())
                    .write(text).flush();
        };
    }

    @Test
    void showsAnswersAndFiguresSideBySide() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodStream(2));
                ScriptedUpstream b = ScriptedUpstream.start(bad());
                ProxyUnderTest proxy = before(a, b)) {
            assertThat(run(url(proxy), "--key", CALLER_KEY, "--max-tokens", "9", "--system",
                    "Be \"brief\".", "Why", "blue?")).isZero();

            assertThat(out.toString()).startsWith("model-a ").contains("│ model-b")
                    .contains("word0 word1").contains("first content ").contains("✗ 400: ");
            assertThat(a.requests().get(0).text()).contains("\"max_tokens\":9")
                    .contains("{\"role\":\"system\",\"content\":\"Be \\\"brief\\\".\"},"
                            + "{\"role\":\"user\",\"content\":\"Why blue?\"}");
            assertThat(err.toString()).isEmpty();
        }
    }

    @Test
    void printsTheComparisonAsJson() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a, b)) {
            assertThat(run(url(proxy), "--key", CALLER_KEY, "--json", "Hi")).isZero();
            assertThat(new ObjectMapper().readTree(out.toString()).get("results")).hasSize(2);
        }
    }

    @Test
    void saysWhatWentWrong() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(bad());
                ScriptedUpstream b = ScriptedUpstream.start(bad());
                ProxyUnderTest proxy = before(a, b)) {
            assertThat(run(url(proxy), "--key", CALLER_KEY, "Hi")).isEqualTo(Main.FAILED);
            assertThat(err.toString()).contains("No model brought an answer.")
                    .contains("  model-a: ").contains("  model-b: ");

            assertThat(run(url(proxy), "--key", "wrong", "Hi")).isEqualTo(Main.FAILED);
            assertThat(err.toString()).contains("key");
        }
    }

    @Test
    void failsWhereNothingListens() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        assertThat(run("http://127.0.0.1:" + free, "Hi")).isEqualTo(Main.FAILED);
        assertThat(err.toString()).contains("nothing listens on 127.0.0.1:" + free);
    }

    @Test
    void refusesAnAddressThatIsNone() {
        assertThat(run("nowhere", "Hi")).isEqualTo(Main.BAD_USAGE);
        assertThat(run("http://a b", "Hi")).isEqualTo(Main.BAD_USAGE);
    }
}
