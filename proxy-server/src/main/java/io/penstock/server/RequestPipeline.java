package io.penstock.server;

import io.netty.buffer.ByteBuf;
import io.penstock.admin.StatusPages;
import io.penstock.answer.LimitReply;
import io.penstock.answer.LocalReply;
import io.penstock.answer.RequestIds;
import io.penstock.auth.Authenticator;
import io.penstock.auth.Cors;
import io.penstock.auth.CredentialField;
import io.penstock.auth.Denial;
import io.penstock.auth.Peer;
import io.penstock.caller.Authentication;
import io.penstock.caller.Caller;
import io.penstock.compare.Comparison;
import io.penstock.compare.Lane;
import io.penstock.exchange.Exchange;
import io.penstock.exchange.ExchangeListener;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.chat.ChatCall;
import io.penstock.exchange.chat.Endpoint;
import io.penstock.exchange.chat.EndpointPath;
import io.penstock.exchange.passthrough.PassThroughCall;
import io.penstock.exchange.passthrough.PassThroughPath;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.listen.RequestHandler;
import io.penstock.trace.LoopTracer;
import io.penstock.trace.RequestTrace;
import io.penstock.translate.GeminiPath;
import io.penstock.translate.ReplyFormat;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What each request of a caller's connection goes through, in order: which endpoint, who calls, may
 * they now, which kind of call; then an exchange does the rest. Whatever can be refused is refused
 * on the head.
 *
 * <p><b>Thread:</b> confined to the connection's event loop.
 * <br><b>Buffers:</b> takes the body, for the exchange.
 */
final class RequestPipeline implements RequestHandler, ExchangeListener, Comparison.Host {
    private final Worker worker;
    private final DownstreamStream connection;
    private final @Nullable Lane lane; // whose one request it serves; null for a connection
    private final boolean mayFailOver;
    private final @Nullable RequestTrace beside; // of the comparison that the lane is of
    private final Permit permit;
    private @Nullable OpenRequest open; // null between two
    private @Nullable Exchange waiting; // the open one, until it is among the concurrent ones
    private String cors = ""; // field lines of whatever answers the current request
    private @Nullable Endpoint endpoint; // of the current request
    private @Nullable Caller caller; // of the current request; null while that is not known
    private @Nullable Peer peer; // null until it matters
    private @Nullable RequestTrace trace; // of the current request; null where nothing is traced
    private long receivedNanos;
    private Turn turn = Turn.NONE;

    /** Whether the exchange is among the concurrent ones. */
    private enum Turn { NONE, WAITING, TAKEN }

    RequestPipeline(Worker worker, DownstreamStream connection) {
        this(worker, connection, null, true, null);
    }

    private RequestPipeline(Worker worker, DownstreamStream connection, @Nullable Lane lane,
            boolean mayFailOver, @Nullable RequestTrace beside) {
        this.worker = worker;
        this.connection = connection;
        this.lane = lane;
        this.mayFailOver = mayFailOver;
        this.beside = beside;
        permit = worker.server().newPermit();
    }

    @Override
    public void onRequest(RequestHead head) {
        String id = RequestIds.of(head);
        Snapshot snapshot = worker.server().snapshot();
        receivedNanos = worker.deadlines().nowNanos();
        cors = snapshot.cors().replyLines(head);
        endpoint = null;
        caller = null;
        LoopTracer tracer = worker.tracer();
        trace = tracer == null ? null : tracer.begin(head, connection.isTls(), beside);
        if (snapshot.cors().isPreflight(head)) {
            answerPreflight(head, snapshot.cors(), id);
            return;
        }
        EndpointPath chat = EndpointPath.of(head);
        if (chat != null) {
            onChat(chat, head, snapshot, id);
            return;
        }
        String sent = head.path();
        PassThroughPath path = PassThroughPath.of(sent, head);
        if (path != null) {
            onPassThrough(path, head, snapshot, id);
        } else if (Comparison.isPath(sent)) {
            onComparison(head, snapshot, id);
        } else if (worker.statusPages().isPage(sent)) {
            onStatusPage(sent, head, snapshot, id);
        } else {
            onOtherPath(sent, head, snapshot, id);
        }
    }

