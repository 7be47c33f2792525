package io.penstock.http;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectDecoder;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.ReferenceCountUtil;
import io.penstock.testing.FuzzInput;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Heads of requests and responses: however little of one has come, it is taken for unfinished or
 * refused, never for another head; what is accepted means the same to Netty's decoder, and comes
 * out of its own serialised form again.
 */
public final class HeadFuzz {
    private static final int MAX_BYTES = 32 * 1024;
    private static final int FEW_BYTES = 200;
    private static final int MAX_PREFIXES = 300;
    private static final Set<String> NEVER_UP = Set.of("content-length", "transfer-encoding",
            "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer",
            "upgrade", "expect", "http2-settings", "authorization", "x-api-key", "api-key",
            "x-goog-api-key", "cookie", "accept-encoding", "x-forwarded-for", "content_length",
            "transfer_encoding", "host");
    private static final Set<String> NEVER_DOWN = Set.of("content-length", "transfer-encoding",
            "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer",
            "upgrade", "set-cookie", "openai-organization", "server");

    // Used again for every head, as on an event loop: nothing of one may be seen in the next.
    private static final Head[] USED = {new RequestHead(MAX_BYTES), new RequestHead(FEW_BYTES),
        new ResponseHead(MAX_BYTES), new ResponseHead(FEW_BYTES)};

