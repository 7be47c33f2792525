package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clients that people use, in Python and Node, get whole answers from every kind of provider. The
 * profile {@code clients} alone runs them: it installs the pinned versions of {@code
 * src/test/clients} into {@code target/clients} once.
 *
 * <p><b>Bounds:</b> {@value #INSTALL_MINUTES} minutes for what is installed of a language, {@value
 * #SCRIPT_MINUTES} for a script.
 */
@EnabledIfSystemProperty(named = "penstock.clients", matches = "true")
class ClientsIT {
    private static final Logger LOG = LoggerFactory.getLogger(ClientsIT.class);

    private static final Path SCRIPTS =
            Path.of(System.getProperty("penstock.clients.scripts", "src/test/clients"));
    private static final Path TARGET =
            Path.of(System.getProperty("penstock.clients.target", "target/clients"));
    private static final int INSTALL_MINUTES = 8;
    private static final int SCRIPT_MINUTES = 2;
    private static final String TEXT = "One two three four five six";
    private static final List<ProviderType> TYPES = List.of(ProviderTypes.OPENAI,
            ProviderTypes.OPENAI_COMPATIBLE, ProviderTypes.ANTHROPIC, ProviderTypes.GEMINI);

    /** A language, by what runs its scripts and what they need. */
    enum Language {
        PYTHON("python", "requirements.txt") {
            @Override
            void install(Path target) throws Exception {
                run(target, Map.of(), INSTALL_MINUTES, "python3", "-m", "venv", "venv");
                run(target, Map.of(), INSTALL_MINUTES, "venv/bin/pip", "install", "--quiet",
                        "--requirement", "requirements.txt");
            }

            @Override
            List<String> command(String script) {
                return List.of("venv/bin/python", script);
            }
        },
        NODE("node", "package.json") {
            @Override
            void install(Path target) throws Exception {
                run(target, Map.of(), INSTALL_MINUTES, "npm", "install", "--no-audit",
                        "--no-fund", "--no-package-lock", "--ignore-scripts");
            }

            @Override
            List<String> command(String script) {
                return List.of("node", script);
            }
        },
        AGENTS("agents", "package.json") {
            @Override
            void install(Path target) throws Exception {
                NODE.install(target);
                run(target, Map.of(), INSTALL_MINUTES, "node",
                        "node_modules/@anthropic-ai/claude-code/install.cjs");
            }

            @Override
            List<String> command(String program) {
                return List.of("node_modules/.bin/" + program);
            }
        };

        private final String folder;
        private final String pins;

        Language(String folder, String pins) {
            this.folder = folder;
            this.pins = pins;
        }

        abstract void install(Path target) throws Exception;

        abstract List<String> command(String script);

        Path target() {
            return TARGET.resolve(folder);
        }

        private List<Path> files() throws IOException {
            try (Stream<Path> files = Files.list(SCRIPTS.resolve(folder))) {
                return files.sorted().toList();
            }
        }

        /** Brings the scripts along, and what they need where the versions are others. */
        void prepare() throws Exception {
            Files.createDirectories(target());
            for (Path file : files()) {
                Files.copy(file, target().resolve(file.getFileName()),
                        StandardCopyOption.REPLACE_EXISTING);
            }
            Path installed = target().resolve("installed-" + pins);
            Path wanted = SCRIPTS.resolve(folder).resolve(pins);
            if (!Files.exists(installed) || Files.mismatch(installed, wanted) >= 0) {
                install(target());
                Files.copy(wanted, installed, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    @BeforeAll
    static void install() throws Exception {
        Language.PYTHON.prepare();
        Language.NODE.prepare();
    }

    static Stream<Arguments> pairs() throws IOException {
        List<Arguments> pairs = new ArrayList<>();
        for (Language language : Language.values()) {
            for (Path file : language.files()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".py") || name.endsWith(".mjs")) {
                    for (ProviderType type : name.startsWith("given.")
                            ? List.<ProviderType>of() : TYPES) {
                        pairs.add(Arguments.of(language, name, type.configName()));
                    }
                }
            }
        }
        return pairs.stream();
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void getsWholeAnswers(Language language, String script, String type) throws Exception {
        ProviderType provider = TYPES.stream().filter(each -> each.configName().equals(type))
                .findFirst().orElseThrow();
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withText(TEXT), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + mock.port()).type(provider)
                        .withoutBreaker().start()) {
            String said = run(language.target(), Map.of(
                    "PENSTOCK_URL", "http://127.0.0.1:" + proxy.port(),
                    "PENSTOCK_KEY", CALLER_KEY, "PENSTOCK_MODEL", SMART,
                    "PENSTOCK_TEXT", TEXT), SCRIPT_MINUTES,
                    language.command(script).toArray(String[]::new));
            LOG.info("client {} provider={}", said.lines().reduce("", (a, b) -> b), type);
            proxy.awaitQuiet();
        }
    }

    /** Runs it to its good end; returns what it says. */
    static String run(Path directory, Map<String, String> environment, int minutes,
            String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("client", ".log");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile())
                    .redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
            Process process = builder.start();
            boolean ended = process.waitFor(minutes, TimeUnit.MINUTES);
            process.destroyForcibly();
            String said = Files.readString(output);
            assertThat(ended && process.exitValue() == 0)
                    .as(Arrays.toString(command) + ": " + said).isTrue();
            return said;
        } finally {
            Files.delete(output);
        }
    }
}
