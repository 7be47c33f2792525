package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.http.HeadWriter;
import io.penstock.provider.Api;
import io.penstock.provider.Site;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestPathTest {
    private static final Site SITE = new Site(URI.create("https://h:8443/v1/"));

    @ParameterizedTest
    @CsvSource({
        "CHAT, gpt-4o, /chat/completions, /chat/completions",
        "MESSAGES, claude-opus-5, /messages, /messages",
        "COUNT_TOKENS, claude-opus-5, /messages/count_tokens, /messages/count_tokens",
        "RESPONSES, gpt-5, /responses, /responses",
        "GEMINI, gemini-2.5-pro, /models/gemini-2.5-pro:generateContent, "
            + "/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        "CONVERSE, us.x-v1:0, /model/us.x-v1%3A0/converse, /model/us.x-v1%3A0/converse-stream",
        "CONVERSE, arn:aws:a/b, /model/arn%3Aaws%3Aa%2Fb/converse, "
            + "/model/arn%3Aaws%3Aa%2Fb/converse-stream"})
    void saysWhereEachApiIsAsked(Api api, String model, String unary, String stream) {
        for (boolean streams : new boolean[] {false, true}) {
            RequestStart start = new RequestPath(api.path(streams), SITE).start(model);

            String target = "/v1" + (streams ? stream : unary);
            HeadWriter out = new HeadWriter();
            start.line().writeHttp1(out);
            assertThat(out).hasToString("POST " + target + " HTTP/1.1\r\nhost: h:8443\r\n");
            assertThat(new String(start.fields(), StandardCharsets.US_ASCII)).endsWith("\r\n");
            assertThat(start.line().path() + (start.line().query().isEmpty() ? ""
                    : "?" + start.line().query())).isEqualTo(target);
        }
    }

    @Test
    void isPutTogetherOnceForEachModel() {
        RequestPath path = new RequestPath("/models/{model}", SITE);

        assertThat(path.start("a")).isSameAs(path.start("a"));
        assertThat(path.start("a").line().path()).isEqualTo("/v1/models/a");
        assertThat(path.start("b").line().path()).isEqualTo("/v1/models/b");
        assertThat(new RequestPath("/chat", SITE)).satisfies(
                only -> assertThat(only.start("a")).isSameAs(only.start("b")));
    }

    @Test
    void keepsABoundedNumberOfThem() {
        RequestPath path = new RequestPath("/models/{model}", SITE);
        for (int i = 0; i < RequestPath.MAX_MODELS; i++) {
            path.start("model-" + i);
        }

        assertThat(path.start("one-more").line().path()).isEqualTo("/v1/models/one-more");
        assertThat(path.start("one-more")).isNotSameAs(path.start("one-more"));
        assertThat(path.start("model-0")).isSameAs(path.start("model-0"));
    }

    @Test
    void aModelsNameCannotLeaveItsPlace() {
        assertThat(new RequestPath("/m/{model}/x", SITE).start("a/../b?c#d e\r\nf").line().path())
                .isEqualTo("/v1/m/a%2F..%2Fb%3Fc%23d%20e%0D%0Af/x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "chat", "/a b", "/a\r\nb", "/a#b", "/{other}", "/\u00e4"})
    void refusesWhatIsNoPath(String template) {
        assertThatIllegalArgumentException().isThrownBy(() -> new RequestPath(template, SITE));
    }

    @Test
    void liesBesideTheBaseUrlWhereTheTypeSaysSo() {
        RequestPath path = new RequestPath("/../models/{model}:x?a=b",
                new Site(URI.create("https://h/v1beta/openai")));

        assertThat(path.start("m").line().path()).isEqualTo("/v1beta/models/m:x");
        assertThat(path.start("m").line().query()).isEqualTo("a=b");
        RequestPath above = new RequestPath("/../x", new Site(URI.create("https://h")));
        assertThat(above.start("m").line().path()).isEqualTo("/x");
    }
}
