package io.penstock.exchange;

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
    /**
     * One attempt.
     *
     * @param outcome the status of the reply, or the code of what happened instead
     */
    public record Entry(TargetName target, String outcome, long nanos) {}

    private final List<Entry> entries = new ArrayList<>(2);
    private int tried;
    private Fault lastFault;
    private boolean onlyNotFound = true;
    private boolean onlyUntranslatable = true; // those passed over

    void clear() {
        entries.clear();
        tried = 0;
        lastFault = null;
        onlyNotFound = true;
        onlyUntranslatable = true;
    }

    void onReply(TargetName target, int status, long nanos) {
        entries.add(new Entry(target, Integer.toString(status), nanos));
        tried++;
        lastFault = null;
        onlyNotFound &= status == 404;
    }

    void onFault(TargetName target, Fault fault, long nanos) {
        entries.add(new Entry(target, fault.code(), nanos));
        tried += fault == Fault.SATURATED ? 0 : 1; // nothing was asked
        lastFault = fault;
        onlyNotFound = false;
        onlyUntranslatable = false;
    }

    /** An attempt that was good broke off: no other one, but another line. */
    void onBroken(TargetName target, Fault fault, long nanos) {
        entries.add(new Entry(target, fault.code(), nanos));
        lastFault = fault;
    }

    /** Nobody asked it, and why. */
    void onPassedOver(TargetName target, Fault why) {
        entries.add(new Entry(target, why.code(), 0));
        onlyUntranslatable &= why == Fault.UNTRANSLATABLE;
    }

    /** A model to be tried that no provider serves; a hyphen is the name of none. */
    void onUnknownModel(String model) {
        entries.add(new Entry(new TargetName("-", model),
                Failure.Kind.MODEL_NOT_FOUND.code(), 0));
    }

    /** Attempts made; targets passed over, or without a slot to give, don't count. */
    public int tried() {
        return tried;
    }

    public List<Entry> entries() {
        return entries;
    }

    /** What the last attempt failed of; null if it brought a reply, or there was none. */
    Fault lastFault() {
        return lastFault;
    }

    /** Whether each attempt brought a 404: nobody has the model. */
    boolean isNotFoundEverywhere() {
        return tried > 0 && onlyNotFound;
    }

    /** Whether the request can be put to nobody: no one was asked, or left alone for a while. */
    boolean isUntranslatableEverywhere() {
        return tried == 0 && onlyUntranslatable;
    }

    /** {@code openai/gpt-4o=503, groq/llama=200}. */
    void writeTo(HeadWriter out) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            out.text(i == 0 ? "" : ", ").text(entry.target().provider()).text("/")
                    .text(HeaderText.printable(entry.target().model())).text("=")
                    .text(entry.outcome());
        }
    }

    /** A JSON array of objects: provider, model, outcome, ms. */
    String toJson() {
        StringBuilder out = new StringBuilder("[");
        for (Entry entry : entries) {
            out.append(out.length() > 1 ? "," : "").append("{\"provider\":");
            JsonText.quote(out, entry.target().provider()).append(",\"model\":");
            JsonText.quote(out, entry.target().model()).append(",\"outcome\":");
            JsonText.quote(out, entry.outcome()).append(",\"ms\":")
                    .append(entry.nanos() / 100_000 / 10.0).append('}');
        }
        return out.append(']').toString();
    }

    @Override
    public String toString() {
        HeadWriter out = new HeadWriter();
        writeTo(out);
        return out.toString();
    }
}
