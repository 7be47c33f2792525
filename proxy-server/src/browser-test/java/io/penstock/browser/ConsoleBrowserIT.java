package io.penstock.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import io.penstock.loop.Transport;
import io.penstock.mock.Failures;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clicks through the console as a person would; what it shows is what the providers counted. */
class ConsoleBrowserIT {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final List<String> VIEWS =
            List.of("Overview", "Providers", "Callers", "Exchanges", "Playground");
    private static final int CALLS = 12;
    private static final int HEIGHT = 900;

    private static Playwright playwright;
    private static Browser browser;
    private static String axe;

    private final List<String> complaints = new ArrayList<>(); // of the browser's console
    private MockServer flaky;
    private MockServer steady;
    private ProxyUnderTest proxy;
    private BrowserContext context;

    @BeforeAll
    static void launch() throws IOException {
        playwright = Playwright.create(new Playwright.CreateOptions()
                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright.chromium().launch(new BrowserType.LaunchOptions()
                .setExecutablePath(CHROMIUM).setArgs(List.of("--no-sandbox")));
        try (InputStream in = ConsoleBrowserIT.class.getResourceAsStream("/axe.min.js")) {
            axe = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @AfterAll
    static void quit() {
        playwright.close();
    }

    @BeforeEach
    void start() throws Exception {
        MockSettings mock = MockSettings.DEFAULT.withTtft(Duration.ofMillis(30))
                .withInterval(Duration.ofMillis(4)).withEvents(12);
        flaky = MockServer.start(mock.withName("flaky").withFailures(
                Failures.always(new Fault(Fault.Kind.STATUS, 503)).withRatio(0.5)), 1);
        steady = MockServer.start(mock.withName("steady"), 1);
        proxy = ProxyUnderTest.ofYaml(Transport.auto(), """
                providers:
                  - {name: flaky, type: openai-compatible, base_url: "%s",
                     api_keys: [{value: sk-flaky-0123456789abcdef}], models: [demo-model]}
                  - {name: steady, type: openai-compatible, base_url: "%s", priority: 2,
                     api_keys: [{value: sk-steady-0123456789abcdef}],
                     models: [demo-model, other-model]}
                routes: [{model: smart, targets: [flaky/demo-model, steady/demo-model]}]
                breaker: {min_requests: 1000}
                prices: {"*": {input: 2.5, output: 10}}
                """.formatted(flaky.url(), steady.url())).threads(2).start();
    }

    @AfterEach
    void stop() throws Exception {
        if (context != null) {
            context.close();
        }
        proxy.close();
        steady.close();
        flaky.close();
        assertThat(complaints).isEmpty();
    }

    private void call(String model, boolean stream) throws IOException {
        RawClient caller = ProxyUnderTest.ask(proxy.connect(), model, stream);
        caller.readBody(caller.readHead());
        caller.close();
    }

    private Page open(int width, ColorScheme scheme, int port) {
        context = browser.newContext(new Browser.NewContextOptions()
                .setViewportSize(width, HEIGHT).setColorScheme(scheme));
        Page page = context.newPage();
        page.onConsoleMessage(message -> {
            if (List.of("error", "warning").contains(message.type())) {
                complaints.add(message.text());
            }
        });
        page.onPageError(complaints::add);
        page.navigate("http://127.0.0.1:" + port + "/console");
        return page;
    }

    private Page openAsOperator(int width, ColorScheme scheme) {
        Page page = open(width, scheme, proxy.server().adminAddress().getPort());
        assertThat(page.locator(".tiles")).isVisible();
        return page;
    }

    private Page openAsCaller() {
        Page page = open(1440, ColorScheme.LIGHT, proxy.port());
        page.getByLabel("API key").fill(CALLER_KEY);
        button(page, "Sign in").click();
        assertThat(page.locator(".tiles")).isVisible();
        return page;
    }

    private static Locator button(Page page, String name) {
        return page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name)
                .setExact(true));
    }

    private static void go(Page page, String view) {
        Locator link = page.getByRole(AriaRole.NAVIGATION)
                .getByText(view, new Locator.GetByTextOptions().setExact(true));
        link.click();
        assertThat(link).hasAttribute("aria-current", "page");
    }

    private static Locator tile(Page page, String name) {
        return page.locator(".tile").filter(new Locator.FilterOptions().setHasText(name));
    }

    private static Pattern words(String text) {
        return Pattern.compile(text, Pattern.DOTALL);
    }

    /** Rules of WCAG and good practice that a page breaks, and where. */
    private static List<?> violations(Page page) {
        page.evaluate(axe); // by the debugger's door: the page's own policy would refuse it
        return (List<?>) page.evaluate("async () => (await axe.run()).violations.map(each => "
                + "each.id + ': ' + each.nodes.map(node => node.html).join(' '))");
    }

    private static void assertFits(Page page) {
        assertThat((Integer) page.evaluate(
                "() => document.documentElement.scrollWidth - innerWidth")).isZero();
    }

    @Test
    void showsTheNumbersThatTheProvidersCounted() throws Exception {
        for (int i = 0; i < CALLS; i++) {
            call("smart", i % 2 == 0);
        }
        Page page = openAsOperator(1440, ColorScheme.LIGHT);

        assertThat(tile(page, "Requests/s")).containsText(CALLS + " since the start");
        assertThat(tile(page, "Failovers/s"))
                .containsText((flaky.requests() + steady.requests() - CALLS) + " since");
        go(page, "Providers");
        for (MockServer each : List.of(flaky, steady)) {
            Locator card = page.getByRole(AriaRole.ARTICLE,
                    new Page.GetByRoleOptions().setName(each.settings().name()));
            assertThat(card).containsText("breaker closed");
            assertThat(card.locator(".keys")).containsText("1 key");
            assertThat(card).not().containsText("0123456789");
        }
        go(page, "Callers");
        assertThat(page.getByRole(AriaRole.ROW).filter(new Locator.FilterOptions()
                .setHasText("tester"))).containsText(words("tester.*" + CALLS));
        go(page, "Exchanges");
        assertThat(page.locator("a.row")).hasCount(CALLS);

        call("no-such-model", false);
        assertThat(page.locator("a.row").first()).containsText("404");
        go(page, "Overview");
        assertThat(tile(page, "Requests/s")).containsText((CALLS + 1) + " since the start");
        assertThat(page.locator(".bars")).containsText("model not found");
    }

    @Test
    void showsOneExchangeWithItsAttempts() throws Exception {
        while (flaky.requests() < 2) { // every other call fails
            call("smart", true);
        }
        Page page = openAsOperator(1440, ColorScheme.DARK);
        go(page, "Exchanges");

        page.locator("a.row").filter(new Locator.FilterOptions().setHasText("2 attempts"))
                .first().click();

        assertThat(page.locator(".attempt")).hasCount(2);
        assertThat(page.locator(".attempt").first()).containsText("flaky/demo-model");
        assertThat(page.locator(".attempt").first()).containsText("503");
        assertThat(page.locator(".attempt").nth(1)).containsText("failover");
        assertThat(page.getByText("Served by")).isVisible();
        page.reload(); // the address says which exchange it is
        assertThat(page.locator(".attempt")).hasCount(2);
        page.getByText("All exchanges").click();
        page.getByPlaceholder("Filter").fill("no such thing");
        assertThat(page.getByText("None of the last exchanges matches")).isVisible();
    }

    @Test
    void showsACallerItsOwnUseOnly() throws Exception {
        call("smart", true);
        Page page = openAsCaller();

        go(page, "Usage");
        assertThat(page.getByText("Your use")).isVisible();
        assertThat(page.getByRole(AriaRole.ROW)).hasCount(2);
        assertThat(page.url()).doesNotContain(CALLER_KEY);
        assertThat(page.evaluate("() => JSON.stringify(localStorage)").toString())
                .doesNotContain(CALLER_KEY);

        button(page, "Sign out").click();
        assertThat(page.getByLabel("API key")).isVisible();
        assertThat(page.evaluate("() => sessionStorage.length")).isEqualTo(0);
    }

    @Test
    void saysThatAKeyIsWrong() {
        Page page = open(1440, ColorScheme.LIGHT, proxy.port());
        page.getByLabel("API key").fill("pk-wrong");
        page.keyboard().press("Enter");

        assertThat(page.getByRole(AriaRole.ALERT)).containsText("key");
        complaints.removeIf(each -> each.contains("401"));
    }

    @Test
    void chatsThroughTheProxy() {
        Page page = openAsCaller();
        go(page, "Playground");

        page.getByLabel("Model", new Page.GetByLabelOptions().setExact(true)).fill("smart");
        page.getByLabel("Message").fill("Hello");
        page.keyboard().press("Control+Enter");

        assertThat(page.locator(".turns .assistant")).containsText("steady here");
        assertThat(page.locator(".served")).containsText(words("tokens/s.*\\$0\\.0"));
    }

    @Test
    void comparesModelsSideBySide() {
        Page page = openAsCaller();
        go(page, "Playground");
        button(page, "Compare").first().click();
        for (String model : List.of("other-model", "steady/demo-model")) {
            page.getByLabel("Add a model").fill(model);
            page.keyboard().press("Enter");
        }
        page.getByLabel("Prompt for all of them").fill("Hello");
        page.locator("button[type=submit]:visible").click();

        assertThat(page.locator(".lane")).hasCount(2);
        assertThat(page.locator(".lane").first()).containsText("steady here");
    }

    @Test
    void tellsThatTheProxyHasGone() {
        Page page = openAsOperator(1440, ColorScheme.LIGHT);
        assertThat(page.locator(".live")).containsText("Live");

        proxy.stop(Duration.ZERO);

        assertThat(page.locator(".live")).containsText("Offline");
        assertThat(page.getByRole(AriaRole.ALERT)).containsText("does not answer");
        complaints.clear(); // the browser's, of the connection
    }

    @Test
    void isUsedByKeyboardAlone() {
        Page page = openAsOperator(1440, ColorScheme.LIGHT);

        page.keyboard().press("Tab");
        assertThat(page.getByText("Skip to content")).isFocused();
        page.keyboard().press("Enter");
        assertThat(page.locator("main")).isFocused();
        page.locator("nav a").nth(1).focus();
        page.keyboard().press("Enter");
        assertThat(page.locator(".cards")).isVisible();
        assertThat(page.locator("main")).isFocused();
    }

    @Test
    void remembersTheTheme() {
        Page page = openAsOperator(1440, ColorScheme.LIGHT);
        Locator root = page.locator("html");
        String light = color(page);

        button(page, "Theme: auto. Change").click();
        button(page, "Theme: light. Change").click();

        assertThat(root).hasAttribute("data-theme", "dark");
        assertThat(color(page)).isNotEqualTo(light);
        page.reload();
        assertThat(root).hasAttribute("data-theme", "dark");
    }

    private static String color(Page page) {
        return page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
                .toString();
    }

    @ParameterizedTest
    @CsvSource({"1440, LIGHT", "1440, DARK", "768, LIGHT", "360, LIGHT", "360, DARK"})
    void readsWellAtEverySizeAndInBothThemes(int width, ColorScheme scheme) throws Exception {
        for (int i = 0; i < 4; i++) {
            call("smart", true);
        }
        call("no-such-model", false);
        Page page = openAsOperator(width, scheme);

        for (String view : VIEWS) {
            go(page, view);
            assertFits(page);
            assertThat(violations(page)).as(view).isEmpty();
        }
        go(page, "Exchanges");
        page.locator("a.row").first().click();
        assertThat(page.getByText("Where the time went")).isVisible();
        assertFits(page);
        assertThat(violations(page)).as("exchange").isEmpty();
    }

    @Test
    void greetsANewProxyWithoutFigures() {
        Page page = openAsOperator(1440, ColorScheme.LIGHT);

        assertThat(page.locator(".summary")).containsText("All is well");
        assertThat(page.getByText("No request has come yet.")).isVisible();
        go(page, "Exchanges");
        assertThat(page.getByText("No exchange has finished yet")).isVisible();
    }

    /** Made anew with {@code -Dpenstock.docs=write}. */
    @Test
    void drawsThePicturesOfTheReadme() throws Exception {
        if (!"write".equals(System.getProperty("penstock.docs"))) {
            return;
        }
        Path images = Files.createDirectories(Path.of("../docs/images"));
        Page page = openAsOperator(1280, ColorScheme.LIGHT);
        long end = System.nanoTime() + Duration.ofSeconds(70).toNanos();
        List<String> models = List.of("smart", "smart", "smart", "other-model", "no-such-model");
        try (RawClient caller = RawClient.connect(proxy.port())) {
            for (int i = 0; System.nanoTime() < end; i++) {
                ProxyUnderTest.ask(caller, models.get(i % 23 == 5 ? 4 : i % 4), i % 3 != 0);
                caller.readBody(caller.readHead());
                page.waitForTimeout(30 + 25 * Math.sin(i / 60.0));
            }
        }
        page.setViewportSize(1280, 860);
        page.screenshot(new Page.ScreenshotOptions().setPath(images.resolve("overview.png")));
        go(page, "Exchanges");
        page.locator("a.row").filter(new Locator.FilterOptions().setHasText("2 attempts"))
                .first().click();
        button(page, "Theme: auto. Change").click();
        button(page, "Theme: light. Change").click();
        page.setViewportSize(1280, 600);
        assertThat(page.locator(".attempt")).hasCount(2);
        page.screenshot(new Page.ScreenshotOptions().setPath(images.resolve("exchange.png")));
    }
}
