package io.penstock.admin;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * What runs: the release, the commit that it was built from, and when.
 *
 * @param commit abbreviated, {@code -dirty} at its end where files differed from it; {@code
 *         unknown} where the build had no repository
 * @param built ISO 8601; the time that the build gives all its files, so that the same sources
 *         make the same bytes
 */
public record Build(String version, String commit, String built) {
    /** What the build wrote down. */
    public static final Build THIS = read();

    private static Build read() {
        try (InputStream in = Build.class.getResourceAsStream("/penstock.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return new Build(properties.getProperty("version"), properties.getProperty("commit"),
                    properties.getProperty("built"));
        } catch (IOException e) {
            throw new UncheckedIOException("penstock.properties cannot be read", e);
        }
    }

    @Override
    public String toString() {
        return version + " (commit " + commit + ", built " + built + ")";
    }
}
