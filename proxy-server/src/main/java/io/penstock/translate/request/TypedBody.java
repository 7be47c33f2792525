package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.JsonIndex.Kind;
import io.penstock.translate.request.ModelRequest.Value;

/**
 * An indexed body whose values are asked for by type; one of another type is the caller's mistake,
 * and named. Explicit null is the same as absent.
 *
 * <p><b>Thread:</b> confined.
 */
final class TypedBody {
    /** What is done with each member or element. */
    interface Visitor {
        void visit(int value, String name) throws UntranslatableException;
    }

    private final JsonIndex index;

    TypedBody(JsonIndex index) {
        this.index = index;
    }

    int root() {
        return index.root();
    }

    int member(int object, String name) {
        return index.member(object, name);
    }

    boolean isObject(int value) {
        return index.is(value, Kind.OBJECT);
    }

    boolean isArray(int value) {
        return index.is(value, Kind.ARRAY);
    }

    boolean isString(int value) {
        return index.is(value, Kind.STRING);
    }

    /** Visits the members that aren't null. */
    void members(int object, String path, Visitor visitor) throws UntranslatableException {
        expect(object, Kind.OBJECT, path, "an object");
        for (int at = index.first(object); at != NONE; at = index.next(object, at)) {
            if (!index.is(at, Kind.NULL)) {
                visitor.visit(at, index.name(at));
            }
        }
    }

    /** Visits the elements; the name is each one's path. */
    void elements(int array, String path, Visitor visitor) throws UntranslatableException {
        expect(array, Kind.ARRAY, path, "an array");
        int i = 0;
        for (int at = index.first(array); at != NONE; at = index.next(array, at)) {
            visitor.visit(at, path + "[" + i++ + "]");
        }
    }

    /** Notes every member that isn't among the known ones. */
    void dropOthers(int object, String path, Notes notes, String... known)
            throws UntranslatableException {
        members(object, path, (value, name) -> {
            for (String one : known) {
                if (one.equals(name)) {
                    return;
                }
            }
            notes.drop(path + "." + name);
        });
    }

    private void expect(int value, Kind kind, String path, String what)
            throws UntranslatableException {
        if (!index.is(value, kind)) {
            throw UntranslatableException.invalid(path, "expected " + what);
        }
    }

    /** A string's inside. */
    Raw string(int value, String path) throws UntranslatableException {
        expect(value, Kind.STRING, path, "a string");
        return index.raw(value);
    }

    /** A string that has to be there. */
    Raw string(int object, String name, String path) throws UntranslatableException {
        return string(index.member(object, name), path + "." + name);
    }

    /** A string's meaning. */
    String text(int value, String path) throws UntranslatableException {
        return string(value, path).text();
    }

    /** A string's meaning, which has to be there. */
    String text(int object, String name, String path) throws UntranslatableException {
        return string(object, name, path).text();
    }

    /** A string's meaning; null if there is none. */
    String optionalText(int object, String name, String path) throws UntranslatableException {
        int value = index.member(object, name);
        return value == NONE ? null : text(value, path + "." + name);
    }

    /** A string's inside; null if there is none. */
    Raw optionalString(int object, String name, String path) throws UntranslatableException {
        int value = index.member(object, name);
        return value == NONE ? null : string(value, path + "." + name);
    }

    /** An object as it stands; null if there is none. */
    Raw optionalObject(int object, String name, String path) throws UntranslatableException {
        int value = index.member(object, name);
        if (value == NONE) {
            return null;
        }
        expect(value, Kind.OBJECT, path + "." + name, "an object");
        return index.raw(value);
    }

    boolean bool(int value, String path) throws UntranslatableException {
        expect(value, Kind.BOOLEAN, path, "true or false");
        return "true".equals(index.text(value));
    }

    /** Null if it isn't there. */
    Boolean optionalBool(int object, String name, String path) throws UntranslatableException {
        int value = index.member(object, name);
        return value == NONE ? null : (Boolean) bool(value, path + "." + name);
    }

    Value number(int value, String path) throws UntranslatableException {
        expect(value, Kind.NUMBER, path, "a number");
        return new Value(path, Kind.NUMBER, index.raw(value));
    }

    /** A value of any kind. */
    Value any(int value, String path) {
        return new Value(path, index.kind(value), index.raw(value));
    }

    Value stringValue(int value, String path) throws UntranslatableException {
        return new Value(path, Kind.STRING, string(value, path));
    }
}
