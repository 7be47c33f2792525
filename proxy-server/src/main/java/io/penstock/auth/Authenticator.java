package io.penstock.auth;

import io.penstock.caller.Allowance;
import io.penstock.caller.Authentication;
import io.penstock.caller.Caller;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds who calls: of an API key by its SHA-256, of a token by verifying it, once. A credential
 * that nobody knows is refused even where none is needed.
 *
 * <p><b>Thread:</b> safe; each event loop brings its own {@link CredentialHash}. Nothing here
 * waits, and a credential that is known costs no allocation.
 */
public final class Authenticator {
    private final AuthSettings settings;
    private final KeyTable keys;
    private final @Nullable TokenVerifier tokens; // where tokens are taken

    /**
     * Builds it from settings.
     *
     * @param globs makes the test of an allowed model's name
     * @param previous whose keys and verified tokens are kept if their settings are the same; null
     *     for none
     */
    public Authenticator(AuthSettings settings, Function<String, Predicate<String>> globs,
            @Nullable Authenticator previous) {
        this.settings = settings;
        keys = new KeyTable(settings.keys().size());
        for (ApiKeySettings key : settings.keys()) {
            byte[] hash = HexFormat.of().parseHex(
                    key.hash().substring("sha256:".length()).toLowerCase(Locale.ROOT));
            List<Predicate<String>> models = key.models().stream().map(globs).toList();
            keys.add(hash, new Caller(key.id(), key.id(), models, key.allowance()));
        }
        if (settings.jwt() == null) {
            tokens = null;
        } else if (previous != null && settings.jwt().equals(previous.settings.jwt())) {
            tokens = previous.tokens;
        } else {
            tokens = new TokenVerifier(settings.jwt(), KeySource.of(settings.jwt()), globs);
        }
    }

    /** Starts to read the keys of tokens, where they come from elsewhere. */
    public void start() {
        if (tokens != null) {
            tokens.start();
        }
    }

    /** Ends what it does in the background, but for what {@code successor} took over. */
    public void close(@Nullable Authenticator successor) {
        if (tokens != null && (successor == null || successor.tokens != tokens)) {
            tokens.close();
        }
    }

    public static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /**
     * Who calls, or why that is nobody.
     *
     * @param hash the loop's own
     * @param bytes holds the credential, from {@code start} to {@code end}; empty for none
     */
    public Authentication authenticate(CredentialHash hash, Peer peer, byte[] bytes, int start,
            int end, long nowMillis) {
        if (!settings.knowsCredentials()) {
            return stranger(peer); // SDKs always show a key, even to a proxy that asks for none
        }
        if (start == end) {
            return settings.isRequired() ? Denial.NONE_GIVEN : stranger(peer);
        }
        boolean mayBeToken = TokenVerifier.mayBeToken(bytes, start, end);
        if (tokens != null && mayBeToken && end - start > TokenVerifier.MAX_TOKEN_BYTES) {
            return Denial.TOKEN_TOO_LONG;
        }
        byte[] digest = hash.of(bytes, start, end);
        Caller known = keys.find(digest);
        if (known == null && tokens != null && mayBeToken) {
            known = tokens.known(digest, nowMillis);
        }
        if (known != null) {
            return known;
        }
        return tokens != null && mayBeToken && TokenVerifier.isToken(bytes, start, end)
                ? tokens.verify(digest,
                        new String(bytes, start, end - start, StandardCharsets.US_ASCII), nowMillis)
                : Denial.UNKNOWN_KEY;
    }

    /** Who calls without a credential where none is needed. */
    private Caller stranger(Peer peer) {
        if (settings.anonymous()) {
            return peer.caller(Caller.ANONYMOUS, settings.withoutCredential());
        }
        return settings.withoutCredential().equals(Allowance.UNBOUNDED) ? Caller.ANYONE
                : peer.caller(Caller.ANYONE.id(), settings.withoutCredential());
    }

    /** Whether a call needs a credential. */
    public boolean isRequired() {
        return settings.isRequired();
    }

    /** Whether there is any credential that could be known. */
    public boolean knowsCredentials() {
        return settings.knowsCredentials();
    }
}
