package io.penstock.server;

import io.netty.buffer.ByteBuf;
import io.penstock.admin.StatusPages;
import io.penstock.auth.Allowance;
import io.penstock.auth.Authentication;
import io.penstock.auth.Authenticator;
import io.penstock.auth.Caller;
import io.penstock.auth.Cors;
import io.penstock.auth.Peer;
import io.penstock.auth.Denial;
import io.penstock.exchange.Endpoint;
import io.penstock.exchange.Exchange;
import io.penstock.exchange.ExchangeListener;
import io.penstock.exchange.LimitReply;
import io.penstock.exchange.LocalReply;
import io.penstock.exchange.Outcome;
import io.penstock.exchange.PassThrough;
import io.penstock.exchange.RawCall;
import io.penstock.exchange.Refused;
import io.penstock.exchange.RequestIds;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.listen.DownstreamConnection;
import io.penstock.listen.RequestHandler;
import io.penstock.translate.GeminiPath;
import io.penstock.translate.ReplyFormat;
import java.net.InetSocketAddress;

/**
 * What each request of a caller's connection goes through, in order: which endpoint, who calls, may
 * they now; then the exchange does the rest. Whatever can be refused is refused on the head.
 *
 * <p><b>Thread:</b> confined to the connection's event loop.
 * <br><b>Buffers:</b> takes the body, for the exchange.
 */
final class RequestPipeline implements RequestHandler, ExchangeListener {
    private final Worker worker;
    private final DownstreamConnection connection;
    private final Exchange exchange;
    private PassThrough passThrough; // null until there was one; busy while isRaw
    private boolean isRaw; // what is under way is no exchange but a pass-through
    private final Permit permit;
    private String cors = ""; // field lines of whatever answers the current request
    private Endpoint endpoint; // of the current request; null for none
    private Caller caller; // of the current request; null while that is not known
    private Peer peer; // null until it matters
    private long receivedNanos;
    private boolean admitted; // the exchange is among the concurrent ones
    private boolean queued; // or waits for that
    private boolean requestEnded; // meanwhile

    RequestPipeline(Worker worker, DownstreamConnection connection) {
        this.worker = worker;
        this.connection = connection;
        exchange = new Exchange(worker.exchanges(), connection, this);
        permit = worker.server().newPermit();
    }

    @Override
    public void onRequest(RequestHead head) {
        String id = RequestIds.of(head);
        Snapshot snapshot = worker.server().snapshot();
        receivedNanos = worker.deadlines().nowNanos();
        cors = snapshot.cors().replyLines(head);
        endpoint = Endpoint.of(head);
        caller = null;
        if (snapshot.cors().isPreflight(head)) {
            answerPreflight(head, snapshot.cors(), id);
            return;
        }
        if (endpoint != null) {
            if (!head.isMethod("POST")) {
                refuseMethod(head, "POST", id);
                return;
            }
            if (authenticate(snapshot, head, id) && admit(snapshot, head, id)) {
                exchange.begin(head, caller, permit, snapshot.policy(), endpoint, id, cors);
                if (!admitted && !exchange.isIdle()) {
                    waitForSlot(snapshot, exchange.timeoutNanos());
                }
            }
            return;
        }
        RawCall call = RawCall.of(head);
        if (call == null) {
            onStatusPage(head, snapshot, id);
        } else {
            passThrough(head, call, snapshot, id);
        }
    }

    /** What is relayed without being understood. */
    private void passThrough(RequestHead head, RawCall call, Snapshot snapshot, String id) {
        if (call.kind().method() != null && !head.isMethod(call.kind().method())) {
            refuseMethod(head, call.kind().method(), id);
            return;
        }
        if (authenticate(snapshot, head, id) && admit(snapshot, head, id)) {
            if (passThrough == null) {
                passThrough = new PassThrough(worker.exchanges(), connection, this);
            }
            isRaw = true;
            passThrough.begin(head, call, caller, permit, snapshot.policy(),
                    snapshot.settings().limits().streams(), snapshot.first(), id, cors);
            if (!admitted && !passThrough.isIdle()) {
                passThrough.onQueued();
                waitForSlot(snapshot, passThrough.timeoutNanos());
            }
        }
    }

