package io.penstock.exchange;

import io.penstock.answer.LocalReply;
import io.penstock.http.HeadWriter;
import io.penstock.json.TopLevelScanner;
import io.penstock.limit.Budgets;
import io.penstock.limit.Gauge;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Scratch;
import io.penstock.route.HedgeSettings;
import io.penstock.sse.FamiliarEnd;
import io.penstock.translate.ChatChunk;
import io.penstock.translate.ChatStream;
import io.penstock.translate.ReplyLoop;
import io.penstock.translate.request.RequestTranslator;
import io.penstock.upstream.UpstreamLoop;
import io.penstock.usage.Estimator;
import io.penstock.usage.Ledger;
import io.penstock.usage.UsageScanner;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What one event loop needs to carry out exchanges: everything that they can share because only one
 * of them is at work at a time.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
public final class ExchangeLoop {
    private static final int MAX_SPARE_SCANNERS = 64;
    private static final int MAX_SPARE_ARRAYS = 256;
    private static final int FIELDS_BYTES = 1024;

    private final Deadlines deadlines;
    private final UpstreamLoop upstream;
    private final Gauge bodyMemory;
    private final Ledger ledger;
    private final Budgets budgets;
    private final HeadWriter writer = new HeadWriter();
    private final LocalReply localReply = new LocalReply(writer);
    private final ChatStream chatStream = new ChatStream();
    private final ChatChunk chatChunk = new ChatChunk();
    private final RequestTranslator requestTranslator = new RequestTranslator();
    private final ReplyLoop replyLoop;
    private final UsageScanner usageScanner = new UsageScanner();
    private final FamiliarEnd familiarEnd = new FamiliarEnd();
    private final Scratch scratch = new Scratch();
    private final Map<HedgeSettings, HedgeBudget> hedgeBudgets = new HashMap<>();
    private final Estimator estimator = new Estimator();
    private final BodyEdits edits = new BodyEdits();
    private final Set<Exchange> drains = new HashSet<>(); // as many as calls in flight, at most
    private final ArrayDeque<byte[]> arrays = new ArrayDeque<>();
    private final ArrayDeque<TopLevelScanner> scanners = new ArrayDeque<>();

    /** {@code bodyMemory} counts the request bodies of all loops. */
    public ExchangeLoop(Deadlines deadlines, UpstreamLoop upstream, Gauge bodyMemory,
            Ledger ledger, Budgets budgets) {
        this.deadlines = deadlines;
        this.upstream = upstream;
        this.bodyMemory = bodyMemory;
        this.ledger = ledger;
        this.budgets = budgets;
        replyLoop = new ReplyLoop(() -> ThreadLocalRandom.current().nextLong(),
                () -> System.currentTimeMillis() / 1000, () -> deadlines.nowNanos());
    }

    Deadlines deadlines() {
        return deadlines;
    }

    UpstreamLoop upstream() {
        return upstream;
    }

    Gauge bodyMemory() {
        return bodyMemory;
    }

    Ledger ledger() {
        return ledger;
    }

    Budgets budgets() {
        return budgets;
    }

    HeadWriter writer() {
        return writer;
    }

    LocalReply localReply() {
        return localReply;
    }

    ChatStream chatStream() {
        return chatStream;
    }

    /** What all routes share that hedge alike. */
    HedgeBudget hedgeBudget(HedgeSettings settings) {
        return hedgeBudgets.computeIfAbsent(settings, x -> new HedgeBudget());
    }

    RequestTranslator requestTranslator() {
        return requestTranslator;
    }

    /** What the translations of replies share. */
    ReplyLoop replyLoop() {
        return replyLoop;
    }

    ChatChunk chatChunk() {
        return chatChunk;
    }

    UsageScanner usageScanner() {
        return usageScanner;
    }

    FamiliarEnd familiarEnd() {
        return familiarEnd;
    }

    Scratch scratch() {
        return scratch;
    }

    Estimator estimator() {
        return estimator;
    }

    /** The exchanges that read on without a caller. */
    Set<Exchange> drains() {
        return drains;
    }

    /** Ends them, since the proxy stops: what they have read is settled. */
    public void endDrains() {
        List.copyOf(drains).forEach(Exchange::endDrain);
    }

    /** For one body at a time, while it is sent. */
    BodyEdits edits() {
        return edits;
    }

    /**
     * An array of {@value #FIELDS_BYTES} bytes at least; {@link #giveBack(byte[])} should follow.
     */
    byte[] borrowArray(int length) {
        byte[] array = length > FIELDS_BYTES ? new byte[length] : arrays.poll();
        return array == null ? new byte[FIELDS_BYTES] : array;
    }

    void giveBack(byte[] array) {
        if (array.length == FIELDS_BYTES && arrays.size() < MAX_SPARE_ARRAYS) {
            arrays.push(array);
        }
    }

    /** A scanner for one body; {@link #giveBack(TopLevelScanner)} has to follow. */
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
