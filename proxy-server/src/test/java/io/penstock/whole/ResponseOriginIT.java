package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller does with a stored response goes to the provider that made it. */
class ResponseOriginIT {
    private static final Script BUSY = x -> {
        x.readRequest();
        x.head(503, "content-length: 0").flush();
    };
    private static final Script KEPT = x -> {
        x.readRequest();
        x.head(200, "content-type: application/json", "content-length: 2").write("{}").flush();
    };

    private static Script answering(boolean stream) {
        return x -> {
            x.readRequest();
            if (!stream) {
                String body = ChaosFormat.RESPONSES.unary("Hi");
                x.head(200, "content-type: application/json", "content-length: "
                        + body.length()).write(body).flush();
                return;
            }
            x.sseHead();
            ChaosFormat.RESPONSES.opening().forEach(event -> send(x, event));
            send(x, ChaosFormat.RESPONSES.piece("Hi"));
            ChaosFormat.RESPONSES.closing("Hi").forEach(event -> send(x, event));
            x.lastChunk();
        };
    }

    private static void send(ScriptedUpstream.Exchange x, String event) {
        try {
            x.chunk(event);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void ask(ProxyUnderTest proxy, String method, String path) throws Exception {
        RawClient caller = proxy.connect().send(method + " " + path + " HTTP/1.1\r\nhost: a\r\n"
                + "x-api-key: " + CALLER_KEY + "\r\n" + (method.equals("POST")
                ? "content-length: 0\r\n" : "") + "\r\n");
        RawClient.Head head = caller.readHead();
        assertThat(head.status()).as(method.toLowerCase(Locale.ROOT) + path).isEqualTo(200);
        caller.readBody(head);
        caller.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void asksTheProviderThatMadeTheResponse(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(BUSY, KEPT);
                ScriptedUpstream b = ScriptedUpstream.start(answering(stream), KEPT);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", a.url()).type(ProviderTypes.OPENAI)
                        .provider("b", b.url()).type(ProviderTypes.OPENAI).start()) {
            RawClient caller = proxy.connect().post("/v1/responses",
                    ChaosFormat.RESPONSES.request(SMART, "Hi", stream), "x-api-key: " + CALLER_KEY);
            RawClient.Head head = caller.readHead();
            assertThat(head.header("x-penstock-provider")).isEqualTo("b");
            assertThat(stream ? caller.readChunked() : caller.readBody(head))
                    .contains("resp_1");

            ask(proxy, "GET", "/v1/responses/resp_1");
            ask(proxy, "GET", "/v1/responses/resp_1/input_items?limit=1");
            ask(proxy, "POST", "/v1/responses/resp_1/cancel");
            ask(proxy, "DELETE", "/v1/responses/resp_1");
            assertThat(b.requests()).hasSize(5);
            assertThat(a.requests()).hasSize(1);

            ask(proxy, "GET", "/v1/responses/resp_unknown");
            assertThat(a.requests()).hasSize(2);
            proxy.awaitQuiet();
        }
    }
}
