package io.penstock.json;

/** A body that is not the JSON object that it should be. */
public final class JsonSyntaxException extends Exception {
    JsonSyntaxException(String message) {
        super(message, null, false, false); // part of the traffic: a stack trace tells nothing
    }
}
