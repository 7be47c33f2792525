package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.TypeByName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies of chats may be compressed; providers get them plain. */
class CompressedBodyIT {
    private static MockServer mock() throws IOException {
        return MockServer.start(MockSettings.DEFAULT.withName("a").withRecords(10), 1);
    }

    private static ProxyUnderTest before(MockServer mock, ProviderType type) throws Exception {
        return ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:" + mock.port()).type(type).start();
    }

    private static byte[] compressed(String coding, byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream into = coding.endsWith("gzip") ? new GZIPOutputStream(out)
                : new DeflaterOutputStream(out,
                        new Deflater(Deflater.BEST_SPEED, coding.equals("raw")))) {
            into.write(plain);
        }
        return out.toByteArray();
    }

    private static RawClient.Head post(ProxyUnderTest proxy, String coding, byte[] body)
            throws IOException {
        return proxy.connect().send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
                + "authorization: Bearer " + CALLER_KEY + "\r\ncontent-encoding: " + coding
                + "\r\ncontent-length: " + body.length + "\r\n\r\n").send(body).readHead();
    }

    @ParameterizedTest
    @CsvSource({"gzip, openai", "x-gzip, openai", "deflate, openai", "raw, openai",
        "gzip, anthropic"})
    void sendsOnThePlainBody(String coding, @ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        String body = chat(SMART, false).replace("Hi", "Hi" + "!?".repeat(50_000));
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, type)) {
            byte[] sent = compressed(coding, body.getBytes(StandardCharsets.US_ASCII));

            assertThat(post(proxy, coding.equals("raw") ? "deflate" : coding, sent).status())
                    .isEqualTo(200);

            assertThat(mock.records().get(0).text()).contains("!?".repeat(50_000));
            assertThat(mock.records().get(0).header("content-encoding")).isNull();
        }
    }

    @Test
    void refusesABodyThatGrowsBeyondTheBound() throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            byte[] blanks = new byte[40 * 1024 * 1024]; // the bound is 32 MiB
            Arrays.fill(blanks, (byte) ' ');

            assertThat(post(proxy, "gzip", compressed("gzip", blanks)).status()).isEqualTo(413);
            assertThat(mock.records()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate"})
    void refusesBrokenData(String coding) throws Exception {
        byte[] whole = compressed(coding, chat(SMART, false).getBytes(StandardCharsets.US_ASCII));
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            for (byte[] broken : new byte[][] {Arrays.copyOf(whole, whole.length / 2),
                "no such data".getBytes(StandardCharsets.US_ASCII),
                compressed(coding, "{\"model\":".getBytes(StandardCharsets.US_ASCII))}) {
                assertThat(post(proxy, coding, broken).status()).isEqualTo(400);
            }
            assertThat(mock.records()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "br", "gzip, gzip"})
    void refusesOtherCodings(String coding) throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            RawClient.Head head = post(proxy, coding, new byte[] {1});
            assertThat(head.status()).isEqualTo(415);
            assertThat(head.header("accept-encoding")).isEqualTo("gzip, deflate");
        }
    }
}
