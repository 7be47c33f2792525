package io.penstock.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What flags of the command line say; they win over file and environment.
 *
 * @param listen {@code HOST:PORT}, in place of all listeners of the file, their TLS included; empty
 *     for none
 * @param admin {@code HOST:PORT}, if any; the file's token stays
 * @param providers {@code NAME[=BASE_URL]}: adds a provider, or moves and enables the file's
 *     provider of that name
 */
public record Overrides(List<String> listen, @Nullable String admin, List<String> providers) {
    public static final Overrides NONE = new Overrides(List.of(), null, List.of());

    public Overrides {
        listen = List.copyOf(listen);
        providers = List.copyOf(providers);
    }
}
