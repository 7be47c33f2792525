package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.caller.Caller;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.limit.Gauge;
import io.penstock.route.HoldSettings;
import io.penstock.route.Midstream;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.route.RouteSettings;
import io.penstock.route.RouteSettings.TargetSettings;
import io.penstock.route.Router;
import io.penstock.route.Strategy;
import io.penstock.testing.Bytes;
import io.penstock.translate.ResponseMemory;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.util.List;
import java.util.Map;

/** Calls, and askings of targets, that no event loop stands behind. */
final class ChatCalls {
    private static final TargetName TARGET = new TargetName("openai", "gpt-4o");

    /** Knows one model, whose streams another target may continue. */
    private static final Router ROUTER = new Router(List.of(new RouteSettings("continued",
            List.of(new TargetSettings("openai", "gpt-4o")), new RoutePolicy(Strategy.PRIORITY,
                    null, null, Midstream.CONTINUE, HoldSettings.DEFAULT, false))),
            List.of(new Router.Candidate("openai", List.of(), 1)));

    private ChatCalls() {}

    static ChatLoop loop() {
        return new ChatLoop(new CallLoop(null, null, new Gauge(1 << 20)),
                new ResponseMemory(ResponseMemory.Settings.DEFAULT, () -> 0));
    }

    /** A chat whose head has come. */
    static ChatCall chat() {
        return chat(Endpoint.CHAT);
    }

    static ChatCall chat(Endpoint endpoint) {
        RequestHead head = new RequestHead(8192);
        ByteBuf bytes = Bytes.buffer("POST / HTTP/1.1\r\nhost: a\r\n\r\n");
        try {
            head.parse(bytes);
        } catch (HttpSyntaxException e) {
            throw new AssertionError(e);
        } finally {
            bytes.release();
        }
        Policy policy = new Policy(ROUTER, Map.of(), RetrySettings.DEFAULT,
                BudgetSettings.DEFAULT, Prices.NONE, 1024, true);
        return new ChatCall(loop(), PooledByteBufAllocator.DEFAULT, head, endpoint.plainPath(),
                Caller.ANYONE,
                policy, "req_1");
    }

    /** A call whose body has come; where it names the model {@code continued}, it is that. */
    static ChatCall of(Endpoint endpoint, String body) {
        ChatCall call = chat(endpoint);
        ByteBuf bytes = Bytes.buffer(body);
        try {
            if (call.read(bytes, false) != null || call.end() != null) {
                throw new AssertionError("no request: " + body);
            }
        } finally {
            bytes.release();
        }
        call.whom(new AttemptLog());
        return call;
    }

    /** A first asking of a target. */
    static Ask ask() {
        return ask(Ask.Why.FIRST, false);
    }

    static Ask ask(Ask.Why why, boolean cutsAtBudget) {
        return ask(why, cutsAtBudget, HoldSettings.DEFAULT);
    }

    static Ask ask(Ask.Why why, boolean cutsAtBudget, HoldSettings hold) {
        return new Ask(new Candidate(TARGET, null, null, 0, TimeoutSettings.DEFAULT,
                new RoutePolicy(hold, false)), null, null, why, cutsAtBudget);
    }
}
