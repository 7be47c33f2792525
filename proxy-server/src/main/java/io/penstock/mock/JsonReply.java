package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Replies that are one short JSON text: errors as OpenAI words them, above all. */
final class JsonReply {
    private JsonReply() {}

    /** The error with which a provider refuses a call by this status. */
    static ByteBuf refusal(ByteBufAllocator allocator, String name, int status, boolean closes) {
        return switch (status) {
            case 401 -> error(allocator, status, name + ": incorrect API key provided",
                    "invalid_request_error", "invalid_api_key", "", closes);
            case 403 -> error(allocator, status, name + ": this region is not supported",
                    "invalid_request_error", "unsupported_country_region_territory", "", closes);
            case 404 -> error(allocator, status, name + ": the model does not exist",
                    "invalid_request_error", "model_not_found", "", closes);
            case 429 -> error(allocator, status, name + ": rate limit reached, try again in 1s",
                    "requests", "rate_limit_exceeded", "retry-after: 1\r\n", closes);
            default -> error(allocator, status, name + ": "
                    + HttpResponseStatus.valueOf(status).reasonPhrase().toLowerCase(Locale.ROOT),
                    status < 500 ? "invalid_request_error" : "server_error", null, "", closes);
        };
    }

    /** An error of any wording; {@code message} and {@code code} (or null) go in unescaped. */
    static ByteBuf error(ByteBufAllocator allocator, int status, String message, String type,
            String code, String fields, boolean closes) {
        return of(allocator, status, fields, "{\"error\":{\"message\":\"" + message
                + "\",\"type\":\"" + type + "\",\"param\":null,\"code\":"
                + (code == null ? "null" : '"' + code + '"') + "}}", closes);
    }

    /** A reply of this JSON; {@code fields} are further header lines, each with its end. */
    static ByteBuf of(ByteBufAllocator allocator, int status, String fields, String json,
            boolean closes) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + ' ' + HttpResponseStatus.valueOf(status).reasonPhrase()
                + "\r\ncontent-type: application/json\r\ncontent-length: " + body.length + "\r\n"
                + fields + (closes ? "connection: close\r\n\r\n" : "\r\n");
        ByteBuf reply = allocator.directBuffer(head.length() + body.length);
        reply.writeCharSequence(head, StandardCharsets.US_ASCII);
        return reply.writeBytes(body);
    }

    /** As text inside JSON quotes; whatever is not plain ASCII becomes a question mark. */
    static String plain(String text) {
        return text.replaceAll("[^ !#-\\[\\]-~]", "?");
    }
}
