package io.penstock.config;

import io.penstock.auth.JwtSettings;
import io.penstock.auth.TokenAlgorithm;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The keys of the {@code auth} section. */
final class AuthSchema {
    static final Field<Integer> REQUESTS_PER_MINUTE = Field.optional("requests_per_minute",
            Types.integerFrom(1), "calls that begin in a minute");
    static final Field<Long> TOKENS_PER_MINUTE = Field.optional("tokens_per_minute",
            Types.longFrom(1), "tokens in a minute, prompt and completion together");
    static final Field<Integer> CONCURRENT =
            Field.optional("concurrent", Types.integerFrom(1), "calls in flight");
    private static final SectionType LIMITS_TYPE = SectionType.of("section", REQUESTS_PER_MINUTE,
            TOKENS_PER_MINUTE, CONCURRENT);
    static final Field<Section> LIMITS = Field.section("limits", LIMITS_TYPE,
            "how much the caller may ask for at a time");

    static final Field<Long> TOKENS_PER_MONTH = Field.optional("tokens_per_month",
            Types.longFrom(1), "tokens in a calendar month (UTC)");
    static final Field<Double> DOLLARS_PER_MONTH = Field.optional("dollars_per_month",
            Types.number(0, Double.MAX_VALUE),
            "dollars in a calendar month (UTC), where `prices` are known; more than 0");
    private static final SectionType BUDGET_TYPE =
            SectionType.of("section", TOKENS_PER_MONTH, DOLLARS_PER_MONTH);
    static final Field<Section> BUDGET = Field.section("budget", BUDGET_TYPE,
            "how much the caller may use in a month");

    static final Field<String> ID = Field.required("id", Types.TEXT,
            "names the caller in logs and limits");
    static final Field<String> HASH = Field.required("hash", Types.SECRET,
            "`sha256:` and 64 hex digits, as `penstock keys` prints them; never the key itself");
    static final Field<List<String>> MODELS = Field.list("models", Types.TEXT,
            "globs of the models that this caller may ask for; empty for all");
    static final SectionType KEY =
            SectionType.of("caller", ID, HASH, MODELS, LIMITS, BUDGET);
    static final Field<List<Section>> KEYS = Field.list("keys", KEY, "who may call");

    static final Field<TokenAlgorithm> ALGORITHM = Field.of("algorithm", algorithms(),
            TokenAlgorithm.HS256, "the one algorithm that is accepted; `JWT_ALGORITHM` where the "
                    + "file has none");
    static final Field<String> SECRET = Field.optional("secret", Types.SECRET,
            "of an HS algorithm: 32, 48 or 64 bytes at least; one of these six says where the "
                    + "keys are");
    static final Field<String> SECRET_ENV = Field.of("secret_env", Types.VARIABLE, "JWT_SECRET",
            "the environment variable that holds the secret");
    static final Field<Path> SECRET_FILE = Field.optional("secret_file", Types.PATH,
            "the file that holds the secret; blanks around it don't count");
    static final Field<URI> JWKS_URL = Field.optional("jwks_url", Types.URL,
            "where the issuer's public keys are, by https; read every 5 minutes, and when a token "
                    + "names a new one");
    static final Field<Path> JWKS_FILE = Field.optional("jwks_file", Types.PATH,
            "the same in a file, which is read again when it changes");
    static final Field<Path> PUBLIC_KEY_FILE = Field.optional("public_key_file", Types.PATH,
            "one public key or certificate in PEM");
    static final Field<String> ISSUER =
            Field.optional("issuer", Types.TEXT, "what `iss` must say");
    static final Field<String> AUDIENCE =
            Field.optional("audience", Types.TEXT, "what `aud` must contain");
    static final Field<Duration> LEEWAY = Field.of("leeway", Types.DURATION,
            JwtSettings.DEFAULT_LEEWAY, "how far the issuer's clock may be off");
    // Fields are told apart by identity, so these are others than a key's own.
    static final Field<List<String>> JWT_MODELS = Field.list("models", Types.TEXT,
            "globs of the models that holders of a token may ask for; empty for all");
    static final Field<Section> JWT_LIMITS = Field.section("limits", LIMITS_TYPE,
            "how much each `sub` may ask for at a time; claims can only make it less");
    static final Field<Section> JWT_BUDGET = Field.section("budget", BUDGET_TYPE,
            "how much each `sub` may use in a month; claims can only make it less");
    private static final SectionType JWT_TYPE = SectionType.of("section", ALGORITHM, SECRET,
            SECRET_ENV, SECRET_FILE, JWKS_URL, JWKS_FILE, PUBLIC_KEY_FILE, ISSUER, AUDIENCE, LEEWAY,
            JWT_MODELS, JWT_LIMITS, JWT_BUDGET);
    static final Field<Section> JWT =
            Field.section("jwt", JWT_TYPE, "callers that come with a signed token");

    static final Field<Boolean> ANONYMOUS_ENABLED = Field.of("enabled", Types.FLAG, false,
            "whether calls without a credential are let in");
    static final Field<Section> ANONYMOUS_LIMITS = Field.section("limits", LIMITS_TYPE,
            "how much each address may ask for at a time; of IPv6 each /64");
    static final Field<Section> ANONYMOUS_BUDGET = Field.section("budget", BUDGET_TYPE,
            "how much all of them together may use in a month");
    static final Field<Section> ANONYMOUS = Field.section("anonymous",
            SectionType.of("section", ANONYMOUS_ENABLED, ANONYMOUS_LIMITS,
                    ANONYMOUS_BUDGET),
            "callers without a credential");

    static final SectionType AUTH = SectionType.of("section", KEYS, JWT, ANONYMOUS);

    private AuthSchema() {}

    private static Type<TokenAlgorithm> algorithms() {
        Map<String, TokenAlgorithm> byName = new LinkedHashMap<>();
        TokenAlgorithm.names().forEach(name -> byName.put(name, TokenAlgorithm.of(name)));
        return Types.oneOf(byName);
    }
}
