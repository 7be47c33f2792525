package io.penstock.mock;

import java.util.List;

/**
 * One provider's API: what its calls ask for, and how it words what a mock has to say.
 *
 * <p><b>Thread:</b> safe; it keeps nothing.
 */
interface Dialect {
    /** Reads a call; refuses one that the provider would. */
    Ask read(RequestReader request) throws ProviderError;

    Json unary(Ask ask, Answer answer);

    EventStream stream(Ask ask, Answer answer);

    /** The body of an error reply. */
    Json error(ProviderError error);

    /** The status of an error reply. */
    default int status(ProviderError error) {
        return error.status();
    }

    /** Header lines that the provider's error replies have. */
    default String errorFields(ProviderError error) {
        return error.status() == 429 && error.reason() == ProviderError.Reason.STATUS
                ? "retry-after: 1\r\n" : "";
    }

    /** How a unary reply says by 200 that the call failed. */
    default Json failed(Ask ask, Answer answer, ProviderError error) {
        return error(error);
    }

    /** How a stream says that the call failed, after so many events. */
    List<String> errorEvents(Ask ask, Answer answer, ProviderError error, int eventsBefore);

    /** An event of the kind that needs no name. */
    static String data(Object json) {
        return "data: " + json + "\n\n";
    }

    /** An event with its name. */
    static String named(String name, Object json) {
        return "event: " + name + "\ndata: " + json + "\n\n";
    }
}
