package io.penstock.exchange;

import io.penstock.http.Field;
import io.penstock.http.RequestHead;

/** The id by which a request is known to its caller and in logs. */
public final class RequestIds {
    private RequestIds() {}

    /** The caller's own if it is sane, else a fresh one. */
    public static String of(RequestHead head) {
        String own = head.has(Field.X_REQUEST_ID) ? head.value(Field.X_REQUEST_ID) : null;
        return own != null && HeaderText.isSaneId(own) ? own : fresh();
    }

    public static String fresh() {
        return HeaderText.newId();
    }
}
