package io.penstock.exchange.call;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ResponseOriginsTest {
    private final ResponseOrigins origins = new ResponseOrigins();

    @Test
    void knowsWhoMadeAResponse() {
        origins.put("resp_1", "a");
        origins.put("resp_2", "b");
        assertThat(origins.provider("resp_2")).isEqualTo("b");
        assertThat(origins.provider("resp_3")).isNull();
    }

    @Test
    void forgetsTheOneThatWasUsedTheLongestAgo() {
        for (int i = 0; i < ResponseOrigins.MAX_RESPONSES; i++) {
            origins.put("resp_" + i, "a");
        }
        assertThat(origins.provider("resp_0")).isEqualTo("a");
        origins.put("resp_more", "b");
        assertThat(origins.provider("resp_0")).isEqualTo("a");
        assertThat(origins.provider("resp_1")).isNull();
    }

    @Test
    void keepsNoIdThatIsNone() {
        String id = "x".repeat(ResponseOrigins.MAX_ID_CHARS);
        origins.put(null, "a");
        origins.put("", "a");
        origins.put(id, "a");
        origins.put(id + "x", "a");
        assertThat(origins.provider("")).isNull();
        assertThat(origins.provider(id)).isEqualTo("a");
        assertThat(origins.provider(id + "x")).isNull();
    }
}
