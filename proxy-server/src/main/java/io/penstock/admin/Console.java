package io.penstock.admin;

import io.penstock.answer.EventAnswer;
import io.penstock.answer.LocalReply;
import io.penstock.failure.Failure;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.observe.LoopWatch.Viewer;
import org.jspecify.annotations.Nullable;

/**
 * The web console on both ports: its page and files, which need no credential, and the data that
 * they show, which needs one. The admin port's console sees everything; a caller's sees what is
 * told of the whole proxy, and its own exchanges.
 *
 * <p><b>Thread:</b> safe.
 */
public final class Console {
    static final String PATH = "/console";
    private static final String OPERATORS_DATA = "/admin";
    private static final String EVENTS = "/events";
    private static final String EXCHANGES = "/exchanges";

    private final ServerState state;
    private final EventFeed feed;
    private final ExchangesPage exchanges;
    private volatile @Nullable ConsoleFiles files; // from the first request for one on

    public Console(ServerState state) {
        this.state = state;
        feed = new EventFeed(state);
        exchanges = new ExchangesPage(state);
    }

    /** Whether the path is that of the page, or of a file that it needs. */
    static boolean isFile(String path) {
        return path.equals(PATH) || path.equals(PATH + "/")
                || path.startsWith(ConsoleFiles.PREFIX);
    }

    /** Whether the path is that of data for that port's console. */
    static boolean isData(String path, boolean operator) {
        String base = operator ? OPERATORS_DATA : PATH;
        return path.equals(base + EVENTS) || path.equals(base + EXCHANGES)
                || path.startsWith(base + EXCHANGES + "/");
    }

    /** Answers with the page, or a file of it. */
    void answerFile(DownstreamStream to, LocalReply reply, String path,
            @Nullable String acceptEncoding, boolean operator, String id) {
        boolean gzip = ConsoleFiles.takesGzip(acceptEncoding);
        ConsoleFiles known = files;
        if (known != null) {
            answerFile(to, reply, known.find(path, operator), gzip, id);
            return;
        }
        LateAnswer.make(state, to, reply, id, () -> {
            ConsoleFiles read = ConsoleFiles.read(state.addresses());
            files = read;
            return answer -> answerFile(to, answer, read.find(path, operator), gzip, id);
        });
    }

    private static void answerFile(DownstreamStream to, LocalReply reply,
            ConsoleFiles.@Nullable File file, boolean gzip, String id) {
        if (file == null) {
            reply.error(to, Failure.of(Failure.Kind.UNKNOWN_URL,
                    "The console has no such file: reload the page."), id, null);
            return;
        }
        file.addFields(reply);
        if (gzip) {
            reply.field("content-encoding", "gzip");
        }
        reply.field("vary", "accept-encoding")
                .file(to, id, file.contentType(), gzip ? file.gzipped() : file.plain());
    }

    /** Answers with data; returns a request that stays open, or null where the answer is all. */
    @Nullable OpenRequest answerData(DownstreamStream to, LocalReply reply, String path,
            boolean headOnly, boolean operator, Viewer viewer, String id) {
        String rest = path.substring((operator ? OPERATORS_DATA : PATH).length());
        if (rest.equals(EVENTS)) {
            if (headOnly) {
                reply.page(to, id, EventAnswer.TYPE, new byte[0]);
                return null;
            }
            if (feed.hasRoom()) {
                return feed.open(to, reply, id, viewer, !operator);
            }
            reply.error(to, Failure.of(Failure.Kind.OVERLOADED,
                    "Too many consoles are open: close some of them."), id, null);
        } else if (rest.equals(EXCHANGES)) {
            exchanges.answer(to, reply, viewer, id);
        } else {
            exchanges.answerOne(to, reply, viewer, rest.substring(EXCHANGES.length() + 1), id);
        }
        return null;
    }
}
