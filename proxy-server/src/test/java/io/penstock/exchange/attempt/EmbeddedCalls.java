package io.penstock.exchange.attempt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.caller.Caller;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.exchange.chat.ChatCall;
import io.penstock.exchange.chat.ChatLoop;
import io.penstock.exchange.chat.Endpoint;
import io.penstock.exchange.chat.EndpointPath;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.limit.Gauge;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderType;
import io.penstock.route.Router;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDuplex;
import io.penstock.translate.ResponseMemory;
import io.penstock.upstream.EmbeddedUpstream;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamLoop;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.upstream.UpstreamTlsSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One event loop with a frozen clock, its chats, and its connections to providers. */
public final class EmbeddedCalls {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<EmbeddedDuplex> connections = new ArrayList<>();
    private final Deadlines deadlines;
    private final CallLoop loop;
    private final ChatLoop chats;

    public EmbeddedCalls() {
        channel.freezeTime();
        deadlines = new Deadlines(channel.eventLoop());
        loop = new CallLoop(deadlines, new UpstreamLoop(channel.eventLoop(), Transport.NIO, null,
                deadlines, 1), new Gauge(1 << 20));
        chats = new ChatLoop(loop, new ResponseMemory(ResponseMemory.Settings.DEFAULT, () -> 0));
    }

    public CallLoop loop() {
        return loop;
    }

    public long nowNanos() {
        return deadlines.nowNanos();
    }

    public void passMillis(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    }

    /** A provider of OpenAI's API; {@code keys} may be empty. */
    public static Provider provider(String name, ProviderType type, List<KeySettings> keys,
            TimeoutSettings timeouts) {
        try {
            return new Provider(new ProviderSettings(name, type,
                    URI.create("http://provider.test/v1"), keys, List.of(), true, 1, timeouts,
                    new PoolSettings(8, Duration.ofHours(1), PoolSettings.Http2.OFF),
                    UpstreamTlsSettings.DEFAULT));
        } catch (UpstreamTlsException e) {
            throw new AssertionError(e);
        }
    }

    public static Policy policy(Provider... providers) {
        Map<String, Provider> byName = new HashMap<>();
        for (Provider provider : providers) {
            byName.put(provider.name(), provider);
        }
        return new Policy(new Router(List.of(), List.of()), byName, RetrySettings.DEFAULT,
                BudgetSettings.DEFAULT, Prices.NONE, 1 << 20, true);
    }

    /** A connection that the next call of that provider gets. */
    public EmbeddedDuplex connect(Provider provider) {
        EmbeddedDuplex connection = EmbeddedUpstream.connect(loop.upstream(), provider);
        connections.add(connection);
        return connection;
    }

    /** A chat whose body has come. */
    public ChatCall chat(Policy policy, boolean stream) {
        RequestHead head = new RequestHead(8192);
        ByteBuf headBytes = Bytes.buffer("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n\r\n");
        try {
            head.parse(headBytes);
        } catch (HttpSyntaxException e) {
            throw new AssertionError(e);
        } finally {
            headBytes.release();
        }
        ChatCall call = new ChatCall(chats, PooledByteBufAllocator.DEFAULT, head,
                new EndpointPath(Endpoint.CHAT, null, null), Caller.ANYONE, policy, "req_1");
        ByteBuf body = Bytes.buffer("{\"model\":\"m\",\"messages\":[],\"stream\":" + stream + "}");
        if (call.read(body, false) != null || call.keep(body) != null || call.end() != null) {
            throw new AssertionError("the request was refused");
        }
        return call;
    }

    /** What was sent on that connection since the last call. */
    public static String sent(EmbeddedDuplex connection) {
        StringBuilder text = new StringBuilder();
        for (ByteBuf bytes = connection.readOutbound(); bytes != null;
                bytes = connection.readOutbound()) {
            text.append(Bytes.drain(bytes));
        }
        return text.toString();
    }

    public void finish() {
        loop.upstream().retainOnly(List.of());
        connections.forEach(EmbeddedDuplex::finishAndReleaseAll);
        channel.finishAndReleaseAll();
    }
}
