package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class FormScannerTest {
    private static final String TYPE = "multipart/form-data; boundary=xYz";
    private static final String MODEL = "--xYz\r\nContent-Disposition: form-data; name=\"model\""
            + "\r\n\r\nwhisper-1\r\n";
    private static final String FILE = "--xYz\r\ncontent-disposition: form-data; name=\"file\"; "
            + "filename=\"name=\\\"model\\\".wav\"\r\nContent-Type: audio/wav\r\n\r\n"
            + "\r\r\n-\r\n--xY\r\n--xyz\r\n\0\u00ff--xYz name=\"model\"\r\n";
    private static final String END = "--xYz--\r\n";

    /** Every length of the pieces has to find the same; returns the field as it stands there. */
    private static String find(String type, String body) throws HttpSyntaxException {
        String found = null;
        for (int size : new int[] {1, 2, 3, 7, body.length()}) {
            FormScanner scanner = FormScanner.of(type, "model");
            for (int at = 0; at < body.length(); at += size) {
                ByteBuf piece = Bytes.buffer("?" + body.substring(at,
                        Math.min(body.length(), at + size))).skipBytes(1);
                try {
                    scanner.scan(piece);
                } finally {
                    piece.release();
                }
            }
            if (scanner.value() != null) {
                assertThat(body.substring((int) scanner.start(), (int) scanner.end()))
                        .as("in pieces of " + size).isEqualTo(scanner.value());
            }
            assertThat(size == 1 || (found == null ? scanner.value() == null
                    : found.equals(scanner.value()))).as("in pieces of " + size).isTrue();
            found = scanner.value();
        }
        return found;
    }

    @Test
    void findsTheFieldBeforeAFile() throws Exception {
        assertThat(find(TYPE, MODEL + FILE + END)).isEqualTo("whisper-1");
    }

    @Test
    void findsTheFieldBehindAFile() throws Exception {
        assertThat(find(TYPE, FILE + MODEL + END)).isEqualTo("whisper-1");
    }

    @Test
    void findsNoneWhereThereIsNone() throws Exception {
        assertThat(find(TYPE, FILE + FILE + END)).isNull();
    }

    @Test
    void knowsNoValueBeforeItsEnd() throws Exception {
        assertThat(find(TYPE, FILE + MODEL.strip())).isNull();
        assertThat(find(TYPE, FILE + MODEL + "--xY")).isNull();
        assertThat(find(TYPE, FILE + MODEL + "--xYz")).isEqualTo("whisper-1");
    }

    @Test
    void readsNothingBehindTheEnd() throws Exception {
        assertThat(find(TYPE, FILE + END + "\r\n" + MODEL)).isNull();
    }

    @Test
    void skipsWhatStandsBeforeTheFirstPart() throws Exception {
        assertThat(find(TYPE, "This is a form.\r\n\r\n" + MODEL + END)).isEqualTo("whisper-1");
        assertThat(find(TYPE, "\r\n" + MODEL + END)).isEqualTo("whisper-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "\r", "\r\n", "\r\n--", "\r\n--xY", "a\nb", "\r\r\n-\r\n-"})
    void takesAnyValue(String value) throws Exception {
        assertThat(find(TYPE, MODEL.replace("whisper-1", value) + END)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"name=model", "NAME=\"model\"", "x=\"a;b\"; name=model",
        "name=\"model\" "})
    void knowsTheNameHoweverItIsWritten(String parameter) throws Exception {
        assertThat(find(TYPE, MODEL.replace("name=\"model\"", parameter) + END))
                .isEqualTo("whisper-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"name=\"Model\"", "name=\"model[]\"", "x=\"; name=model\"; name=a",
        "name=\"\""})
    void takesNoOtherNameForIt(String parameter) throws Exception {
        assertThat(find(TYPE, MODEL.replace("name=\"model\"", parameter) + END)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"multipart/form-data; boundary=\"xYz\"",
        "Multipart/Form-Data; charset=utf-8; Boundary=xYz"})
    void knowsTheBoundaryHoweverItIsWritten(String type) throws Exception {
        assertThat(find(type, FILE + MODEL + END)).isEqualTo("whisper-1");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"application/json", "multipart/mixed; boundary=x",
        "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a\r\n\"",
        "multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567"
                + "8901234567890"})
    void readsNoBodyThatIsCutNobodyKnowsHow(String type) {
        assertThat(FormScanner.of(type, "model")).isNull();
    }

    private static void assertRefused(String body, String why) {
        assertThatThrownBy(() -> find(TYPE, body)).isInstanceOf(HttpSyntaxException.class)
                .hasMessageContaining(why);
    }

    @Test
    void refusesAFieldThatStandsThereTwice() {
        assertRefused(MODEL + FILE + MODEL + END, "twice");
    }

    @Test
    void refusesAFieldThatCouldBeAFile() {
        assertRefused(MODEL.replace("\"model\"", "\"model\"; filename=a") + END, "a file");
        assertRefused(MODEL.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n")
                + END, "a file");
    }

    @Test
    void refusesAnOddHead() {
        assertRefused("--xYz\r\n\r\nwhisper-1\r\n" + END, "without a name");
        assertRefused("--xYz\nContent-Disposition: form-data; name=\"model\"\n\nwhisper-1\r\n"
                + END, "goes on");
        assertRefused(MODEL.replace("\r\n\r\n", "\n\n") + END, "bare LF");
        assertRefused(MODEL.replace("\r\n\r\n", "\r\n folded\r\n\r\n") + END, "malformed");
        assertRefused(MODEL.replace("name=\"model\"", "x=y;\r\n name=\"model\"; z=\":\"") + END,
                "malformed");
        assertRefused(MODEL.replace("name=\"model\"",
                "name=\"a\"\r\nContent-Disposition : form-data; name=\"model\"") + END,
                "malformed");
        assertRefused(MODEL.replace("\r\n\r\n", "\r\ncontent-disposition: form-data\r\n\r\n")
                + END, "two dispositions");
    }

    /** What others read as {@code name=model}, or as another name. */
    @ParameterizedTest
    @ValueSource(strings = {"; x; name=\"model\"", "; name=\"a\"; name=\"model\"",
        "; name=\"a\"; NAME=model", "; name=\"a\"; name*=utf-8''model",
        "; name*0=\"mod\"; name*1=\"el\"", "; name=model\"", "; x=a\"; name=\"model\"",
        "; x=\"a\" name=\"model\"", "; name=\"model", "; x y=a; name=\"model\"",
        "; name=\"mod\\el\"", "; name=\"a\\\"; name=\"model\"",
        "; filename=\"\\\"; name=model; x=\"; name=a", "; name=model; name=a",
        "x; name=\"model\"", ", name=\"model\"", "; =a; name=\"model\"", "", "; x=a"})
    void refusesAPartWhoseNameIsDoubtful(String parameters) {
        String part = MODEL.replace("; name=\"model\"", parameters);

        assertThatThrownBy(() -> find(TYPE, part + END)).isInstanceOf(HttpSyntaxException.class);
        assertThatThrownBy(() -> find(TYPE, MODEL + part + END))
                .isInstanceOf(HttpSyntaxException.class);
    }

    @Test
    void takesASemicolonBehindTheLastParameter() throws Exception {
        assertThat(find(TYPE, MODEL.replace("\"model\"", "\"model\" ;") + END))
                .isEqualTo("whisper-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {" x: y", "x : y", "x\t: y", ": y", "\"x\": y"})
    void refusesALineThatSomeTakeForPartOfTheOneBefore(String line) {
        assertRefused(MODEL.replace("\r\n\r\n", "\r\n" + line + "\r\n\r\n") + END, "malformed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r", "\n\n", "\r\r", "\n\r"})
    void refusesADelimiterBehindHalfALineEnd(String lineEnd) {
        assertRefused(FILE + MODEL.replace("whisper-1", "a" + lineEnd + "--xYz") + END, "half");
        assertRefused(FILE.strip() + lineEnd + MODEL + MODEL + END, "half");
        assertRefused("This is a form." + lineEnd + MODEL + END, "half");
    }

    @ParameterizedTest
    @ValueSource(strings = {"; boundary=xYz; boundary=a", "; boundary=xYz; boundary*=a",
        "; x; boundary=xYz", "; boundary=\"xYz", "x; boundary=xYz"})
    void readsNoBodyWhoseBoundaryIsDoubtful(String parameters) {
        assertThat(FormScanner.of("multipart/form-data" + parameters, "model")).isNull();
    }

    @Test
    void boundsWhatItKeeps() {
        assertRefused(MODEL.replace("whisper", "w".repeat(FormScanner.MAX_VALUE_BYTES)) + END,
                "too long");
        assertRefused(MODEL.replace("\r\n\r\n",
                "\r\nx: " + "y".repeat(FormScanner.MAX_HEAD_BYTES) + "\r\n\r\n"), "too long");
    }
}
