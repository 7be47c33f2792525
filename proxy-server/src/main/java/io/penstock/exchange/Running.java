package io.penstock.exchange;

import io.penstock.caller.Caller;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.exchange.call.Waiting;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import java.util.List;

/**
 * How one exchange stands that is under way.
 *
 * <p><b>Thread:</b> immutable; may be handed to any thread.
 *
 * @param model that is asked for; null where that is not known yet, or there is none
 * @param api in which the caller asks; null for a pass-through
 * @param waiting what the exchange waits for
 * @param waitingNanos for how long
 * @param ageNanos since the head was accepted
 * @param target that is asked, or was asked last; null before the first
 * @param attempts what was tried before, in order
 */
public record Running(Caller caller, String requestId, String model, Api api, boolean isStream,
        Waiting waiting, long waitingNanos, long ageNanos, TargetName target,
        List<AttemptRecord> attempts) {}
