package io.penstock.exchange.chat;

import io.penstock.caller.Caller;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.failure.Failure;
import io.penstock.route.Route;
import io.penstock.route.Router;
import java.util.List;

/** From the models that may answer a request to their routes. */
final class RouteFinder {
    private RouteFinder() {}

    /**
     * Fills {@code routes} with the routes of {@code models}, in their order. The call fails if the
     * caller may not use one of them. A model without a provider is passed over and noted in the
     * log, as long as another model is left.
     *
     * @return why the call can't be made; null if it can
     */
    static Failure find(Router router, Caller caller, List<String> models, List<Route> routes,
            AttemptLog log) {
        for (String model : models) {
            if (!caller.mayUse(model)) {
                return new Failure(Failure.Kind.MODEL_NOT_ALLOWED,
                        "The model '" + model + "' is not open to this key.", "model", null);
            }
        }
        for (String model : models) {
            Route route = router.find(model);
            if (route != null) {
                routes.add(route);
            } else if (models.size() > 1) {
                log.onUnknownModel(model);
            }
        }
        if (!routes.isEmpty()) {
            return null;
        }
        return new Failure(Failure.Kind.MODEL_NOT_FOUND, (models.size() == 1
                ? "The model '" + models.get(0) + "' is"
                : "The models '" + String.join("', '", models) + "' are")
                + " served by no configured provider.", "model", null);
    }
}
