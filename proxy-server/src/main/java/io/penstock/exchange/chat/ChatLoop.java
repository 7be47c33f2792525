package io.penstock.exchange.chat;

import io.penstock.exchange.call.CallLoop;
import io.penstock.json.TopLevelScanner;
import io.penstock.sse.FamiliarEnd;
import io.penstock.translate.ChatStream;
import io.penstock.translate.ReplyLoop;
import io.penstock.translate.ResponseMemory;
import io.penstock.translate.request.RequestFitter;
import io.penstock.translate.request.RequestTranslator;
import io.penstock.usage.UsageScanner;
import java.util.ArrayDeque;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What one event loop lends to the chats on it: readers and scanners that they share because only
 * one of them is at work at a time.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #MAX_SPARE_SCANNERS} scanners are kept.
 */
public final class ChatLoop {
    private static final int MAX_SPARE_SCANNERS = 64;

    private final CallLoop calls;
    private final ResponseMemory responseMemory;
    private final ChatStream chatStream = new ChatStream();
    private final RequestTranslator requestTranslator = new RequestTranslator();
    private final RequestFitter requestFitter = new RequestFitter();
    private final ReplyLoop replyLoop;
    private final UsageScanner usageScanner = new UsageScanner();
    private final FamiliarEnd familiarEnd = new FamiliarEnd();
    private final ArrayDeque<TopLevelScanner> scanners = new ArrayDeque<>();

    /** Readers and scanners of one loop; {@code responseMemory} is that of all loops. */
    public ChatLoop(CallLoop calls, ResponseMemory responseMemory) {
        this.calls = calls;
        this.responseMemory = responseMemory;
        replyLoop = new ReplyLoop(() -> ThreadLocalRandom.current().nextLong(),
                () -> System.currentTimeMillis() / 1000, () -> calls.deadlines().nowNanos());
    }

    CallLoop calls() {
        return calls;
    }

    /** The answers that Responses callers may refer to. */
    ResponseMemory responseMemory() {
        return responseMemory;
    }

    ChatStream chatStream() {
        return chatStream;
    }

    RequestTranslator requestTranslator() {
        return requestTranslator;
    }

    RequestFitter requestFitter() {
        return requestFitter;
    }

    /** What the translations of replies share. */
    ReplyLoop replyLoop() {
        return replyLoop;
    }

    UsageScanner usageScanner() {
        return usageScanner;
    }

    FamiliarEnd familiarEnd() {
        return familiarEnd;
    }

    /** A scanner for one body; {@link #giveBack} has to follow. */
    TopLevelScanner borrowScanner() {
        TopLevelScanner scanner = scanners.poll();
        return scanner == null ? RequestFields.newScanner() : scanner;
    }

    void giveBack(TopLevelScanner scanner) {
        scanner.reset();
        if (scanners.size() < MAX_SPARE_SCANNERS) {
            scanners.push(scanner);
        }
    }
}
