package io.penstock.exchange.failover;

/**
 * How many calls may be sent to a second target because the first is slow: never more than their
 * share of all calls that could have been.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #BURST} in a row.
 */
final class HedgeBudget {
    static final int BURST = 10;

    private double left;

    /** A call began that could be hedged. */
    void onCall(double maxRatio) {
        left = Math.min(BURST, left + maxRatio);
    }

    /** Takes one hedge from the budget; returns whether there was one. */
    boolean tryTake() {
        if (left < 1) {
            return false;
        }
        left -= 1;
        return true;
    }
}
