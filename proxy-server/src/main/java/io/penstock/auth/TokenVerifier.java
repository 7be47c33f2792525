package io.penstock.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import io.penstock.caller.Allowance;
import io.penstock.caller.Authentication;
import io.penstock.caller.Caller;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the caller of a JSON Web Token (RFC 7519, with the care of RFC 8725): one signature, by the
 * one algorithm that is configured, with a key from nowhere but the configuration. What the header
 * brings along as a key ({@code jwk}, {@code jku}, {@code x5c} …) is not even looked at.
 *
 * <p><b>Thread:</b> safe. A token that is new is verified where it arrives, on the event loop
 * (ADR-0009).
 * <br><b>Bounds:</b> {@value #MAX_TOKEN_BYTES} bytes of a token; {@value #MAX_KEYS_TRIED} keys
 * tried.
 */
final class TokenVerifier implements AutoCloseable {
    static final int MAX_TOKEN_BYTES = 8 * 1024;
    static final int MAX_KEYS_TRIED = 4;

    private static final Logger LOG = LoggerFactory.getLogger(TokenVerifier.class);

    // What changes how the rest is to be read; nobody has use for any of it here.
    private static final Set<String> REFUSED_HEADERS = Set.of("crit", "b64", "zip", "enc", "cty");
    private static final Set<String> TYPES = Set.of("jwt", "at+jwt");

    private final JwtSettings settings;
    private final KeySource source;
    private final Function<String, Predicate<String>> globs;
    private final List<Predicate<String>> grantedModels;
    private final JWSHeader header; // what each verifier gets to see of a token's own
    private final long leewayMillis;

    TokenVerifier(JwtSettings settings, KeySource source,
            Function<String, Predicate<String>> globs) {
        this.settings = settings;
        this.source = source;
        this.globs = globs;
        grantedModels = settings.models().stream().map(globs).toList();
        header = new JWSHeader(settings.algorithm().jws());
        leewayMillis = settings.leeway().toMillis();
    }

    void start() {
        source.start();
    }

    @Override
    public void close() {
        source.close();
    }

    /** Whether it begins like the JSON object that every token begins with. */
    static boolean mayBeToken(byte[] bytes, int start, int end) {
        return end - start > 3 && bytes[start] == 'e' && bytes[start + 1] == 'y'
                && bytes[start + 2] == 'J';
    }

    /** Whether it has the shape of a signed token: three parts of base64url. */
    static boolean isToken(byte[] bytes, int start, int end) {
        int dots = 0;
        for (int i = start; i < end; i++) {
            byte b = bytes[i];
            if (b == '.') {
                dots++;
            } else if (!(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
                    || b == '-' || b == '_')) {
                return false;
            }
        }
        return dots == 2 && mayBeToken(bytes, start, end);
    }

    /** The caller of a token that was verified before; null if this one wasn't. */
    @Nullable Caller known(byte[] hash, long nowMillis) {
        KeyRing ring = source.ring();
        return ring == null ? null : ring.tokens().find(hash, nowMillis);
    }

    /**
     * The caller of a token, verified.
     *
     * @param hash of the token, which is remembered by it if it is good
     */
    Authentication verify(byte[] hash, String token, long nowMillis) {
        int headerEnd = token.indexOf('.');
        int payloadEnd = token.indexOf('.', headerEnd + 1);
        try {
            Map<String, Object> own = json(token.substring(0, headerEnd));
            if (own.keySet().stream().anyMatch(REFUSED_HEADERS::contains)
                    || !isKnownType(own.get("typ"))) {
                return Denial.MALFORMED_TOKEN;
            }
            if (!settings.algorithm().text().equals(own.get("alg"))) {
                return own.get("alg") instanceof String ? Denial.OTHER_ALGORITHM
                        : Denial.MALFORMED_TOKEN;
            }
            if (own.get("kid") != null && !(own.get("kid") instanceof String)) {
                return Denial.MALFORMED_TOKEN;
            }
            Claims claims = new Claims(json(token.substring(headerEnd + 1, payloadEnd)));
            Denial refusal = checkEnd(claims, nowMillis);
            if (refusal != null) {
                return refusal;
            }
            KeyRing ring = source.ring();
            if (ring == null || ring.isEmpty()) {
                source.askAgain();
                return Denial.KEYS_AWAY;
            }
            refusal = checkSignature(ring, (String) own.get("kid"), token, payloadEnd);
            return refusal != null ? refusal : judge(ring, hash, claims, nowMillis);
        } catch (ParseException e) {
            LOG.debug("token_malformed part={}", e.getMessage());
            return Denial.MALFORMED_TOKEN;
        }
    }

    private static Map<String, Object> json(String part) throws ParseException {
        String text = new String(decoded(part), StandardCharsets.UTF_8);
        if (!text.stripLeading().startsWith("{")) { // the parser takes a list of pairs as well
            throw new ParseException("no object", 0);
        }
        return JSONObjectUtils.parse(text);
    }

    private static byte[] decoded(String part) throws ParseException {
        try {
            return Base64.getUrlDecoder().decode(part);
        } catch (IllegalArgumentException e) {
            throw new ParseException("base64", 0);
        }
    }

    /** None, a JWT, or an access token (RFC 9068); not one that was issued for something else. */
    private static boolean isKnownType(@Nullable Object type) {
        if (!(type instanceof String text)) {
            return type == null;
        }
        String lowerCase = text.toLowerCase(Locale.ROOT);
        return TYPES.contains(lowerCase.startsWith("application/")
                ? lowerCase.substring("application/".length()) : lowerCase);
    }

    /**
     * Null unless it has expired. That needs no signature to be true, and is what many a client
     * repeats for hours: a signature costs a hundred times as much to look at.
     */
    private @Nullable Denial checkEnd(Claims claims, long nowMillis) {
        try {
            return nowMillis < claims.timeMillis("exp") + leewayMillis ? null
                    : Denial.TOKEN_EXPIRED;
        } catch (ParseException e) {
            LOG.debug("token_unusable claim={}", e.getMessage());
            return Denial.BAD_CLAIMS;
        }
    }

    /** Null if it is good. */
    private @Nullable Denial checkSignature(KeyRing ring, @Nullable String keyId, String token,
            int payloadEnd) throws ParseException {
        List<JWSVerifier> candidates = ring.candidates(keyId);
        if (candidates.isEmpty()) {
            return source.askAgain() ? Denial.KEYS_AWAY : Denial.UNKNOWN_SIGNER;
        }
        String text = token.substring(payloadEnd + 1);
        Base64URL signature = Base64URL.encode(decoded(text));
        if (!signature.toString().equals(text)) {
            return Denial.BAD_SIGNATURE; // one signature has one text, or a token had several
        }
        byte[] signed = token.substring(0, payloadEnd).getBytes(StandardCharsets.US_ASCII);
        for (JWSVerifier each : candidates.subList(0,
                Math.min(candidates.size(), MAX_KEYS_TRIED))) {
            if (isGood(each, signed, signature)) {
                return null;
            }
        }
        return Denial.BAD_SIGNATURE;
    }

    private boolean isGood(JWSVerifier verifier, byte[] signed, Base64URL signature) {
        try {
            return verifier.verify(header, signed, signature);
        } catch (JOSEException e) {
            LOG.debug("token_unverifiable cause=\"{}\"", e.toString());
            return false;
        }
    }

    /** Whether the claims of a token that is not over are good for a caller, and for which. */
    private Authentication judge(KeyRing ring, byte[] hash, Claims claims, long nowMillis) {
        try {
            for (String begin : List.of("nbf", "iat")) {
                if (claims.has(begin)
                        && claims.timeMillis(begin) - leewayMillis > nowMillis) {
                    return Denial.TOKEN_NOT_YET_VALID;
                }
            }
            if (settings.issuer() != null && !settings.issuer().equals(claims.json().get("iss"))) {
                return Denial.OTHER_ISSUER;
            }
            if (settings.audience() != null && !claims.contains("aud", settings.audience())) {
                return Denial.OTHER_AUDIENCE;
            }
            Caller caller = caller(claims);
            ring.tokens().add(hash, caller, claims.timeMillis("exp") + leewayMillis);
            return caller;
        } catch (ParseException e) {
            LOG.debug("token_unusable claim={}", e.getMessage());
            return Denial.BAD_CLAIMS;
        }
    }

    private Caller caller(Claims claims) throws ParseException {
        String id = Caller.TOKEN_PREFIX + claims.subject();
        Allowance claimed = new Allowance(claims.bound("requests_per_minute"),
                Allowance.MINUTE_NANOS, claims.bound("tokens_per_minute"),
                (int) Math.min(claims.bound("concurrent"), Integer.MAX_VALUE),
                claims.bound("tokens_per_month"), claims.nanoDollars("dollars_per_month"));
        return new Caller(id, id, models(claims.words("models").stream().map(globs)),
                settings.granted().and(claimed));
    }

    /** Each of the claimed ones, and of those only what is granted. */
    private List<Predicate<String>> models(Stream<Predicate<String>> claimed) {
        List<Predicate<String>> both = claimed.map(each -> grantedModels.isEmpty() ? each
                : each.and(name -> Caller.isAnyOf(grantedModels, name))).toList();
        return both.isEmpty() ? grantedModels : both;
    }
}
