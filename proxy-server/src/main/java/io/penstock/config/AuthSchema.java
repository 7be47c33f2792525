package io.penstock.config;

import java.net.URI;
import java.util.List;

/** The keys of the {@code auth} section. */
final class AuthSchema {
    static final Field<Section> LIMITS = Field.section("limits",
            SectionType.of("section",
                    Field.optional("requests_per_minute", Types.integerFrom(1),
                            "calls that begin in a minute"),
                    Field.optional("tokens_per_minute", Types.longFrom(1),
                            "tokens in a minute, prompt and completion together"),
                    Field.optional("concurrent", Types.integerFrom(1), "calls in flight")),
            "how much the caller may ask for at a time");
    static final Field<Section> BUDGET = Field.section("budget",
            SectionType.of("section",
                    Field.optional("tokens_per_month", Types.longFrom(1),
                            "tokens in a calendar month (UTC)"),
                    Field.optional("dollars_per_month", Types.number(0, Double.MAX_VALUE),
                            "dollars in a calendar month (UTC), where `prices` are known")),
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

    static final Field<Section> JWT = Field.section("jwt",
            SectionType.of("section",
                    Field.of("algorithm",
                            Types.oneOf("HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
                                    "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"),
                            "HS256", "the one algorithm that is accepted"),
                    Field.optional("secret", Types.SECRET, "of an HS algorithm"),
                    Field.of("secret_env", Types.VARIABLE, "JWT_SECRET",
                            "the environment variable that holds the secret"),
                    Field.<URI>optional("jwks_url", Types.URL, "where the public keys are"),
                    Field.optional("issuer", Types.TEXT, "what `iss` must say"),
                    Field.optional("audience", Types.TEXT, "what `aud` must contain")),
            "callers that come with a signed token");

    static final Field<Boolean> ANONYMOUS_ENABLED = Field.of("enabled", Types.FLAG, false,
            "whether calls without a credential are let in");
    // Fields are told apart by identity, so these are others than a key's own.
    static final Field<Section> ANONYMOUS_LIMITS = Field.section("limits",
            (SectionType) LIMITS.type(), "how much each address may ask for at a time");
    static final Field<Section> ANONYMOUS_BUDGET = Field.section("budget",
            (SectionType) BUDGET.type(), "how much each address may use in a month");
    static final Field<Section> ANONYMOUS = Field.section("anonymous",
            SectionType.of("section", ANONYMOUS_ENABLED, ANONYMOUS_LIMITS,
                    ANONYMOUS_BUDGET),
            "callers without a credential");

    static final SectionType AUTH = SectionType.of("section", KEYS, JWT, ANONYMOUS);

    private AuthSchema() {}
}
