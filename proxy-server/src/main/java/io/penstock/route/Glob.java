package io.penstock.route;

import java.util.regex.Pattern;

/**
 * A name in which {@code *} stands for any run of characters.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class Glob {
    private final String text;
    private final Pattern pattern; // null where there is no star

    public Glob(String text) {
        this.text = text;
        pattern = text.indexOf('*') < 0 ? null
                : Pattern.compile("\\Q" + text.replace("*", "\\E.*\\Q") + "\\E", Pattern.DOTALL);
    }

    public boolean matches(String name) {
        return pattern == null ? text.equals(name) : pattern.matcher(name).matches();
    }

    @Override
    public String toString() {
        return text;
    }
}
