package io.penstock.config;

import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.JwtKeySettings;
import io.penstock.auth.JwtSettings;
import io.penstock.auth.Pem;
import io.penstock.auth.TokenAlgorithm;
import io.penstock.caller.Allowance;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Who may call, and how much of it: keys, tokens, and callers without either. */
final class AuthBinder {
    private static final String SECRET = "JWT_SECRET";
    private static final String ALGORITHM = "JWT_ALGORITHM";
    private static final String RATE = "PROXY_API_RATE_LIMIT_REQUESTS";
    private static final String WINDOW = "PROXY_API_RATE_LIMIT_WINDOW";
    private static final int MAX_RATE = 1_000_000_000;
    private static final int MAX_WINDOW_SECONDS = 24 * 60 * 60;
    private static final int DEFAULT_WINDOW_SECONDS = 60;
    private static final BigDecimal NANO_DOLLARS = BigDecimal.valueOf(1_000_000_000);

    private final Map<String, String> environment;
    private final Problems problems;
    private Allowance defaultRate = Allowance.UNBOUNDED; // of whom the file sets none for
    private boolean isMistaken;

    AuthBinder(Map<String, String> environment, Problems problems) {
        this.environment = environment;
        this.problems = problems;
    }

    AuthSettings bind(Section section) {
        int before = problems.errorCount();
        defaultRate = rate();
        List<ApiKeySettings> keys = keys(section.get(AuthSchema.KEYS));
        JwtSettings jwt = jwt(section);
        Section anonymous = section.section(AuthSchema.ANONYMOUS);
        boolean enabled = anonymous.get(AuthSchema.ANONYMOUS_ENABLED);
        if (!enabled && (anonymous.has(AuthSchema.ANONYMOUS_LIMITS)
                || anonymous.has(AuthSchema.ANONYMOUS_BUDGET))) {
            problems.warn(anonymous.place(), "has no effect without enabled: true");
        }
        Allowance withoutCredential = enabled ? allowance(anonymous, AuthSchema.ANONYMOUS_LIMITS,
                AuthSchema.ANONYMOUS_BUDGET) : defaultRate;
        isMistaken = problems.errorCount() > before || hasMistakes(section)
                || keys.size() < section.get(AuthSchema.KEYS).size()
                || hasMistakes(section.section(AuthSchema.JWT));
        return new AuthSettings(keys, jwt, enabled, withoutCredential);
    }

    /** Whether a credential may be missing only because of a mistake that was reported. */
    boolean isMistaken() {
        return isMistaken;
    }

    private List<ApiKeySettings> keys(List<Section> sections) {
        List<ApiKeySettings> keys = new ArrayList<>();
        Map<String, Place> ids = new HashMap<>();
        Map<String, Place> hashes = new HashMap<>();
        for (Section key : sections) {
            unique(key, AuthSchema.ID, key.get(AuthSchema.ID), ids, "id");
            if (key.has(AuthSchema.HASH)) {
                String hash = key.get(AuthSchema.HASH).toLowerCase(Locale.ROOT);
                unique(key, AuthSchema.HASH, hash, hashes, "hash");
            }
            Allowance allowance = allowance(key, AuthSchema.LIMITS, AuthSchema.BUDGET);
            if (key.isComplete()) {
                ApiKeySettings settings = key.build(problems,
                        () -> new ApiKeySettings(key.get(AuthSchema.ID), key.get(AuthSchema.HASH),
                                key.get(AuthSchema.MODELS), allowance));
                if (settings != null) {
                    keys.add(settings);
                }
            }
        }
        return keys;
    }

    private void unique(Section section, Field<?> field, String value, Map<String, Place> seen,
            String what) {
        Place first = value == null ? null : seen.putIfAbsent(value, section.place(field));
        if (first != null) {
            problems.error(section.place(field), "the " + what + " of " + first.path()
                    + " again, expected a different one for each key");
        }
    }

    // How much

    /** The rate of the environment. */
    private Allowance rate() {
        Integer requests = wholeNumber(RATE, MAX_RATE);
        Integer seconds = wholeNumber(WINDOW, MAX_WINDOW_SECONDS);
        if (requests == null) {
            if (seconds != null && isUnset(RATE)) {
                problems.warn(Place.environment(WINDOW), "has no effect without " + RATE);
            }
            return Allowance.UNBOUNDED;
        }
        return Allowance.ofRequests(requests, TimeUnit.SECONDS.toNanos(
                seconds == null ? DEFAULT_WINDOW_SECONDS : seconds));
    }

