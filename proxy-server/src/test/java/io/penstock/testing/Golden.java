package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Expectations that are too long to stand in a test: files of {@code src/test/resources/golden},
 * compared byte for byte. {@code -Dpenstock.golden=write} writes them anew; what changed is then
 * read in the diff, against the tables of {@code docs/translation.md}.
 */
public final class Golden {
    private static final Path FOLDER = Path.of("src/test/resources/golden");
    private static final boolean WRITES = "write".equals(System.getProperty("penstock.golden"));

    private Golden() {}

    /** The text of that file. */
    public static String read(String name) throws IOException {
        return Files.readString(FOLDER.resolve(name));
    }

    /** Compares with the file of that name. */
    public static void check(String name, String actual) {
        Path file = FOLDER.resolve(name);
        try {
            if (WRITES) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, actual);
            }
            assertThat(file).as("write it with -Dpenstock.golden=write, and read it").exists();
            assertThat(actual).as(name).isEqualTo(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
