package io.penstock.whole;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.ScriptedUpstream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What goes over the wire in these tests, as text. */
final class Wire {
    private Wire() {}

    /** A file of {@code fixtures}. */
    static String fixture(String name) {
        try (InputStream in = Wire.class.getResourceAsStream("/fixtures/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String event(String data) {
        return "data: " + data + "\n\n";
    }

    static String chunk(String data) {
        return Integer.toHexString(data.getBytes(StandardCharsets.UTF_8).length) + "\r\n" + data
                + "\r\n";
    }

    /** An event in a chunk of its own, as {@link ScriptedUpstream.Exchange#event} sends it. */
    static String eventChunk(String data) {
        return chunk(event(data));
    }

    /** The body of {@link ScriptedUpstream#goodStream}, framing included. */
    static String goodStream(int events) {
        StringBuilder all = new StringBuilder();
        ScriptedUpstream.goodEvents(events).forEach(event -> all.append(eventChunk(event)));
        return all.append(eventChunk("[DONE]")).append("0\r\n\r\n").toString();
    }

    /** The first so many chunks of {@link #goodStream}: a role, then content. */
    static String beginning(int events) {
        StringBuilder all = new StringBuilder();
        List<String> good = ScriptedUpstream.goodEvents(events);
        good.subList(0, events + 1).forEach(event -> all.append(eventChunk(event)));
        return all.toString();
    }

    static ScriptedUpstream.Exchange sendBeginning(ScriptedUpstream.Exchange x, int events)
            throws IOException {
        x.sseHead().write(beginning(events));
        return x.flush();
    }

    /** The data of a chunked body that may end anywhere: what a tolerant caller makes of it. */
    static String dataOf(String chunked) {
        byte[] raw = chunked.getBytes(StandardCharsets.UTF_8);
        StringBuilder data = new StringBuilder();
        int at = 0;
        while (at < raw.length) {
            int line = at;
            while (line < raw.length && raw[line] != '\r') {
                line++;
            }
            if (line >= raw.length) {
                break;
            }
            int size = Integer.parseInt(
                    new String(raw, at, line - at, StandardCharsets.US_ASCII).split(";")[0], 16);
            int start = line + 2;
            int end = Math.min(start + size, raw.length);
            if (start < end) {
                data.append(new String(raw, start, end - start, StandardCharsets.UTF_8));
            }
            at = start + size + 2;
        }
        return data.toString();
    }

    /** Checks the body of a stream that broke off: whole events, an error event, no proper end. */
    static void assertCut(String raw, String wholeEvents, String code, String fault) {
        assertThat(raw).doesNotEndWith("0\r\n\r\n");
        String data = dataOf(raw);
        assertThat(data).startsWith(wholeEvents);
        String last = data.substring(wholeEvents.length()).strip();
        assertThat(last).startsWith("data: {\"error\":{\"message\":\"").endsWith("}}")
                .doesNotContain("\n").doesNotContain("[DONE]")
                .contains("\"code\":\"" + code + "\"").contains("\"type\":\"server_error\"")
                .contains("\"outcome\":\"" + fault + "\"");
        assertThat(data).as("the blank line that dispatches the event").endsWith("\n\n");
    }
}
