package io.penstock.answer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderTextTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "req_123", "A-Z.a:b/c+d=e@f",
        "0f8fad5b-d9cb-469f-a165-70867728950e"})
    void repeatsASaneId(String id) {
        assertThat(RequestIds.isSane(id)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a\"b", "a\\b", "a,b", "a;b", "a\u00e9", "a\tb", "<a>",
        "{a}", "a%0d"})
    void repeatsNoOther(String id) {
        assertThat(RequestIds.isSane(id)).isFalse();
    }

    @Test
    void boundsAnId() {
        assertThat(RequestIds.isSane("a".repeat(128))).isTrue();
        assertThat(RequestIds.isSane("a".repeat(129))).isFalse();
    }

    @Test
    void makesIdsThatNobodyHasHad() {
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            String id = RequestIds.fresh();
            assertThat(id).matches("req_[0-9a-f]{24}");
            assertThat(RequestIds.isSane(id)).isTrue();
            ids.add(id);
        }
        assertThat(ids).hasSize(1000);
    }

    @Test
    void letsNoCharacterBreakAField() {
        assertThat(HeaderText.printable("gpt-4o ~!")).isEqualTo("gpt-4o ~!");
        assertThat(HeaderText.printable("a, b")).isEqualTo("a? b");
        assertThat(HeaderText.printable("a\r\nb: c")).isEqualTo("a??b: c");
        assertThat(HeaderText.printable("\0\u007f\u00e9\u20ac\t")).isEqualTo("?????");
        assertThat(HeaderText.printable("")).isEmpty();
    }
}
