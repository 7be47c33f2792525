package io.penstock.mock;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The events of one stream, as text, with their line ends where the format has lines: steps, each
 * of which ends in content and has its own time; what stands behind the last; and what marks the
 * end.
 *
 * <p><b>Thread:</b> confined to its maker's.
 */
final class EventStream {
    static final String SSE = "text/event-stream; charset=utf-8";

    private final String contentType;
    private final Function<String, byte[]> framing;
    private final List<List<String>> steps = new ArrayList<>();
    private List<String> pending = new ArrayList<>();
    private @Nullable String terminator;

    EventStream(String contentType) {
        this(contentType, Draft::utf8);
    }

    /** {@code framing} makes the bytes of an event of its text. */
    EventStream(String contentType, Function<String, byte[]> framing) {
        this.contentType = contentType;
        this.framing = framing;
    }

    /** The bytes that these events are sent as. */
    List<byte[]> framed(List<String> events) {
        return events.stream().map(framing).toList();
    }

    String contentType() {
        return contentType;
    }

    /** Adds an event that carries no content: it goes along with the next that does. */
    EventStream add(String event) {
        pending.add(event);
        return this;
    }

    /** Adds an event with content, whose time is its own. */
    EventStream addContent(String event) {
        pending.add(event);
        steps.add(pending);
        pending = new ArrayList<>();
        return this;
    }

    /** Adds the event that marks the end. */
    EventStream end(String event) {
        terminator = event;
        return this;
    }

    List<List<String>> steps() {
        return steps;
    }

    /** Behind the last step: the finish, above all. */
    List<String> rest() {
        return pending;
    }

    /** Null where the format has none. */
    @Nullable String terminator() {
        return terminator;
    }
}