    /**
     * On any path: no credential comes with a preflight, and a page that calls what is not there
     * can read that from the answer to the call itself.
     */
    private void answerPreflight(RequestHead head, Cors rules, String id) {
        if (rules.allows(head)) {
            worker.localReply().lines(rules.preflightLines(head)).noContent(connection, id);
        } else {
            refuse(Failure.of(Failure.Kind.ORIGIN_NOT_ALLOWED,
                    "Pages of this origin may not call: it is not among cors.allowed_origins."),
                    head, id);
        }
    }

    /** The endpoints that the proxy answers itself. */
    private void onStatusPage(RequestHead head, Snapshot snapshot, String id) {
        StatusPages pages = worker.server().statusPages();
        String path = head.path();
        if (!pages.isPage(path)) {
            refuse(Failure.of(Failure.Kind.UNKNOWN_URL,
                    "Unknown request URL: " + head.method() + " " + path + "."), head, id);
        } else if (!head.isMethod("GET") && !head.isMethod("HEAD")) {
            refuseMethod(head, "GET, HEAD", id);
        } else if (pages.isPublic(path)) {
            pages.answer(connection, localReply(), path, Caller.ANYONE, id);
        } else {
            if (authenticate(snapshot, head, id)) {
                pages.answer(connection, localReply(), path, caller, id);
            }
        }
    }

    /** Learns who calls; returns false if that has been answered, mostly with 401. */
    private boolean authenticate(Snapshot snapshot, RequestHead head, String id) {
        Authenticator authenticator = snapshot.authenticator();
        CredentialField field = worker.credentialField();
        Denial refusal = null;
        if (authenticator.knowsCredentials()) {
            refusal = field.find(head);
        } else {
            field.findAny(head);
        }
        if (field.isEmpty() && refusal == null && head.has(Field.ORIGIN)
                && !authenticator.isRequired() && !snapshot.cors().allows(head)) {
            // No browser asks first for a request as simple as that; any page could send it.
            refuse(Failure.of(Failure.Kind.ORIGIN_NOT_ALLOWED,
                    "A web page has to show a key, even where none is required."), head, id);
            return false;
        }
        Authentication outcome = refusal != null ? refusal
                : authenticator.authenticate(worker.credentialHash(), peer(), head.bytes(),
                        field.start(), field.end(), System.currentTimeMillis());
        if (outcome instanceof Caller known) {
            caller = known;
            return true;
        }
        refuse((Denial) outcome, head, id);
        return false;
    }

    private Peer peer() {
        if (peer == null) {
            peer = new Peer(connection.channel().remoteAddress() instanceof InetSocketAddress from
                    ? from.getAddress() : null);
        }
        return peer;
    }

    private void refuse(Denial refusal, RequestHead head, String id) {
        if (refusal == Denial.KEYS_AWAY) {
            worker.localReply().retryAfter(0);
            refuse(Failure.of(Failure.Kind.OVERLOADED, refusal.message()), head, id);
            return;
        }
        if (refusal == Denial.BAD_SIGNATURE) {
            connection.closeAfterAnswer(); // verifying costs: who forges pays with a connection
        }
        worker.localReply().field("www-authenticate",
                refusal.isOfToken() ? "Bearer error=\"invalid_token\"" : "Bearer");
        refuse(Failure.of(Failure.Kind.INVALID_API_KEY, refusal.message()), head, id);
    }

    /** Whether one more may run now, or wait; if not, that has been answered with 503 or 429. */
    private boolean admit(Snapshot snapshot, RequestHead head, String id) {
        admitted = worker.admission().tryTake(receivedNanos);
        if (!admitted
                && worker.admission().waiting() >= snapshot.maxQueued(worker.server().loops())) {
            worker.localReply().retryAfter(0);
            refuse(tooManyAtOnce(), head, id);
            return false;
        }
        Allowance allowance = caller.allowance();
        Refusal refusal = permit.begin(caller.account(), allowance.requests(),
                allowance.requestWindowNanos(), allowance.concurrent(),
                allowance.tokensPerMinute(), receivedNanos);
        if (refusal != null) {
            release();
            worker.localReply().lines(LimitReply.lines(permit, receivedNanos));
            refuse(LimitReply.refuse(worker.localReply(), refusal, caller), head, id);
            return false;
        }
        return true;
    }