    /** A path that is none of the proxy's own as it stands, but may mean one. */
    private void onOtherPath(String sent, RequestHead head, Snapshot snapshot, String id) {
        MeantPath meant = MeantPath.of(sent);
        EndpointPath chat = meant == null ? null
                : EndpointPath.of(meant.path(), head.query(), meant.deployment());
        PassThroughPath path = meant == null ? null : PassThroughPath.of(meant.path(), head);
        if (chat != null) {
            onChat(chat, head, snapshot, id);
        } else if (path != null) {
            onPassThrough(path, head, snapshot, id);
        } else if (meant != null && Comparison.isPath(meant.path())) {
            onComparison(head, snapshot, id);
        } else if (meant != null && worker.statusPages().isPage(meant.path())) {
            onStatusPage(meant.path(), head, snapshot, id);
        } else {
            refuse(Failure.of(Failure.Kind.UNKNOWN_URL, "Unknown request URL: " + head.method()
                    + " " + sent + "." + NearestPath.hint(meant == null ? sent : meant.path())),
                    head, id);
        }
    }

    private void onChat(EndpointPath chat, RequestHead head, Snapshot snapshot, String id) {
        endpoint = chat.endpoint();
        onRoute(chat.endpoint().route());
        if (!head.isMethod("POST")) {
            refuseMethod(head, "POST", id);
        } else if (authenticate(snapshot, head, id) && admit(snapshot, head, id)) {
            begin(new ChatCall(worker.chats(), connection.allocator(), head, chat, caller,
                    policy(snapshot), id), snapshot, id);
        }
    }

    private Policy policy(Snapshot snapshot) {
        Policy policy = lane == null ? snapshot.policy()
                : snapshot.policy().withoutCache(); // a comparison measures
        return mayFailOver ? policy : policy.ofOneAttempt();
    }

    /** Several models are asked the same; each of them gets in by itself, or not. */
    private void onComparison(RequestHead head, Snapshot snapshot, String id) {
        onRoute(Comparison.PATH);
        if (head.isMethod("GET") || head.isMethod("HEAD")) {
            newReply().json(connection, 200, id, Comparison.explanation());
        } else if (!head.isMethod("POST")) {
            refuseMethod(head, "GET, HEAD, POST", id);
        } else if (authenticate(snapshot, head, id)) {
            long maxBodyBytes = snapshot.policy().maxBodyBytes();
            Failure mistake = Comparison.mistakeIn(head, maxBodyBytes);
            if (mistake != null) {
                refuse(mistake, head, id);
            } else {
                open = new Comparison(worker.calls(), connection, head, this, this::newReply, id,
                        maxBodyBytes);
            }
        }
    }

    @Override
    public RequestHandler newHandler(Lane lane, boolean mayFailOver) {
        return new RequestPipeline(worker, lane, lane, mayFailOver, trace);
    }

    @Override
    public void onComparisonOver() {
        open = null;
    }

    private void onPassThrough(PassThroughPath path, RequestHead head, Snapshot snapshot,
            String id) {
        String method = path.kind().method();
        onRoute(path.route());
        if (method != null && !head.isMethod(method)) {
            refuseMethod(head, method, id);
        } else if (authenticate(snapshot, head, id) && admit(snapshot, head, id)) {
            begin(passThrough(head, path, snapshot), snapshot, id);
        }
    }

    private void onRoute(String route) {
        if (trace != null) {
            trace.onRoute(route);
        }
    }

    /** What is relayed without being understood. */
    private Call passThrough(RequestHead head, PassThroughPath path, Snapshot snapshot) {
        return new PassThroughCall(worker.calls(), connection.allocator(), head, path,
                caller, snapshot.policy(), snapshot.settings().limits().streams(),
                snapshot.first(path.anthropic()));
    }

