package io.penstock.route;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What keeps calls that belong together on one target.
 *
 * @param header the name, in lower case; null for a member of the body
 */
public record Affinity(Source source, @Nullable String header) {
    /** Where the value stands. */
    public enum Source { PROMPT_CACHE_KEY, USER, HEADER }

    public static final Affinity PROMPT_CACHE_KEY = new Affinity(Source.PROMPT_CACHE_KEY, null);
    public static final Affinity USER = new Affinity(Source.USER, null);

    public static Affinity header(String name) {
        return new Affinity(Source.HEADER, name.toLowerCase(Locale.ROOT));
    }
}
