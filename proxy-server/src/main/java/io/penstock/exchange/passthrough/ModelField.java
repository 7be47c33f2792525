package io.penstock.exchange.passthrough;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.FormScanner;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.JsonText;
import io.penstock.json.TopLevelScanner;
import io.penstock.json.TopLevelScanner.Kind;
import java.nio.charset.StandardCharsets;

/**
 * Where a pass-through names its model, if it does: a member of a JSON body, a field of a form, or
 * a parameter of the query; and how another name gets into its place.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 */
final class ModelField {
    private final TopLevelScanner json = new TopLevelScanner("model", "stream");
    private final PassThroughPath call;
    private final boolean coded;
    private final boolean isJson;
    private boolean readsJson; // still
    private final FormScanner form; // null for no form
    private String name;
    private long start;
    private long end;

    /** The model of a call of which no body has come. */
    ModelField(RequestHead request, PassThroughPath call) {
        this.call = call;
        boolean routed = call.kind() == PassThroughPath.Kind.MODEL;
        String coding = request.has(Field.CONTENT_ENCODING) ? request.values("content-encoding")
                : null;
        coded = coding != null && !coding.equalsIgnoreCase("identity");
        isJson = !coded && request.hasBody() && (routed ? PassThroughPath.mayBeJson(request)
                : request.valueStartsWith(Field.CONTENT_TYPE, "application/json"));
        readsJson = isJson;
        form = routed && !coded ? FormScanner.of(request.value(Field.CONTENT_TYPE), "model")
                : null;
    }

    /** Whether the body is compressed, so that its model cannot be read. */
    boolean isCoded() {
        return coded;
    }

    boolean isJson() {
        return isJson;
    }

    /** Whether a JSON body decides where the call goes. */
    boolean isRoutedJson() {
        return isJson && call.kind() == PassThroughPath.Kind.MODEL;
    }

    /** Whether the body asks for a stream. */
    boolean isStream() {
        return isJson && json.kind(1) == Kind.TRUE;
    }

    /** Whether the model is in a form, and hasn't come yet. */
    boolean isAwaited() {
        return form != null && form.value() == null;
    }

    /** The model's name; null if the call names none, or before {@link #find}. */
    String name() {
        return name;
    }

    /** Reads the next bytes; only what decides on the model has to be well-formed. */
    void scan(ByteBuf bytes) throws JsonSyntaxException, HttpSyntaxException {
        try {
            if (readsJson) {
                json.scan(bytes);
            } else if (form != null) {
                form.scan(bytes);
            }
        } catch (JsonSyntaxException e) {
            readsJson = false;
            if (isRoutedJson()) {
                throw e;
            }
        }
    }

    /** The body has ended. */
    void end() throws JsonSyntaxException {
        if (isRoutedJson()) {
            json.end();
        }
    }

    /** Finds the name in what was read; returns what is wrong with it, or null. */
    Failure find() {
        if (call.kind() == PassThroughPath.Kind.REALTIME) {
            try {
                name = QueryText.value(call.query(), "model");
            } catch (IllegalArgumentException e) {
                return new Failure(Failure.Kind.BAD_REQUEST,
                        "The query's 'model' is malformed, or stands there twice.", "model", null);
            }
        } else if (isJson) {
            Kind kind = json.kind(0);
            take(kind == Kind.STRING ? json.text(0) : null, json.start(0), json.end(0));
            if (name == null && kind != Kind.ABSENT && isRoutedJson()) {
                return new Failure(Failure.Kind.MISSING_MODEL,
                        "'model' has to be a string that is not empty.", "model", null);
            }
        } else if (form != null) {
            take(form.value(), form.start(), form.end());
        }
        return null;
    }

    private void take(String found, long from, long to) {
        name = found == null || found.isBlank() ? null : found;
        start = from;
        end = to;
    }

    /** Puts the target's name in the place of the caller's; returns the query to send. */
    String fit(String targetModel, BodyEdits edits) {
        if (name == null || !call.isRouted() || targetModel.equals(name)) {
            return call.query();
        }
        if (call.kind() == PassThroughPath.Kind.REALTIME) {
            return QueryText.with(call.query(), "model", targetModel);
        }
        String text = isJson ? JsonText.quote(new StringBuilder(), targetModel).toString()
                : targetModel;
        edits.replace(start, end, text.getBytes(StandardCharsets.UTF_8));
        return call.query();
    }
}
