package io.penstock.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** The bytes of a chat completion call, made once and sent each time. */
final class RequestBytes {
    private static final String FILLER = "The quick brown fox jumps over the lazy dog. ";

    private RequestBytes() {}

    /** Gives the request. */
    static ByteBuf of(Endpoint endpoint, Workload workload) {
        byte[] body = body(workload).getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder(256)
                .append("POST ").append(endpoint.path()).append("/chat/completions HTTP/1.1\r\n")
                .append("host: ").append(endpoint.authority()).append("\r\n");
        if (workload.key() != null) {
            head.append("authorization: Bearer ").append(workload.key()).append("\r\n");
        }
        head.append("content-type: application/json\r\n")
                .append("accept: ")
                .append(workload.stream() ? "text/event-stream" : "application/json")
                .append("\r\nuser-agent: penstock-bench\r\ncontent-length: ")
                .append(body.length).append("\r\n\r\n");
        byte[] headBytes = head.toString().getBytes(StandardCharsets.US_ASCII);
        ByteBuf request = Unpooled.directBuffer(headBytes.length + body.length);
        request.writeBytes(headBytes).writeBytes(body);
        return request;
    }

    private static String body(Workload workload) {
        int length = workload.promptBytes();
        String prompt = FILLER.repeat(length / FILLER.length() + 1).substring(0, length);
        return "{\"model\":" + JsonText.quoted(workload.model())
                + (workload.stream() ? ",\"stream\":true" : "")
                + ",\"max_tokens\":" + workload.maxTokens()
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"" + prompt + "\"}]}";
    }
}
