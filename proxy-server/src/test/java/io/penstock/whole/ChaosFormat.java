package io.penstock.whole;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;

/** A format of callers and of providers: how it asks, answers, streams and ends. */
enum ChaosFormat {
    CHAT("/v1/chat/completions") {
        @Override
        String request(String model, String prompt, boolean stream) {
            return "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\""
                    + prompt + "\"}],\"stream\":" + stream + "}";
        }

        @Override
        String unary(String text) {
            return "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":"
                    + "\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                    + "\"content\":\"" + text + "\"},\"finish_reason\":\"stop\"}],\"usage\":"
                    + "{\"prompt_tokens\":7,\"completion_tokens\":10,\"total_tokens\":17}}";
        }

        @Override
        List<String> opening() {
            return List.of(chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
        }

        @Override
        String piece(String text) {
            return chunk("{\"content\":\"" + text + "\"}", "null");
        }

        @Override
        List<String> closing(String text) {
            return List.of(chunk("{}", "\"stop\""), "data: [DONE]\n\n");
        }

        @Override
        List<String> call(String id, String name, String arguments) {
            return List.of(chunk("{\"role\":\"assistant\",\"tool_calls\":[{\"index\":0,\"id\":\""
                    + id + "\",\"type\":\"function\",\"function\":{\"name\":\"" + name
                    + "\",\"arguments\":" + quoted(arguments) + "}}]}", "null"),
                    chunk("{}", "\"tool_calls\""), "data: [DONE]\n\n");
        }

        private String chunk(String delta, String finish) {
            return "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
                    + "\"created\":1,"
                    + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" + delta
                    + ",\"finish_reason\":" + finish + "}]}\n\n";
        }

        @Override
        String error() {
            return "{\"error\":{\"message\":\"Chaos.\",\"type\":\"server_error\",\"param\":null,"
                    + "\"code\":\"server_error\"}}";
        }

        @Override
        String errorEvent() {
            return "data: " + error() + "\n\n";
        }

        @Override
        String textOf(JsonNode reply) {
            return reply.at("/choices/0/message/content").asText();
        }

        @Override
        boolean isFinished(JsonNode reply) {
            return reply.at("/choices/0/finish_reason").asText().equals("stop");
        }

        @Override
        String pieceOf(JsonNode event) {
            return event.at("/choices/0/delta/content").asText("");
        }

        @Override
        boolean isFinish(JsonNode event) {
            return isFinished(event);
        }

        @Override
        boolean isError(JsonNode event) {
            return event.has("error");
        }

        @Override
        boolean isTerminator(String lastEvent) {
            return lastEvent.equals("data: [DONE]");
        }
    },
    MESSAGES("/v1/messages") {
        @Override
        String request(String model, String prompt, boolean stream) {
            return "{\"model\":\"" + model + "\",\"max_tokens\":4000,\"messages\":[{\"role\":"
                    + "\"user\",\"content\":\"" + prompt + "\"}],\"stream\":" + stream + "}";
        }

        @Override
        String unary(String text) {
            return message("[{\"type\":\"text\",\"text\":\"" + text + "\"}]", "\"end_turn\"");
        }

        private String message(String content, String stop) {
            return "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
                    + "\"content\":" + content + ",\"stop_reason\":" + stop
                    + ",\"stop_sequence\":null,\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}";
        }

        @Override
        List<String> opening() {
            return List.of(event("message_start", "\"message\":" + message("[]", "null")),
                    event("content_block_start",
                            "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}"));
        }

        @Override
        String piece(String text) {
            return event("content_block_delta", "\"index\":0,\"delta\":{\"type\":\"text_delta\","
                    + "\"text\":\"" + text + "\"}");
        }

        @Override
        List<String> closing(String text) {
            return List.of(event("content_block_stop", "\"index\":0"),
                    event("message_delta", "\"delta\":{\"stop_reason\":\"end_turn\","
                            + "\"stop_sequence\":null},\"usage\":{\"output_tokens\":10}"),
                    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        }

        @Override
        List<String> call(String id, String name, String arguments) {
            return List.of(opening().get(0),
                    event("content_block_start", "\"index\":0,\"content_block\":{\"type\":"
                            + "\"tool_use\",\"id\":\"" + id + "\",\"name\":\"" + name
                            + "\",\"input\":{}}"),
                    event("content_block_delta", "\"index\":0,\"delta\":{\"type\":"
                            + "\"input_json_delta\",\"partial_json\":" + quoted(arguments) + "}"),
                    event("content_block_stop", "\"index\":0"),
                    event("message_delta", "\"delta\":{\"stop_reason\":\"tool_use\","
                            + "\"stop_sequence\":null},\"usage\":{\"output_tokens\":10}"),
                    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        }

        @Override
        String error() {
            return "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Chaos.\"}}";
        }

        @Override
        String errorEvent() {
            return "event: error\ndata: " + error() + "\n\n";
        }

        @Override
        String textOf(JsonNode reply) {
            return reply.at("/content/0/text").asText();
        }

        @Override
        boolean isFinished(JsonNode reply) {
            return reply.at("/stop_reason").asText().equals("end_turn");
        }

        @Override
        String pieceOf(JsonNode event) {
            return event.at("/delta/text").asText("");
        }

        @Override
        boolean isFinish(JsonNode event) {
            return event.at("/delta/stop_reason").asText().equals("end_turn");
        }

        @Override
        boolean isError(JsonNode event) {
            return event.at("/type").asText().equals("error") && event.has("error");
        }

        @Override
        boolean isTerminator(String lastEvent) {
            return lastEvent.startsWith("event: message_stop\n");
        }
    },
    RESPONSES("/v1/responses") {
        @Override
        String request(String model, String prompt, boolean stream) {
            return "{\"model\":\"" + model + "\",\"input\":\"" + prompt + "\",\"stream\":" + stream
                    + "}";
        }

        @Override
        String unary(String text) {
            return response("completed", "[" + item("completed", text) + "]");
        }

        private String response(String status, String output) {
            return "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"status\":\""
                    + status + "\",\"error\":null,\"incomplete_details\":null,\"model\":\"m\","
                    + "\"output\":" + output + ",\"usage\":{\"input_tokens\":7,"
                    + "\"output_tokens\":10,\"total_tokens\":17}}";
        }

        private String item(String status, String text) {
            return "{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"" + status
                    + "\",\"role\":\"assistant\",\"content\":"
                    + (text == null ? "[]" : "[" + part(text) + "]") + "}";
        }

        private String part(String text) {
            return "{\"type\":\"output_text\",\"annotations\":[],\"text\":\"" + text + "\"}";
        }

        @Override
        List<String> opening() {
            return List.of(
                    event("response.created", "\"response\":" + response("in_progress", "[]")),
                    event("response.output_item.added",
                            "\"output_index\":0,\"item\":" + item("in_progress", null)),
                    event("response.content_part.added", PLACE + ",\"part\":" + part("")));
        }

        @Override
        String piece(String text) {
            return event("response.output_text.delta", PLACE + ",\"delta\":\"" + text + "\"");
        }

        @Override
        List<String> closing(String text) {
            return List.of(
                    event("response.output_text.done", PLACE + ",\"text\":\"" + text + "\""),
                    event("response.content_part.done", PLACE + ",\"part\":" + part(text)),
                    event("response.output_item.done",
                            "\"output_index\":0,\"item\":" + item("completed", text)),
                    event("response.completed", "\"response\":" + unary(text)));
        }

        @Override
        List<String> call(String id, String name, String arguments) {
            String item = "{\"id\":\"fc_1\",\"type\":\"function_call\",\"call_id\":\"" + id
                    + "\",\"name\":\"" + name + "\",\"status\":\"";
            String whole = item + "completed\",\"arguments\":" + quoted(arguments) + "}";
            return List.of(opening().get(0),
                    event("response.output_item.added", "\"output_index\":0,\"item\":" + item
                            + "in_progress\",\"arguments\":\"\"}"),
                    event("response.function_call_arguments.delta", "\"item_id\":\"fc_1\","
                            + "\"output_index\":0,\"delta\":" + quoted(arguments)),
                    event("response.function_call_arguments.done", "\"item_id\":\"fc_1\","
                            + "\"output_index\":0,\"arguments\":" + quoted(arguments)),
                    event("response.output_item.done", "\"output_index\":0,\"item\":" + whole),
                    event("response.completed", "\"response\":"
                            + response("completed", "[" + whole + "]")));
        }

        @Override
        String error() {
            return CHAT.error();
        }

        @Override
        String errorEvent() {
            return event("error",
                    "\"code\":\"server_error\",\"message\":\"Chaos.\",\"param\":null");
        }

        @Override
        String textOf(JsonNode reply) {
            return reply.at("/output/0/content/0/text").asText();
        }

        @Override
        boolean isFinished(JsonNode reply) {
            return reply.at("/status").asText().equals("completed");
        }

        @Override
        String pieceOf(JsonNode event) {
            return event.at("/type").asText().equals("response.output_text.delta")
                    ? event.at("/delta").asText() : "";
        }

        @Override
        boolean isFinish(JsonNode event) {
            return event.at("/type").asText().equals("response.completed");
        }

        @Override
        boolean isError(JsonNode event) {
            String type = event.at("/type").asText();
            return type.equals("error") || type.equals("response.failed");
        }

        @Override
        boolean isTerminator(String lastEvent) {
            return lastEvent.startsWith("event: response.completed\n");
        }
    },
    GEMINI("/v1beta/models/") {
        @Override
        String path(String model, boolean stream) {
            return path + model + (stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
        }

        @Override
        boolean isStream(String asked, JsonNode request) {
            return asked.contains(":streamGenerateContent");
        }

        @Override
        String request(String model, String prompt, boolean stream) {
            return "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"" + prompt
                    + "\"}]}]}";
        }

        @Override
        String unary(String text) {
            return response(text, ",\"finishReason\":\"STOP\"", ",\"usageMetadata\":"
                    + "{\"promptTokenCount\":7,\"candidatesTokenCount\":10,"
                    + "\"totalTokenCount\":17}");
        }

        private String response(String text, String finish, String usage) {
            return "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" + text
                    + "\"}],\"role\":\"model\"}" + finish + ",\"index\":0}]" + usage
                    + ",\"modelVersion\":\"m\",\"responseId\":\"r\"}";
        }

        @Override
        List<String> opening() {
            return List.of();
        }

        @Override
        String piece(String text) {
            return "data: " + response(text, "", "") + "\n\n";
        }

        @Override
        List<String> closing(String text) {
            return List.of("data: " + unary("") + "\n\n");
        }

        @Override
        List<String> call(String id, String name, String arguments) {
            return List.of("data: " + unary("").replace("{\"text\":\"\"}",
                    "{\"functionCall\":{\"id\":\"" + id + "\",\"name\":\"" + name
                            + "\",\"args\":" + arguments + "}}") + "\n\n");
        }

        @Override
        String error() {
            return "{\"error\":{\"code\":500,\"message\":\"Chaos.\",\"status\":\"INTERNAL\"}}";
        }

        @Override
        String errorEvent() {
            return "data: " + error() + "\n\n";
        }

        @Override
        String textOf(JsonNode reply) {
            return reply.at("/candidates/0/content/parts/0/text").asText();
        }

        @Override
        boolean isFinished(JsonNode reply) {
            return reply.at("/candidates/0/finishReason").asText().equals("STOP");
        }

        @Override
        String pieceOf(JsonNode event) {
            return textOf(event);
        }

        @Override
        boolean isFinish(JsonNode event) {
            return isFinished(event);
        }

        @Override
        boolean isError(JsonNode event) {
            return event.has("error");
        }

        @Override
        boolean isTerminator(String lastEvent) {
            return lastEvent.contains("\"finishReason\":\"STOP\"");
        }
    };

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PLACE =
            "\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0";

    final String path;

    ChaosFormat(String path) {
        this.path = path;
    }

    /** The format that is spoken at that path of a provider. */
    static ChaosFormat at(String path) {
        for (ChaosFormat format : values()) {
            if (path.startsWith(format.path)) {
                return format;
            }
        }
        throw new AssertionError("no format is spoken at " + path);
    }

    /** The path at which that model is asked. */
    String path(String model, boolean stream) {
        return path;
    }

    /** Whether a request at that path is for a stream. */
    boolean isStream(String asked, JsonNode request) {
        return request.path("stream").asBoolean();
    }

    /** A request's body. */
    abstract String request(String model, String prompt, boolean stream);

    // What a provider says. No text needs an escape in JSON.

    abstract String unary(String text);

    /** The events of a stream before its text. */
    abstract List<String> opening();

    abstract String piece(String text);

    /** The events behind the whole text. */
    abstract List<String> closing(String text);

    /** The events of a stream that is one call of a tool. */
    abstract List<String> call(String id, String name, String arguments);

    abstract String error();

    abstract String errorEvent();

    // How a caller reads it

    abstract String textOf(JsonNode reply);

    abstract boolean isFinished(JsonNode reply);

    abstract String pieceOf(JsonNode event);

    /** Whether it says that the model has finished. */
    abstract boolean isFinish(JsonNode event);

    abstract boolean isError(JsonNode event);

    abstract boolean isTerminator(String lastEvent);

    /** The words of the model from which a request wants it to go on; null for none. */
    static String prefill(JsonNode request) {
        JsonNode turns = request.has("messages") ? request.get("messages")
                : request.has("contents") ? request.get("contents") : request.get("input");
        JsonNode last = turns.isArray() ? turns.get(turns.size() - 1) : turns;
        String role = last.path("role").asText();
        if (!role.equals("assistant") && !role.equals("model")) {
            return null;
        }
        JsonNode content = last.has("parts") ? last.get("parts") : last.get("content");
        if (content.isTextual()) {
            return content.asText();
        }
        StringBuilder text = new StringBuilder();
        content.forEach(part -> text.append(part.get("text").asText()));
        return text.toString();
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    private static String quoted(String text) {
        return JSON.getNodeFactory().textNode(text).toString();
    }

    /** The JSON of the events that have some. */
    static List<JsonNode> data(String events) {
        List<JsonNode> data = new ArrayList<>();
        events.lines().filter(line -> line.startsWith("data: {"))
                .forEach(line -> data.add(json(line.substring("data: ".length()))));
        return data;
    }

    private static String event(String type, String members) {
        return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
    }
}
