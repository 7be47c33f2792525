package io.penstock.upstream;

import io.penstock.provider.Api;
import io.penstock.provider.Authorization;
import io.penstock.provider.ChatDialect;
import io.penstock.provider.Prefill;
import io.penstock.provider.ProviderType;
import io.penstock.provider.RelayRules;
import io.penstock.provider.Site;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a provider's type says of it once and for all, asked before anything is sent: a type that
 * can't answer is refused with the configuration, not found out by a caller.
 *
 * <p><b>Thread:</b> immutable.
 */
final class ProviderTerms {
    /** Those that everything else can be translated into, the first of a provider's own. */
    private static final List<Api> MAIN =
            List.of(Api.MESSAGES, Api.CONVERSE, Api.CHAT, Api.GEMINI);

    private final String name;
    private final Set<Api> apis = EnumSet.noneOf(Api.class);
    private final @Nullable RequestPath[] paths = new RequestPath[Api.values().length * 2];
    private final @Nullable Authorization keyless;
    private final List<@Nullable Authorization> authorizations;
    private final boolean signsBodies;
    private final ChatDialect dialect;
    private final RelayRules relayRules;
    private final @Nullable Prefill prefill;
    private final @Nullable String errorField;
    private final boolean hasToBeAskedForUsage;
    private final boolean isLikeOpenAi;

    /** Asks the type; throws an {@link IllegalArgumentException} for whatever is wrong with it. */
    ProviderTerms(ProviderType type, Site site, List<KeySettings> keys) {
        try {
            type.check(site);
            keyless = keys.isEmpty() ? type.authorization(null, site) : null;
        } catch (IllegalArgumentException e) {
            throw e; // says what is wrong with the site
        } catch (RuntimeException | Error e) {
            throw failed(type, e);
        }
        String[] templates = new String[paths.length];
        try {
            name = type.configName();
            apis.addAll(type.apis(site));
            for (Api api : apis) {
                templates[index(api, false)] = type.path(api, false, site);
                templates[index(api, true)] = type.path(api, true, site);
            }
            authorizations = keys.stream()
                    .map(key -> type.authorization(key.value(), site)).toList();
            signsBodies = signed().anyMatch(signed -> signed.signer().needsBody());
            dialect = Objects.requireNonNull(type.dialect(), "no dialect");
            relayRules = Objects.requireNonNull(type.relayRules(), "no relay rules");
            prefill = type.prefill();
            errorField = type.errorField();
            hasToBeAskedForUsage = type.hasToBeAskedForUsage();
            isLikeOpenAi = type.isLikeOpenAi();
        } catch (RuntimeException | Error e) {
            throw failed(type, e);
        }
        for (Api api : apis) {
            for (int index : new int[] {index(api, false), index(api, true)}) {
                paths[index] = new RequestPath(templates[index], site);
            }
        }
        if (apis.stream().noneMatch(MAIN::contains)) {
            throw new IllegalArgumentException("type: " + name + " speaks none of " + MAIN
                    + " at this base_url (expected: one at least)");
        }
    }

    private static IllegalArgumentException failed(ProviderType type, Throwable why) {
        return new IllegalArgumentException("type: " + TypeOnLoop.described(type, why), why);
    }

    private static int index(Api api, boolean stream) {
        return api.ordinal() * 2 + (stream ? 1 : 0);
    }

    /** What the configuration calls the type. */
    String name() {
        return name;
    }

    Set<Api> apis() {
        return apis;
    }

    /** The API into which whatever is not spoken is translated. */
    Api mainApi() {
        return MAIN.stream().filter(apis::contains).findFirst().orElseThrow();
    }

    /** Of an API that is spoken. */
    RequestPath path(Api api, boolean stream) {
        return paths[index(api, stream)];
    }

    /** How requests are authorised where there are no keys; null for not at all. */
    @Nullable Authorization keyless() {
        return keyless;
    }

    /** One for each key, in their order. */
    List<@Nullable Authorization> authorizations() {
        return authorizations;
    }

    /** Those of them all that are signatures. */
    Stream<Authorization.Signed> signed() {
        return Stream.concat(Stream.ofNullable(keyless), authorizations.stream())
                .filter(Authorization.Signed.class::isInstance)
                .map(Authorization.Signed.class::cast);
    }

    /** Whether one of them has to know the body. */
    boolean signsBodies() {
        return signsBodies;
    }

    ChatDialect dialect() {
        return dialect;
    }

    RelayRules relayRules() {
        return relayRules;
    }

    /** Null where a chat can't go on from a text. */
    @Nullable Prefill prefill() {
        return prefill;
    }

    /** The field of an error's head that says what went wrong; null where none does. */
    @Nullable String errorField() {
        return errorField;
    }

    boolean hasToBeAskedForUsage() {
        return hasToBeAskedForUsage;
    }

    boolean isLikeOpenAi() {
        return isLikeOpenAi;
    }
}
