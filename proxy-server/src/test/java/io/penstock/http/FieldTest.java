package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Bytes;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FieldTest {
    private static Field find(String name) {
        byte[] bytes = Bytes.latin1("::" + name + "::"); // what stands around it must not matter
        return Field.of(bytes, 2, name.length());
    }

    private static String wireName(Field field) {
        return field.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @ParameterizedTest
    @EnumSource
    void isFoundInAnyCase(Field field) {
        String name = wireName(field);
        StringBuilder mixed = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            mixed.append(i % 2 == 0 ? Character.toUpperCase(name.charAt(i)) : name.charAt(i));
        }

        assertThat(find(name)).isEqualTo(field);
        assertThat(find(name.toUpperCase(Locale.ROOT))).isEqualTo(field);
        assertThat(find(mixed.toString())).isEqualTo(field);
    }

    @ParameterizedTest
    @EnumSource
    void isNotFoundByANearMiss(Field field) {
        String name = wireName(field);
        for (int i = 0; i < name.length(); i++) {
            char other = name.charAt(i) == 'q' ? 'j' : 'q';
            String miss = name.substring(0, i) + other + name.substring(i + 1);
            assertThat(find(miss)).as(miss).isNotEqualTo(field);
        }
        assertThat(find(name + "s")).isNotEqualTo(field);
        assertThat(find("a" + name)).isNotEqualTo(field);
        assertThat(find(name.substring(0, name.length() - 1))).isNotEqualTo(field);
    }

    @ParameterizedTest
    @CsvSource({"x-ratelimit-limit-requests,X_RATELIMIT", "X-RateLimit-Reset-Tokens,X_RATELIMIT",
        "x-penstock-cache,X_PENSTOCK", "X-Accel-Buffering,X_ACCEL", "cf-ray,CF", "CF-RAY,CF",
        "sec-fetch-site,SEC_FETCH", "Access-Control-Max-Age,ACCESS_CONTROL"})
    void isFoundByItsPrefix(String name, Field field) {
        assertThat(find(name)).isEqualTo(field);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x-ratelimits", "x-penstocks-a", "cfray", "xcf-ray", "sec-fetcher",
        "x", "content_length", "transfer_encoding", "x-rate-limit-reset"})
    void isNotFoundByAnythingElse(String name) {
        assertThat(find(name)).isNull();
    }

    @Test
    void takesCharactersThatDifferInOneBitForOthers() {
        assertThat(find("content\rlength")).isNull(); // '\r' | 0x20 == '-'
        assertThat(find("HOST")).isEqualTo(Field.HOST);
        assertThat(find("\u0048\u000fst")).isNull();
    }

    @Test
    void letsNoHopByHopFieldGoEitherWay() {
        for (Field field : Field.values()) {
            if (field.isHopByHop()) {
                assertThat(field.goesUp()).isFalse();
                assertThat(field.goesDown()).isFalse();
            }
        }
        assertThat(Field.VIA.isHopByHop()).isFalse();
        assertThat(Field.HOST.isHopByHop()).isFalse();
        assertThat(Field.TE.isHopByHop()).isTrue();
    }
}
