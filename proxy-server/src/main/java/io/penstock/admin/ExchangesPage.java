package io.penstock.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.penstock.answer.LocalReply;
import io.penstock.exchange.Finished;
import io.penstock.exchange.Running;
import io.penstock.failure.Failure;
import io.penstock.listen.DownstreamStream;
import io.penstock.observe.ExchangeJson;
import io.penstock.observe.LoopWatch.Sight;
import io.penstock.observe.LoopWatch.Viewer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * The exchanges that are under way and those that finished last, or one of them by its request id.
 *
 * <p><b>Thread:</b> safe.
 * <br><b>Bounds:</b> of each event loop {@value EventFeed#MAX_RUNNING} exchanges under way and
 * {@value EventFeed#MAX_FINISHED} finished ones.
 */
final class ExchangesPage {
    private static final JsonFactory JSON = new JsonFactory();

    private final ServerState state;

    ExchangesPage(ServerState state) {
        this.state = state;
    }

    /** All that the viewer may see. */
    void answer(DownstreamStream to, LocalReply reply, Viewer viewer, String requestId) {
        LateAnswer.make(state, to, reply, requestId, () -> {
            List<Sight> sights = state.askLoops((loop, watch) -> watch.look(viewer, 0,
                    EventFeed.MAX_RUNNING, EventFeed.MAX_FINISHED));
            String body = json(out -> {
                out.writeStartObject();
                out.writeFieldName("running");
                ExchangeLists.running(out, viewer, sights);
                out.writeFieldName("finished");
                ExchangeLists.finished(out, viewer, sights);
                out.writeEndObject();
            });
            return answer -> answer.json(to, 200, requestId, body);
        });
    }

    /** The exchange of that id, as it stands in the path. */
    void answerOne(DownstreamStream to, LocalReply reply, Viewer viewer, String idInPath,
            String requestId) {
        String id = decoded(idInPath);
        LateAnswer.make(state, to, reply, requestId, () -> {
            Object found = state.askLoops((loop, watch) ->
                            Optional.ofNullable(watch.find(viewer, id))).stream()
                    .flatMap(Optional::stream).findFirst().orElse(null);
            if (found == null) {
                Failure unknown = Failure.of(Failure.Kind.UNKNOWN_URL, "No exchange '" + id
                        + "' is under way or among the last that finished.");
                return answer -> answer.error(to, unknown, requestId, null);
            }
            String body = json(out -> write(out, found, viewer));
            return answer -> answer.json(to, 200, requestId, body);
        });
    }

    private static void write(JsonGenerator out, Object found, Viewer viewer)
            throws IOException {
        if (found instanceof Running running) {
            ExchangeJson.write(out, running);
        } else if (found instanceof Finished finished) {
            ExchangeJson.write(out, finished, viewer.isOperator());
        }
    }

    private static String decoded(String inPath) {
        try {
            return URLDecoder.decode(inPath.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return inPath; // there will be no such exchange
        }
    }

    /** What writes a JSON value. */
    interface Written {
        void to(JsonGenerator out) throws IOException;
    }

    static String json(Written value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(8 * 1024);
        try (JsonGenerator out = JSON.createGenerator(bytes)
                .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)) {
            value.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory has no such trouble
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
