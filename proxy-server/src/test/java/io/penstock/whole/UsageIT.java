package io.penstock.whole;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penstock.caller.Allowance;
import io.penstock.config.Settings;
import io.penstock.listen.ListenSettings;
import io.penstock.loop.Transport;
import io.penstock.server.DataDirectory;
import io.penstock.server.Penstock;
import io.penstock.server.StartException;
import io.penstock.store.Month;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Ledger;
import io.penstock.usage.TokenUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What callers used: told on the admin port, and known again after a restart. */
class UsageIT {
    private static final Transport TRANSPORT = Transport.auto();
    private static final int MONTH = Month.of(System.currentTimeMillis()) - 1;

    private static final String MONTH_TEXT = Month.text(MONTH);
    private static final Allowance BUDGET =
            new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, 1000, 0);

    @TempDir
    Path directory;

    private static ProxyUnderTest.Builder proxy() {
        return ProxyUnderTest.on(TRANSPORT).provider("a", "http://127.0.0.1:1");
    }

    private static void book(ProxyUnderTest proxy) {
        Ledger ledger = proxy.server().ledger();
        ledger.add("team-a", "openai", "gpt-4o", MONTH, new TokenUsage(1000, 200, 400, 50),
                4_000_000);
        ledger.add("team-a", "groq", "llama\"3", MONTH, new TokenUsage(5000, 1, 0, 0, true), 1);
        ledger.add("b", "openai", "gpt-4o", MONTH, new TokenUsage(1, 1, 0, 0), 0);
    }

    private static final String TEAM_A = "{\"id\":\"team-a\",\"calls\":2,\"tokens\":6201,"
            + "\"prompt_tokens\":6000,\"completion_tokens\":201,\"cached_tokens\":400,"
            + "\"reasoning_tokens\":50,\"estimated_tokens\":5001,\"dollars\":0.004000001,"
            + "\"budget\":null,\"models\":["
            + "{\"provider\":\"groq\",\"model\":\"llama\\\"3\",\"calls\":1,\"tokens\":5001,"
            + "\"prompt_tokens\":5000,\"completion_tokens\":1,\"cached_tokens\":0,"
            + "\"reasoning_tokens\":0,\"estimated_tokens\":5001,\"dollars\":0.000000001},"
            + "{\"provider\":\"openai\",\"model\":\"gpt-4o\",\"calls\":1,\"tokens\":1200,"
            + "\"prompt_tokens\":1000,\"completion_tokens\":200,\"cached_tokens\":400,"
            + "\"reasoning_tokens\":50,\"estimated_tokens\":0,\"dollars\":0.004}]}";

    private static String get(RawClient client, int status, String path, String... fields)
            throws IOException {
        RawClient.Head head = client.get(path, fields).readHead();
        assertThat(head.status()).isEqualTo(status);
        return client.readBody(head);
    }

    @Test
    void tellsWhatEachCallerUsed() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            book(proxy);
            RawClient client = proxy.connectAdmin();

            assertThat(get(client, 200, "/admin/usage?month=" + MONTH_TEXT))
                    .startsWith("{\"month\":\"" + MONTH_TEXT + "\",\"callers\":[" + TEAM_A
                            + ",{\"id\":\"b\",\"calls\":1,")
                    .endsWith("],\"total\":{\"calls\":3,\"tokens\":6203,\"prompt_tokens\":6001,"
                            + "\"completion_tokens\":202,\"cached_tokens\":400,"
                            + "\"reasoning_tokens\":50,\"estimated_tokens\":5001,"
                            + "\"dollars\":0.004000001},\"store\":\"memory\"}");
            assertThat(get(client, 200, "/admin/usage?month=" + MONTH_TEXT
                    + "&key=team%2Da"))
                    .startsWith("{\"month\":\"" + MONTH_TEXT + "\",\"callers\":[" + TEAM_A
                            + "],\"total\":{\"calls\":2,");
            assertThat(get(client, 200, "/admin/usage?month=" + MONTH_TEXT + "&key=nobody"))
                    .isEqualTo("{\"month\":\"" + MONTH_TEXT + "\",\"callers\":[],\"total\":{"
                            + "\"calls\":0,\"tokens\":0,"
                            + "\"prompt_tokens\":0,\"completion_tokens\":0,"
                            + "\"cached_tokens\":0,\"reasoning_tokens\":0,\"estimated_tokens\":0,"
                            + "\"dollars\":0},\"store\":\"memory\"}");
        }
    }

    @Test
    void tellsOfTheCurrentMonthUnlessItIsAskedForAnother() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            int before = Month.of(System.currentTimeMillis());
            String page = get(proxy.connectAdmin(), 200, "/admin/usage");
            int after = Month.of(System.currentTimeMillis());

            assertThat(page).containsAnyOf(Month.text(before), Month.text(after))
                    .contains("\"callers\":[]");
        }
    }

    @ParameterizedTest
    @CsvSource({"month=2026-13,is no month", "month=november,is no month", "month=,is no month",
            "month=2026-11-01,is no month", "since=2026,Unknown parameter 'since'",
            "key=%zz,percent-encoded"})
    void saysWhatIsWrongWithAQuestion(String query, String message) throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            assertThat(get(proxy.connectAdmin(), 400, "/admin/usage?" + query)).contains(message);
        }
    }

    @Test
    void tellsWhoeverShowsTheToken() throws Exception {
        try (ProxyUnderTest proxy = proxy().adminToken("secret").start()) {
            RawClient client = proxy.connectAdmin();

            assertThat(get(client, 401, "/admin/usage")).contains("invalid_api_key");
            assertThat(get(client, 200, "/admin/usage", "authorization: Bearer secret"))
                    .contains("\"callers\":[]");
        }
    }

    @Test
    void isNoPageForCallersAndNoneToPostTo() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            get(proxy.connect(), 404, "/admin/usage",
                    "authorization: Bearer " + ProxyUnderTest.CALLER_KEY);
            assertThat(proxy.connectAdmin().post("/admin/usage", "{}").readHead().status())
                    .isEqualTo(405);
        }
    }

    @Test
    void knowsAfterARestartWhatWasUsedBefore() throws Exception {
        for (int run = 1; run <= 2; run++) {
            try (ProxyUnderTest proxy = proxy().data(directory).start()) {
                book(proxy);
            }
        }

        try (ProxyUnderTest proxy = proxy().data(directory).start()) {
            assertThat(get(proxy.connectAdmin(), 200,
                    "/admin/usage?month=" + MONTH_TEXT + "&key=team-a"))
                    .contains("\"calls\":4,\"tokens\":12402,", "\"store\":\"ok\"");
        }
    }

    // The data directory

    private void start(DataDirectory data, boolean expectsStore) throws Exception {
        Settings settings = proxy().settings();
        try (Penstock server = Penstock.start(settings, TRANSPORT, 1, () -> null, data)) {
            assertThat(server.ledger().state())
                    .isEqualTo(expectsStore ? Ledger.State.OK : Ledger.State.MEMORY);
        }
    }

    @Test
    void doesNotStartWithoutADirectoryThatWasAskedFor() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "no directory");

        assertThatExceptionOfType(StartException.class)
                .isThrownBy(() -> start(new DataDirectory(file, true), true))
                .withMessageStartingWith(file + " cannot be used for data (it is no directory): ")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
        start(new DataDirectory(file, false), false);
    }

    @Test
    void doesNotStartWithoutAStoreWhereBudgetsRelyOnIt() throws Exception {
        DataDirectory unusable =
                new DataDirectory(Files.writeString(directory.resolve("file"), ""), false);
        Settings budget = proxy().allowance(BUDGET).settings();
        Settings reject = proxy().budget(new BudgetSettings(BudgetSettings.Enforce.REJECT,
                BudgetSettings.OnStoreFailure.REJECT)).settings();

        for (Settings each : List.of(budget, reject)) {
            assertThatExceptionOfType(StartException.class).isThrownBy(() -> Penstock.start(each,
                    TRANSPORT, 1, () -> null, unusable).close());
        }
        try (Penstock server = Penstock.start(proxy().settings(), TRANSPORT, 1,
                () -> new Penstock.Reloaded(budget, ""), unusable)) {
            assertThat(server.reload()).startsWith("budget: the data directory");
        }
    }

    @Test
    void countsAgainstANewBudgetWhatWasUsedBeforeIt() throws Exception {
        int month = Month.of(System.currentTimeMillis());
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary())) {
            ProxyUnderTest.Builder before = ProxyUnderTest.on(TRANSPORT).provider("a", a.url());
            try (ProxyUnderTest proxy = before.data(directory).start()) {
                proxy.server().ledger().add("tester", "a", "m", month,
                        new TokenUsage(900, 0, 0, 0), 0);
            }
            try (ProxyUnderTest proxy = before.data(directory).start()) {
                RawClient caller = ProxyUnderTest.ask(proxy.connect(), ProxyUnderTest.SMART, false);
                caller.readBody(caller.readHead());
                proxy.awaitQuiet();
                proxy.prepareReload(ProxyUnderTest.on(TRANSPORT).provider("a", a.url())
                        .allowance(BUDGET));
                assertThat(proxy.server().reload()).isEmpty();

                ProxyUnderTest.askWith(caller, "{\"model\":\"smart\",\"max_tokens\":85}");
                assertThat(caller.readHead().status()).isEqualTo(429);
            }
        }
    }

    @Test
    void doesNotShareADirectoryWithAnotherProxy() throws Exception {
        try (ProxyUnderTest proxy = proxy().data(directory).start()) {
            assertThatExceptionOfType(StartException.class)
                    .isThrownBy(() -> start(new DataDirectory(directory, true), true))
                    .withMessageContaining(" is in use by another process: ");
            start(new DataDirectory(directory, false), false);
            assertThat(proxy.server().ledger().isFailing()).isFalse();
        }
        start(new DataDirectory(directory, true), true);
    }

    @Test
    void leavesTheDirectoryWhenItDoesNotStart() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            Settings free = proxy().settings();
            Settings taken = new Settings(
                    List.of(new ListenSettings("127.0.0.1", proxy.port(), null)),
                    free.admin(), free.providers(), free.routes(), free.auth(), free.cors(),
                    free.limits(), free.budget(), free.prices(), free.breaker(), free.retry(),
                    free.observe(), free.shutdownGrace(), false);
            assertThatExceptionOfType(StartException.class).isThrownBy(() -> Penstock.start(taken,
                    Transport.NIO, 1, () -> null, new DataDirectory(directory, true)).close());
        }
        start(new DataDirectory(directory, true), true);
    }
}
