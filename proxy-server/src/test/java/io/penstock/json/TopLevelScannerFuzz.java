package io.penstock.json;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.penstock.testing.FuzzInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON objects: the same members however they are cut. Whatever Jackson reads is accepted, but for
 * what is refused on purpose, and with the same values at the same places. What is written as a
 * string is read as that string again.
 */
public final class TopLevelScannerFuzz {
    private static final String[] NAMES = {"model", "stream", "a", "messages", ""};
    private static final int LOCATED = 3;
    private static final int MAX_SCALAR = 64;
    private static final JsonFactory JSON = new JsonFactory();

    private TopLevelScannerFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            if (input.chooses(0)) {
                checkString(input.bytes());
                return;
            }
            byte[] bytes = input.bytes();
            TopLevelScanner whole = scanner();
            String seen = scan(input, whole, FuzzInput.whole(bytes.length));
            TopLevelScanner pieces = scanner();
            checkSame(scan(input, pieces, input.cuts(bytes.length)), seen, "in pieces");
            pieces.reset();
            checkSame(scan(input, pieces, FuzzInput.whole(bytes.length)), seen, "used again");
            Model model = Model.of(bytes);
            if (model == null) {
                return; // no JSON: what stands inside of values isn't looked at here
            }
            if (seen.startsWith("refused")) {
                check(model.refusable, seen + ", but Jackson reads it");
                return;
            }
            check(!model.ambiguous, "accepted, though it could be read otherwise");
            for (int i = 0; i < NAMES.length; i++) {
                checkMember(bytes, whole, i, model.members.get(NAMES[i]));
            }
        }
    }

    private static TopLevelScanner scanner() {
        return new TopLevelScanner(NAMES).locateOnly(LOCATED);
    }

    private static String scan(FuzzInput input, TopLevelScanner scanner, int[] cuts) {
        ByteBuf buffer = input.buffer();
        int zero = buffer.readerIndex();
        int at = 0;
        try {
            for (int cut : cuts) {
                scanner.scan(buffer, zero + at, cut - at);
                at = cut;
            }
            scanner.end();
        } catch (JsonSyntaxException e) {
            return "refused: " + e.getMessage();
        } finally {
            buffer.release();
        }
        check(scanner.isDone(), "ended, but not done");
        StringBuilder seen = new StringBuilder("read: ");
        for (int i = 0; i < NAMES.length; i++) {
            seen.append(scanner.kind(i)).append(' ');
            if (scanner.kind(i) != TopLevelScanner.Kind.ABSENT) {
                seen.append(scanner.before(i)).append('<').append(scanner.start(i)).append('-')
                        .append(scanner.end(i)).append('>').append(scanner.after(i)).append('#')
                        .append(scanner.ordinal(i)).append(scanner.text(i)).append('\n');
            }
        }
        return seen.toString();
    }

    private static void checkMember(byte[] bytes, TopLevelScanner found, int i, Member member) {
        if (member == null) {
            checkSame(found.kind(i), TopLevelScanner.Kind.ABSENT, NAMES[i]);
            return;
        }
        checkSame(found.kind(i).name(), member.kind, NAMES[i]);
        checkSame((int) found.start(i), member.start, "where it begins");
        checkSame((int) found.end(i), member.end, "where it ends");
        checkSame(found.ordinal(i), member.ordinal, "its place");
        int before = (int) found.before(i);
        check(bytes[before] == (member.ordinal == 0 ? '{' : ','), "what stands before it");
        String between = new String(bytes, before + 1, member.start - before - 1,
                StandardCharsets.ISO_8859_1).strip();
        checkSame(between.replaceAll("\\s*:$", ""), '"' + NAMES[i] + '"', "its name");
        int after = (int) found.after(i);
        boolean last = new String(bytes, member.end, after - member.end,
                StandardCharsets.ISO_8859_1).isBlank();
        check(bytes[last ? after : after - 1] == (last ? '}' : ','), "what stands behind it");
        if (i != LOCATED) {
            checkSame(found.text(i), member.text, "its value");
        }
    }

    private record Member(String kind, int start, int end, int ordinal, String text) {}

    /** The top level, as Jackson reads it. */
    private static final class Model {
        private final Map<String, Member> members = new HashMap<>();
        private boolean ambiguous; // a name twice, or one that can be spelt in several ways
        private boolean refusable; // that, or a bound

        /** Null if it is no JSON object. */
        static Model of(byte[] bytes) {
            for (int i = 0; i < Math.min(4, bytes.length); i++) {
                if (bytes[i] == 0 || bytes[i] < 0) {
                    return null; // Jackson would guess at other encodings
                }
            }
            Model model = new Model();
            try (JsonParser parser = JSON.createParser(bytes)) {
                return parser.nextToken() == JsonToken.START_OBJECT && model.read(parser, bytes)
                        ? model : null;
            } catch (IOException e) {
                return null;
            }
        }

        private boolean read(JsonParser parser, byte[] bytes) throws IOException {
            int ordinal = 0;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                int at = (int) parser.currentTokenLocation().getByteOffset();
                int length = name.getBytes(StandardCharsets.UTF_8).length;
                boolean plain = at + length + 1 < bytes.length && bytes[at + length + 1] == '"'
                        && new String(bytes, at + 1, length, StandardCharsets.UTF_8).equals(name);
                ambiguous |= !plain;
                JsonToken token = parser.nextToken();
                int start = (int) parser.currentTokenLocation().getByteOffset();
                String text = token.isScalarValue() ? parser.getText() : null;
                refusable |= token.isNumeric() && text.length() > MAX_SCALAR;
                int depth = 1;
                if (token.isStructStart()) {
                    while (depth > 0) {
                        JsonToken inside = parser.nextToken();
                        depth += inside.isStructStart() ? 1 : inside.isStructEnd() ? -1 : 0;
                        refusable |= depth > TopLevelScanner.MAX_DEPTH;
                    }
                }
                parser.finishToken();
                int end = (int) parser.currentLocation().getByteOffset();
                if (token.isNumeric()) {
                    end = start + text.length();
                }
                if (text == null) {
                    text = new String(bytes, start, end - start, StandardCharsets.UTF_8);
                }
                if (Arrays.asList(NAMES).contains(name)) {
                    String kind = switch (token) {
                        case START_OBJECT -> "OBJECT";
                        case START_ARRAY -> "ARRAY";
                        case VALUE_STRING -> "STRING";
                        case VALUE_TRUE -> "TRUE";
                        case VALUE_FALSE -> "FALSE";
                        case VALUE_NULL -> "NULL";
                        default -> "NUMBER";
                    };
                    Member member = new Member(kind, start, end, ordinal, text);
                    ambiguous |= members.put(name, member) != null;
                    refusable |= end - start > TopLevelScanner.MAX_VALUE_BYTES;
                }
                ordinal++;
            }
            refusable |= ambiguous;
            return parser.nextToken() == null;
        }
    }

    /** Any characters at all, surrogates without their halves too. */
    private static void checkString(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i + 1 < bytes.length; i += 2) {
            text.append((char) ((bytes[i] & 0xff) << 8 | bytes[i + 1] & 0xff));
        }
        String quoted = JsonText.quote(new StringBuilder(), text.toString()).toString();
        byte[] utf8 = quoted.getBytes(StandardCharsets.UTF_8);
        checkSame(new String(utf8, StandardCharsets.UTF_8), quoted, "as UTF-8");
        List<String> read = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(utf8)) {
            parser.nextToken();
            read.add(parser.getText());
            check(parser.nextToken() == null, "more than a string");
            read.add(JsonText.unescape(Arrays.copyOfRange(utf8, 1, utf8.length - 1),
                    utf8.length - 2));
        } catch (IOException | JsonSyntaxException e) {
            throw new AssertionError(quoted, e);
        }
        checkSame(read, List.of(text.toString(), text.toString()), "a string");
    }
}
