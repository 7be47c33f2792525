package io.penstock.translate;

/** Tells, from the pieces of a call's arguments, when they are one whole JSON object. */
final class ArgumentsEnd {
    private int depth;
    private boolean begun;
    private boolean inString;
    private boolean escaped;

    void read(char[] chars, int from, int length) {
        for (int i = from; i < from + length; i++) {
            char c = chars[i];
            if (escaped) {
                escaped = false;
            } else if (inString) {
                inString = c != '"';
                escaped = c == '\\';
            } else if (c == '"') {
                inString = true;
            } else if (c == '{' || c == '[') {
                begun = true;
                depth++;
            } else if (c == '}' || c == ']') {
                depth--;
            }
        }
    }

    boolean isBegun() {
        return begun;
    }

    boolean isWhole() {
        return begun && depth <= 0 && !inString;
    }
}
