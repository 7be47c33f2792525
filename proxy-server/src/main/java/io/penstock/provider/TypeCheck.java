package io.penstock.provider;

import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a plugin's type says before anybody uses it, held to what the configuration can bear. */
final class TypeCheck {
    static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z0-9_]+)\\}");

    private TypeCheck() {}

    /** The type's name, if that and whatever else is constant in it will do. */
    static String nameOf(ProviderType type, String jar) throws PluginException {
        String what = type.getClass().getName();
        try {
            String name = Objects.requireNonNull(type.configName(), "no name");
            require(name.matches("[a-z][a-z0-9-]{0,39}"), "the name '" + name
                    + "' is not of lower-case letters, digits and hyphens");
            Set<String> options = new HashSet<>();
            for (Option option : List.copyOf(type.options())) {
                require(options.add(option.name()), "two options '" + option.name() + "'");
            }
            checkBaseUrl(type.defaultBaseUrl(), options);
            String variable = type.defaultKeyEnv();
            require(variable == null || variable.matches("[A-Za-z_][A-Za-z0-9_]*"),
                    "the default key variable is no name of one");
            Objects.requireNonNull(type.dialect(), "no dialect");
            return name;
        } catch (RuntimeException | Error e) {
            throw new PluginException(jar, what + ": " + (e instanceof Unfit ? e.getMessage()
                    : e.getClass().getName() + ": " + e.getMessage()));
        }
    }

    private static void checkBaseUrl(@Nullable String baseUrl, Set<String> options) {
        if (baseUrl == null) {
            return;
        }
        Matcher placeholders = PLACEHOLDER.matcher(baseUrl);
        while (placeholders.find()) {
            require(options.contains(placeholders.group(1)), "the default base URL has '"
                    + placeholders.group() + "', which is no option");
        }
        URI url = URI.create(placeholders.replaceAll("x"));
        require(url.getHost() != null && ("http".equals(url.getScheme())
                || "https".equals(url.getScheme())), "the default base URL is none");
    }

    private static void require(boolean holds, String orElse) {
        if (!holds) {
            throw new Unfit(orElse);
        }
    }

    private static final class Unfit extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unfit(String message) {
            super(message);
        }
    }
}
