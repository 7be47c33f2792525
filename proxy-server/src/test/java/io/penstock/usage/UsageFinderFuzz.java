package io.penstock.usage;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.penstock.json.Needle;
import io.penstock.loop.Scratch;
import io.penstock.testing.FuzzInput;
import java.nio.charset.StandardCharsets;

/**
 * Usage in replies: the same counts however they are cut, none below zero, none where the word
 * doesn't stand; and words are found where a plain search finds them.
 */
public final class UsageFinderFuzz {
    private static final String[] WORDS = {"\"usage\"", "\"", "\"finish_reason\"", "{\"a\":12"};

    private UsageFinderFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            byte[] bytes = input.bytes();
            ByteBuf buffer = input.buffer();
            try {
                UsageFinder finder = new UsageFinder(new Scratch());
                String whole = find(finder, buffer, FuzzInput.whole(bytes.length));
                finder.reset();
                checkSame(find(finder, buffer, input.cuts(bytes.length)), whole, "in pieces");
                checkCounts(finder.largest());
                UsageScanner scanner = new UsageScanner();
                TokenUsage found = scanner.scan(buffer, buffer.readerIndex(), bytes.length);
                checkCounts(found);
                String text = new String(bytes, StandardCharsets.ISO_8859_1);
                boolean stands = text.contains("\"usage\"");
                check(stands || found == null && whole.endsWith(" of null"),
                        "usage out of nothing");
            } finally {
                buffer.release();
            }
            checkNeedle(bytes, WORDS[input.choice() % WORDS.length], input.choice());
        }
    }

    private static String find(UsageFinder finder, ByteBuf buffer, int[] cuts) {
        int zero = buffer.readerIndex();
        int at = 0;
        for (int cut : cuts) {
            finder.read(buffer, zero + at, cut - at);
            at = cut;
        }
        TokenUsage sum = finder.takeSum();
        checkCounts(sum);
        return finder.largest() + " of " + sum;
    }

    private static void checkCounts(TokenUsage usage) {
        check(usage == null || usage.prompt() >= 0 && usage.completion() >= 0
                && usage.cached() >= 0 && usage.reasoning() >= 0, "below zero: " + usage);
    }

    private static void checkNeedle(byte[] bytes, String word, int choice) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int from = Math.min(choice % 16, bytes.length);
        int to = Math.max(from, bytes.length - choice / 16);
        Needle needle = new Needle(word);
        int first = text.substring(0, to).indexOf(word, from);
        checkSame(needle.find(bytes, from, to), first, "the first");
        int last = text.substring(0, to).lastIndexOf(word);
        checkSame(needle.findLast(bytes, from, to), last < from ? -1 : last, "the last");
    }
}
