package io.penstock.server;

import io.netty.channel.EventLoop;
import io.netty.resolver.AddressResolverGroup;
import io.penstock.admin.AdminHandler;
import io.penstock.admin.ServerState;
import io.penstock.admin.StatusPages;
import io.penstock.answer.LocalReply;
import io.penstock.auth.CredentialField;
import io.penstock.auth.CredentialHash;
import io.penstock.exchange.ExchangeLoop;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.chat.ChatLoop;
import io.penstock.exchange.meter.MeterLoop;
import io.penstock.http.HeadWriter;
import io.penstock.limit.Gauge;
import io.penstock.listen.ListenLoop;
import io.penstock.loop.Deadlines;
import io.penstock.loop.SlotQueue;
import io.penstock.loop.Transport;
import io.penstock.observe.AccessLog;
import io.penstock.observe.ExchangeObserver;
import io.penstock.observe.FlightEvents;
import io.penstock.observe.LoopMetrics;
import io.penstock.observe.LoopWatch;
import io.penstock.observe.RecentExchanges;
import io.penstock.trace.LoopTracer;
import io.penstock.upstream.UpstreamLoop;
import io.penstock.usage.Estimator;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One event loop with all that it needs for itself: built once, used by every connection on it.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class Worker {
    private final Shared server;
    private final StatusPages statusPages;
    private final EventLoop loop;
    private final Deadlines deadlines;
    private final UpstreamLoop upstream;
    private final CallLoop calls;
    private final ChatLoop chats;
    private final ExchangeLoop exchanges;
    private final ListenLoop listen;
    private final ListenLoop adminListen;
    private final CredentialHash credentialHash = new CredentialHash();
    private final CredentialField credentialField = new CredentialField();
    private final HeadWriter replyWriter = new HeadWriter();
    private final SlotQueue<RequestPipeline> admission;
    private final AccessLog.@Nullable LoopLog accessLog;
    private final @Nullable LoopTracer tracer;
    private final List<ExchangeObserver> observers = new ArrayList<>();
    private final LoopWatch watch;

    Worker(Shared server, ServerState state, StatusPages statusPages, EventLoop loop,
            Transport transport, AddressResolverGroup<InetSocketAddress> resolver, int loops,
            int maxHeadBytes, Gauge bodyMemory) {
        this.server = server;
        this.statusPages = statusPages;
        this.loop = loop;
        deadlines = new Deadlines(loop);
        LoopMetrics metrics = server.metrics().forLoop();
        observers.add(metrics);
        upstream = new UpstreamLoop(loop, transport, resolver, deadlines, loops,
                metrics.closes());
        calls = new CallLoop(deadlines, upstream, bodyMemory, server.responseOrigins(),
                metrics::gapsOf);
        chats = new ChatLoop(calls, server.responseMemory());
        exchanges = new ExchangeLoop(calls,
                new MeterLoop(new Estimator(), server.ledger(), server.budgets()),
                server.cache());
        admission = new SlotQueue<>(server.concurrent(), Integer.MAX_VALUE, deadlines, loop,
                new SlotQueue.Listener<>() {
                    @Override
                    public void onSlot(RequestPipeline waiter) {
                        waiter.onSlot();
                    }

                    @Override
                    public void onNoSlot(RequestPipeline waiter) {
                        waiter.onNoSlot();
                    }
                });
        listen = new ListenLoop(loop, deadlines, maxHeadBytes,
                connection -> new RequestPipeline(this, connection));
        adminListen = new ListenLoop(loop, deadlines, maxHeadBytes,
                connection -> new AdminHandler(connection, this::newReply, state));
        observers.add(new FlightEvents());
        if (server.postHog() != null) {
            observers.add(server.postHog());
        }
        RecentExchanges recent = new RecentExchanges();
        observers.add(recent);
        watch = new LoopWatch(exchanges, recent);
        accessLog = server.accessLog() == null ? null : server.accessLog().forLoop(loop);
        if (accessLog != null) {
            observers.add(accessLog);
        }
        tracer = server.traces() == null ? null : server.traces().newTracer();
        if (server.traces() != null) {
            observers.add(server.traces());
        }
    }

    Shared server() {
        return server;
    }

    StatusPages statusPages() {
        return statusPages;
    }

    EventLoop eventLoop() {
        return loop;
    }

    Deadlines deadlines() {
        return deadlines;
    }

    UpstreamLoop upstream() {
        return upstream;
    }

    CallLoop calls() {
        return calls;
    }

    ChatLoop chats() {
        return chats;
    }

    ExchangeLoop exchanges() {
        return exchanges;
    }

    ListenLoop listen() {
        return listen;
    }

    ListenLoop adminListen() {
        return adminListen;
    }

    CredentialHash credentialHash() {
        return credentialHash;
    }

    CredentialField credentialField() {
        return credentialField;
    }

    /** For a reply that the proxy makes itself. */
    LocalReply newReply() {
        return new LocalReply(replyWriter);
    }

    /** Exchanges of this loop that are among the concurrent ones, or wait for that. */
    SlotQueue<RequestPipeline> admission() {
        return admission;
    }

    /** The single exchanges of this loop. */
    LoopWatch watch() {
        return watch;
    }

    AccessLog.@Nullable LoopLog accessLog() {
        return accessLog;
    }

    /** Gives requests their place in a trace; null where nothing is traced. */
    @Nullable LoopTracer tracer() {
        return tracer;
    }

    /** An exchange has finished, or a request was refused: tells all who watch. */
    void onFinished(Finished finished) {
        for (int i = 0; i < observers.size(); i++) {
            observers.get(i).onFinished(finished);
        }
    }
}
