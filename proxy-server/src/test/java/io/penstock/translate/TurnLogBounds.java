package io.penstock.translate;

import io.penstock.translate.ChatStream.Meaning;

/** What becomes of an event that goes beyond a bound. */
final class TurnLogBounds {
    private TurnLogBounds() {}

    /** The message of the failure as which that event is told. */
    static String failure(ReplyFormat format, String event) {
        Translated translated = new Translated(format, ReplyFormat.CHAT,
                new ReplyOptions(null, false, 2, null));
        if (translated.event("data: " + event + "\n\n") != Meaning.ERROR) {
            throw new AssertionError("no failure");
        }
        return translated.translator.error().message();
    }
}
