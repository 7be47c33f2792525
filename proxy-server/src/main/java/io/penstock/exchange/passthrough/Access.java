package io.penstock.exchange.passthrough;

import io.penstock.caller.Caller;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.ResponseOrigins;
import io.penstock.exchange.call.Whom;
import io.penstock.failure.Failure;
import io.penstock.provider.Api;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.TargetOrder;
import io.penstock.route.TargetTerms;
import io.penstock.upstream.Provider;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a caller's pass-through may go: what is open to whom, and which targets a call has.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class Access {
    private final Caller caller;
    private final Policy policy;
    private final Provider stored; // where calls go that name no model; null for nowhere

    Access(Caller caller, Policy policy, Provider stored) {
        this.caller = caller;
        this.policy = policy;
        this.stored = stored;
    }

    /** The provider that keeps what the path names: of a response the one that made it. */
    static Provider keeper(PassThroughPath call, Policy policy, ResponseOrigins origins,
            Provider otherwise) {
        String id = call.responseId();
        String name = id == null ? null : origins.provider(id);
        Provider maker = name == null ? null : policy.providers().get(name);
        return maker == null ? otherwise : maker;
    }

    /** Whether only some models are open to the caller. */
    boolean isRestricted() {
        return !caller.mayUse("*");
    }

    /** Whether the provider of a call that no model routes wants bodies signed. */
    boolean wantsSignature(PassThroughPath call) {
        Provider provider = call.kind() == PassThroughPath.Kind.PROVIDER
                ? policy.providers().get(call.provider()) : stored;
        return provider != null && provider.signsBodies();
    }

    /** Why the call is refused, as far as its path tells; null if it is not. */
    Failure check(PassThroughPath call) {
        boolean anything = call.kind() == PassThroughPath.Kind.PROVIDER
                || call.kind() == PassThroughPath.Kind.STORED;
        if (anything && caller.id().equals(Caller.ANONYMOUS)) {
            return Failure.of(Failure.Kind.MODEL_NOT_ALLOWED,
                    "What a provider keeps for its account is open to callers with a key only.");
        }
        if (anything && isRestricted()) {
            return Failure.of(Failure.Kind.MODEL_NOT_ALLOWED, "This key is for some models only, "
                    + "and no such bound could be kept on this path.");
        }
        if (call.kind() == PassThroughPath.Kind.PROVIDER
                && policy.providers().get(call.provider()) == null) {
            return Failure.of(Failure.Kind.UNKNOWN_URL,
                    "No enabled provider is called '" + call.provider() + "'.");
        }
        return call.kind() == PassThroughPath.Kind.STORED && stored == null ? noProvider() : null;
    }

    /** Finds the targets that may answer, once the model is known. */
    Whom find(PassThroughPath call, ModelField model) {
        Failure mistake = model.find();
        if (mistake != null) {
            return new Whom.Refused(mistake);
        }
        String name = model.name();
        return switch (call.kind()) {
            case PROVIDER -> new Whom.Only(new TargetName(call.provider(),
                    name == null ? call.what() : name));
            case STORED -> findStored(call);
            case MODEL, REALTIME -> name == null ? findWithoutModel(call)
                    : findRoute(name, call.api());
        };
    }

    private Whom findStored(PassThroughPath call) {
        return stored == null ? new Whom.Refused(noProvider())
                : new Whom.Only(new TargetName(stored.name(), call.what()));
    }

    private Whom findWithoutModel(PassThroughPath call) {
        return isRestricted() ? new Whom.Refused(new Failure(Failure.Kind.MODEL_NOT_ALLOWED,
                "This key is for some models only, and the request names none.", "model", null))
                : findStored(call);
    }

    /** Only targets whose providers have an API like OpenAI's: here nothing is translated. */
    private Whom findRoute(String name, Api api) {
        if (!caller.mayUse(name)) {
            return new Whom.Refused(new Failure(Failure.Kind.MODEL_NOT_ALLOWED,
                    "The model '" + name + "' is not open to this key.", "model", null));
        }
        Route route = policy.router().find(name);
        if (route == null) {
            return new Whom.Refused(new Failure(Failure.Kind.MODEL_NOT_FOUND, "The model '" + name
                    + "' is served by no configured provider.", "model", null));
        }
        List<TargetName> targets = new ArrayList<>();
        List<TargetTerms> terms = new ArrayList<>();
        for (int i = 0; i < route.targets().size(); i++) {
            TargetName target = route.targets().get(i);
            if (policy.providers().get(target.provider()).speaks(api)) {
                targets.add(target);
                terms.add(route.terms(i));
            }
        }
        if (targets.isEmpty()) {
            return new Whom.Refused(noProvider());
        }
        return new Whom.Routed(List.of(targets.size() == route.targets().size() ? route
                : new Route(targets, terms, route.policy())),
                new long[] {TargetOrder.NO_AFFINITY});
    }

    private static Failure noProvider() {
        return Failure.of(Failure.Kind.MODEL_NOT_FOUND,
                "No enabled provider has this endpoint.");
    }
}
