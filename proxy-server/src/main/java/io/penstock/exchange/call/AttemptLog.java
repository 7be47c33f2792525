package io.penstock.exchange.call;

import io.penstock.answer.HeaderText;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.json.JsonText;
import io.penstock.route.Route.TargetName;
import java.util.ArrayList;
import java.util.List;

/**
 * What was tried for one exchange and what came of it, in order.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Bounds:</b> the attempts that the policy allows,
 * and the targets passed over and models unknown, each once.
 */
public final class AttemptLog {
    private final List<AttemptRecord> entries = new ArrayList<>(2);
    private int tried;
    private Fault lastFault;
    private boolean onlyNotFound = true;
    private boolean onlyUntranslatable = true; // those passed over

    /** The attempt brought a reply with that status. */
    public void onReply(Ask ask, AttemptFigures figures, int status, long nowNanos) {
        add(ask, Integer.toString(status), figures, nowNanos);
        tried++;
        lastFault = null;
        onlyNotFound &= status == 404;
    }

    /** The attempt failed without a reply that could be used. */
    public void onFault(Ask ask, AttemptFigures figures, Fault fault, long nowNanos) {
        add(ask, fault.code(), figures, nowNanos);
        tried += fault == Fault.SATURATED ? 0 : 1; // nothing was asked
        lastFault = fault;
        onlyNotFound = false;
        onlyUntranslatable = false;
    }

    /** A committed attempt broke off: a further line, but no further attempt. */
    public void onBroken(Ask ask, AttemptFigures figures, Fault fault, long nowNanos) {
        add(ask, fault.code(), figures, nowNanos);
        lastFault = fault;
    }

    private void add(Ask ask, String outcome, AttemptFigures figures, long nowNanos) {
        entries.add(new AttemptRecord(ask.target(), ask.why(), outcome,
                nowNanos - figures.startedNanos(), figures));
    }

    /** The target was not asked, and why. */
    public void onPassedOver(TargetName target, Fault why) {
        entries.add(new AttemptRecord(target, null, why.code(), 0, null));
        onlyUntranslatable &= why == Fault.UNTRANSLATABLE;
    }

    /** A model that no provider serves; a hyphen stands for the provider. */
    public void onUnknownModel(String model) {
        entries.add(new AttemptRecord(new TargetName("-", model), null,
                Failure.Kind.MODEL_NOT_FOUND.code(), 0, null));
    }

    /** Attempts made; targets passed over, or without a slot to give, don't count. */
    public int tried() {
        return tried;
    }

    public List<AttemptRecord> entries() {
        return entries;
    }

    /** Why the last attempt failed; null if it brought a reply, or no attempt was made. */
    public Fault lastFault() {
        return lastFault;
    }

    /** Whether each attempt brought a 404: no provider has the model. */
    public boolean isNotFoundEverywhere() {
        return tried > 0 && onlyNotFound;
    }

    /** Whether every target was passed over because the request has no wording for it. */
    public boolean isUntranslatableEverywhere() {
        return tried == 0 && onlyUntranslatable;
    }

    /** {@code openai/gpt-4o=503, groq/llama=200}. */
    public void writeTo(HeadWriter out) {
        write(out, entries);
    }

    private static void write(HeadWriter out, List<AttemptRecord> entries) {
        for (int i = 0; i < entries.size(); i++) {
            AttemptRecord entry = entries.get(i);
            out.text(i == 0 ? "" : ", ").text(entry.target().provider()).text("/")
                    .text(HeaderText.printable(entry.target().model())).text("=")
                    .text(entry.outcome());
        }
    }

    /** A JSON array of objects: provider, model, outcome, ms. */
    public String toJson() {
        StringBuilder out = new StringBuilder("[");
        for (AttemptRecord entry : entries) {
            out.append(out.length() > 1 ? "," : "").append("{\"provider\":");
            JsonText.quote(out, entry.target().provider()).append(",\"model\":");
            JsonText.quote(out, entry.target().model()).append(",\"outcome\":");
            JsonText.quote(out, entry.outcome()).append(",\"ms\":")
                    .append(Math.floor(entry.nanos() / 1e5) / 10).append('}');
        }
        return out.append(']').toString();
    }

    /** {@code openai/gpt-4o=503, groq/llama=200}. */
    public static String text(List<AttemptRecord> entries) {
        HeadWriter out = new HeadWriter();
        write(out, entries);
        return out.toString();
    }

    @Override
    public String toString() {
        return text(entries);
    }
}
