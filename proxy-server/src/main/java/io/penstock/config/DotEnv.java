package io.penstock.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A {@code .env} file: {@code KEY=VALUE} lines, {@code export} allowed before the key, {@code #}
 * comments, values bare or in quotes. Double quotes know {@code \n \r \t \" \\ \$}; single quotes
 * and bare values are taken as they stand. Nothing is interpolated.
 */
public final class DotEnv {
    private static final Pattern ASSIGNMENT =
            Pattern.compile("\\s*(?:export\\s+)?([A-Za-z_][A-Za-z0-9_]*)\\s*=\\s*(.*?)\\s*");
    private static final Pattern SINGLE_QUOTED = Pattern.compile("'([^']*)'\\s*(?:#.*)?");
    private static final Pattern DOUBLE_QUOTED =
            Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"\\s*(?:#.*)?");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(.)");
    private static final Pattern BARE_COMMENT = Pattern.compile("(?:^|\\s+)#.*$");

    private DotEnv() {}

    /** The variables of the file, in its order; none when there is no such file. */
    public static Map<String, String> read(Path file) throws ConfigException {
        Problems problems = new Problems();
        Map<String, String> variables = new LinkedHashMap<>();
        if (Files.exists(file)) {
            List<String> lines = lines(file, problems);
            for (int i = 0; i < lines.size(); i++) {
                Place place = new Place(file.toString(), i + 1, 1, "");
                String line = i == 0 && lines.get(0).startsWith("\uFEFF")
                        ? lines.get(0).substring(1) : lines.get(i);
                readLine(line, place, variables, problems);
            }
        }
        problems.throwIfAny();
        return variables;
    }

    private static List<String> lines(Path file, Problems problems)
            throws ConfigException {
        try {
            return Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw problems.fatal(new Place(file.toString(), 0, 0, ""), "is not UTF-8 text");
        } catch (IOException e) {
            throw problems.fatal(new Place(file.toString(), 0, 0, ""), "cannot be read: " + e);
        }
    }

    private static void readLine(String line, Place place, Map<String, String> variables,
            Problems problems) {
        if (line.isBlank() || line.stripLeading().startsWith("#")) {
            return;
        }
        Matcher assignment = ASSIGNMENT.matcher(line);
        if (!assignment.matches()) {
            // The line is not shown: it may hold a key.
            problems.error(place, "not an assignment, expected KEY=VALUE or a # comment");
            return;
        }
        String key = assignment.group(1);
        String value = value(assignment.group(2));
        if (value == null) {
            problems.error(place.key(key),
                    "the quotes do not match, expected one closing quote at the end of the line");
        } else {
            variables.put(key, value);
        }
    }

    private static @Nullable String value(String text) {
        if (text.startsWith("'")) {
            Matcher quoted = SINGLE_QUOTED.matcher(text);
            return quoted.matches() ? quoted.group(1) : null;
        }
        if (text.startsWith("\"")) {
            Matcher quoted = DOUBLE_QUOTED.matcher(text);
            return quoted.matches() ? ESCAPE.matcher(quoted.group(1)).replaceAll(
                    escape -> Matcher.quoteReplacement(unescaped(escape.group(1)))) : null;
        }
        return BARE_COMMENT.matcher(text).replaceFirst("");
    }

    private static String unescaped(String escaped) {
        return switch (escaped) {
            case "n" -> "\n";
            case "r" -> "\r";
            case "t" -> "\t";
            case "\"", "\\", "$" -> escaped;
            default -> "\\" + escaped;
        };
    }
}
