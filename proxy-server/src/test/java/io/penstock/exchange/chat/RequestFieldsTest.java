package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.json.TopLevelScanner;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestFieldsTest {
    private static RequestFields read(String members) throws Exception {
        TopLevelScanner scanner = RequestFields.newScanner();
        scanner.scan(Unpooled.copiedBuffer("{\"model\":\"m\"" + members + "}",
                StandardCharsets.US_ASCII));
        scanner.end();
        RequestFields fields = new RequestFields();
        assertThat(fields.read(scanner, null, null)).isNull();
        return fields;
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"'\"max_tokens\":7';7", "'\"max_completion_tokens\":7';7",
        "'\"max_tokens\":900,\"max_completion_tokens\":1';900",
        "'\"max_tokens\":1,\"max_completion_tokens\":900';900",
        "'\"max_tokens\":null,\"max_completion_tokens\":9';9", "'\"max_tokens\":1e9';999999999",
        "'\"max_tokens\":99999999999';999999999"})
    void takesTheLargerOfWhatBoundsAnAnswer(String members, long most) throws Exception {
        assertThat(read("," + members).maxTokens()).isEqualTo(most);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",\"max_tokens\":0", ",\"max_tokens\":-1", ",\"max_tokens\":\"9\""})
    void knowsNoBoundWhereNoneIsSaidThatEveryProviderKeeps(String members) throws Exception {
        assertThat(read(members).maxTokens()).isNegative();
    }

    @Test
    void countsTheDraftsThatAreMadeForTheAnswers() throws Exception {
        assertThat(read("").drafts()).isOne();
        assertThat(read(",\"n\":3").drafts()).isEqualTo(3);
        RequestFields best = read(",\"n\":2,\"best_of\":5");
        assertThat(best.drafts()).isEqualTo(5);
        assertThat(best.choices()).isEqualTo(2);
        assertThat(read(",\"n\":0").drafts()).isOne();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{\"n\":1} ; {\"n\":1,\"model\":\"target\"}", "{ };{ \"model\":\"target\"}",
        "{\"model\":\"own\"};{\"model\":\"target\"}"})
    void putsTheModelOfThePathIntoABodyThatNamesNone(String body, String fitted)
            throws Exception {
        TopLevelScanner scanner = RequestFields.newScanner();
        scanner.scan(Unpooled.copiedBuffer(body, StandardCharsets.US_ASCII));
        scanner.end();
        RequestFields fields = new RequestFields();

        assertThat(fields.read(scanner, null, "deployment")).isNull();
        BodyEdits edits = new BodyEdits();
        fields.fit(edits, "target", false);

        assertThat(fields.model()).isEqualTo(body.contains("own") ? "own" : "deployment");
        assertThat(edits.count()).isOne();
        assertThat(body.substring(0, (int) edits.start(0))
                + new String(edits.text(0), StandardCharsets.US_ASCII)
                + body.substring((int) edits.end(0))).isEqualTo(fitted);
    }
}
