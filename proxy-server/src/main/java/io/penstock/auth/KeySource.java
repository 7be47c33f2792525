package io.penstock.auth;

import org.jspecify.annotations.Nullable;

/**
 * Where the keys come from that tokens are verified with.
 *
 * <p><b>Thread:</b> safe; {@link #ring} and {@link #askAgain} never block.
 */
interface KeySource extends AutoCloseable {
    /** The keys as they are now; null while there are none yet. */
    @Nullable KeyRing ring();

    /**
     * A key is missing: asks for the keys again, unless that was done a moment ago.
     *
     * @return whether the keys are on their way, so that it is worth trying again
     */
    boolean askAgain();

    /** Starts to read the keys, where that takes time. */
    void start();

    @Override
    void close();

    static KeySource of(JwtSettings settings) {
        JwtKeySettings keys = settings.keys();
        if (keys instanceof JwtKeySettings.Secret secret) {
            return fixed(KeyRing.of(secret));
        }
        if (keys instanceof JwtKeySettings.PublicPem pem) {
            return fixed(KeyRing.of(settings.algorithm(), pem));
        }
        if (keys instanceof JwtKeySettings.JwksFile jwks) {
            return new JwksKeys(settings.algorithm(), new JwksFileReader(jwks.file()),
                    System::nanoTime);
        }
        return new JwksKeys(settings.algorithm(),
                new JwksFetcher(((JwtKeySettings.JwksUrl) keys).url()), System::nanoTime);
    }

    /** Keys that stay as they are. */
    private static KeySource fixed(KeyRing ring) {
        return new KeySource() {
            @Override
            public KeyRing ring() {
                return ring;
            }

            @Override
            public boolean askAgain() {
                return false;
            }

            @Override
            public void start() {}

            @Override
            public void close() {}
        };
    }
}
