package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.config.ConfigLoader;
import io.penstock.config.Settings;
import io.penstock.provider.ProviderType;
import io.penstock.route.RouteSettings;
import io.penstock.upstream.ProviderSettings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImportCommandTest {
    private static final String FULL = """
            model_list:
              - model_name: gpt-4o
                litellm_params:
                  model: azure/gpt-4o-eu
                  api_base: https://eu.openai.azure.com/
                  api_key: os.environ/AZURE_EU
                  api_version: "2024-10-21"
                  weight: 2
                  rpm: 60
                model_info: {id: eu}
              - model_name: gpt-4o
                litellm_params: {model: openai/gpt-4o, api_key: sk-in-the-file, timeout: 30}
              - model_name: claude
                litellm_params: {model: anthropic/claude-sonnet-4-6, api_key: os.environ/ANTHROPIC}
              - model_name: llama-3.3-70b-versatile
                litellm_params: {model: groq/llama-3.3-70b-versatile, api_key: os.environ/GROQ}
              - model_name: house
                litellm_params:
                  {model: openai/qwen3, api_base: "https://llm.internal/v1", api_key: none}
              - model_name: local
                litellm_params: {model: ollama_chat/llama3.1, api_base: "http://localhost:11434"}
              - model_name: nova
                litellm_params: {model: bedrock/amazon.nova-pro-v1:0, aws_region_name: eu-west-1}
              - model_name: palm
                litellm_params: {model: vertex_ai/gemini-pro, vertex_project: p}
              - model_name: anthropic/*
                litellm_params: {model: anthropic/*, api_key: os.environ/ANTHROPIC}
            router_settings:
              routing_strategy: least-busy
              num_retries: 2
              fallbacks: [{claude: [gpt-4o, missing]}]
              redis_host: cache
            litellm_settings:
              callbacks: [langfuse]
              drop_params: true
            general_settings:
              master_key: sk-1234
              database_url: os.environ/DATABASE_URL
            """;

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String yaml) throws Exception {
        Path file = Files.writeString(directory.resolve("config.yaml"), yaml);
        return Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true))
                .execute("import", "litellm", file.toString());
    }

    private Settings imported(String yaml) throws Exception {
        assertThat(run(yaml)).as(err.toString()).isZero();
        Path file = Files.writeString(directory.resolve("penstock.yaml"), out.toString());
        return ConfigLoader.load(file, Map.of("AZURE_EU", "a", "OPENAI_API_KEY", "b", "ANTHROPIC",
                "c", "GROQ", "d", "LLM_INTERNAL_API_KEY", "e", "MASTER_KEY_HASH",
                "sha256:" + "0".repeat(64))).settings();
    }

    @Test
    void writesAProviderForEachPlaceAndKey() throws Exception {
        Settings settings = imported(FULL);

        assertThat(settings.providers()).extracting(ProviderSettings::name).containsExactly("azure",
                "openai", "anthropic", "groq", "llm-internal", "ollama", "bedrock");
        assertThat(settings.providers()).extracting(ProviderSettings::type)
                .extracting(ProviderType::configName).containsExactly("azure", "openai",
                        "anthropic", "groq", "openai-compatible", "ollama", "bedrock");
        assertThat(settings.providers()).extracting(each -> each.baseUrl().toString())
                .contains("https://eu.openai.azure.com/openai", "https://llm.internal/v1",
                        "http://localhost:11434/v1");
    }

    @Test
    void writesRoutesWithFallbacksBehindTheirOwnTargets() throws Exception {
        Settings settings = imported(FULL);

        assertThat(settings.routes()).extracting(RouteSettings::model)
                .containsExactly("gpt-4o", "claude", "house", "local", "nova");
        assertThat(settings.routes().get(1).targets()).extracting(each -> each.provider() + "/"
                + each.model()).containsExactly("anthropic/claude-sonnet-4-6", "azure/gpt-4o-eu",
                        "openai/gpt-4o");
        assertThat(settings.retry().maxAttempts()).isEqualTo(3);
    }

    @Test
    void hashesTheMasterKeyAndRepeatsNoSecret() throws Exception {
        Settings settings = imported(FULL);

        assertThat(settings.auth().keys()).singleElement().satisfies(
                key -> assertThat(key.hash()).isEqualTo(KeysCommand.hash("sk-1234")));
        assertThat(out.toString()).doesNotContain("sk-1234", "sk-in-the-file")
                .contains("put it into the variable OPENAI_API_KEY");
    }

    @Test
    void listsWhatItLeavesOut() throws Exception {
        assertThat(run(FULL)).isZero();

        String head = out.toString().substring(0, out.toString().indexOf("\nproviders:"));
        assertThat(head.lines()).allMatch(line -> line.startsWith("#"));
        assertThat(head).contains("model_list[0].litellm_params.rpm", "model_info",
                "model_list[7] (vertex_ai/gemini-pro): Penstock has no type for 'vertex_ai'",
                "model_list[8] (anthropic/*)", "router_settings.redis_host",
                "litellm_settings.callbacks", "general_settings.database_url",
                "the fallback of 'claude' to 'missing'");
    }

    @Test
    void leavesAMasterKeyOfTheEnvironmentToTheEnvironment() throws Exception {
        Settings settings = imported("""
                model_list: [{model_name: gpt-4o, litellm_params: {model: gpt-4o}}]
                general_settings: {master_key: os.environ/MASTER}
                """);

        assertThat(settings.auth().keys()).hasSize(1);
        assertThat(settings.routes()).isEmpty();
        assertThat(out.toString()).contains("MASTER_KEY_HASH", "keys hash");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[", "providers: []", "just text"})
    void refusesWhatIsNoneOfLiteLlms(String yaml) throws Exception {
        assertThat(run(yaml)).isEqualTo(Main.BAD_USAGE);
        assertThat(err.toString()).startsWith("penstock: ").contains("config.yaml");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model_list: [null]", "model_list: [{model_name: a}]",
        "model_list: {a: b}", "model_list: []\nrouter_settings: [1]\ngeneral_settings: x"})
    void standsWhateverIsThere(String yaml) throws Exception {
        assertThat(run(yaml)).isZero();
        assertThat(out.toString()).contains("providers: []");
    }
}
