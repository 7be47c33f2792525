package io.penstock.route;

/**
 * A name in which {@code *} stands for any run of characters. No regular expression: one with
 * several stars could be kept busy for minutes by a caller's long name.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class Glob {
    private final String text;

    public Glob(String text) {
        this.text = text;
    }

    public boolean matches(String name) {
        int at = 0;
        int glob = 0;
        int star = -1; // the last one passed
        int starEnd = 0; // where what it stands for ends, as long as that works out
        while (at < name.length()) {
            char c = glob < text.length() ? text.charAt(glob) : 0;
            if (c == '*') {
                star = glob++;
                starEnd = at;
            } else if (glob < text.length() && c == name.charAt(at)) {
                glob++;
                at++;
            } else if (star >= 0) {
                glob = star + 1;
                at = ++starEnd;
            } else {
                return false;
            }
        }
        while (glob < text.length() && text.charAt(glob) == '*') {
            glob++;
        }
        return glob == text.length();
    }

    @Override
    public String toString() {
        return text;
    }
}
