package io.penstock.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MeantPathTest {
    @ParameterizedTest
    @CsvSource({
        "/v1/chat/completions/, /v1/chat/completions",
        "/chat/completions//, /chat/completions",
        "//v1//messages, /v1/messages",
        "/v1/v1/messages, /v1/messages",
        "/v1/v1/v1/files, /v1/files",
        "/v1/models/, /v1/models",
        "/healthz, /health",
        "/livez/, /health/live",
        "/readyz, /health/ready",
        "/openai/v1/responses, /v1/responses",
        "/openai/files, /files",
        "/v1beta/openai/chat/completions, /chat/completions",
        "/api/v1/chat/completions, /v1/chat/completions",
        "/anthropic/v1/messages, /v1/messages"})
    void findsWhatWasMeant(String sent, String meant) {
        assertThat(MeantPath.of(sent)).isEqualTo(new MeantPath(meant, null));
    }

    @ParameterizedTest
    @CsvSource({
        "/openai/deployments/gpt-4o/chat/completions, /chat/completions, gpt-4o",
        "//openai/deployments/a%2Fb%3Ac/embeddings/, /embeddings, a/b:c",
        "/openai/deployments/a+b/completions, /completions, a+b",
        "/openai/deployments/100%/completions, /completions, 100%"})
    void readsTheDeployment(String sent, String meant, String deployment) {
        assertThat(MeantPath.of(sent)).isEqualTo(new MeantPath(meant, deployment));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/v1/chat/completions", "/nothing", "/passthrough/a/v1/v1//x/",
        "//passthrough/a/x", "/deployments/gpt-4o/chat/completions", "/openai", "/v1/./messages"})
    void leavesOtherPathsAsTheyAre(String sent) {
        assertThat(MeantPath.of(sent)).isNull();
    }

    @Test
    void hintsAtWhatIsSpeltAlmostSo() {
        assertThat(NearestPath.hint("/v1/chat/completion"))
                .isEqualTo(" Did you mean /v1/chat/completions?");
        assertThat(NearestPath.hint("/V1/Messages")).isEqualTo(" Did you mean /v1/messages?");
        assertThat(NearestPath.hint("/gateway/v1/chat/completions"))
                .isEqualTo(" Did you mean /v1/chat/completions?");
        assertThat(NearestPath.hint("/heath")).isEqualTo(" Did you mean /health?");
        assertThat(NearestPath.hint("/favicon.ico")).isEmpty();
        assertThat(NearestPath.hint("/" + "v1".repeat(NearestPath.MAX_CHARS) + "/messages"))
                .isEmpty();
    }
}
