package io.penstock.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.cache.CanonicalJson.NotCanonicalException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {
    private static String text(String json, String... without) throws NotCanonicalException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return new String(CanonicalJson.of(bytes, 0, bytes.length, Set.of(without),
                Set.of("barred")), StandardCharsets.UTF_8);
    }

    @Test
    void putsMembersInTheOrderOfTheirNamesAtEveryDepth() throws NotCanonicalException {
        assertThat(text("{\"b\":1,\"a\":{\"d\":[{\"f\":null,\"e\":true}],\"c\":false}}"))
                .isEqualTo("{\"a\":{\"c\":false,\"d\":[{\"e\":true,\"f\":null}]},\"b\":1e0}");
    }

    @Test
    void keepsTheOrderOfElements() throws NotCanonicalException {
        assertThat(text("{\"a\":[\"y\",\"x\"]}")).isEqualTo("{\"a\":[\"y\",\"x\"]}");
    }

    @Test
    void takesBlanksOut() throws NotCanonicalException {
        assertThat(text(" {\n\t\"a\" : [ ] ,\r\n \"b\" : { } } "))
                .isEqualTo("{\"a\":[],\"b\":{}}");
    }

    @Test
    void leavesOutMembersOfItsOwnAndNoneDeeper() throws NotCanonicalException {
        assertThat(text("{\"stream\":true,\"a\":{\"stream\":true},\"user\":{\"x\":[1]}}", "stream",
                "user")).isEqualTo("{\"a\":{\"stream\":true}}");
        assertThat(text("{\"stream\":true}", "stream")).isEqualTo("{}");
    }

    @Test
    void hasNoFormForAnObjectWithAMemberThatBarsIt() throws NotCanonicalException {
        assertThatThrownBy(() -> text("{\"barred\":true}"))
                .isInstanceOf(NotCanonicalException.class);
        assertThat(text("{\"barred\":false,\"a\":{\"barred\":1}}"))
                .isEqualTo("{\"a\":{\"barred\":1e0},\"barred\":false}");
        assertThat(text("{\"barred\":null}")).isEqualTo("{\"barred\":null}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "1.0", "1e0", "10e-1", "0.1E+1", "1.000000"})
    void writesNumbersOfOneValueAlike(String number) throws NotCanonicalException {
        assertThat(text("{\"a\":" + number + "}")).isEqualTo("{\"a\":1e0}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-0", "0.0", "0e99", "-0.00E-7"})
    void knowsOneZero(String number) throws NotCanonicalException {
        assertThat(text("{\"a\":" + number + "}")).isEqualTo("{\"a\":0}");
    }

    @Test
    void tellsNumbersApartThatADoubleCouldNot() throws NotCanonicalException {
        assertThat(text("{\"a\":0.1}")).isNotEqualTo(text("{\"a\":0.10000000000000001}"));
        assertThat(text("{\"a\":9007199254740993}"))
                .isNotEqualTo(text("{\"a\":9007199254740992}"));
        assertThat(text("{\"a\":-1}")).isNotEqualTo(text("{\"a\":1}"));
        assertThat(text("{\"a\":1}")).isNotEqualTo(text("{\"a\":\"1\"}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e999999999", "1e-999999999", "1e99999999999999999999",
        "123456789012345678901234567890123456789012345678901234567890123456789"})
    void isNotHeldUpByNumbersBeyondAllBounds(String number) throws NotCanonicalException {
        assertThat(text("{\"a\":" + number + "}")).hasSizeLessThan(100);
    }

    @Test
    void readsEscapesAsWhatTheyStandFor() throws NotCanonicalException {
        assertThat(text("{\"\\u0061\":\"\\u00e4\\/\\n\\ud83d\\ude00\"}"))
                .isEqualTo(text("{\"a\":\"ä/\\u000a😀\"}"));
    }

    @Test
    void cannotBeTalkedOutOfAString() throws NotCanonicalException {
        assertThat(text("{\"a\":\"x\\\",\\\"b\\\":\\\"y\"}"))
                .isNotEqualTo(text("{\"a\":\"x\",\"b\":\"y\"}"));
        assertThat(text("{\"a\":\"\\\\\\\"\"}")).isNotEqualTo(text("{\"a\":\"\\\\\"}"));
    }

    @Test
    void keepsHalfOfAPairApartFromAllElse() throws NotCanonicalException {
        List<byte[]> all = new ArrayList<>();
        for (String text : new String[] {"\\ud83d", "\\ude00", "?", "\\ufffd", "\\ud83d\\ude00",
            "\\ude00\\ud83d"}) {
            byte[] json = ("{\"a\":\"" + text + "\"}").getBytes(StandardCharsets.US_ASCII);
            byte[] canonical = CanonicalJson.of(json, 0, json.length, Set.of(), Set.of());
            assertThat(all).noneMatch(other -> Arrays.equals(other, canonical));
            all.add(canonical);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"\\u0061\":1}",
        "{\"x\":[{\"a\":1,\"a\":2}]}", "[]", "1", "", "{", "{\"a\"", "{\"a\":}", "{\"a\":1}x",
        "{\"a\":1} {}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":+1}", "{'a':1}", "{\"a\":1,}",
        "{\"a\":\"\u0001\"}", "{a:1}", "{\"a\":1/**/}"})
    void hasNoFormForWhatReadersTakeDifferently(String json) {
        assertThatThrownBy(() -> text(json)).isInstanceOf(NotCanonicalException.class);
    }

    @Test
    void hasNoFormForBytesThatAreNoText() {
        byte[] bytes = {'{', '"', 'a', '"', ':', '"', (byte) 0xff, '"', '}'};

        assertThatThrownBy(() -> CanonicalJson.of(bytes, 0, bytes.length, Set.of(), Set.of()))
                .isInstanceOf(NotCanonicalException.class);
    }

    @Test
    void hasNoFormForWhatIsTooDeep() throws NotCanonicalException {
        int depth = CanonicalJson.MAX_DEPTH;

        assertThat(text("{\"a\":" + "[".repeat(depth - 1) + "]".repeat(depth - 1) + "}"))
                .hasSize(2 * depth + 4);
        assertThatThrownBy(() -> text("{\"a\":" + "[".repeat(depth) + "]".repeat(depth) + "}"))
                .isInstanceOf(NotCanonicalException.class);
    }

    @Test
    void writesEverySpellingOfAnObjectAlikeAndNoOtherObject() throws NotCanonicalException {
        Map<String, String> seen = new TreeMap<>(); // the plainest spelling, by canonical text
        for (long seed = 0; seed < 3000; seed++) {
            String plain = new Writer(new Random(seed), false).object(3);
            String canonical = text(plain);
            for (int spelling = 0; spelling < 3; spelling++) {
                assertThat(text(new Writer(new Random(seed), true).object(3)))
                        .isEqualTo(canonical);
            }
            String other = seen.put(canonical, plain);
            assertThat(other == null || other.equals(plain)).isTrue();
        }
    }

    /** Writes the object that a seed stands for; each time in another spelling, if wanted. */
    private static final class Writer {
        private static final String[] TEXTS = {"", "a", "b", "\"", "\\", "ä", "😀", "a\"b", "1"};
        private static final String[][] NUMBERS = {{"0", "-0", "0.0"}, {"1", "1.0", "10e-1"},
            {"-2.5", "-25e-1", "-2.50"}, {"1e30", "1000E27", "10.0e29"}};

        private final Random content;
        private final Random spelling = new Random();
        private final boolean varies;

        Writer(Random content, boolean varies) {
            this.content = content;
            this.varies = varies;
        }

        String object(int depth) {
            List<String> members = new ArrayList<>();
            for (String name : new String[] {"x", "a", "ä"}) {
                if (content.nextBoolean()) {
                    members.add(blank() + text(name) + blank() + ":" + value(depth - 1));
                }
            }
            if (varies) {
                Collections.shuffle(members, spelling);
            }
            return "{" + String.join(",", members) + blank() + "}";
        }

        private String value(int depth) {
            return blank() + switch (content.nextInt(depth > 0 ? 5 : 3)) {
                case 0 -> text(TEXTS[content.nextInt(TEXTS.length)]);
                case 1 -> {
                    String[] forms = NUMBERS[content.nextInt(NUMBERS.length)];
                    yield forms[varies ? spelling.nextInt(forms.length) : 0];
                }
                case 2 -> content.nextBoolean() ? "true" : "null";
                case 3 -> object(depth);
                default -> "[" + value(depth - 1) + "," + value(depth - 1) + "]";
            } + blank();
        }

        private String text(String text) {
            StringBuilder out = new StringBuilder("\"");
            for (char c : text.toCharArray()) {
                if (varies && spelling.nextBoolean() || c == '"' || c == '\\') {
                    out.append(String.format("\\u%04x", (int) c));
                } else if (varies && Character.isSurrogate(c)) {
                    out.append(String.format("\\u%04X", (int) c)); // both halves are escaped
                } else {
                    out.append(c);
                }
            }
            return out.append('"').toString();
        }

        private String blank() {
            return varies ? " \n\t".substring(spelling.nextInt(4)) : "";
        }
    }
}
