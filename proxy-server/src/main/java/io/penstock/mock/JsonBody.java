package io.penstock.mock;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The JSON object that a call brought, read leniently: a member of another type than the one asked
 * for counts as absent.
 *
 * @param members in their order
 */
record JsonBody(Map<String, Object> members) {
    static final JsonBody EMPTY = new JsonBody(Map.of());

    static JsonBody parse(byte[] bytes) throws ProviderError {
        try {
            if (Json.parse(bytes) instanceof Map<?, ?> members) {
                return of(members);
            }
        } catch (IOException e) {
            throw ProviderError.badRequest("The body is no JSON: "
                    + String.valueOf(e.getMessage()).split("\n")[0]);
        }
        throw ProviderError.badRequest("The body is no JSON object.");
    }

    @SuppressWarnings("unchecked") // Json.parse makes no other maps
    static JsonBody of(@Nullable Object members) {
        return members instanceof Map<?, ?> map ? new JsonBody((Map<String, Object>) map) : EMPTY;
    }

    boolean has(String name) {
        return members.get(name) != null;
    }

    /** What stands there, whatever it is; {@code other} where nothing does. */
    Object valueOr(String name, Object other) {
        Object value = members.get(name);
        return value == null ? other : value;
    }

    /** Null where there is none. */
    @Nullable String text(String name) {
        return members.get(name) instanceof String text ? text : null;
    }

    String requiredText(String name) throws ProviderError {
        String text = text(name);
        if (text == null || text.isEmpty()) {
            throw ProviderError.badRequest("You must provide a " + name + " parameter.");
        }
        return text;
    }

    boolean flag(String name) {
        return Boolean.TRUE.equals(members.get(name));
    }

    long numberOr(String name, long other) {
        String digits = String.valueOf(members.get(name));
        return members.get(name) instanceof Json && digits.matches("[0-9]{1,18}")
                ? Long.parseLong(digits) : other;
    }

    /** Empty where there is none. */
    List<?> list(String name) {
        return members.get(name) instanceof List<?> list ? list : List.of();
    }

    /** Empty where there is none. */
    JsonBody object(String name) {
        return of(members.get(name));
    }

    /** The items that are objects, of a list. */
    List<JsonBody> objects(String name) {
        return list(name).stream().filter(Map.class::isInstance).map(JsonBody::of).toList();
    }
}
