package io.penstock.server;

import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import java.util.List;

/** What is held anywhere in the proxy, for tests: all of it must go when nobody calls. */
final class Residue {
    private Residue() {}

    /** Everything that must be back at zero, by name. */
    static String of(Shared shared) {
        List<Provider> providers = shared.snapshot().providers();
        Workers workers = shared.workers();
        return "concurrent=" + shared.concurrent().used()
                + " waiting=" + workers.sum(worker -> (int) worker.admission().waiting())
                + " connections=" + workers.sum(worker -> worker.listen().connections())
                + " targets_in_flight=" + providers.stream()
                        .flatMap(provider -> provider.health().stream())
                        .mapToInt(TargetHealth::inFlight).sum()
                + " upstream_in_flight=" + providers.stream()
                        .mapToLong(each -> workers.sum(each, ConnectionPool::inFlight)).sum()
                + " upstream_open=" + workers.sum(worker -> worker.upstream().open())
                + " upstream_waiting=" + workers.sum(worker -> worker.upstream().waiting())
                + " upstream_slots=" + providers.stream().map(Provider::load)
                        .filter(load -> load.slots() != null)
                        .mapToInt(load -> load.slots().used()).sum()
                + " deadlines=" + workers.sum(worker -> worker.deadlines().size()
                        - worker.upstream().pools())
                + " exchanges=" + workers.sum(worker -> worker.exchanges().running());
    }
}
