package io.penstock.bench;

import com.fasterxml.jackson.core.io.JsonStringEncoder;

/** Strings as JSON has them. */
final class JsonText {
    private JsonText() {}

    static String quoted(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }
}
