package io.penstock.testing;

/**
 * Makes JSON of what almost is: a fuzzer's changes leave few texts whole, and what a reader does
 * with members and values would hardly ever be tried. Names, values and their order stay; whatever
 * is broken is closed, left out, or becomes 0.
 */
public final class JsonMender {
    private static final int MAX_DEPTH = 40;

    private final String text;
    private final StringBuilder out = new StringBuilder();
    private int at;

    private JsonMender(String text) {
        this.text = text;
    }

    /** The value that {@code text} begins with, well-formed. */
    public static String mend(String text) {
        JsonMender mender = new JsonMender(text);
        mender.value(0);
        return mender.out.toString();
    }

    private char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean ended() {
        return at >= text.length();
    }

    private void value(int depth) {
        while (!ended() && "{[\"-0123456789tfn}]".indexOf(peek()) < 0) {
            at++;
        }
        char c = peek();
        if ((c == '{' || c == '[') && depth < MAX_DEPTH) {
            at++;
            out.append(c);
            elements(c == '{' ? '}' : ']', depth + 1);
        } else if (c == '"') {
            string();
        } else if (c == 't' || c == 'f' || c == 'n') {
            String word = c == 't' ? "true" : c == 'f' ? "false" : "null";
            at += text.startsWith(word, at) ? word.length() : 1;
            out.append(word);
        } else if (c == '-' || c >= '0' && c <= '9') {
            number();
        } else {
            at += c == '{' || c == '[' ? 1 : 0;
            out.append('0');
        }
    }

    private void elements(char close, int depth) {
        boolean first = true;
        while (true) {
            while (!ended() && (peek() == ',' || peek() == ':' || peek() <= ' ')) {
                at++;
            }
            if (ended() || peek() == '}' || peek() == ']') {
                at++;
                out.append(close);
                return;
            }
            if (close == '}' && peek() != '"') {
                at++;
                continue;
            }
            out.append(first ? "" : ",");
            first = false;
            if (close == '}') {
                string();
                out.append(':');
            }
            value(depth);
        }
    }

    private void string() {
        at++;
        out.append('"');
        while (!ended() && peek() != '"') {
            char c = text.charAt(at++);
            if (c == '\\' && "\"\\/bfnrt".indexOf(peek()) >= 0 && !ended()) {
                out.append(c).append(text.charAt(at++));
            } else if (c == '\\' && text.substring(at).matches("(?s)u[0-9a-fA-F]{4}.*")) {
                out.append(c);
            } else if (c >= ' ' && c != '\\') {
                out.append(c);
            }
        }
        at++;
        out.append('"');
    }

    private void number() {
        int start = at;
        while (!ended() && "+-.0123456789eE".indexOf(peek()) >= 0) {
            at++;
        }
        String number = text.substring(start, at);
        out.append(number.matches("-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][-+]?[0-9]{1,4})?")
                ? number : "0");
    }
}
