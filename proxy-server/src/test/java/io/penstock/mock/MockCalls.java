package io.penstock.mock;

import io.penstock.testing.RawClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Calls to a mock, one connection each. */
final class MockCalls {
    static final String CHAT = "/v1/chat/completions";
    static final String COMPLETIONS = "/v1/completions";
    static final String RESPONSES = "/v1/responses";
    static final String MESSAGES = "/v1/messages";
    static final String GENERATE = "/v1beta/models/m-1:generateContent";
    static final String STREAM_GENERATE = "/v1beta/models/m-1:streamGenerateContent?alt=sse";

    private static final String TOOL_NAMES = "get_weather,get_time";

    private MockCalls() {}

    /** What came back. */
    record Reply(int status, RawClient.Head head, String body) {
        JsonBody json() throws IOException {
            return JsonBody.of(Shape.parse(body));
        }

        List<Shape.Event> events() throws IOException {
            return Shape.events(body);
        }
    }

    static Reply post(MockServer mock, String path, String body, String... fields)
            throws IOException {
        try (RawClient client = RawClient.connect(mock.port())) {
            List<String> all = new ArrayList<>(List.of(fields));
            if (path.endsWith(MESSAGES) || path.endsWith("count_tokens")) {
                all.add("anthropic-version: 2023-06-01");
            }
            client.post(path, body, all.toArray(String[]::new));
            RawClient.Head head = client.readHead();
            return new Reply(head.status(), head, client.readBody(head));
        }
    }

    /** A call in the format of that path, with two tools on offer. */
    static String body(String path, boolean stream) {
        StringBuilder tools = new StringBuilder();
        for (String name : TOOL_NAMES.split(",")) {
            String tool = "{\"name\":\"" + name + "\"}";
            tools.append(tools.isEmpty() ? "" : ",").append(switch (path) {
                case CHAT -> "{\"type\":\"function\",\"function\":" + tool + "}";
                case RESPONSES -> "{\"type\":\"function\"," + tool.substring(1);
                default -> tool;
            });
        }
        String streams = stream ? ",\"stream\":true" : "";
        String user = "[{\"role\":\"user\",\"content\":\"Hi\"}]";
        return switch (path) {
            case CHAT -> "{\"model\":\"m-1\",\"messages\":" + user + ",\"tools\":[" + tools + "]"
                    + streams + (stream ? ",\"stream_options\":{\"include_usage\":true}" : "")
                    + "}";
            case COMPLETIONS -> "{\"model\":\"m-1\",\"prompt\":\"Hi\"" + streams + "}";
            case RESPONSES -> "{\"model\":\"m-1\",\"input\":" + user + ",\"tools\":[" + tools + "]"
                    + streams + "}";
            case MESSAGES -> "{\"model\":\"m-1\",\"max_tokens\":1000,\"messages\":" + user
                    + ",\"tools\":[" + tools + "]" + streams + "}";
            default -> "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}],"
                    + "\"tools\":[{\"functionDeclarations\":[" + tools + "]}]}";
        };
    }
}
