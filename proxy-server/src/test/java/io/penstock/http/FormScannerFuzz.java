package io.penstock.http;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.FuzzInput;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * Forms: the same value at the same place however they are cut; with another value in that place,
 * that one is found; and up to there nothing looks like a delimiter that isn't one.
 */
public final class FormScannerFuzz {
    private static final byte[] OTHER = "other-model".getBytes(StandardCharsets.US_ASCII);

    private FormScannerFuzz() {}

    /** The first line is the content type, the rest is the body. */
    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            byte[] bytes = input.bytes();
            int line = 0;
            while (line < bytes.length && bytes[line] != '\n') {
                line++;
            }
            String type = new String(bytes, 0, line, StandardCharsets.ISO_8859_1);
            if (FormScanner.of(type, "model") == null || line == bytes.length) {
                return;
            }
            byte[] body = Arrays.copyOfRange(bytes, line + 1, bytes.length);
            FormScanner whole = FormScanner.of(type, "model");
            String seen = scan(input, whole, body, FuzzInput.whole(body.length));
            checkSame(scan(input, FormScanner.of(type, "model"), body, input.cuts(body.length)),
                    seen, "in pieces");
            if (whole.value() != null) {
                int start = (int) whole.start();
                int end = (int) whole.end();
                checkSame(new String(body, start, end - start, StandardCharsets.UTF_8),
                        whole.value(), "what stands there");
                String read = new String(body, 0, end, StandardCharsets.ISO_8859_1);
                String delimiter = "--" + boundary(body, end);
                check(!read.replace("\r\n" + delimiter, "").matches(
                        "(?s).*[\r\n]" + Pattern.quote(delimiter) + ".*"), "half a line end");
                byte[] changed = new byte[body.length - (end - start) + OTHER.length];
                System.arraycopy(body, 0, changed, 0, start);
                System.arraycopy(OTHER, 0, changed, start, OTHER.length);
                System.arraycopy(body, end, changed, start + OTHER.length, body.length - end);
                FormScanner again = FormScanner.of(type, "model");
                String seenAgain = scan(input, again, changed, FuzzInput.whole(changed.length));
                checkSame(again.value(), "other-model", "after the change");
                checkSame(seenAgain.equals("refused"), seen.equals("refused"),
                        "refused after the change");
            }
        }
    }

    /** What stands behind the value, up to the end of the line: the boundary, or more. */
    private static String boundary(byte[] body, int end) {
        return new String(body, end + 4, body.length - end - 4, StandardCharsets.ISO_8859_1)
                .split("\r|\n", 2)[0].stripTrailing();
    }

    private static String scan(FuzzInput input, FormScanner scanner, byte[] body, int[] cuts) {
        int at = 0;
        try {
            for (int cut : cuts) {
                ByteBuf piece = input.buffer(Arrays.copyOfRange(body, at, cut));
                int before = piece.readerIndex();
                try {
                    scanner.scan(piece);
                    check(piece.readerIndex() == before, "borrowed, but read");
                } finally {
                    piece.release();
                }
                at = cut;
            }
        } catch (HttpSyntaxException e) {
            return "refused"; // for the first or the second reason, as the pieces come
        }
        return scanner.value() + " from " + scanner.start() + " to " + scanner.end();
    }
}
