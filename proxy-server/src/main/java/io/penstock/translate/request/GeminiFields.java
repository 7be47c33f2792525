package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.JsonIndex.Kind;
import io.penstock.translate.request.ModelRequest.Value;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A body whose members go by two names each, as Google's servers take them: {@code inlineData} and
 * {@code inline_data} are the same. Numbers may be strings.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class GeminiFields {
    private static final Pattern NUMBER =
            Pattern.compile("-?(?:0|[1-9]\\d{0,17})(?:\\.\\d{1,18})?");

    private final TypedBody body;
    private final Notes notes;

    GeminiFields(TypedBody body, Notes notes) {
        this.body = body;
        this.notes = notes;
    }

    /** The member of that name, in camel case, by either of its names; NONE if there is none. */
    int member(int object, String name) {
        int found = body.member(object, name);
        return found != NONE ? found : body.member(object, snake(name));
    }

    /** Visits the members that aren't null, their names in camel case. */
    void members(int object, String path, TypedBody.Visitor visitor)
            throws UntranslatableException {
        body.members(object, path, (value, name) -> visitor.visit(value, camel(name)));
    }

    /** Notes every member that isn't among the known ones. */
    void dropOthers(int object, String path, String... known) throws UntranslatableException {
        List<String> names = List.of(known);
        members(object, path, (value, name) -> {
            if (!names.contains(name)) {
                notes.drop(path + "." + name);
            }
        });
    }

    /** A string's meaning, which has to be there. */
    String text(int object, String name, String path) throws UntranslatableException {
        return body.text(member(object, name), path + "." + name);
    }

    /** A string's inside, which has to be there. */
    Raw string(int object, String name, String path) throws UntranslatableException {
        return body.string(member(object, name), path + "." + name);
    }

    /** A string's meaning; null if there is none. */
    String optionalText(int object, String name, String path) throws UntranslatableException {
        int value = member(object, name);
        return value == NONE ? null : body.text(value, path + "." + name);
    }

    /** A string's inside; null if there is none. */
    Raw optionalString(int object, String name, String path) throws UntranslatableException {
        int value = member(object, name);
        return value == NONE ? null : body.string(value, path + "." + name);
    }

    /** An object as it stands; null if there is none. */
    Raw optionalObject(int object, String name, String path) throws UntranslatableException {
        int value = member(object, name);
        if (value == NONE) {
            return null;
        }
        if (!body.isObject(value)) {
            throw UntranslatableException.invalid(path + "." + name, "expected an object");
        }
        return body.any(value, name).raw();
    }

    boolean optionalBool(int object, String name, String path) throws UntranslatableException {
        int value = member(object, name);
        return value != NONE && body.bool(value, path + "." + name);
    }

    /** A number, which may be a string. */
    Value number(int value, String path) throws UntranslatableException {
        return body.isString(value) && NUMBER.matcher(body.text(value, path)).matches()
                ? new Value(path, Kind.NUMBER, Raw.ofJson(body.text(value, path)))
                : body.number(value, path);
    }

    /** {@code inlineData} for {@code inline_data}; other names as they are. */
    static String camel(String name) {
        if (name.indexOf('_') < 0) {
            return name;
        }
        StringBuilder out = new StringBuilder(name.length());
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '_' && i > 0 && i + 1 < name.length()) {
                out.append(Character.toUpperCase(name.charAt(++i)));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private static String snake(String name) {
        StringBuilder out = new StringBuilder(name.length() + 4);
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (Character.isUpperCase(c)) {
                out.append('_').append(String.valueOf(c).toLowerCase(Locale.ROOT));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
