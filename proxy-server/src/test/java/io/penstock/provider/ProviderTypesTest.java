package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.testing.TypeByName;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;

class ProviderTypesTest {
    private static Site site(String url) {
        return new Site(URI.create(url));
    }

    private static Site azure(String url, Map<String, String> texts,
            Map<String, String> deployments) {
        return new Site(URI.create(url),
                new Options(texts, Map.of("deployments", deployments)));
    }

    private static String shown(Authorization authorization) {
        return new String(((Authorization.Fixed) authorization).lines(),
                StandardCharsets.US_ASCII).strip();
    }

    @Test
    void namesAllThatAreBuiltIn() {
        assertThat(ProviderTypes.BUILT_IN.all()).extracting(ProviderType::configName)
                .containsExactly("openai", "anthropic", "gemini", "azure", "bedrock", "groq",
                        "mistral", "ollama", "vllm", "openrouter", "deepseek", "xai", "together",
                        "fireworks", "openai-compatible")
                .allSatisfy(name -> assertThat(ProviderTypes.BUILT_IN.find(name))
                        .hasToString(name));
    }

    @Test
    void holdsTheBuiltInTypesToWhatItAsksOfPlugins() throws Exception {
        for (ProviderType type : ProviderTypes.BUILT_IN.all()) {
            assertThat(TypeCheck.nameOf(type, "built in")).isEqualTo(type.configName());
        }
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
        "openai, https://api.openai.com/v1, OPENAI_API_KEY",
        "anthropic, https://api.anthropic.com/v1, ANTHROPIC_API_KEY",
        "gemini, https://generativelanguage.googleapis.com/v1beta/openai, GEMINI_API_KEY",
        "azure, -, AZURE_OPENAI_API_KEY",
        "bedrock, https://bedrock-runtime.{region}.amazonaws.com, AWS_BEARER_TOKEN_BEDROCK",
        "groq, https://api.groq.com/openai/v1, GROQ_API_KEY",
        "mistral, https://api.mistral.ai/v1, MISTRAL_API_KEY",
        "ollama, http://localhost:11434/v1, -",
        "vllm, http://localhost:8000/v1, -",
        "openrouter, https://openrouter.ai/api/v1, OPENROUTER_API_KEY",
        "deepseek, https://api.deepseek.com/v1, DEEPSEEK_API_KEY",
        "xai, https://api.x.ai/v1, XAI_API_KEY",
        "together, https://api.together.xyz/v1, TOGETHER_API_KEY",
        "fireworks, https://api.fireworks.ai/inference/v1, FIREWORKS_API_KEY",
        "openai-compatible, -, -"})
    void answersWhereItUsuallyDoes(@ConvertWith(TypeByName.class) ProviderType type, String url,
            String variable) {
        assertThat(type.defaultBaseUrl()).isEqualTo(url);
        assertThat(type.defaultKeyEnv()).isEqualTo(variable);
    }

    @ParameterizedTest
    @CsvSource({
        "openai, /v1, CHAT COMPLETIONS RESPONSES EMBEDDINGS",
        "anthropic, /v1, MESSAGES COUNT_TOKENS",
        "gemini, /v1beta/openai, CHAT EMBEDDINGS GEMINI GEMINI_COUNT_TOKENS",
        "gemini, /gateway/openai/v2, CHAT EMBEDDINGS",
        "gemini, /v1beta, GEMINI GEMINI_COUNT_TOKENS",
        "bedrock, /openai/v1, CHAT",
        "bedrock, '', CONVERSE",
        "azure, /openai/v1, CHAT COMPLETIONS RESPONSES EMBEDDINGS",
        "azure, /openai/, CHAT COMPLETIONS EMBEDDINGS",
        "groq, /openai/v1, CHAT EMBEDDINGS",
        "xai, /v1, CHAT COMPLETIONS RESPONSES EMBEDDINGS",
        "openai-compatible, /v1, CHAT COMPLETIONS EMBEDDINGS"})
    void speaksItsApis(@ConvertWith(TypeByName.class) ProviderType type, String path,
            String apis) {
        Set<Api> expected = Set.of(apis.split(" ")).stream().map(Api::valueOf)
                .collect(Collectors.toSet());
        assertThat(type.apis(site("https://h" + path))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "openai, /v1, authorization: Bearer k3y",
        "anthropic, /v1, x-api-key: k3y",
        "azure, /openai/v1, api-key: k3y",
        "gemini, /v1beta/openai, authorization: Bearer k3y",
        "gemini, /v1beta, x-goog-api-key: k3y"})
    void showsItsKey(@ConvertWith(TypeByName.class) ProviderType type, String path,
            String line) {
        Site site = site("https://h" + path);

        assertThat(shown(type.authorization("k3y", site))).isEqualTo(line);
        assertThat(type.authorization(null, site)).isNull();
    }

    @Test
    void geminiWantsItsKeyWhereThePathIsFromWhateverTheBaseUrl() {
        Site site = site("https://h/v1beta");

        assertThat(shown(ProviderTypes.GEMINI.authorization("k", site, "/v1beta/openai/files")))
                .isEqualTo("authorization: Bearer k");
        assertThat(shown(ProviderTypes.GEMINI.authorization("k", site, "/v1beta/files")))
                .isEqualTo("x-goog-api-key: k");
        assertThat(ProviderTypes.OPENAI.authorization("k", site, "/v1/files")).isNull();
    }

    @Test
    void geminiKnowsAModelByTheLastPartOfItsName() {
        assertThat(ProviderTypes.GEMINI.modelName("models/gemini-x", site("https://h/v1beta")))
                .isEqualTo("gemini-x");
        assertThat(ProviderTypes.GEMINI.modelName("models/gemini-x", site("https://h/openai")))
                .isEqualTo("models/gemini-x");
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
        "/openai, -, /deployments/{model}/chat/completions?api-version=2024-10-21",
        "/openai, 2025-01-01, /deployments/{model}/chat/completions?api-version=2025-01-01",
        "/openai?api-version=2025-02-02, -, "
            + "/deployments/{model}/chat/completions?api-version=2025-02-02",
        "/openai/v1, -, /chat/completions",
        "/openai/v1, preview, /chat/completions?api-version=preview",
        "/openai/v1?api-version=preview, -, /chat/completions?api-version=preview"})
    void azureHasItsVersionInAQuery(String path, String version, String expected) {
        Site site = azure("https://r.openai.azure.com" + path,
                version == null ? Map.of() : Map.of("api_version", version), Map.of());

        assertThat(ProviderTypes.AZURE.path(Api.CHAT, true, site)).isEqualTo(expected);
        assertThat(ProviderTypes.AZURE.target("/chat/completions", "", "{model}", site))
                .isEqualTo(expected.replace("{model}", "%7Bmodel%7D"));
        assertThat(ProviderTypes.AZURE.target("/files", "?api-version=x&a", null, site))
                .isEqualTo("/files?api-version=x&a");
    }

    @Test
    void azureAsksADeploymentForAModel() {
        Site site = azure("https://r.openai.azure.com/openai/v1", Map.of(),
                Map.of("gpt-4o", "our-4o"));

        assertThat(ProviderTypes.AZURE.modelName("gpt-4o", site)).isEqualTo("our-4o");
        assertThat(ProviderTypes.AZURE.modelName("gpt-5", site)).isEqualTo("gpt-5");
    }

    @Test
    void azureRefusesAVersionThatIsNoneAndTwoOfThem() {
        assertThatIllegalArgumentException().isThrownBy(() -> ProviderTypes.AZURE.check(
                azure("https://h/openai", Map.of("api_version", "a&b"), Map.of())))
                .withMessageStartingWith("api_version: ");
        assertThatIllegalArgumentException().isThrownBy(() -> ProviderTypes.AZURE.check(
                azure("https://h/openai?api-version=x", Map.of("api_version", "y"), Map.of())))
                .withMessageStartingWith("api_version: ");
        assertThat(ProviderTypes.AZURE.takesQuery("api-version=2024-10-21")).isTrue();
        assertThat(ProviderTypes.AZURE.takesQuery("api-version=1&key=2")).isFalse();
        assertThat(ProviderTypes.OPENAI.takesQuery("api-version=2024-10-21")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "gemini, 429, '{\"retryDelay\": \"27.5s\"}', 27500",
        "gemini, 503, '{\"retryDelay\":\"3s\"}', 3000",
        "gemini, 429, '{\"retryDelay\":\"soon\"}', -1",
        "gemini, 429, '{\"retryDelay\":\"99999999999999999999s\"}', -1",
        "azure, 429, 'Please retry after 12 seconds.', 12000",
        "azure, 429, 'Please retry after 86400 seconds.', 86400000",
        "azure, 429, 'Please retry later.', -1",
        "openai, 429, 'Please retry after 12 seconds.', -1"})
    void readsHowLongToWaitInTheBody(@ConvertWith(TypeByName.class) ProviderType type,
            int status, String body, long millis) {
        assertThat(type.retryAfter(status, body))
                .isEqualTo(millis < 0 ? null : Duration.ofMillis(millis));
    }
}
