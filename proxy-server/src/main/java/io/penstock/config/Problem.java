package io.penstock.config;

/**
 * A mistake in a configuration, or a warning about it.
 *
 * @param file as the user gave it; {@code environment} or {@code command line} for what came from
 *     there
 * @param line from 1; 0 where there is no line to point at
 * @param column from 1, in code points; 0 where there is no line
 * @param path of the key, as in {@code providers[0].name}; empty when it concerns no key
 * @param message what is wrong, and what was expected
 */
public record Problem(String file, int line, int column, String path, String message) {

    /** {@code FILE:LINE:COL: path.to.key: message}, without the parts that there are none of. */
    @Override
    public String toString() {
        String place = line == 0 ? file : file + ":" + line + ":" + column;
        return path.isEmpty() ? place + ": " + message : place + ": " + path + ": " + message;
    }
}
