package io.penstock.translate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a stream of OpenAI responses has said so far that is relayed as it came: enough to end it in
 * its own words before its provider does. What is not known of an item is kept as it was.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_CHARS} characters; a longer trail is given up, and such a stream
 * cannot be ended in order.
 */
final class ResponseTrail {
    static final int MAX_CHARS = 1024 * 1024;
    private static final Set<String> TOLD_ANEW =
            Set.of("status", "incomplete_details", "output", "usage");
    private static final Set<String> TOLD_ANEW_WHEN_COMPLETED =
            Set.of("status", "completed_at", "incomplete_details", "output", "usage");
    private static final Set<String> FILLED =
            Set.of("status", "content", "summary", "arguments", "input");

    /** An output item. */
    private static final class Item {
        final long outputIndex;
        final String json; // as it was last told whole
        final boolean done;
        @Nullable String id = "";
        String type = "";
        @Nullable String name;
        final List<String> parts = new ArrayList<>(1); // that are done
        @Nullable String openPart; // its type; null if none is open
        final StringBuilder text = new StringBuilder(); // of the open part, or of a call

        Item(long outputIndex, String json, boolean done) {
            this.outputIndex = outputIndex;
            this.json = json;
            this.done = done;
        }

        boolean isCall() {
            return type.equals("function_call") || type.equals("custom_tool_call");
        }

        boolean isReasoning() {
            return type.equals("reasoning");
        }
    }

    private final ReplyLoop loop;
    private final List<Item> items = new ArrayList<>(2);
    private @Nullable String response; // as it began
    private int chars;

    // The event that is being read
    private String type = "";
    private long outputIndex;
    private @Nullable String object;
    private @Nullable String delta;

    ResponseTrail(ReplyLoop loop) {
        this.loop = loop;
    }

    /** Reads an event's data, of which the first token has been read. */
    void read(JsonFeed in) throws IOException {
        type = "";
        outputIndex = -1;
        object = null;
        delta = null;
        while (in.nextMember()) {
            switch (in.name()) {
                case "type" -> type = wordOrNone(in);
                case "output_index" -> outputIndex = in.count();
                case "response", "item", "part" -> object = copy(in);
                case "delta" -> delta = in.text();
                default -> in.skip();
            }
        }
        in.end();
        if (chars <= MAX_CHARS) {
            keep();
        }
    }

    private static String wordOrNone(JsonFeed in) throws IOException {
        String word = in.word();
        return word == null ? "" : word;
    }

    private @Nullable String copy(JsonFeed in) throws IOException {
        if (!in.enterObject()) {
            return null;
        }
        TextRun text = loop.text();
        text.clear();
        in.copyTo(text);
        return text.toString();
    }

    private void keep() throws IOException {
        switch (type) {
            case "response.created", "response.in_progress" -> {
                response = object;
                chars += length(object);
            }
            case "response.output_item.added", "response.output_item.done" -> {
                if (object != null) {
                    put(new Item(outputIndex, object, type.endsWith("done")));
                }
            }
            case "response.content_part.added", "response.reasoning_summary_part.added" -> {
                Item item = item();
                if (item != null && object != null) {
                    item.openPart = typeOf(object);
                    item.text.setLength(0);
                }
            }
            case "response.content_part.done", "response.reasoning_summary_part.done" -> {
                Item item = item();
                if (item != null && object != null) {
                    item.parts.add(object);
                    item.openPart = null;
                    item.text.setLength(0);
                    chars += object.length();
                }
            }
            default -> {
                if (type.endsWith(".delta") && delta != null) {
                    Item item = item();
                    if (item != null) {
                        item.text.append(delta);
                        chars += delta.length();
                    }
                }
            }
        }
    }

    private static int length(@Nullable String text) {
        return text == null ? 0 : text.length();
    }

    private @Nullable Item item() {
        for (Item item : items) {
            if (item.outputIndex == outputIndex && !item.done) {
                return item;
            }
        }
        return null;
    }

    private void put(Item item) throws IOException {
        JsonFeed in = begin(item.json);
        while (in.nextMember()) {
            switch (in.name()) {
                case "id" -> item.id = in.text();
                case "type" -> item.type = wordOrNone(in);
                case "name" -> item.name = in.text();
                default -> in.skip();
            }
        }
        in.end();
        items.removeIf(before -> before.outputIndex == item.outputIndex);
        items.add(item);
        chars += item.json.length();
    }

    private @Nullable String typeOf(String part) throws IOException {
        JsonFeed in = begin(part);
        String found = null;
        while (in.nextMember()) {
            if (in.name().equals("type")) {
                found = in.word();
            } else {
                in.skip();
            }
        }
        in.end();
        return found;
    }

    private JsonFeed begin(String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        loop.feed().begin(bytes, 0, bytes.length);
        return loop.feed();
    }

    /** Whether the stream can be ended. */
    boolean isWhole() {
        return response != null && chars <= MAX_CHARS;
    }

    /** Whether a text is open that more could be added to. */
    boolean isInText() {
        return isWhole() && openText() != null;
    }

    private @Nullable Item openText() {
        for (Item item : items) {
            if (!item.done && "output_text".equals(item.openPart)) {
                return item;
            }
        }
        return null;
    }

    /** Writes a piece more of the text that is open. */
    void text(ReplyBytes out, long sequence, String piece) {
        Item item = openText();
        assert item != null; // or it could not be continued
        item.text.append(piece);
        itemEvent(out, "response.output_text.delta", item, sequence).put(",\"content_index\":")
                .index(item.parts.size()).put(",\"delta\":").quoted(piece)
                .put(",\"logprobs\":[]}\n\n");
    }

