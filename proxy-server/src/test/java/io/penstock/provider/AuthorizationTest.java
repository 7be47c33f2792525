package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.http.HeadWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorizationTest {
    private final HeadWriter out = new HeadWriter();
    private final FieldSink fields = new FieldSink(out);

    @Test
    void writesConstantFieldsOnce() {
        Authorization.Fixed fixed = (Authorization.Fixed) Authorization.fields("X-Key", "a b",
                "authorization", "Basic c");

        assertThat(new HeadWriter().bytes(fixed.lines()))
                .hasToString("x-key: a b\r\nauthorization: Basic c\r\n");
    }

    @Test
    void knowsWhichOfTheCallersFieldsItTakesThePlaceOf() {
        Authorization.Fixed fixed =
                (Authorization.Fixed) Authorization.fields("X-Key", "a", "x-api-key", "b");

        assertThat(fixed.replaced()).containsExactly("x-key"); // the other never goes on
    }

    @Test
    void neverShowsItsValues() {
        assertThat(Authorization.bearer("secret").toString()).doesNotContain("secret");
    }

    @Test
    void takesTheFieldsOfASignature() {
        fields.add("X-Date", "today");
        fields.add("authorization", "Signature a=\"b\"");

        assertThat(out).hasToString("x-date: today\r\nauthorization: Signature a=\"b\"\r\n");
        assertThat(fields.names()).containsExactlyInAnyOrder("x-date", "authorization");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a:b", "a\r\nb", "\u00e4", "Host", "Content-Length",
        "transfer-encoding", "connection", "content-type"})
    void refusesNamesThatAreNoneOrNotItsOwn(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> fields.add(name, "v"));
        assertThatIllegalArgumentException().isThrownBy(() -> Authorization.field(name, "v"));
        assertThat(out.length()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "secret\r\nhost: b", "secret\n", "secret\u00e4", "secret\0"})
    void refusesValuesThatAreNoneAndDoesNotShowThem(String value) {
        assertThatIllegalArgumentException().isThrownBy(() -> fields.add("x-a", value))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }

    @Test
    void takesNoMoreThanItsBound() {
        fields.add("x-a", "v".repeat(FieldSink.MAX_BYTES - 100));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> fields.add("x-b", "v".repeat(100)));
    }

    @Test
    void tellsASignerThatTheBodyIsNotKnown() {
        RequestToSign streamed = new RequestToSign("POST", "h", "/a", "b=c", null);

        assertThat(streamed.target()).isEqualTo("/a?b=c");
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(streamed::wholeBody);
        assertThat(new RequestToSign("GET", "h", "/a", "", List.of()).wholeBody()).isEmpty();
    }
}
