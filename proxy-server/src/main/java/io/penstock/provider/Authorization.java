package io.penstock.provider;

import io.penstock.http.Field;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * How requests show whom they come from: by fields that are always the same, or by a signature of
 * each.
 */
public sealed interface Authorization {
    /** One field, the same for every request. */
    static Authorization field(String name, String value) {
        return fields(name, value);
    }

    /** {@code authorization: Bearer KEY}. */
    static Authorization bearer(String key) {
        return fields("authorization", "Bearer " + key);
    }

    /** Several fields, the same for every request: name, value, name, value and so on. */
    static Authorization fields(String... namesAndValues) {
        StringBuilder lines = new StringBuilder();
        Set<String> names = new TreeSet<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            names.add(FieldSink.checkedName(namesAndValues[i]));
            lines.append(FieldSink.checkedName(namesAndValues[i])).append(": ")
                    .append(FieldSink.checkedValue(namesAndValues[i + 1])).append("\r\n");
        }
        return new Fixed(lines.toString().getBytes(StandardCharsets.US_ASCII), names);
    }

    /** Fields that depend on the request. */
    static Authorization signed(Signer signer) {
        return new Signed(signer);
    }

    /**
     * Signs each request before it is sent.
     *
     * <p><b>Thread:</b> safe, and asked on every event loop at once: it must neither block nor
     * wait for a lock.
     * <br><b>Buffers:</b> borrows the body, which is gone when it returns.
     */
    @FunctionalInterface
    interface Signer {
        /**
         * Adds the fields that show whom the request comes from. What is thrown fails the attempt,
         * and the next target is tried; a {@link CredentialsMissingException} says why in its own
         * words.
         */
        void sign(RequestToSign request, FieldSink fields) throws GeneralSecurityException;

        /** Whether it has to know the body, so that an upload is held for it as far as may be. */
        default boolean needsBody() {
            return false;
        }

        /** Its provider is there from now on: what takes its time may begin, elsewhere. */
        default void prepare() {}

        /** Whether it has what it signs with; while it hasn't, its provider is passed over. */
        default boolean isReady() {
            return true;
        }

        /**
         * A request that it signed was answered with 401 or 403.
         *
         * @param body as {@link ProviderType#judge} has it
         */
        default void onRefused(String body) {}
    }

    /** Fields that are written as they are; the bytes are not to be changed. */
    final class Fixed implements Authorization {
        private final byte[] lines;
        private final Set<String> names;
        private final Set<String> replaced;

        private Fixed(byte[] lines, Set<String> names) {
            this.lines = lines;
            this.names = Set.copyOf(names);
            replaced = names.stream().filter(Field::goesUp)
                    .collect(Collectors.toUnmodifiableSet());
        }

        /** The field lines, each with its end. */
        public byte[] lines() {
            return lines;
        }

        /** Which of the caller's fields must not go on beside them; in lower case. */
        public Set<String> replaced() {
            return replaced;
        }

        @Override
        public String toString() {
            return "Fixed" + names; // never the values
        }
    }

    /** A signature of each request. */
    record Signed(Signer signer) implements Authorization {}
}