    /** Writes the events that end the stream: what is open is closed, and then the response. */
    void end(ReplyBytes out, long sequence, FinishReason finish, ReplyUsage usage)
            throws IOException {
        assert response != null; // or it could not be ended
        String status = ResponseObject.status(finish);
        boolean completed = status.equals("completed");
        long next = sequence;
        items.sort((a, b) -> Long.compare(a.outputIndex, b.outputIndex));
        List<String> output = new ArrayList<>();
        for (Item item : items) {
            if (item.done) {
                output.add(item.json);
                continue;
            }
            next = closePart(out, item, next);
            String whole = whole(item, status);
            event(out, "response.output_item.done", next++).put(",\"output_index\":")
                    .number(item.outputIndex).put(",\"item\":").putRaw(whole).put("}\n\n");
            output.add(whole);
        }
        event(out, "response." + status, next).put(",\"response\":{");
        copyMembers(out, response, completed ? TOLD_ANEW_WHEN_COMPLETED : TOLD_ANEW);
        if (completed) {
            out.put(",\"completed_at\":").number(loop.epochSeconds());
        }
        out.put(",\"status\":\"").put(status).put("\",\"incomplete_details\":");
        ResponseObject.writeIncompleteDetails(out, finish);
        out.put(",\"output\":[")
                .putRaw(String.join(",", output)).put("],\"usage\":");
        ResponseObject.writeUsage(out, usage);
        out.put("}}\n\n");
    }

    private static ReplyBytes event(ReplyBytes out, String type, long sequence) {
        return out.put("event: ").put(type).put("\ndata: {\"type\":\"").put(type)
                .put("\",\"sequence_number\":").number(sequence);
    }

    private ReplyBytes itemEvent(ReplyBytes out, String type, Item item, long sequence) {
        return event(out, type, sequence).put(",\"item_id\":").quoted(item.id)
                .put(",\"output_index\":").number(item.outputIndex);
    }

    /** Closes what an item is in the midst of; returns the next sequence number. */
    private long closePart(ReplyBytes out, Item item, long sequence) {
        if (item.isCall()) {
            boolean custom = item.type.equals("custom_tool_call");
            itemEvent(out, custom ? "response.custom_tool_call_input.done"
                    : "response.function_call_arguments.done", item, sequence)
                    .put(custom ? ",\"input\":" : ",\"arguments\":").quoted(item.text)
                    .put(",\"name\":").quoted(item.name).put("}\n\n");
            return sequence + 1;
        }
        if (item.openPart == null) {
            return sequence;
        }
        String part = openPart(item, item.openPart);
        boolean summary = item.openPart.equals("summary_text");
        boolean refusal = item.openPart.equals("refusal");
        String kind = summary ? "reasoning_summary_text" : item.openPart;
        String index = summary ? ",\"summary_index\":" : ",\"content_index\":";
        itemEvent(out, "response." + kind + ".done", item, sequence).put(index)
                .index(item.parts.size()).put(refusal ? ",\"refusal\":" : ",\"text\":")
                .quoted(item.text).put(item.openPart.equals("output_text")
                        ? ",\"logprobs\":[]}\n\n" : "}\n\n");
        itemEvent(out, summary ? "response.reasoning_summary_part.done"
                : "response.content_part.done", item, sequence + 1).put(index)
                .index(item.parts.size()).put(",\"part\":").putRaw(part).put("}\n\n");
        item.parts.add(part);
        item.openPart = null;
        return sequence + 2;
    }

    private static String openPart(Item item, String type) {
        ReplyBytes part = new ReplyBytes();
        part.put("{\"type\":").quoted(type)
                .put(type.equals("refusal") ? ",\"refusal\":" : ",\"text\":")
                .quoted(item.text).put(type.equals("output_text")
                        ? ",\"annotations\":[],\"logprobs\":[]}" : "}");
        return new String(part.takeFrom(0), StandardCharsets.UTF_8);
    }

    /** An item that was in progress, with what has come of it. */
    private String whole(Item item, String status) throws IOException {
        boolean message = item.type.equals("message");
        if (!message && !item.isCall() && !item.isReasoning()) {
            return item.json; // of a tool that the provider runs: nobody knows
        }
        ReplyBytes out = new ReplyBytes();
        copyMembers(out.put("{"), item.json, FILLED);
        if (item.isReasoning()) {
            out.put(",\"summary\":[").putRaw(String.join(",", item.parts)).put("]");
        } else {
            out.put(",\"status\":\"").put(status).put("\"");
        }
        if (message) {
            out.put(",\"content\":[").putRaw(String.join(",", item.parts)).put("]");
        } else if (item.isCall()) {
            out.put(item.type.equals("function_call") ? ",\"arguments\":" : ",\"input\":")
                    .quoted(item.text);
        }
        return new String(out.put("}").takeFrom(0), StandardCharsets.UTF_8);
    }

    /** Copies the members of an object but for some, the first without a comma before it. */
    private void copyMembers(ReplyBytes out, String json, Set<String> others)
            throws IOException {
        JsonFeed in = begin(json);
        boolean first = true;
        while (in.nextMember()) {
            String name = in.name();
            if (others.contains(name)) {
                in.skip();
                continue;
            }
            TextRun value = loop.text();
            value.clear();
            in.copyTo(value);
            out.put(first ? "" : ",").quoted(name).put(":").putRaw(value.toString());
            first = false;
        }
        in.end();
    }
}
