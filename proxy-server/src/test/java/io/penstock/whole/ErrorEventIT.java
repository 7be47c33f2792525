package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A provider's own error event in the middle of a relayed stream is the last word: whatever becomes
 * of the connection behind it, the caller is told one error and not two.
 */
class ErrorEventIT {
    /** What becomes of the connection. */
    private enum Rest { END, RESET, CLOSE, SILENCE }

    static Stream<Arguments> rests() {
        return Stream.of(ChaosFormat.values()).flatMap(format ->
                Stream.of(Rest.values()).map(rest -> Arguments.of(format, rest)));
    }

    @ParameterizedTest
    @MethodSource("rests")
    void isTheLastWord(ChaosFormat format, Rest rest) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    for (String event : format.opening()) {
                        x.chunk(event);
                    }
                    x.chunk(format.piece("One two")).flush();
                    begun.await();
                    x.chunk(format.errorEvent()).flush();
                    told.await();
                    switch (rest) {
                        case END -> x.lastChunk();
                        case RESET -> x.reset();
                        case CLOSE -> x.closeFin();
                        case SILENCE -> x.awaitClosed(PATIENCE);
                    }
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", a.url()).type(switch (format) {
                            case MESSAGES -> ProviderTypes.ANTHROPIC;
                            case GEMINI -> ProviderTypes.GEMINI;
                            default -> ProviderTypes.OPENAI;
                        }).gap(SHORT).start()) {
            RawClient caller = proxy.connect().post(format.path(SMART, true),
                    format.request(SMART, "Count", true), "x-api-key: " + CALLER_KEY);
            assertThat(caller.readHead().status()).isEqualTo(200);
            begun.countDown();
            StringBuilder body = new StringBuilder();
            while (!body.toString().contains("Chaos.")) {
                body.append(caller.readChunk());
            }
            told.countDown();
            body.append(caller.readChunked());

            assertThat(ChaosFormat.data(body.toString())).filteredOn(format::isError).hasSize(1);
            proxy.awaitQuiet();
        }
    }
}
