package io.penstock.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CacheKeyTest {
    private static CacheKey key(List<String> parts, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return CacheKey.of(parts, bytes, 0, bytes.length, Set.of("stream"), Set.of());
    }

    @Test
    void isOneForRequestsThatDifferInSpellingOnly() {
        assertThat(key(List.of("a"), "{\"x\":1,\"y\":\"é\",\"stream\":true}"))
                .isEqualTo(key(List.of("a"), "{ \"y\":\"\\u00e9\", \"x\":1.0 }"));
    }

    @Test
    void isAnotherWhereAnyPartDiffers() {
        assertThat(List.of(key(List.of("a", "b"), "{}"), key(List.of("ab"), "{}"),
                key(List.of("a", "b", ""), "{}"), key(List.of("", "a", "b"), "{}"),
                key(List.of("b", "a"), "{}"), key(List.of("a", "b"), "{\"x\":1}"),
                key(List.of("a", "b{}"), "{}"))).doesNotHaveDuplicates();
    }

    @Test
    void isNoneForABodyThatIsTooLongOrNoObject() {
        String longest = "{\"a\":\"" + "x".repeat(CacheKey.MAX_BODY_BYTES - 8) + "\"}";

        assertThat(key(List.of(), longest)).isNotNull();
        assertThat(key(List.of(), longest + " ")).isNull();
        assertThat(key(List.of(), "[]")).isNull();
        assertThat(key(List.of(), "{\"a\":1,\"a\":2}")).isNull();
    }

    @Test
    void readsOnlyItsPartOfTheBytes() {
        byte[] bytes = "xx{\"a\":1}yy".getBytes(StandardCharsets.UTF_8);

        assertThat(CacheKey.of(List.of(), bytes, 2, bytes.length - 4, Set.of(), Set.of()))
                .isEqualTo(key(List.of(), "{\"a\":1}"));
    }

    @Test
    void isNamedByAllOfItsBits() {
        assertThat(new CacheKey(1, 2, 3, -1).toHex()).isEqualTo("0000000000000001"
                + "0000000000000002" + "0000000000000003" + "ffffffffffffffff");
    }
}
