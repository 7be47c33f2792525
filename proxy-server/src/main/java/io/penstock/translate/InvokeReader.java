package io.penstock.translate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Reads Anthropic's events out of Bedrock's InvokeModel messages, each of which holds the data of
 * one in base64. For a messages caller they are put into frames of the other kind and otherwise
 * left alone, server tools and citations included.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class InvokeReader extends MessagesReader {
    private final boolean reframes;

    InvokeReader(ReplyLoop loop, TurnSink sink, boolean reframes) {
        super(loop, sink, !reframes);
        this.reframes = reframes;
    }

    @Override
    void readMessage(EventStreamMessage message, JsonFeed in) throws IOException {
        String encoded = null;
        if (!in.isObject()) {
            throw new TurnBoundException("no object in an event");
        }
        while (in.nextMember()) {
            if (in.name().equals("bytes")) {
                encoded = in.text();
            } else {
                in.skip();
            }
        }
        in.end();
        if (encoded == null) {
            return;
        }
        byte[] event;
        try {
            event = Base64.getDecoder().decode(encoded.getBytes(StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException e) {
            throw new IOException("no base64", e);
        }
        in.begin(event, 0, event.length);
        readEvent(in);
        if (reframes && type() != null && !type().equals("error")) {
            for (int i = 0; i < event.length; i++) {
                if (event[i] == '\n' || event[i] == '\r') {
                    event[i] = ' '; // between members: one line holds an event's data
                }
            }
            loop().bytes().put("event: ").escaped(type()).put("\ndata: ").put(event)
                    .put("\n\n");
        }
    }
}