    /** Null if it is not set, or, with a problem, if it is no such number. */
    private @Nullable Integer wholeNumber(String variable, int most) {
        if (isUnset(variable)) {
            return null;
        }
        String text = environment.getOrDefault(variable, "").strip();
        if (text.matches("\\d{1,10}") && Long.parseLong(text) >= 1
                && Long.parseLong(text) <= most) {
            return Integer.valueOf(text);
        }
        problems.error(Place.environment(variable),
                "unexpected value '" + text + "', expected an integer from 1 to " + most);
        return null;
    }

    private boolean isUnset(String variable) {
        return environment.getOrDefault(variable, "").isBlank();
    }

    private Allowance allowance(Section section, Field<Section> limitsField,
            Field<Section> budgetField) {
        Section limits = section.section(limitsField);
        Section budget = section.section(budgetField);
        Integer perMinute = limits.get(AuthSchema.REQUESTS_PER_MINUTE);
        Integer concurrent = limits.get(AuthSchema.CONCURRENT);
        return new Allowance(perMinute == null ? defaultRate.requests() : perMinute,
                perMinute == null ? defaultRate.requestWindowNanos() : Allowance.MINUTE_NANOS,
                orZero(limits.get(AuthSchema.TOKENS_PER_MINUTE)),
                concurrent == null ? 0 : concurrent,
                orZero(budget.get(AuthSchema.TOKENS_PER_MONTH)), nanoDollars(budget));
    }

    private static long orZero(Long value) {
        return value == null ? 0 : value;
    }

    private long nanoDollars(Section budget) {
        Double dollars = budget.get(AuthSchema.DOLLARS_PER_MONTH);
        if (dollars == null) {
            return 0;
        }
        BigDecimal nanos = BigDecimal.valueOf(dollars).multiply(NANO_DOLLARS);
        if (nanos.compareTo(BigDecimal.ONE) < 0) { // zero would stand for no bound
            problems.error(budget.place(AuthSchema.DOLLARS_PER_MONTH),
                    "unexpected value, expected more than 0");
            return 0;
        }
        return nanos.min(BigDecimal.valueOf(Long.MAX_VALUE)).longValue();
    }

    // Tokens

    /** Of the file, what it leaves out of the environment; null if there are none. */
    private @Nullable JwtSettings jwt(Section auth) {
        Section jwt = auth.section(AuthSchema.JWT);
        boolean isInFile = hasMistakes(jwt) || jwt.type().fields().stream().anyMatch(jwt::has);
        if (!isInFile && isUnset(SECRET)) {
            if (!isUnset(ALGORITHM)) {
                problems.warn(Place.environment(ALGORITHM), "has no effect without " + SECRET
                        + " or auth.jwt");
            }
            return null;
        }
        auth.put(AuthSchema.JWT, jwt, jwt.place());
        int before = problems.errorCount();
        fillAlgorithm(jwt);
        JwtKeySettings keys = verificationKeys(jwt);
        Allowance granted = allowance(jwt, AuthSchema.JWT_LIMITS, AuthSchema.JWT_BUDGET);
        if (keys == null || hasMistakes(jwt) || problems.errorCount() > before) {
            return null;
        }
        if (keys instanceof JwtKeySettings.JwksUrl && !jwt.has(AuthSchema.AUDIENCE)) {
            problems.warn(jwt.place(), "no audience is set: whatever the issuer signs for anybody "
                    + "is accepted");
        }
        return jwt.build(problems, () -> new JwtSettings(jwt.get(AuthSchema.ALGORITHM), keys,
                jwt.get(AuthSchema.ISSUER), jwt.get(AuthSchema.AUDIENCE),
                jwt.get(AuthSchema.LEEWAY), jwt.get(AuthSchema.JWT_MODELS), granted));
    }

    private static boolean hasMistakes(Section section) {
        return section.type().fields().stream().anyMatch(section::isMistaken);
    }

    private void fillAlgorithm(Section jwt) {
        String text = environment.getOrDefault(ALGORITHM, "").strip();
        if (jwt.has(AuthSchema.ALGORITHM) || jwt.isMistaken(AuthSchema.ALGORITHM)
                || text.isEmpty()) {
            return;
        }
        TokenAlgorithm algorithm = TokenAlgorithm.of(text);
        if (algorithm == null) {
            problems.error(Place.environment(ALGORITHM), "unexpected value '" + text
                    + "', expected one of " + String.join(", ", TokenAlgorithm.names()));
        } else {
            jwt.put(AuthSchema.ALGORITHM, algorithm, Place.environment(ALGORITHM));
        }
    }

