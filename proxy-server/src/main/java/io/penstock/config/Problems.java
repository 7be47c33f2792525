package io.penstock.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/** Collects what is wrong, so that one reading reports all of it. Confined to one load. */
final class Problems {
    private static final Comparator<Problem> FILE_ORDER =
            Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column);

    /** Whoever quotes a URL, its name and password stay out of the message. */
    private static final Pattern USER_OF_URL = Pattern.compile("(://)[^'\"\\s]*@");

    private final List<Problem> errors = new ArrayList<>();
    private final List<Problem> warnings = new ArrayList<>();

    void error(Place place, String message) {
        errors.add(problem(place, message));
    }

    void warn(Place place, String message) {
        warnings.add(problem(place, message));
    }

    int errorCount() {
        return errors.size();
    }

    List<Problem> warnings() {
        return warnings.stream().sorted(FILE_ORDER).toList();
    }

    /** What to throw when nothing more can be read; carries this error and those before it. */
    ConfigException fatal(Place place, String message) {
        error(place, message);
        return new ConfigException(inOrder());
    }

    void throwIfAny() throws ConfigException {
        if (!errors.isEmpty()) {
            throw new ConfigException(inOrder());
        }
    }

    /** Once each: an aliased part is read wherever it is referred to. */
    private List<Problem> inOrder() {
        return errors.stream().distinct().sorted(FILE_ORDER).toList();
    }

    private static Problem problem(Place place, String message) {
        return new Problem(place.file(), place.line(), place.column(), place.path(),
                USER_OF_URL.matcher(message).replaceAll("$1****@"));
    }
}
