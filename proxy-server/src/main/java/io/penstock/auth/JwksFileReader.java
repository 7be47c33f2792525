package io.penstock.auth;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A key set in a file: looked at every few seconds, read only when it is another. */
final class JwksFileReader implements JwksReader {
    private static final Duration PERIOD = Duration.ofSeconds(3);

    private final Path file;
    private String last = "";

    JwksFileReader(Path file) {
        this.file = file;
    }

    @Override
    public @Nullable String read() throws IOException {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
        String identity = now.lastModifiedTime() + "/" + now.size() + "/" + now.fileKey();
        if (identity.equals(last)) {
            return null;
        }
        String text = text(file);
        last = identity;
        return text;
    }

    /** What the file holds, if it is not too long for a key set. */
    static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IOException("longer than " + MAX_BYTES + " bytes");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    @Override
    public void forget() {
        last = "";
    }

    @Override
    public Duration period() {
        return PERIOD;
    }

    @Override
    public String place() {
        return file.toString();
    }
}