    /** Null, and a problem, if there are none or too many. */
    private @Nullable JwtKeySettings verificationKeys(Section jwt) {
        List<Field<?>> named = Stream.<Field<?>>of(AuthSchema.SECRET, AuthSchema.SECRET_ENV,
                AuthSchema.SECRET_FILE, AuthSchema.JWKS_URL, AuthSchema.JWKS_FILE,
                AuthSchema.PUBLIC_KEY_FILE)
                .filter(field -> jwt.has(field) || jwt.isMistaken(field)).toList();
        if (named.size() > 1) {
            Field<?> second = named.get(1);
            // Several sources leave open which one counts, and a secret beside public keys is the
            // way in for tokens that are signed with what everybody may know.
            problems.error(jwt.place(second), "keys a second time beside "
                    + named.get(0).name() + ", expected one of secret, secret_env, secret_file, "
                    + "jwks_url, jwks_file, public_key_file");
            return null;
        }
        Field<?> source = named.isEmpty() ? AuthSchema.SECRET_ENV : named.get(0);
        if (jwt.isMistaken(source)) {
            return null;
        }
        if (source == AuthSchema.JWKS_URL) {
            return new JwtKeySettings.JwksUrl(jwt.get(AuthSchema.JWKS_URL));
        }
        if (source == AuthSchema.JWKS_FILE) {
            return jwksFile(jwt);
        }
        if (source == AuthSchema.PUBLIC_KEY_FILE) {
            return publicKey(jwt);
        }
        return secret(jwt, source);
    }

    /** Puts the secret where it is looked for, with the place that it really comes from. */
    private @Nullable JwtKeySettings secret(Section jwt, Field<?> source) {
        if (source == AuthSchema.SECRET_FILE) {
            String text = fileText(jwt, AuthSchema.SECRET_FILE, "one that holds the secret");
            if (text == null) {
                return null;
            }
            if (text.isBlank()) {
                problems.error(jwt.place(AuthSchema.SECRET_FILE),
                        "an empty file, expected one that holds the secret");
                return null;
            }
            jwt.put(AuthSchema.SECRET, text.strip(), jwt.place(AuthSchema.SECRET_FILE));
        } else if (source == AuthSchema.SECRET_ENV) {
            String variable = jwt.get(AuthSchema.SECRET_ENV);
            if (isUnset(variable)) {
                problems.error(jwt.has(AuthSchema.SECRET_ENV)
                        ? jwt.place(AuthSchema.SECRET_ENV) : jwt.place(), "the variable "
                        + variable + " is not set, so there is nothing to verify tokens with; "
                        + "expected it, or one of secret, secret_env, secret_file, jwks_url, "
                        + "jwks_file, public_key_file");
                return null;
            }
            jwt.put(AuthSchema.SECRET, environment.getOrDefault(variable, "").strip(),
                    jwt.has(AuthSchema.SECRET_ENV) ? jwt.place(AuthSchema.SECRET_ENV)
                            : Place.environment(variable));
        }
        return new JwtKeySettings.Secret(jwt.get(AuthSchema.SECRET));
    }

    private @Nullable JwtKeySettings jwksFile(Section jwt) {
        Path file = jwt.get(AuthSchema.JWKS_FILE);
        String text = fileText(jwt, AuthSchema.JWKS_FILE, "a JSON Web Key Set");
        if (text == null) {
            return null;
        }
        JwtKeySettings.JwksFile settings = new JwtKeySettings.JwksFile(file);
        if (!jwt.get(AuthSchema.ALGORITHM).needsSecret()) { // else that is the mistake
            return jwt.build(problems, AuthSchema.JWKS_FILE,
                    () -> settings.checked(jwt.get(AuthSchema.ALGORITHM), text));
        }
        return settings;
    }

    private @Nullable JwtKeySettings publicKey(Section jwt) {
        String text = fileText(jwt, AuthSchema.PUBLIC_KEY_FILE,
                "a PEM file with one PUBLIC KEY or CERTIFICATE");
        return text == null ? null : jwt.build(problems, AuthSchema.PUBLIC_KEY_FILE,
                () -> new JwtKeySettings.PublicPem(Pem.publicKey(text)));
    }

    /** Null, and a problem, if the file can't be read. */
    private @Nullable String fileText(Section section, Field<Path> field, String expected) {
        Path file = section.get(field);
        try {
            return Files.readString(file);
        } catch (IOException e) {
            problems.error(section.place(field),
                    "no file '" + file + "' that can be read, expected " + expected);
            return null;
        }
    }
}
