package io.penstock.exchange.call;

/** What follows from what has come of a reply so far. */
public enum Judgement {
    /** Nothing yet: the reply stays held, or is still forwarded. */
    WAIT,
    /** The reply is good: the caller gets it from here on. */
    COMMIT,
    /** The answer continues the one that the caller has begun to get: its new part is forwarded. */
    JOIN,
    /** An error reply, as much of it as is kept: its text can be judged. */
    ERROR_REPLY,
    /** The reply is of no use; {@link ReplyReading#fault} says why. */
    FAILED,
    /** The reply came to its end. */
    END,
    /** More of a stream that a spent budget ends has come: its budget has to be asked. */
    METER
}
