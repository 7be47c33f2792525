package io.penstock.whole;

import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Exchange;
import io.penstock.testing.ScriptedUpstream.Request;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A provider of any format whose model has an agent run two commands, one after the other, and then
 * says {@value #DONE}. It knows by the outputs in a request how far the agent has come.
 *
 * <p><b>Thread:</b> safe; each connection has one of its own.
 */
final class AgentProvider implements AutoCloseable {
    static final String DONE = "All of it is done.";
    static final String FIRST_OUTPUT = "tenstock";
    static final String SECOND_OUTPUT = "elevenstock";
    private static final String FIRST_COMMAND = "printf %s%s ten stock";
    private static final String SECOND_COMMAND = "printf %s%s eleven stock";
    private static final String ASIDE = "A title"; // where no tool is offered
    private static final Pattern TOOL =
            Pattern.compile("\"name\" ?: ?\"(Bash|exec_command|shell_command|shell)\"");

    private final ScriptedUpstream upstream;
    private final boolean failsBetween;

    private AgentProvider(boolean failsBetween) throws IOException {
        this.failsBetween = failsBetween;
        upstream = ScriptedUpstream.start(this::answer);
    }

    /** {@code failsBetween}: it says 500 where the second command would follow. */
    static AgentProvider start(boolean failsBetween) throws IOException {
        return new AgentProvider(failsBetween);
    }

    String url() {
        return upstream.url();
    }

    /** The requests that offered tools, in order. */
    List<String> asked() {
        return upstream.requests().stream().map(Request::text)
                .filter(text -> TOOL.matcher(text).find()).collect(Collectors.toList());
    }

    private void answer(Exchange x) throws Exception {
        Request request = x.readRequest();
        if (request.path().startsWith("/v1/messages/count_tokens")) {
            whole(x, 200, "{\"input_tokens\":10}");
            return;
        }
        ChaosFormat format = ChaosFormat.at(request.path());
        String text = request.text();
        boolean stream = format.isStream(request.path(), ChaosFormat.json(text));
        Matcher tool = TOOL.matcher(text);
        boolean offered = tool.find();
        if (offered && text.contains(SECOND_OUTPUT) || !offered) {
            say(x, format, stream, offered ? DONE : ASIDE);
        } else if (text.contains(FIRST_OUTPUT)) {
            if (failsBetween) {
                whole(x, 500, format.error());
            } else {
                call(x, format, "call_second", tool.group(1), SECOND_COMMAND);
            }
        } else {
            call(x, format, "call_first", tool.group(1), FIRST_COMMAND);
        }
    }

    private static void whole(Exchange x, int status, String body) throws IOException {
        x.head(status, "content-type: application/json", "content-length: " + body.length())
                .write(body).flush();
    }

    private static void say(Exchange x, ChaosFormat format, boolean stream, String text)
            throws IOException {
        if (!stream) {
            whole(x, 200, format.unary(text));
            return;
        }
        x.sseHead();
        for (String event : format.opening()) {
            x.chunk(event);
        }
        x.chunk(format.piece(text));
        for (String event : format.closing(text)) {
            x.chunk(event);
        }
        x.lastChunk();
    }

    private static void call(Exchange x, ChaosFormat format, String id, String tool,
            String command) throws IOException {
        String arguments = switch (tool) {
            case "exec_command" -> "{\"cmd\":\"" + command + "\"}";
            case "shell" -> "{\"command\":[\"bash\",\"-lc\",\"" + command + "\"]}";
            default -> "{\"command\":\"" + command + "\"}";
        };
        x.sseHead();
        for (String event : format.call(id, tool, arguments)) {
            x.chunk(event);
        }
        x.lastChunk();
    }

    @Override
    public void close() throws IOException {
        upstream.close();
    }
}
