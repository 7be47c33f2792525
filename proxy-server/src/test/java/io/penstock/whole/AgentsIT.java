package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coding agents run two commands that a model asks for, though the provider changes in the middle
 * of the conversation, and back again. The profile {@code clients} alone runs them; whatever they
 * would reach but the proxy is cut off.
 */
@EnabledIfSystemProperty(named = "penstock.clients", matches = "true")
class AgentsIT {
    private static final int MINUTES = 3;
    private static final String PROMPT = "Run the commands, one after the other.";
    private static final List<ProviderType> TYPES = List.of(ProviderTypes.OPENAI,
            ProviderTypes.OPENAI_COMPATIBLE, ProviderTypes.ANTHROPIC, ProviderTypes.GEMINI);

    @TempDir
    Path home;

    /** An agent, and how it is set up. */
    private enum Agent {
        CLAUDE {
            @Override
            List<String> arguments(Path home, String url) {
                return List.of("claude", "-p", PROMPT, "--model", SMART, "--allowedTools", "Bash");
            }

            @Override
            Map<String, String> environment(Path home, String url) {
                return Map.of("ANTHROPIC_BASE_URL", url, "ANTHROPIC_AUTH_TOKEN", CALLER_KEY,
                        "ANTHROPIC_MODEL", SMART, "ANTHROPIC_SMALL_FAST_MODEL", SMART,
                        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1",
                        "CLAUDE_CONFIG_DIR", home.toString());
            }
        },
        CODEX {
            @Override
            List<String> arguments(Path home, String url) throws Exception {
                Files.writeString(home.resolve("config.toml"), """
                        model = "%s"
                        model_provider = "penstock"

                        [model_providers.penstock]
                        name = "Penstock"
                        base_url = "%s/v1"
                        env_key = "PENSTOCK_API_KEY"
                        wire_api = "responses"
                        """.formatted(SMART, url));
                return List.of("codex", "exec", "--skip-git-repo-check",
                        "--dangerously-bypass-approvals-and-sandbox", PROMPT);
            }

            @Override
            Map<String, String> environment(Path home, String url) {
                return Map.of("PENSTOCK_API_KEY", CALLER_KEY, "CODEX_HOME", home.toString());
            }
        };

        abstract List<String> arguments(Path home, String url) throws Exception;

        abstract Map<String, String> environment(Path home, String url);
    }

    @BeforeAll
    static void install() throws Exception {
        ClientsIT.Language.AGENTS.prepare();
    }

    static Stream<Arguments> agents() {
        return Stream.of(Agent.values()).flatMap(agent -> TYPES.stream().flatMap(first ->
                TYPES.stream().filter(second -> second != first).map(second ->
                        Arguments.of(agent, first.configName(), second.configName()))));
    }

    @ParameterizedTest
    @MethodSource("agents")
    void runsCommandsOverProvidersOfTwoTypes(Agent agent, String first, String second)
            throws Exception {
        try (AgentProvider a = AgentProvider.start(true);
                AgentProvider b = AgentProvider.start(false);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", a.url()).type(type(first))
                        .provider("b", b.url()).type(type(second)).withoutBreaker().start()) {
            String said = run(agent, "http://127.0.0.1:" + proxy.port());

            assertThat(said).contains(AgentProvider.DONE);
            assertThat(b.asked()).singleElement().asString()
                    .contains(AgentProvider.FIRST_OUTPUT);
            assertThat(a.asked()).last().asString().contains(AgentProvider.FIRST_OUTPUT)
                    .contains(AgentProvider.SECOND_OUTPUT);
            proxy.awaitQuiet();
        }
    }

    private static ProviderType type(String name) {
        return TYPES.stream().filter(type -> type.configName().equals(name)).findFirst()
                .orElseThrow();
    }

    private String run(Agent agent, String url) throws Exception {
        Path installed = ClientsIT.Language.AGENTS.target().toAbsolutePath();
        List<String> command = new ArrayList<>(agent.arguments(home, url));
        command.set(0, installed.resolve("node_modules/.bin").resolve(command.get(0)).toString());
        Map<String, String> environment = new HashMap<>(agent.environment(home, url));
        environment.put("HOME", home.toString());
        for (String name : List.of("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")) {
            environment.put(name, "http://127.0.0.1:9"); // nothing listens there
        }
        environment.put("NO_PROXY", "127.0.0.1");
        environment.put("no_proxy", "127.0.0.1");
        Path work = Files.createDirectories(home.resolve("work"));
        return ClientsIT.run(work, environment, MINUTES, command.toArray(String[]::new));
    }
}
