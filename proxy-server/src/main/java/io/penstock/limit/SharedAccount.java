package io.penstock.limit;

/** An account whose rates count on all nodes together. */
final class SharedAccount extends Account {
    private final SharedRate requests;
    private final SharedRate tokens;

    SharedAccount(String name, Sharing sharing, long nowNanos) {
        super(name, nowNanos);
        requests = new SharedRate("requests:" + name, this, REQUESTS, sharing);
        tokens = new SharedRate("tokens:" + name, this, TOKENS, sharing);
    }

    @Override
    long tryTakeRequest(long capacity, long intervalNanos, long nowNanos) {
        return requests.tryTake(1, capacity, intervalNanos, nowNanos);
    }

    @Override
    void giveBackRequest(long intervalNanos, long nowNanos) {
        requests.giveBack(1, intervalNanos, nowNanos);
    }

    @Override
    void forgiveRequests(long capacity, long intervalNanos, long nowNanos) {
        super.forgiveRequests(capacity, intervalNanos, nowNanos);
        requests.forgiveAbove(Bucket.cost(capacity, intervalNanos));
    }

    @Override
    long tryTakeTokens(long amount, long capacity, long intervalNanos, long nowNanos) {
        return tokens.tryTake(amount, capacity, intervalNanos, nowNanos);
    }

    @Override
    void takeTokensAnyway(long amount, long intervalNanos, long nowNanos) {
        tokens.takeAnyway(amount, intervalNanos, nowNanos);
    }

    @Override
    void giveBackTokens(long amount, long intervalNanos, long nowNanos) {
        tokens.giveBack(amount, intervalNanos, nowNanos);
    }

    @Override
    void forgiveTokens(long capacity, long intervalNanos, long nowNanos) {
        super.forgiveTokens(capacity, intervalNanos, nowNanos);
        tokens.forgiveAbove(Bucket.cost(capacity, intervalNanos));
    }

    @Override
    boolean tryRetire(long nowNanos) {
        return requests.isConfirmed() && tokens.isConfirmed() && super.tryRetire(nowNanos);
    }
}
