package io.penstock.auth;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Reads a JSON Web Key Set where it is kept. Confined to the thread of {@link JwksKeys}. */
interface JwksReader {
    /** A set as long as this is none. */
    int MAX_BYTES = 512 * 1024;

    /** The set's text; null if it is certain that it hasn't changed since it was last read. */
    @Nullable String read() throws IOException, InterruptedException;

    /** Makes the next {@link #read} give the text, changed or not. */
    void forget();

    /** How long a set is good for until it is read again. */
    Duration period();

    /** Where that is, as a log line may show it. */
    String place();
}