    private HeadFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            boolean response = input.chooses(0);
            int maxBytes = input.chooses(1) ? FEW_BYTES : MAX_BYTES;
            Head head = response ? new ResponseHead(maxBytes) : new RequestHead(maxBytes);
            byte[] bytes = input.bytes();
            int[] cuts = input.cuts(bytes.length);
            ByteBuf buffer = input.buffer();
            try {
                String seen = look(head, buffer);
                Head used = USED[(response ? 2 : 0) + (input.chooses(1) ? 1 : 0)];
                checkSame(look(used, buffer), seen, "a used head");
                int length = seen.startsWith("length ") ? length(head, buffer) : -1;
                boolean ended = false;
                for (int i = 0; i < Math.min(cuts.length, MAX_PREFIXES); i++) {
                    String part = look(used, buffer.slice(buffer.readerIndex(), cuts[i]));
                    if (length >= 0) {
                        checkSame(part, cuts[i] < length ? "incomplete" : seen, "at " + cuts[i]);
                    } else {
                        // Of a head that isn't whole nothing is accepted, and a refusal stays.
                        check(part.equals("incomplete") && !ended || part.startsWith("refused"),
                                part + " at " + cuts[i] + ", but " + seen);
                        ended = part.startsWith("refused");
                    }
                }
                if (length >= 0) {
                    check(length <= Math.min(bytes.length, maxBytes), "longer than it may be");
                    look(head, buffer);
                    checkAccepted(input, head, Arrays.copyOf(bytes, length));
                }
            } finally {
                buffer.release();
            }
        }
    }

    private static int length(Head head, ByteBuf buffer) {
        try {
            return head.parse(buffer);
        } catch (HttpSyntaxException e) {
            throw new AssertionError("accepted the first time", e);
        }
    }

    /** All that can be asked of a head. */
    private static String look(Head head, ByteBuf buffer) {
        try {
            int before = buffer.readerIndex();
            int length = head.parse(buffer);
            check(buffer.readerIndex() == before, "borrowed, but read");
            if (length == Head.INCOMPLETE) {
                return "incomplete";
            }
            StringBuilder text = new StringBuilder("length ").append(length).append(' ')
                    .append(head.minorVersion()).append(head.isChunked())
                    .append(head.contentLength()).append(head.isKeepAlive())
                    .append(head.isUpgradeTo("websocket"));
            for (Field field : Field.values()) {
                text.append('|').append(head.value(field));
            }
            if (head instanceof RequestHead request) {
                text.append(request.method()).append(' ').append(request.path()).append(' ')
                        .append(request.query());
            } else {
                text.append(((ResponseHead) head).status());
            }
            return text.append('\n').append(fields(head, true)).append('\n')
                    .append(fields(head, false)).toString();
        } catch (HttpSyntaxException e) {
            check(e.kind() != null && e.getMessage() != null, "a refusal that says nothing");
            return "refused " + e.kind();
        }
    }

    private static String fields(Head head, boolean up) {
        HeadWriter out = new HeadWriter();
        if (up) {
            head.writeUpstreamFields(out, Set.of());
        } else {
            head.writeDownstreamFields(out, Set.of());
        }
        return out.toString();
    }

    private static void checkAccepted(FuzzInput input, Head head, byte[] bytes) {
        check(!(head.isChunked() && head.contentLength() != Head.NO_LENGTH), "framed twice");
        boolean request = head instanceof RequestHead;
        HttpMessage other = decode(request, bytes);
        check(other != null && other.decoderResult().isSuccess(), "Netty refuses it: "
                + (other == null ? null : other.decoderResult().cause()));
        if (request || !((ResponseHead) head).isBodiless()) { // Netty hides what says nothing
            checkSame(HttpUtil.isTransferEncodingChunked(other), head.isChunked(), "chunked");
        }
        checkSame(other.headers().contains("content-length")
                ? HttpUtil.getContentLength(other) : Head.NO_LENGTH, head.contentLength(),
                "length");
        checkSame(other.protocolVersion().minorVersion(), head.minorVersion(), "version");
        checkSame(HttpUtil.isKeepAlive(other), head.isKeepAlive(), "keep-alive");
        for (Map.Entry<String, String> field : other.headers()) {
            checkSame(head.value(field.getKey().toLowerCase(Locale.ROOT)),
                    other.headers().get(field.getKey()), field.getKey());
        }
        String startLine;
        if (request) {
            RequestHead line = (RequestHead) head;
            checkSame(line.method(), ((HttpRequest) other).method().name(), "method");
            String target = line.path() + line.query();
            check(((HttpRequest) other).uri().endsWith(target), "target");
            startLine = line.method() + " " + target + " HTTP/1.1\r\n"
                    + "Host: " + (head.has(Field.HOST) ? head.value(Field.HOST) : "") + "\r\n";
        } else {
            checkSame(((ResponseHead) head).status(), ((HttpResponse) other).status().code(),
                    "status");
            startLine = "HTTP/1.1 " + ((ResponseHead) head).status() + " \r\n";
        }
        String passed = fields(head, request);
        Head again = request ? new RequestHead(2 * MAX_BYTES) : new ResponseHead(2 * MAX_BYTES);
        byte[] written = (startLine + passed + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        ByteBuf buffer = input.buffer(written);
        String seen = look(again, buffer);
        buffer.release();
        check(seen.startsWith("length " + written.length + " "), "what is written is " + seen);
        checkSame(fields(again, request), passed, "what is written again");
        for (String name : decode(request, written).headers().names()) {
            String lowerCase = name.toLowerCase(Locale.ROOT);
            boolean own = request && lowerCase.equals("host"); // written above
            check(own || !(request ? NEVER_UP : NEVER_DOWN).contains(lowerCase), name + " passes");
            String options = head.values("connection");
            if (options != null && !own) {
                for (String option : options.split(",")) {
                    check(!option.strip().equalsIgnoreCase(name), name + " is Connection's");
                }
            }
        }
    }

    private static HttpMessage decode(boolean request, byte[] bytes) {
        HttpObjectDecoder decoder = request
                ? new HttpRequestDecoder(64 * 1024, 128 * 1024, 8192)
                : new HttpResponseDecoder(64 * 1024, 128 * 1024, 8192);
        EmbeddedChannel channel = new EmbeddedChannel(decoder);
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes));
            Object message = channel.readInbound();
            ReferenceCountUtil.release(message); // an aggregate, if anything
            return message instanceof HttpMessage head ? head : null;
        } finally {
            channel.finishAndReleaseAll();
        }
    }
}
