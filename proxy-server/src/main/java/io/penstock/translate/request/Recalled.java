package io.penstock.translate.request;

import io.netty.buffer.ByteBuf;
import io.penstock.translate.ResponseAnswer;
import io.penstock.translate.ResponseMemory;

/**
 * A Responses request in which what it refers to stands in its own place, as far as it is kept.
 *
 * <p><b>Buffers:</b> gives the body.
 */
public final class Recalled {
    private final ByteBuf body;
    private final ResponseMemory memory;
    private final String caller;
    private final String previousId; // null for none, or one that isn't kept
    private final byte[] input; // null if the answer is not to be kept

    Recalled(ByteBuf body, ResponseMemory memory, String caller, String previousId,
            byte[] input) {
        this.body = body;
        this.memory = memory;
        this.caller = caller;
        this.previousId = previousId;
        this.input = input;
    }

    /** The request, to be translated or relayed. */
    public ByteBuf body() {
        return body;
    }

    /** Whether the caller lets its answer be kept. */
    public boolean isKept() {
        return input != null;
    }

    /** Keeps the answer, if the caller lets it; null is no answer. */
    public void remember(ResponseAnswer answer) {
        if (input != null && answer != null) {
            memory.remember(caller, previousId, input, answer);
        }
    }
}
