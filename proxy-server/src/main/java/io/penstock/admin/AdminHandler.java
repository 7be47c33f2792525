package io.penstock.admin;

import io.netty.buffer.ByteBuf;
import io.netty.util.NetUtil;
import io.penstock.answer.LocalReply;
import io.penstock.answer.RequestIds;
import io.penstock.caller.Caller;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonText;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.listen.RequestHandler;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Serves the admin port: the same pages without a caller's key, and control. Where a token is set
 * it has to be shown as a bearer token.
 *
 * <p><b>Thread:</b> confined to the connection's event loop.
 */
public final class AdminHandler implements RequestHandler {
    private final DownstreamStream connection;
    private final Supplier<LocalReply> replies; // a new one each
    private final ServerState state;
    private final StatusPages pages;
    private final UsagePage usage;
    private @Nullable LogLevelPage order; // while its body comes
    private @Nullable OpenRequest open; // null unless an answer goes on

    public AdminHandler(DownstreamStream connection, Supplier<LocalReply> replies,
            ServerState state) {
        this.connection = connection;
        this.replies = replies;
        this.state = state;
        pages = new StatusPages(state, true);
        usage = new UsagePage(state);
    }

    @Override
    public void onRequest(RequestHead head) {
        String id = RequestIds.of(head);
        String path = head.path();
        TextPage text = TextPage.at(path);
        boolean setsLevel = path.equals(LogLevelPage.PATH) && head.isMethod("PUT");
        boolean control = setsLevel || path.equals("/admin/reload")
                || path.equals("/admin/drain");
        if (!control && !isPage(path)) {
            refuse(Failure.Kind.UNKNOWN_URL, "Unknown request URL: " + path + ".", id);
        } else if (!pages.isPublic(path) && !isAllowed(head)) {
            refuse(Failure.Kind.INVALID_API_KEY, "The admin token is missing or wrong.", id);
        } else if (!pages.isPublic(path) && state.adminToken() == null
                && !isAskedByLocalName(head)) {
            refuse(Failure.Kind.ORIGIN_NOT_ALLOWED, "Without admin.token, this port answers "
                    + "to addresses and local names only, not to '" + head.value(Field.HOST)
                    + "'.", id);
        } else if (control && head.has(Field.ORIGIN)) {
            refuse(Failure.Kind.ORIGIN_NOT_ALLOWED,
                    "A web page may not control the proxy.", id);
        } else if (setsLevel) {
            order = new LogLevelPage(); // answered when it is whole
        } else if (control ? !head.isMethod("POST")
                : !head.isMethod("GET") && !head.isMethod("HEAD")) {
            LocalReply reply = replies.get().field("allow", control ? "POST"
                    : path.equals(LogLevelPage.PATH) ? "GET, HEAD, PUT" : "GET, HEAD");
            reply.error(connection, Failure.of(Failure.Kind.METHOD_NOT_ALLOWED, "The method "
                    + head.method() + " is not allowed for " + path + "."), id, null);
        } else if (path.equals("/admin/reload")) {
            state.reload(problems -> connection.executor()
                    .execute(() -> onReloaded(problems, id)));
        } else if (path.equals("/admin/drain")) {
            replies.get().json(connection, 202, id, "{\"draining\":true}");
            state.drain();
        } else if (path.equals(LogLevelPage.PATH)) {
            replies.get().json(connection, 200, id, LogLevelPage.page());
        } else if (text != null) {
            text.answer(connection, replies.get(), state, id);
        } else if (path.equals(UsagePage.PATH)) {
            usage.answer(connection, replies.get(), head, id);
        } else {
            open = pages.answer(connection, replies.get(), head.path(), head, Caller.ANYONE, id);
        }
    }

    private boolean isPage(String path) {
        return path.equals(UsagePage.PATH) || path.equals(LogLevelPage.PATH)
                || TextPage.at(path) != null || pages.isPage(path);
    }

    private void onReloaded(String problems, String id) {
        if (problems.isEmpty()) {
            replies.get().json(connection, 200, id, "{\"reloaded\":true}");
        } else {
            StringBuilder body = new StringBuilder("{\"reloaded\":false,\"problems\":");
            replies.get().json(connection, 422, id,
                    JsonText.quote(body, problems).append('}').toString());
        }
    }

    private boolean isAllowed(RequestHead head) {
        String token = state.adminToken();
        if (token == null) {
            return true;
        }
        String shown = head.value(Field.AUTHORIZATION);
        return shown != null && MessageDigest.isEqual(
                ("Bearer " + token).getBytes(StandardCharsets.UTF_8),
                shown.getBytes(StandardCharsets.ISO_8859_1));
    }

    /**
     * Whether the Host field has an address in it, or a name that nobody can have bought: any other
     * may be one that a web page's owner has pointed at this machine, so that a browser lets the
     * page read what is answered.
     */
    private static boolean isAskedByLocalName(RequestHead head) {
        String host = head.value(Field.HOST);
        if (host == null) {
            return true; // HTTP/1.0: no browser sends that
        }
        String name = host.replaceFirst(":[0-9]*$", "").toLowerCase(Locale.ROOT);
        return name.indexOf('.') < 0 || name.endsWith(".localhost") || name.endsWith(".internal")
                || name.endsWith(".local") || NetUtil.isValidIpV4Address(name);
    }

    private void refuse(Failure.Kind kind, String message, String id) {
        replies.get().error(connection, Failure.of(kind, message), id, null);
    }

    @Override
    public void onRequestBody(ByteBuf bytes) {
        try {
            if (order != null && !order.add(bytes)) {
                order = null;
                refuse(Failure.Kind.REQUEST_TOO_LARGE, "More than " + LogLevelPage.MAX_BYTES
                        + " bytes to set a level.", RequestIds.fresh());
            }
        } finally {
            bytes.release();
        }
    }

    @Override
    public void onRequestEnd() {
        LogLevelPage whole = order;
        if (whole == null) {
            return; // answered on the head
        }
        order = null;
        String problem = whole.apply();
        if (problem.isEmpty()) {
            replies.get().json(connection, 200, RequestIds.fresh(), LogLevelPage.page());
        } else {
            refuse(Failure.Kind.BAD_REQUEST, "No level was set: " + problem + ".",
                    RequestIds.fresh());
        }
    }

    @Override
    public void onBadRequest(Failure failure) {
        order = null;
        replies.get().error(connection, failure, RequestIds.fresh(), null);
    }

    @Override
    public void onClosed() {
        order = null;
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
        // answers are short, or wait until there is room
    }
}
