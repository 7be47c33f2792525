package io.penstock.translate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The free text of one call of a custom tool, taken out of the JSON object into which the model was
 * asked to put it, piece by piece. Whatever else the model writes is told as it came: a text
 * without an object around it is what the tool wants anyway.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> keeps what comes before the text, and all of an object that begins with
 * another member; at most {@value #MAX_HELD_CHARS} characters, beyond which they are told as they
 * came.
 */
final class CustomInput {
    static final int MAX_HELD_CHARS = 1024 * 1024;
    /** The member that holds the text. */
    static final String MEMBER = "input"; // as requests offer it

    private static final JsonFactory JSON = new JsonFactory();
    private static final String BEGINNING = "{\"" + MEMBER + "\":\"";
    private static final String ESCAPED = "bfnrt";
    private static final String MEANT = "\b\f\n\r\t";

    private enum State {
        /** Before the text, whose object begins as it should. */
        BEGINS,
        /** In an object that begins with something else. */
        HELD,
        /** In the text. */
        TEXT, ESCAPE, UNICODE,
        /** Behind the text. */
        OVER,
        /** No object: it is the text itself. */
        PLAIN
    }

    private final StringBuilder held = new StringBuilder();
    private State state = State.BEGINS;
    private int matched; // characters of the beginning
    private int unit; // of a Unicode escape, as far as it has come
    private int digits;

    /** Reads a piece, and appends to {@code out} what is known of the text by it. */
    void read(char[] chars, int from, int length, TextRun out) {
        for (int i = from; i < from + length; i++) {
            read(chars[i], out);
        }
    }

    private void read(char c, TextRun out) {
        switch (state) {
            case BEGINS -> begin(c, out);
            case HELD -> hold(c, out);
            case TEXT -> {
                if (c == '"') {
                    moveTo(State.OVER);
                } else if (c == '\\') {
                    moveTo(State.ESCAPE);
                } else {
                    out.append(c);
                }
            }
            case ESCAPE -> {
                moveTo(c == 'u' ? State.UNICODE : State.TEXT);
                unit = 0;
                digits = 0;
                if (c != 'u') {
                    int letter = ESCAPED.indexOf(c);
                    out.append(letter < 0 ? c : MEANT.charAt(letter));
                }
            }
            case UNICODE -> {
                unit = unit << 4 | Math.max(0, Character.digit(c, 16));
                if (++digits == 4) {
                    out.append((char) unit);
                    moveTo(State.TEXT);
                }
            }
            case PLAIN -> out.append(c);
            case OVER -> { } // the end of the object
        }
    }

    private void moveTo(State next) {
        state = next;
    }

    private void begin(char c, TextRun out) {
        boolean blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        boolean inName = matched > 1 && matched <= MEMBER.length() + 1;
        held.append(c);
        if (c == BEGINNING.charAt(matched)) {
            matched++;
            if (matched == BEGINNING.length()) {
                moveTo(State.TEXT);
                held.setLength(0);
            }
        } else if (!blank || inName) {
            if (matched == 0) {
                tellAsItCame(out);
            } else {
                moveTo(State.HELD);
            }
        }
    }

    private void hold(char c, TextRun out) {
        held.append(c);
        if (held.length() > MAX_HELD_CHARS) {
            tellAsItCame(out);
        }
    }

    private void tellAsItCame(TextRun out) {
        out.append(held);
        held.setLength(0);
        moveTo(State.PLAIN);
    }

    /** Appends what has not been told, now that the call is at its end. */
    void finish(TextRun out) {
        if (state == State.BEGINS || state == State.HELD) {
            String text = textOf(held.toString());
            out.append(text == null ? held : text);
            held.setLength(0);
        }
        moveTo(State.OVER);
    }

    /** The member's text in the object, or that of its only member; null if there is none. */
    private static @Nullable String textOf(String json) {
        if (json.isBlank()) {
            return "";
        }
        String only = null;
        int members = 0;
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                members++;
                boolean named = parser.currentName().equals(MEMBER);
                if (parser.nextToken() == JsonToken.VALUE_STRING) {
                    only = parser.getText();
                    if (named) {
                        return only;
                    }
                } else {
                    only = null;
                    parser.skipChildren();
                }
            }
            return members == 0 ? "" : members == 1 ? only : null;
        } catch (IOException e) {
            return null; // the model's slip, or the answer was cut: told as it came
        }
    }
}