    /** The exchange has begun: its body is read, and goes no further for now. */
    private void waitForSlot(Snapshot snapshot, long timeoutNanos) {
        long nanos = Math.min(timeoutNanos,
                snapshot.settings().limits().queue().time().toNanos());
        requestEnded = false;
        queued = worker.admission().offer(this,
                snapshot.maxQueued(worker.server().loops()), nanos, receivedNanos);
    }

    private void release() {
        permit.end(worker.deadlines().nowNanos());
        if (admitted) {
            admitted = false;
            worker.admission().release();
        } else if (queued) {
            queued = false;
            worker.admission().remove(this);
        }
    }

    private static Failure tooManyAtOnce() {
        return Failure.of(Failure.Kind.OVERLOADED,
                "The proxy is at its limit of concurrent requests. Try again in a moment.");
    }

    /** The exchange that waited is among the concurrent ones now. */
    void onSlot() {
        queued = false;
        admitted = true;
        if (isRaw) {
            passThrough.onSlot(requestEnded);
        } else if (requestEnded) {
            exchange.onRequestEnd();
        }
    }

    /** It has waited for as long as it may. */
    void onNoSlot() {
        queued = false;
        onBadRequest(tooManyAtOnce());
    }

    private void refuseMethod(RequestHead head, String allowed, String id) {
        worker.localReply().field("allow", allowed);
        refuse(Failure.of(Failure.Kind.METHOD_NOT_ALLOWED, "The method " + head.method()
                + " is not allowed for " + head.path() + "."), head, id);
    }

    /** Answers on the head; {@code head} is null if none could be read. */
    private void refuse(Failure failure, RequestHead head, String id) {
        ReplyFormat format = endpoint == null && head != null && GeminiPath.isGoogles(head.path())
                ? ReplyFormat.GEMINI : Endpoint.errorFormat(endpoint);
        localReply().error(connection, format, failure, id, null);
        if (worker.accessLog() != null) {
            worker.accessLog().add(Refused.of(caller, id, failure,
                    head == null ? null : head.method() + " " + head.path(),
                    worker.deadlines().nowNanos() - receivedNanos));
        }
    }

    /** With the fields that all answers to the current request have. */
    private LocalReply localReply() {
        LocalReply reply = worker.localReply().lines(cors);
        return !worker.server().snapshot().policy().fullHeaders() ? reply
                : reply.took(worker.deadlines().nowNanos() - receivedNanos);
    }

    @Override
    public void onBody(ByteBuf bytes) {
        if (isRaw) {
            passThrough.onBody(bytes);
        } else {
            exchange.onBody(bytes);
        }
    }

    @Override
    public void onBodyRead() {
        if (isRaw) {
            passThrough.onBodyRead();
        }
    }

    @Override
    public void onRequestEnd() {
        if (queued) {
            requestEnded = true;
            if (!isRaw) {
                exchange.onQueued();
            }
        } else if (isRaw) {
            passThrough.onRequestEnd();
        } else {
            exchange.onRequestEnd();
        }
    }

    @Override
    public void onBadRequest(Failure failure) {
        if (isRaw) {
            passThrough.onBadRequest(failure);
        } else if (exchange.isIdle()) {
            cors = ""; // of the request before
            endpoint = null;
            receivedNanos = worker.deadlines().nowNanos();
            caller = null;
            refuse(failure, null, RequestIds.fresh());
        } else {
            exchange.onBadRequest(failure);
        }
    }

    @Override
    public void onClosed() {
        if (isRaw) {
            passThrough.onCallerGone();
        } else {
            exchange.onCallerGone();
        }
    }

    @Override
    public void onShutdown() {
        if (isRaw) {
            passThrough.onShutdown();
        } else {
            exchange.onShutdown();
        }
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (writable && isRaw) {
            passThrough.onWritable();
        } else if (writable) {
            exchange.onWritable();
        }
    }

    @Override
    public void onFinished(Outcome finished) {
        isRaw = false;
        release();
        if (worker.accessLog() != null) {
            worker.accessLog().add(finished);
        }
    }
}
