package io.penstock.server;

import io.penstock.admin.ServerState;
import io.penstock.caller.Allowance;
import io.penstock.route.Router;
import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.Provider;
import io.penstock.usage.Ledger;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The running proxy as its pages and the admin port see it.
 *
 * <p><b>Thread:</b> safe.
 */
final class PageState implements ServerState {
    private final long startNanos = System.nanoTime();
    private final Shared shared;
    private final Reload reload;

    PageState(Shared shared, Reload reload) {
        this.shared = shared;
        this.reload = reload;
    }

    @Override
    public List<Provider> providers() {
        return shared.snapshot().providers();
    }

    @Override
    public Router router() {
        return shared.snapshot().policy().router();
    }

    @Override
    public long inFlight(Provider provider) {
        return shared.workers().sum(provider, ConnectionPool::inFlight);
    }

    @Override
    public long waiting(Provider provider) {
        return shared.workers().sum(provider, ConnectionPool::waiting);
    }

    @Override
    public long connectionsOpened(Provider provider) {
        return shared.workers().sum(provider, ConnectionPool::opened);
    }

    @Override
    public boolean isReady() {
        return !shared.isDraining();
    }

    @Override
    public long uptimeNanos() {
        return System.nanoTime() - startNanos;
    }

    @Override
    public @Nullable String adminToken() {
        return shared.snapshot().settings().admin().token();
    }

    @Override
    public void reload(Consumer<String> done) {
        reload.inBackground(done);
    }

    @Override
    public void drain() {
        shared.askToDrain();
    }

    @Override
    public Ledger ledger() {
        return shared.ledger();
    }

    @Override
    public @Nullable Allowance allowanceOf(String callerId) {
        return shared.snapshot().settings().auth().allowanceOf(callerId);
    }

    @Override
    public void inBackground(Runnable task) {
        reload.run(task);
    }
}
