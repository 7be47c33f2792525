package io.penstock.upstream;

/**
 * How many further tries a provider may be sent: a share of its recent calls, so that an outage is
 * not amplified. A bucket that each first try fills a little and each further try draws from.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #BURST} further tries in a row.
 */
public final class RetryBudget {
    static final int BURST = 10;

    private double left = BURST;

    /** A first try was sent. */
    public void onFirstTry(double ratio) {
        left = Math.min(BURST, left + ratio);
    }

    /** Whether a further try may be sent. */
    public boolean isLeft() {
        return left >= 1;
    }

    /** Whether a further try may be sent; takes it from the budget if so. */
    public boolean tryTake() {
        if (left < 1) {
            return false;
        }
        left -= 1;
        return true;
    }
}
