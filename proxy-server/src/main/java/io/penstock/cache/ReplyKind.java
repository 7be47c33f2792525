package io.penstock.cache;

/** In which of the shapes of its format a reply went to its caller. */
public enum ReplyKind {
    /** One JSON object. */
    WHOLE,
    /** Server-sent events. */
    EVENTS,
    /** Server-sent events that tell the usage, in a format where callers have to ask for that. */
    EVENTS_WITH_USAGE;

    public boolean isEvents() {
        return this != WHOLE;
    }
}
