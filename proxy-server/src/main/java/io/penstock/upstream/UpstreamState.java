package io.penstock.upstream;

/** Where a provider's HTTP/1.1 connection stands, in the order of its life. */
enum UpstreamState {
    /** The name is resolved, or TCP connects. */
    CONNECTING,
    /** TCP is there, TLS is on its way. */
    HANDSHAKE,
    /** The connection carries no request, and may be lent. */
    IDLE,
    /** The connection is lent: a request goes out, and nothing of the reply has come. */
    AWAITING_HEAD,
    /** Some of the reply's head has come, or interim replies. */
    HEAD,
    /** The head was given to the listener, the body comes in. */
    BODY,
    /** HTTP is left behind: each direction ends by itself. */
    TUNNEL,
    /** The connection was given up: its channel closes, and nothing more is read. */
    CLOSING,
    CLOSED;

    boolean canMoveTo(UpstreamState next) {
        return switch (this) {
            case CONNECTING -> next == HANDSHAKE || isReady(next) || isOver(next);
            case HANDSHAKE -> isReady(next) || isOver(next);
            case IDLE -> next == AWAITING_HEAD || isOver(next);
            case AWAITING_HEAD -> next == HEAD || next == IDLE || isOver(next); // given back unused
            case HEAD -> next == BODY || isOver(next);
            case BODY -> next == IDLE || next == TUNNEL || isOver(next);
            case TUNNEL -> isOver(next);
            case CLOSING -> next == CLOSED;
            case CLOSED -> false;
        };
    }

    private static boolean isReady(UpstreamState next) {
        return next == AWAITING_HEAD || next == IDLE;
    }

    private static boolean isOver(UpstreamState next) {
        return next == CLOSING || next == CLOSED;
    }

    /** Whether it is lent for a request and its reply. */
    boolean isAsked() {
        return this == AWAITING_HEAD || this == HEAD || this == BODY;
    }

    /** Whether it is lent, perhaps as a tunnel. */
    boolean isLent() {
        return isAsked() || this == TUNNEL;
    }

    /** Whether some byte of the current reply has come. */
    boolean isReplyStarted() {
        return this == HEAD || this == BODY || this == TUNNEL;
    }

    /** Whether it was given up, or has closed. */
    boolean isOver() {
        return isOver(this);
    }
}
