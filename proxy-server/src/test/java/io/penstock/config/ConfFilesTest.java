package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.upstream.ProviderSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class ConfFilesTest {
    private static final Path CONF = Path.of("..", "conf");

    /** The proxy's own; {@code compose.yaml} is another program's. */
    static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(CONF)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .filter(file -> !file.endsWith("compose.yaml")).toList();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void loadsWithNoKeyInTheEnvironment(Path file) throws ConfigException {
        assertThat(ConfigLoader.load(file, Map.of()).settings().listen()).hasSize(1);
    }

    @ParameterizedTest
    @MethodSource("files")
    void loadsWithoutAWarningWhenTheKeysAreThere(Path file) throws ConfigException {
        Map<String, String> keys = new HashMap<>(DotEnv.read(CONF.resolve(".env.example")));
        keys.replaceAll((name, value) -> "key-of-" + name);

        assertThat(ConfigLoader.load(file, keys).warnings()).isEmpty();
    }

    /** Compose takes one of two dollar signs away. */
    @Test
    void theProxyOfTheCompositionHasAFileThatLoads(@TempDir Path directory) throws Exception {
        Map<?, ?> compose = (Map<?, ?>) new Load(LoadSettings.builder().build())
                .loadFromString(Files.readString(CONF.resolve("compose.yaml")));
        Map<?, ?> configs = (Map<?, ?>) compose.get("configs");
        String content = (String) ((Map<?, ?>) configs.get("penstock")).get("content");
        Path file = Files.writeString(directory.resolve("penstock.yaml"),
                content.replace("$$", "$"));

        Settings settings = ConfigLoader.load(file, Map.of("OPENAI_API_KEY", "k",
                "PENSTOCK_ADMIN_TOKEN", "t", "PENSTOCK_KEY_HASH", "sha256:" + "0".repeat(64)))
                .settings();

        assertThat(settings.auth().keys()).hasSize(1);
        assertThat(settings.admin().token()).isEqualTo("t");
    }

    @Test
    void theExampleOfDotEnvNamesEveryKeyThatMakesAProvider() throws ConfigException {
        assertThat(DotEnv.read(CONF.resolve(".env.example")).keySet()).containsExactlyElementsOf(
                ProviderBinder.FROM_ENVIRONMENT.stream().map(each -> each.defaultKeyEnv())
                        .toList());
    }

    @Test
    void theDemoHasTwoProvidersAndTheKeyThatItsCommentNames()
            throws ConfigException, GeneralSecurityException {
        Settings demo = ConfigLoader.load(CONF.resolve("demo.yaml"), Map.of()).settings();

        byte[] hash = MessageDigest.getInstance("SHA-256")
                .digest("penstock-demo-key".getBytes(StandardCharsets.UTF_8));
        assertThat(demo.auth().keys()).singleElement().satisfies(key -> assertThat(key.hash())
                .isEqualTo("sha256:" + HexFormat.of().formatHex(hash)));
        assertThat(demo.providers()).extracting(ProviderSettings::baseUrl)
                .map(Object::toString).containsExactly("http://127.0.0.1:9101/v1",
                        "http://127.0.0.1:9102/v1");
    }
}