    private void begin(Call call, Snapshot snapshot, String id) {
        Exchange begun = new Exchange(worker.exchanges(), connection, this, call, caller, permit,
                policy(snapshot), id, cors, trace);
        open = begun;
        begun.begin(turn != Turn.TAKEN);
        if (turn != Turn.TAKEN && open == begun) {
            waiting = begun;
            waitForSlot(snapshot, begun.timeoutNanos());
        }
    }

    /**
     * On any path: no credential comes with a preflight, and a page that calls what is not there
     * can read that from the answer to the call itself.
     */
    private void answerPreflight(RequestHead head, Cors rules, String id) {
        if (rules.allows(head)) {
            worker.newReply().lines(rules.preflightLines(head)).noContent(connection, id);
        } else {
            refuse(Failure.of(Failure.Kind.ORIGIN_NOT_ALLOWED,
                    "Pages of this origin may not call: it is not among cors.allowed_origins."),
                    head, id);
        }
    }

    /** The endpoints that the proxy answers itself. */
    private void onStatusPage(String path, RequestHead head, Snapshot snapshot, String id) {
        StatusPages pages = worker.statusPages();
        if (!head.isMethod("GET") && !head.isMethod("HEAD")) {
            refuseMethod(head, "GET, HEAD", id);
        } else if (pages.isPublic(path)) {
            pages.answer(connection, newReply(), path, head, Caller.ANYONE, id);
        } else if (authenticate(snapshot, head, id)) {
            assert caller != null; // as it was just asked
            LocalReply reply = newReply().inFormat(head.has(Field.ANTHROPIC_VERSION)
                    ? ReplyFormat.MESSAGES : ReplyFormat.CHAT);
            open = pages.answer(connection, reply, path, head, caller, id);
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
            peer = new Peer(connection.remoteAddress() instanceof InetSocketAddress from
                    ? from.getAddress() : null);
        }
        return peer;
    }

    private void refuse(Denial refusal, RequestHead head, String id) {
        if (refusal == Denial.KEYS_AWAY) {
            refuse(newReply().retryAfter(0), Failure.of(Failure.Kind.OVERLOADED,
                    refusal.message()).by("token_keys"), head, id);
            return;
        }
        if (refusal == Denial.BAD_SIGNATURE) {
            connection.closeAfterAnswer(); // verifying costs: who forges pays with a connection
        }
        LocalReply reply = newReply().field("www-authenticate",
                refusal.isOfToken() ? "Bearer error=\"invalid_token\"" : "Bearer");
        refuse(reply, Failure.of(Failure.Kind.INVALID_API_KEY, refusal.message()), head, id);
    }

    /** Whether one more may run now, or wait; if not, that has been answered with 503 or 429. */
    private boolean admit(Snapshot snapshot, RequestHead head, String id) {
        turn = worker.admission().tryTake(receivedNanos) ? Turn.TAKEN : Turn.NONE;
        if (turn == Turn.NONE
                && worker.admission().waiting() >= snapshot.maxQueued(worker.server().loops())) {
            refuse(newReply().retryAfter(0), tooManyAtOnce(), head, id);
            return false;
        }
        assert caller != null; // whoever is not known is not let in
        Refusal refusal = permit.begin(caller, receivedNanos);
        if (refusal != null) {
            release();
            LocalReply reply = newReply().lines(LimitReply.lines(permit, receivedNanos));
            refuse(reply, LimitReply.refuse(reply, refusal, caller), head, id);
            return false;
        }
        return true;
    }

    /** The exchange has begun: its body is read, and goes no further for now. */
    private void waitForSlot(Snapshot snapshot, long timeoutNanos) {
        long nanos = Math.min(timeoutNanos,
                snapshot.settings().limits().queue().time().toNanos());
        turn = worker.admission().offer(this, snapshot.maxQueued(worker.server().loops()), nanos,
                receivedNanos) ? Turn.WAITING : Turn.NONE;
    }

