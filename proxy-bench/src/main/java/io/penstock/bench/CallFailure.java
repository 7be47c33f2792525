package io.penstock.bench;

/** What can go wrong with a call; the code appears in reports. */
enum CallFailure {
    CONNECT("connect", "no connection"),
    RESET("reset", "closed before the response began"),
    STATUS("status", "a status other than 2xx"),
    CUT("cut", "ended early: a body short of its length, or a stream without [DONE]"),
    ERROR_EVENT("error_event", "a stream that told of an error"),
    MALFORMED("malformed", "no readable HTTP/1.1 response"),
    TIMEOUT("timeout", "not finished in time");

    final String code;
    final String meaning;

    CallFailure(String code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }
}
