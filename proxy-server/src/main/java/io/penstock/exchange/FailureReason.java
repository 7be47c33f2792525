package io.penstock.exchange;

import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Call;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;

/** The failures that tell a caller why no provider's reply, or only a part of one, came. */
final class FailureReason {
    private FailureReason() {}

    /**
     * No target brought a reply that could be passed on.
     *
     * @param asked whether any target was asked
     */
    static Failure ofAll(Call call, AttemptLog log, boolean asked) {
        if (log.isUntranslatableEverywhere() && call.untranslatable() != null) {
            return call.untranslatable();
        }
        if (log.isNotFoundEverywhere()) {
            return new Failure(Failure.Kind.MODEL_NOT_FOUND,
                    "No provider knows " + what(call) + ": " + log + ".", "model", null);
        }
        if (!asked) {
            return Failure.of(Failure.Kind.NO_HEALTHY_PROVIDER, "Every provider of " + what(call)
                    + " is left alone for the moment: " + log + ".");
        }
        String tried = "All providers of " + what(call) + " failed: " + log + ".";
        Fault last = log.lastFault();
        if (last == Fault.SATURATED || last == Fault.NO_ROOM) {
            return Failure.of(Failure.Kind.OVERLOADED, tried).by("providers");
        }
        return Failure.of(last != null && last.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                : Failure.Kind.UPSTREAM_ERROR, tried);
    }

    private static String what(Call call) {
        return call.model() == null ? "this endpoint" : "the model '" + call.model() + "'";
    }

    /** A reply of which the caller has some broke off. */
    static Failure ofBroken(Fault fault, String detail) {
        return new Failure(fault.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                : Failure.Kind.UPSTREAM_ERROR,
                "The provider's reply broke off (" + fault.code() + ").", null, detail);
    }

    /** A reply broke off, and the target that should go on sent an error instead. */
    static Failure ofBrokenForGood() {
        return Failure.of(Failure.Kind.UPSTREAM_ERROR,
                "The provider's reply broke off, and no other could go on with it.");
    }
}
