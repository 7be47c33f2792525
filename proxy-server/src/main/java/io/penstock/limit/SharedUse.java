package io.penstock.limit;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What one caller has used of one month's budget on all nodes. Each tells what it has used itself,
 * as a total that only grows, and learns the sum: so nothing can be counted twice or get lost,
 * however often it is told, and the store that remembers this node's usage is all the journal that
 * is needed.
 *
 * <p>What calls in flight have reserved is known to this node alone. So that all nodes together
 * reserve no more than is left, each reserves its share of that, or has one call in flight.
 *
 * <p><b>Thread:</b> safe. One exchange is under way at a time, see {@link Turn}.
 */
public final class SharedUse extends MonthlyUse implements Shared {
    private static final int PATIENCE_WITHOUT_BUDGET = 10;

    private final int month;
    private final Sharing sharing;
    private final Turn turn = new Turn();
    private final AtomicLong ownTokens = new AtomicLong();
    private final AtomicLong ownNanoDollars = new AtomicLong();
    private volatile boolean bounded; // its caller has a budget
    private volatile Own seeded = new Own(0, 0); // used before the process began
    private volatile boolean introduced; // what the others know of that has been learnt
    private volatile long othersTokens; // written by answers, one at a time
    private volatile long othersNanoDollars;

    /** What this node has used in the month. */
    public record Own(long tokens, long nanoDollars) {}

    SharedUse(String name, int month, Sharing sharing) {
        super(name);
        this.month = month;
        this.sharing = sharing;
    }

    public String caller() {
        return name();
    }

    public int month() {
        return month;
    }

    @Override
    public Turn turn() {
        return turn;
    }

    @Override
    public boolean isUrgent() {
        return false;
    }

    @Override
    public int patience() {
        return bounded ? 1 : PATIENCE_WITHOUT_BUDGET;
    }

    /** Asks what others have used. */
    void ask() {
        bounded = true;
        sharing.onChange(this);
    }

    @Override
    @Nullable Refusal tryReserve(long tokens, long nanoDollars, long maxTokens,
            long maxNanoDollars) {
        ask();
        if (!sharing.isUp() && sharing.rejects()) {
            sharing.onUnconfirmed();
            return Refusal.SHARED_COUNT_AWAY;
        }
        synchronized (this) { // two calls together may be more than a share
            Refusal refusal = super.tryReserve(tokens, nanoDollars, maxTokens, maxNanoDollars);
            if (refusal == null && sharing.isUp()
                    && (isBeyondShare(claimedTokens(), usedTokens(), tokens, maxTokens)
                    || isBeyondShare(claimedNanoDollars(), usedNanoDollars(), nanoDollars,
                            maxNanoDollars))) {
                super.settle(tokens, nanoDollars, 0, 0);
                return Refusal.BUDGET_RESERVED;
            }
            return refusal;
        }
    }

    /** Whether others' calls may already have reserved what this one would. */
    private boolean isBeyondShare(long claimed, long used, long amount, long max) {
        long reserved = claimed - used;
        return max > 0 && reserved > amount && reserved > (max - used) / Math.max(1,
                sharing.nodes());
    }

    @Override
    void seed(long tokens, long nanoDollars) {
        seeded = new Own(seeded.tokens + tokens, seeded.nanoDollars + nanoDollars);
        super.seed(tokens, nanoDollars);
    }

    @Override
    void settle(long reservedTokens, long reservedNanoDollars, long tokens, long nanoDollars) {
        super.settle(reservedTokens, reservedNanoDollars, tokens, nanoDollars);
        if (tokens != 0 || nanoDollars != 0) {
            ownTokens.addAndGet(tokens);
            ownNanoDollars.addAndGet(nanoDollars);
            sharing.onChange(this);
        }
    }

    /** Begins an exchange; returns what to tell: in the first, what the store remembered. */
    public Own begin(long nowNanos) {
        turn.begin(nowNanos);
        return introduced ? new Own(ownTokens.get(), ownNanoDollars.get()) : seeded;
    }

    /**
     * What all nodes have used, by the others' words and this one's.
     *
     * @param sent what was told
     * @param known what this node had told before, or now: more than that if its store has lost
     *     what the last process had told
     * @param all of all nodes
     */
    public void onAnswer(Own sent, Own known, Own all) {
        long lostTokens = Math.max(0, known.tokens - sent.tokens);
        long lostNanoDollars = Math.max(0, known.nanoDollars - sent.nanoDollars);
        ownTokens.addAndGet(lostTokens);
        ownNanoDollars.addAndGet(lostNanoDollars);
        long others = Math.max(othersTokens, all.tokens - known.tokens);
        long othersDollars = Math.max(othersNanoDollars, all.nanoDollars - known.nanoDollars);
        super.settle(0, 0, others - othersTokens + lostTokens,
                othersDollars - othersNanoDollars + lostNanoDollars);
        othersTokens = others;
        othersNanoDollars = othersDollars;
        introduced = true;
        turn.end(true);
        if (ownTokens.get() > known.tokens || ownNanoDollars.get() > known.nanoDollars) {
            sharing.onChange(this);
        }
    }

    /** Nothing is known of it: it is told again. */
    public void onNoAnswer() {
        turn.end(false);
        sharing.onChange(this);
    }
}
