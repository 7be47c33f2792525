package io.penstock.exchange;

import io.penstock.caller.Caller;
import io.penstock.failure.Failure;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.Provider;

/**
 * Where a caller's pass-through may go: what is open to whom, and which targets a call has.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class RawAccess {
    private Caller caller;
    private Policy policy;
    private Provider stored; // where whatever names no model goes; null for nowhere

    /** Begins with a call. */
    void begin(Caller caller, Policy policy, Provider stored) {
        this.caller = caller;
        this.policy = policy;
        this.stored = stored;
    }

    /** Whether only some models are open to the caller. */
    boolean isRestricted() {
        return !caller.mayUse("*");
    }

    /** Whether the provider of a call that no model routes wants bodies signed. */
    boolean wantsSignature(RawCall call) {
        Provider provider = call.kind() == RawCall.Kind.PROVIDER
                ? policy.providers().get(call.provider()) : stored;
        return provider != null && provider.signsBodies();
    }

    /** Why the call may not go on, as far as its path tells; null if it may. */
    Failure check(RawCall call) {
        boolean anything = call.kind() == RawCall.Kind.PROVIDER
                || call.kind() == RawCall.Kind.STORED;
        if (anything && caller.id().equals(Caller.ANONYMOUS)) {
            return Failure.of(Failure.Kind.MODEL_NOT_ALLOWED,
                    "What a provider keeps for its account is open to callers with a key only.");
        }
        if (anything && isRestricted()) {
            return Failure.of(Failure.Kind.MODEL_NOT_ALLOWED, "This key is for some models only, "
                    + "and no such bound could be kept on this path.");
        }
        if (call.kind() == RawCall.Kind.PROVIDER
                && policy.providers().get(call.provider()) == null) {
            return Failure.of(Failure.Kind.UNKNOWN_URL,
                    "No enabled provider is called '" + call.provider() + "'.");
        }
        return call.kind() == RawCall.Kind.STORED && stored == null ? noProvider() : null;
    }

    /** Finds the targets, once all is known that decides on them; returns why it can't, or null. */
    Failure find(RawCall call, RawModel model, RawTargets targets, long nowNanos) {
        Failure mistake = model.find();
        if (mistake != null) {
            return mistake;
        }
        String name = model.name();
        return switch (call.kind()) {
            case PROVIDER -> {
                targets.begin(policy, new TargetName(call.provider(),
                        name == null ? call.what() : name));
                yield null;
            }
            case STORED -> findStored(call, targets);
            case MODEL, REALTIME -> name == null ? findWithoutModel(call, targets)
                    : findRoute(name, model.isStream(), targets, nowNanos);
        };
    }

    private Failure findStored(RawCall call, RawTargets targets) {
        if (stored == null) {
            return noProvider();
        }
        targets.begin(policy, new TargetName(stored.name(), call.what()));
        return null;
    }

    private Failure findWithoutModel(RawCall call, RawTargets targets) {
        return isRestricted() ? new Failure(Failure.Kind.MODEL_NOT_ALLOWED,
                "This key is for some models only, and the request names none.", "model", null)
                : findStored(call, targets);
    }

    private Failure findRoute(String name, boolean stream, RawTargets targets, long nowNanos) {
        if (!caller.mayUse(name)) {
            return new Failure(Failure.Kind.MODEL_NOT_ALLOWED,
                    "The model '" + name + "' is not open to this key.", "model", null);
        }
        Route route = policy.router().find(name);
        if (route == null) {
            return new Failure(Failure.Kind.MODEL_NOT_FOUND, "The model '" + name
                    + "' is served by no configured provider.", "model", null);
        }
        return targets.begin(policy, route, stream, nowNanos) ? null : noProvider();
    }

    private static Failure noProvider() {
        return Failure.of(Failure.Kind.MODEL_NOT_FOUND,
                "No enabled provider has this endpoint.");
    }
}
