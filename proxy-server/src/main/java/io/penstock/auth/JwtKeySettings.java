package io.penstock.auth;

import java.net.URI;
import java.nio.file.Path;
import java.security.PublicKey;
import java.text.ParseException;

/** Where the keys are that tokens are verified with. */
public sealed interface JwtKeySettings {
    /** A secret that issuer and proxy share; its text is never shown. */
    record Secret(String text) implements JwtKeySettings {
        @Override
        public String toString() {
            return "Secret[****]";
        }
    }

    /** One public key, read when the configuration is. */
    record PublicPem(PublicKey key) implements JwtKeySettings {}

    /** A file with a JSON Web Key Set (RFC 7517 section 5), read again when it changes. */
    record JwksFile(Path file) implements JwtKeySettings {
        /** Itself, unless what the file holds by now is of no use: then it says why. */
        public JwksFile checked(TokenAlgorithm algorithm, String text) {
            try {
                if (KeyRing.parse(algorithm, text).isEmpty()) {
                    throw new IllegalArgumentException("no key in it fits " + algorithm.text()
                            + " (expected: " + algorithm.neededKey() + ")");
                }
                return this;
            } catch (ParseException e) {
                throw new IllegalArgumentException(
                        e.getMessage() + " (expected: a JSON Web Key Set)", e);
            }
        }
    }

    /** A key set from an issuer's server, read again from time to time. */
    record JwksUrl(URI url) implements JwtKeySettings {}
}
