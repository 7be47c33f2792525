package io.penstock.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The keys that fit the one algorithm, as they were at one time, and the tokens that were found
 * good by them. Other keys make another ring, so with them no token is taken for good unseen.
 *
 * <p><b>Thread:</b> safe; only its {@link #tokens} change.
 * <br><b>Bounds:</b> {@value #MAX_KEYS} keys; a set with more is refused as a whole.
 */
final class KeyRing {
    static final int MAX_KEYS = 100;

    private final List<Key> keys;
    private final Map<String, List<JWSVerifier>> byId = new HashMap<>();
    private final List<JWSVerifier> nameless = new ArrayList<>();
    private final List<JWSVerifier> all = new ArrayList<>();
    private final TokenCache tokens = new TokenCache();

    /** A key with its {@code kid}, which may be null; equal if both are. */
    private record Key(@Nullable String id, PublicKey key, JWSVerifier verifier) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key that && key.equals(that.key)
                    && (id == null ? that.id == null : id.equals(that.id));
        }

        @Override
        public int hashCode() {
            return key.hashCode();
        }
    }

    private KeyRing(List<Key> keys) {
        this.keys = keys;
        for (Key each : keys) {
            all.add(each.verifier);
            (each.id == null ? nameless : byId.computeIfAbsent(each.id, id -> new ArrayList<>()))
                    .add(each.verifier);
        }
    }

    static KeyRing of(JwtKeySettings.Secret secret) {
        try {
            KeyRing ring = new KeyRing(List.of());
            JWSVerifier verifier =
                    new MACVerifier(secret.text().getBytes(StandardCharsets.UTF_8));
            ring.all.add(verifier);
            ring.nameless.add(verifier);
            return ring;
        } catch (JOSEException e) {
            throw new IllegalStateException("the settings had its length checked", e);
        }
    }

    static KeyRing of(TokenAlgorithm algorithm, JwtKeySettings.PublicPem pem) {
        try {
            return new KeyRing(List.of(
                    new Key(null, pem.key(), verifier(algorithm, pem.key()))));
        } catch (JOSEException | InvalidKeyException e) {
            throw new IllegalStateException("the settings had its kind checked", e);
        }
    }

    /**
     * Those keys of a set that fit; the others are passed over, as RFC 7517 section 5 has it: a set
     * may hold keys for other purposes.
     *
     * @param text a JSON Web Key Set
     */
    static KeyRing parse(TokenAlgorithm algorithm, String text) throws ParseException {
        Map<String, Object> set = JSONObjectUtils.parse(text);
        if (set == null || !(set.get("keys") instanceof List<?> items)) {
            throw new ParseException("no JSON object with a list of keys", 0);
        }
        List<Key> keys = new ArrayList<>();
        for (Object item : items) {
            Key key = item instanceof Map<?, ?> jwk ? fitting(algorithm, jwk) : null;
            if (key != null && keys.size() == MAX_KEYS) {
                throw new ParseException("more than " + MAX_KEYS + " keys", 0);
            }
            if (key != null) {
                keys.add(key);
            }
        }
        return new KeyRing(List.copyOf(keys));
    }

    @SuppressWarnings("unchecked") // the keys of a JSON object are strings
    private static @Nullable Key fitting(TokenAlgorithm algorithm, Map<?, ?> json) {
        try {
            JWK jwk = JWK.parse((Map<String, Object>) json);
            boolean isForThis = (jwk.getKeyUse() == null
                            || jwk.getKeyUse().equals(KeyUse.SIGNATURE))
                    && (jwk.getKeyOperations() == null
                            || jwk.getKeyOperations().contains(KeyOperation.VERIFY))
                    && (jwk.getAlgorithm() == null
                            || jwk.getAlgorithm().getName().equals(algorithm.text()));
            PublicKey key = isForThis ? publicKey(algorithm, jwk) : null;
            return key == null || algorithm.misfit(key) != null ? null
                    : new Key(jwk.getKeyID(), key, verifier(algorithm, key));
        } catch (ParseException | JOSEException | InvalidKeyException | RuntimeException e) {
            return null; // one broken key is no reason to lose the others
        }
    }

    /** Null if it is of another kind. */
    private static @Nullable PublicKey publicKey(TokenAlgorithm algorithm, JWK jwk)
            throws JOSEException, InvalidKeyException {
        return switch (algorithm.family()) {
            case SECRET -> null;
            case RSA -> jwk instanceof com.nimbusds.jose.jwk.RSAKey rsa
                    ? rsa.toRSAPublicKey() : null;
            case EC -> jwk instanceof com.nimbusds.jose.jwk.ECKey ec ? ec.toECPublicKey() : null;
            case ED25519 -> jwk instanceof com.nimbusds.jose.jwk.OctetKeyPair pair
                    && pair.getCurve().equals(algorithm.curve())
                            ? Ed25519Verifier.key(pair.getX().decode()) : null;
        };
    }

    private static JWSVerifier verifier(TokenAlgorithm algorithm, PublicKey key)
            throws JOSEException, InvalidKeyException {
        return switch (algorithm.family()) {
            case SECRET -> throw new IllegalArgumentException("a public key is no secret");
            case RSA -> new RSASSAVerifier((RSAPublicKey) key);
            case EC -> new ECDSAVerifier((ECPublicKey) key);
            case ED25519 -> new Ed25519Verifier(key);
        };
    }

    /**
     * The keys that a token may have been signed with.
     *
     * @param id the token's {@code kid}; null if it has none, and then all are candidates
     */
    List<JWSVerifier> candidates(@Nullable String id) {
        return id == null ? all : byId.getOrDefault(id, nameless);
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    int size() {
        return all.size();
    }

    /** Whether it is made of the same keys; the order in which they came says nothing. */
    boolean hasKeysOf(KeyRing other) {
        Set<Key> mine = new HashSet<>(keys);
        return keys.size() == other.keys.size() && mine.equals(new HashSet<>(other.keys));
    }

    TokenCache tokens() {
        return tokens;
    }
}
