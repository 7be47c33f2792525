package io.penstock.exchange.chat;

import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.CallersTimeout;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.json.StringArray;
import io.penstock.json.TopLevelScanner;
import io.penstock.json.TopLevelScanner.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a caller asks of the proxy itself, for one request: models to fall back on, and how long all
 * of it may take. None of it goes on to a provider.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_MODELS} names in each list.
 */
final class RequestControls {
    static final int MAX_MODELS = 10;

    private static final String FALLBACKS_FIELD = "x-penstock-fallbacks";
    private static final String CACHE_FIELD = "x-penstock-cache";
    private static final byte[] NOTHING = {};

    private List<String> models = List.of(); // by the body, where it names several
    private List<String> fallbacks = List.of();
    private long timeoutNanos = CallersTimeout.NONE;
    private boolean bypassesCache;

    // Where the members to be left out stand, with a comma each.
    private final long[] cutStarts = new long[2];
    private final long[] cutEnds = new long[2];
    private int cuts;

    /** Reads the head; returns what is wrong with it, or null. */
    Failure read(RequestHead head) {
        bypassesCache = head.has(Field.CACHE_CONTROL) && saysNo(head.values("cache-control"));
        if (!head.has(Field.X_PENSTOCK)) {
            return null;
        }
        bypassesCache |= saysNo(head.values(CACHE_FIELD));
        timeoutNanos = CallersTimeout.nanos(head);
        if (timeoutNanos <= 0) {
            return CallersTimeout.malformed();
        }
        String names = head.values(FALLBACKS_FIELD);
        if (names != null) {
            fallbacks = new ArrayList<>();
            for (String name : names.split(",")) {
                if (!name.isBlank()) { // RFC 9110 section 5.6.1: empty elements say nothing
                    fallbacks.add(name.strip());
                }
            }
            return check(fallbacks, FALLBACKS_FIELD, 0);
        }
        return null;
    }

    /**
     * Reads what was found of a body; returns what is wrong with it, or null. What the body says of
     * fallbacks replaces what the head said, even an empty list.
     *
     * @param takesModels the endpoint's bodies name their models in {@code models}, which is
     *     somebody else's word at any other
     */
    Failure read(TopLevelScanner found, boolean takesModels) {
        if (takesModels) {
            if (found.kind(RequestFields.MODELS) == Kind.ABSENT) {
                return new Failure(Failure.Kind.MISSING_MODEL,
                        "The request names no models: 'models' is required.", "models", null);
            }
            models = names(found, RequestFields.MODELS);
            Failure mistake = check(models, "models", 1);
            if (mistake != null) {
                return mistake;
            }
        }
        if (found.kind(RequestFields.FALLBACKS) != Kind.ABSENT) {
            fallbacks = found.kind(RequestFields.FALLBACKS) == Kind.NULL ? List.of()
                    : names(found, RequestFields.FALLBACKS);
            Failure mistake = check(fallbacks, "fallbacks", 0);
            if (mistake != null) {
                return mistake;
            }
        }
        cuts = 0;
        boolean cutsModels = takesModels && found.kind(RequestFields.MODEL) != Kind.ABSENT;
        boolean cutsFallbacks = found.kind(RequestFields.FALLBACKS) != Kind.ABSENT;
        if (cutsModels) {
            cut(found, RequestFields.MODELS, cutsFallbacks ? RequestFields.FALLBACKS : -1);
        }
        if (cutsFallbacks) {
            cut(found, RequestFields.FALLBACKS, cutsModels ? RequestFields.MODELS : -1);
        }
        return null;
    }

    /** Whether one of the directives is {@code no-store} or {@code no-cache}. */
    private static boolean saysNo(String directives) {
        if (directives != null) {
            for (String directive : directives.split(",")) {
                String name = directive.strip().toLowerCase(Locale.ROOT);
                if (name.equals("no-store") || name.equals("no-cache")) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The names in an array; null when it is something else. */
    private static List<String> names(TopLevelScanner found, int member) {
        return found.kind(member) != Kind.ARRAY ? null
                : StringArray.read(found.text(member), MAX_MODELS);
    }

    private static Failure check(List<String> names, String where, int least) {
        boolean sound = names != null && names.size() >= least && names.size() <= MAX_MODELS
                && names.stream().allMatch(name -> !name.isBlank()
                        && name.length() <= RequestFields.MAX_MODEL_CHARS);
        return sound ? null : new Failure(Failure.Kind.BAD_REQUEST, "'" + where
                + "' has to be a list of " + least + " to " + MAX_MODELS + " names of models.",
                where, null);
    }

    /**
     * A member goes with the comma before it; where no member stays before it, with the one behind.
     *
     * @param other another member that goes; -1 for none
     */
    private void cut(TopLevelScanner found, int member, int other) {
        int ordinal = found.ordinal(member);
        boolean leads = ordinal == 0
                || ordinal == 1 && other >= 0 && found.ordinal(other) == 0;
        cutStarts[cuts] = leads ? found.before(member) + 1 : found.before(member);
        cutEnds[cuts] = leads ? found.after(member) : found.end(member);
        cuts++;
    }

    /** Takes out of a body what no provider should see; to be asked after all other edits. */
    void strip(BodyEdits edits) {
        for (int i = 0; i < cuts; i++) {
            edits.replace(cutStarts[i], cutEnds[i], NOTHING);
        }
    }

    /** The model that the body's {@code models} begins with; null where it has none to read. */
    String firstModel() {
        return models.isEmpty() ? null : models.get(0);
    }

    /** All models that may answer, in the order in which they are tried, each once. */
    List<String> models(String first) {
        if (models.size() < 2 && fallbacks.isEmpty()) {
            return List.of(first);
        }
        List<String> all = new ArrayList<>(models.isEmpty() ? List.of(first) : models);
        all.addAll(fallbacks);
        return all.stream().distinct().toList();
    }

    /** Whether no reply may be given again to this call, and its own to none. */
    boolean bypassesCache() {
        return bypassesCache;
    }

    /** How long the exchange may take by the caller's own word, or {@link CallersTimeout#NONE}. */
    long timeoutNanos() {
        return timeoutNanos;
    }
}
