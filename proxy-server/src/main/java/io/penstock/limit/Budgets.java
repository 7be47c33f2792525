package io.penstock.limit;

import org.jspecify.annotations.Nullable;

/**
 * What callers have used of the month's budgets; one for the process, filled from the store at
 * start, kept over reloads.
 *
 * <p>Keyed by month, so that nothing has to be reset: the first call of a new month begins from
 * zero, and one that reserved in the old month settles into that. This month and the one before are
 * kept, the older of them only while there is room; of any other nothing is known.
 *
 * <p><b>Thread:</b> safe; a lock is taken once a month, and at the bound, for a few instructions.
 * <br><b>Bounds:</b> {@code maxCallers}, and one more for each thread that adds at that moment; at
 * the bound, callers that the month doesn't know yet are refused until it ends. Those without a
 * budget, who may get one yet, are no longer added from half of it on. Each takes 60 bytes,
 * measured, and its name: 16 MB with {@link #MAX_CALLERS} beside the names.
 */
public final class Budgets {
    public static final int MAX_CALLERS = 1 << 18;

    private record Month(int number, CallerTable<MonthlyUse> callers) {}

    /** The month begun last, and the one begun before it. */
    private record Months(@Nullable Month latest, @Nullable Month other) {
        int size() {
            return (latest == null ? 0 : latest.callers.size())
                    + (other == null ? 0 : other.callers.size());
        }

        @Nullable Month find(int number) {
            if (latest != null && latest.number == number) {
                return latest;
            }
            return other != null && other.number == number ? other : null;
        }
    }

    private final int maxCallers;
    private final @Nullable Sharing sharing; // null where each node has its own
    private volatile Months months = new Months(null, null);

    public Budgets(int maxCallers) {
        this(maxCallers, null);
    }

    /** Those that count on all nodes together. */
    public Budgets(int maxCallers, @Nullable Sharing sharing) {
        this.sharing = sharing;
        if (maxCallers < 1) {
            throw new IllegalArgumentException("maxCallers: " + maxCallers + " (expected: >= 1)");
        }
        this.maxCallers = maxCallers;
    }

    /**
     * Adds what the store says was used, at start.
     *
     * @return whether there was room for it
     */
    public boolean seed(String caller, int month, long tokens, long nanoDollars) {
        MonthlyUse use = use(caller, month);
        if (use == null) {
            return false;
        }
        use.seed(tokens, nanoDollars);
        return true;
    }

    /**
     * Adds what was used without a reservation; may exceed any bound.
     *
     * @return whether there was room for it: a caller that is unknown so far gets no more than half
     *     of that, so that those with a budget find some
     */
    public boolean add(String caller, int month, long tokens, long nanoDollars) {
        MonthlyUse use = use(caller, month, maxCallers / 2);
        if (use == null) {
            return false;
        }
        use.settle(0, 0, tokens, nanoDollars);
        return true;
    }

    public long usedTokens(String caller, int month) {
        MonthlyUse use = find(caller, month);
        return use == null ? 0 : use.usedTokens();
    }

    public long usedNanoDollars(String caller, int month) {
        MonthlyUse use = find(caller, month);
        return use == null ? 0 : use.usedNanoDollars();
    }

    /** What calls in flight may yet use. */
    public long reservedTokens(String caller, int month) {
        MonthlyUse use = find(caller, month);
        return use == null ? 0 : Math.max(0, use.claimedTokens() - use.usedTokens());
    }

    /** What calls in flight may yet cost. */
    public long reservedNanoDollars(String caller, int month) {
        MonthlyUse use = find(caller, month);
        return use == null ? 0 : Math.max(0, use.claimedNanoDollars() - use.usedNanoDollars());
    }

    /** Callers that something is known of, in both months together. */
    public int size() {
        return months.size();
    }

    /** Learns what that caller has used on other nodes, before it calls. */
    public void expect(String caller, int month) {
        if (sharing != null && use(caller, month) instanceof SharedUse shared) {
            shared.ask();
        }
    }

    /** Tells the others of all callers' use of that month again; takes its time. */
    public void tellAgain(int month) {
        Month in = months.find(month);
        if (in != null && sharing != null) {
            in.callers.forEach(use -> sharing.onChange((SharedUse) use));
        }
    }

    /** The caller's use of the month, from zero if nothing is known of it; null for no room. */
    @Nullable MonthlyUse use(String caller, int month) {
        return use(caller, month, maxCallers);
    }

    private @Nullable MonthlyUse use(String caller, int month, int most) {
        Month in = months.find(month);
        if (in == null) {
            in = begin(month);
        }
        MonthlyUse known = in.callers.find(caller);
        if (known != null) {
            return known;
        }
        if (size() >= most) {
            forgetBefore(in);
        }
        return size() < most ? in.callers.findOrAdd(caller, 0) : in.callers.find(caller);
    }

    private @Nullable MonthlyUse find(String caller, int month) {
        Month in = months.find(month);
        return in == null ? null : in.callers.find(caller);
    }

    private synchronized Month begin(int number) {
        Month begun = months.find(number);
        if (begun == null) {
            begun = new Month(number,
                    new CallerTable<>(maxCallers, (name, now) -> sharing == null
                            ? new MonthlyUse(name) : new SharedUse(name, number, sharing)));
            months = new Months(begun, months.latest);
        }
        return begun;
    }

    @SuppressWarnings("ReferenceEquality") // one of the two that are kept
    private synchronized void forgetBefore(Month month) {
        Month last = month == months.latest ? months.other : months.latest;
        if (last != null && last.number < month.number) {
            months = new Months(month, null);
        }
    }
}
