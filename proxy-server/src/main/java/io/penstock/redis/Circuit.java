package io.penstock.redis;

import java.util.concurrent.TimeUnit;

/**
 * Keeps commands from a server that does not answer. Closed until {@value #FAILURES} commands in a
 * row have failed, or the connection is lost; then open, and nothing is sent; each {@value
 * #PAUSE_MILLIS} ms half open for one command, whose answer closes it.
 *
 * <p><b>Thread:</b> safe. A command that finds it closed reads one field.
 */
final class Circuit {
    static final int FAILURES = 3;
    static final long PAUSE_MILLIS = 500;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS);

    /** Whether commands are sent. */
    enum State { CLOSED, OPEN, HALF_OPEN }

    private volatile State state = State.OPEN; // until a first command has been answered
    private int failures; // in a row
    private long openedNanos;
    private int probesFailed; // since it was closed, or a connection made

    Circuit(long nowNanos) {
        openedNanos = nowNanos - PAUSE_NANOS; // the first probe may go at once
    }

    State state() {
        return state;
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    /** Whether a command may be sent now: {@link #onAnswer} or {@link #onFailure} has to follow. */
    boolean tryPass() {
        return state == State.CLOSED;
    }

    /** Whether the one command that tries whether the server is back may be sent now. */
    synchronized boolean tryProbe(long nowNanos) {
        if (state == State.CLOSED) {
            return true;
        }
        if (state == State.HALF_OPEN || nowNanos - openedNanos < PAUSE_NANOS) {
            return false;
        }
        moveTo(State.HALF_OPEN);
        return true;
    }

    /** A command was answered; returns whether that closes it. Only a probe's answer can. */
    synchronized boolean onAnswer(boolean probe) {
        if (state != State.CLOSED && !probe) {
            return false; // one that was sent before it opened
        }
        failures = 0;
        probesFailed = 0;
        boolean closes = state != State.CLOSED;
        moveTo(State.CLOSED);
        return closes;
    }

    /** A command failed, or came too late; returns whether that opens it. */
    synchronized boolean onFailure(boolean probe, long nowNanos) {
        if (state == State.CLOSED) {
            return ++failures >= FAILURES && open(nowNanos);
        }
        if (probe && state == State.HALF_OPEN) {
            probesFailed++;
            open(nowNanos);
        }
        return false;
    }

    /** The connection is lost; returns whether that opens it. */
    synchronized boolean onDisconnect(long nowNanos) {
        return state == State.CLOSED && open(nowNanos);
    }

    /** There is another connection, which may be tried at once. */
    synchronized void onNewConnection() {
        probesFailed = 0;
        openedNanos -= PAUSE_NANOS;
    }

    /** How many probes have failed since the circuit was closed, or the server connected to. */
    synchronized int probesFailed() {
        return probesFailed;
    }

    private boolean open(long nowNanos) {
        boolean opens = state == State.CLOSED;
        failures = 0;
        openedNanos = nowNanos;
        moveTo(State.OPEN);
        return opens;
    }

    private void moveTo(State next) {
        state = next;
    }
}