    private void release() {
        Turn had = turn;
        turn = Turn.NONE;
        permit.end(worker.deadlines().nowNanos());
        if (had == Turn.TAKEN) {
            worker.admission().release();
        } else if (had == Turn.WAITING) {
            worker.admission().remove(this);
        }
    }

    private static Failure tooManyAtOnce() {
        return Failure.of(Failure.Kind.OVERLOADED,
                "The proxy is at its limit of concurrent requests. Try again in a moment.")
                .by("exchanges");
    }

    /** The exchange that waited is among the concurrent ones now. */
    void onSlot() {
        Exchange next = waiting;
        turn = Turn.TAKEN;
        waiting = null;
        assert next != null; // or nothing would have its turn
        next.onSlot();
    }

    /** It has waited for as long as it may. */
    void onNoSlot() {
        turn = Turn.NONE;
        onBadRequest(tooManyAtOnce());
    }

    private void refuseMethod(RequestHead head, String allowed, String id) {
        refuse(newReply().field("allow", allowed), Failure.of(Failure.Kind.METHOD_NOT_ALLOWED,
                "The method " + head.method() + " is not allowed for " + head.path() + "."), head,
                id);
    }

    /** Answers on the head; {@code head} is null if none could be read. */
    private void refuse(Failure failure, @Nullable RequestHead head, String id) {
        refuse(newReply(), failure, head, id);
    }

    private void refuse(LocalReply reply, Failure failure, @Nullable RequestHead head, String id) {
        tell(Finished.refused(caller, id, failure,
                head == null ? null : head.method() + " " + head.path(), receivedNanos,
                worker.deadlines().nowNanos(), trace));
        reply.error(connection, errorFormat(head), failure, id, null);
    }

    /** The format of the endpoint, or of the client that sent a path of no endpoint. */
    private ReplyFormat errorFormat(@Nullable RequestHead head) {
        if (endpoint != null || head == null) {
            return Endpoint.errorFormat(endpoint);
        }
        return GeminiPath.isGoogles(head.path()) ? ReplyFormat.GEMINI
                : head.has(Field.ANTHROPIC_VERSION) ? ReplyFormat.MESSAGES : ReplyFormat.CHAT;
    }

    /** With the fields that all answers to the current request have. */
    private LocalReply newReply() {
        LocalReply reply = worker.newReply().lines(cors);
        return !worker.server().snapshot().policy().fullHeaders() ? reply
                : reply.took(worker.deadlines().nowNanos() - receivedNanos);
    }

    @Override
    public void onRequestBody(ByteBuf bytes) {
        if (open == null) {
            bytes.release(); // it has been answered
        } else {
            open.onRequestBody(bytes);
        }
    }

    @Override
    public void onRequestBodyRead() {
        if (open != null) {
            open.onRequestBodyRead();
        }
    }

    @Override
    public void onRequestEnd() {
        if (open != null) {
            open.onRequestEnd();
        }
    }

    @Override
    public void onBadRequest(Failure failure) {
        if (open != null) {
            open.onBadRequest(failure);
            return;
        }
        cors = ""; // of the request before
        endpoint = null;
        receivedNanos = worker.deadlines().nowNanos();
        caller = null;
        trace = null; // there is no head that could tell one
        refuse(failure, null, RequestIds.fresh());
    }

    @Override
    public void onClosed() {
        if (open != null) {
            open.onClosed();
        }
    }

    @Override
    public void onShutdown() {
        if (open != null) {
            open.onShutdown();
        }
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (open != null) {
            open.onWritabilityChanged(writable);
        }
    }

    @Override
    public void onUpgraded(OpenRequest leg) {
        open = leg;
    }

    @Override
    public void onFinished(Finished finished) {
        open = null;
        waiting = null;
        release();
        tell(finished);
    }

    private void tell(Finished finished) {
        worker.onFinished(finished);
        if (lane != null) {
            lane.onFinished(finished);
        }
    }
}
