package io.penstock.auth;

import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a request's head shows its credential: {@code Authorization} with the scheme Bearer (RFC
 * 6750 section 2.1), {@code x-api-key}, {@code api-key} or Google's {@code x-goog-api-key}. A head
 * with several of these is taken only if they say the same; the same one twice is refused by the
 * head's parser.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its connections.
 */
public final class CredentialField {
    private static final String BEARER = "bearer";
    private static final Pattern IN_QUERY = Pattern.compile(
            "[?&](key|api[_-]?key|x-api-key|access_token)=[^&]", Pattern.CASE_INSENSITIVE);

    private int start;
    private int end;

    /** Looks for it; null, or why this head can't have one. */
    public @Nullable Denial find(RequestHead head) {
        start = 0;
        end = 0;
        if (head.has(Field.AUTHORIZATION)) {
            int from = head.valueStart(Field.AUTHORIZATION);
            int to = head.valueEnd(Field.AUTHORIZATION);
            int credential = from + BEARER.length();
            boolean isBearer = head.valueStartsWith(Field.AUTHORIZATION, BEARER)
                    && (credential == to || head.bytes()[credential] == ' ');
            if (from < to && !isBearer) {
                return Denial.OTHER_SCHEME;
            }
            while (isBearer && credential < to && head.bytes()[credential] == ' ') {
                credential++;
            }
            start = isBearer ? credential : to;
            end = to;
        }
        if (!add(head, Field.X_API_KEY) || !add(head, Field.API_KEY)
                || !add(head, Field.X_GOOG_API_KEY)) {
            return Denial.SEVERAL_GIVEN;
        }
        return isEmpty() && isInQuery(head) ? Denial.GIVEN_IN_URL : null;
    }

    /** Looks whether there is any, whatever it is worth: for a proxy that knows none. */
    public void findAny(RequestHead head) {
        start = 0;
        end = 0;
        add(head, Field.AUTHORIZATION);
        add(head, Field.X_API_KEY);
        add(head, Field.API_KEY);
        add(head, Field.X_GOOG_API_KEY);
    }

    /** Takes a field's value, unless it says something else than what is there. */
    private boolean add(RequestHead head, Field field) {
        if (!head.has(field) || head.valueStart(field) == head.valueEnd(field)) {
            return true;
        }
        int from = head.valueStart(field);
        int to = head.valueEnd(field);
        if (isEmpty()) {
            start = from;
            end = to;
            return true;
        }
        return Arrays.equals(head.bytes(), start, end, head.bytes(), from, to);
    }

    private static boolean isInQuery(RequestHead head) {
        String query = head.query();
        return !query.isEmpty() && IN_QUERY.matcher(query).find();
    }

    public boolean isEmpty() {
        return start == end;
    }

    public int start() {
        return start;
    }

    public int end() {
        return end;
    }
}
