package io.penstock.exchange.call;

/** What follows from what has come of a reply so far. */
public enum Judgement {
    /** Nothing yet: the reply stays held, or goes on to the caller. */
    WAIT,
    /** The reply is good: the caller gets it from here on. */
    COMMIT,
    /** The answer continues the one that the caller has begun to get: what is new of it goes on. */
    JOIN,
    /** An error reply, as much of it as is kept: its text can be judged. */
    ERROR_REPLY,
    /** The reply is of no use; {@link ReplyReading#fault} says why. */
    FAILED,
    /** The reply came to its end. */
    END,
    /** More of a stream has come that a spent budget ends: whether it may go on has to be asked. */
    METER
}
