package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ConnectProxy;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.upstream.ProxySettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Providers behind a forward proxy. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class ForwardProxyIT {
    @Parameter
    Transport transport;

    private static ProxySettings settings(ConnectProxy proxy) {
        return new ProxySettings("127.0.0.1", proxy.port(), false, null);
    }

    @Test
    void carriesOneCallAfterAnotherThroughOneTunnel() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ConnectProxy forward = ConnectProxy.start(a.port());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "http://llm_gateway:8000").proxy(settings(forward))
                        .start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                ProxyUnderTest.ask(caller, SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            }
            assertThat(forward.requests()).containsExactly("CONNECT llm_gateway:8000 HTTP/1.1\r\n"
                    + "host: llm_gateway:8000\r\n\r\n");
            assertThat(a.requests()).hasSize(2).allSatisfy(request ->
                    assertThat(request.header("host")).isEqualTo("llm_gateway:8000"));
        }
    }

    /** Among them one that never answers, which is what the connect timer is for. */
    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 403 Forbidden\r\n\r\n", ConnectProxy.HANG_UP, "", "HTTP/1"})
    void failsOverWhereTheForwardProxyGivesNoTunnel(String answer) throws Exception {
        try (ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ConnectProxy forward = ConnectProxy.start(1).answer(answer);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "http://a.test").connect(SHORT).proxy(settings(forward))
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            assertThat(head.header("x-penstock-attempts")).contains("a/model-a=", "b/model-b=200");
        }
    }
}
