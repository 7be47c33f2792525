package io.penstock.translate.request;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.json.Needle;
import java.nio.charset.StandardCharsets;

/**
 * A Gemini request for Google itself, byte for byte, but for thought signatures that Penstock made
 * while another provider served the conversation: Google's own word for a lost one takes their
 * place.
 */
public final class GeminiHistory {
    /** Google's word for a call whose signature is lost, or was never there. */
    static final String NO_SIGNATURE = "skip_thought_signature_validator";
    private static final String SEAL = '"' + ReasoningSeal.IN_BASE64;
    private static final Needle SEALED = new Needle(SEAL);
    private static final ByteBuf SEALED_BYTES = Unpooled.unreleasableBuffer(
            Unpooled.copiedBuffer(SEAL, StandardCharsets.US_ASCII)).asReadOnly();
    private static final String[] NAMES = {"\"thoughtSignature\"", "\"thought_signature\""};

    private GeminiHistory() {}

    /** Whether a request may hold a signature that Google has not made. Borrows it. */
    public static boolean isMixed(ByteBuf body) {
        return ByteBufUtil.indexOf(SEALED_BYTES, body) >= 0;
    }

    static void copy(Raw body, ByteBuf out) {
        byte[] bytes = body.bytes();
        int at = body.start();
        int found = SEALED.find(bytes, at, body.end());
        while (found >= 0) {
            int end = found + 1;
            if (isSignature(bytes, body.start(), found)) {
                while (end < body.end() && bytes[end] != '"') {
                    end++;
                }
                out.writeBytes(bytes, at, found + 1 - at);
                out.writeCharSequence(NO_SIGNATURE, StandardCharsets.US_ASCII);
                at = end;
            }
            found = SEALED.find(bytes, end, body.end());
        }
        out.writeBytes(bytes, at, body.end() - at);
    }

    /** Whether the string that begins there is the value of a member of that name. */
    private static boolean isSignature(byte[] bytes, int start, int quote) {
        int colon = beforeBlanks(bytes, start, quote);
        int end = colon > start && bytes[colon - 1] == ':'
                ? beforeBlanks(bytes, start, colon - 1) : start;
        for (String name : NAMES) {
            int from = end - name.length();
            if (from >= start && name.equals(
                    new String(bytes, from, name.length(), StandardCharsets.ISO_8859_1))) {
                return true;
            }
        }
        return false;
    }

    private static int beforeBlanks(byte[] bytes, int start, int end) {
        int at = end;
        while (at > start && bytes[at - 1] <= ' ' && bytes[at - 1] >= 0) {
            at--;
        }
        return at;
    }
}
