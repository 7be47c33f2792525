package io.penstock.exchange.call;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.provider.Api;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.ReplyFormat;
import io.penstock.upstream.Provider;

/**
 * One request as the engine knows it: bytes that come in, a list of targets that may answer, and a
 * wording for each. Only the two kinds of calls know what the bytes mean: chats, which are
 * understood, and pass-throughs.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> {@link #keep} takes the body, which goes with {@link #release}.
 * <br><b>Bounds:</b> the policy's body size, or what the kind of call says.
 */
public interface Call {
    /** What is wrong with the request's head; null if nothing is. */
    Failure check();

    // What it is

    /** The format of errors, and of whatever the proxy answers itself. */
    ReplyFormat format();

    /** The API in which the caller asks; null for a pass-through. */
    Api api();

    /** The model that is asked for; null where there is none, or it is not known yet. */
    String model();

    /** Whether the caller asks for a stream. */
    boolean isStream();

    /** Whether the reply has the head of one with a body, and no body (RFC 9110 section 9.3.2). */
    default boolean isHead() {
        return false;
    }

    /** How long the exchange may take, as the caller asks; {@code Deadlines.NEVER} if unasked. */
    long timeoutNanos();

    // The request comes

    /**
     * Reads the next bytes of the body, borrowed; returns what is wrong with them, or null.
     *
     * @param dispatched targets are being asked: the bytes can't decide on them any more
     */
    Failure read(ByteBuf bytes, boolean dispatched);

    /** Keeps the bytes that were read last; takes them. Returns why it can't, or null. */
    Failure keep(ByteBuf bytes);

    /** Ends the request, which is whole; returns what is wrong with it, or null. */
    Failure end();

    /** The request will not be sent again; harmless if that was known before. */
    void release();

    // A body that is sent on as it comes

    /** Whether the rest of the body should be sent on as it arrives. */
    default boolean wantsUpload() {
        return false;
    }

    /** Sends the rest of the body on as it arrives, from here on. */
    default void beginUpload() {
        throw new IllegalStateException("all of this request is kept");
    }

    /** Whether a body that is sent on goes in chunks, since its length is not known. */
    default boolean uploadsChunks() {
        return false;
    }

    /** Whether more of the body is sent on as it comes. */
    default boolean isUploading() {
        return false;
    }

    /** The rest of the body has come. */
    default void endUpload() {}

    /** The rest of the body is not needed; returns whether some of it was still to come. */
    default boolean cutUpload() {
        return false;
    }

    /** Whether all of the request went out: else the connection carries no further request. */
    default boolean isWhollySent() {
        return true;
    }

    /** Whether the request has to go out on a connection that has carried nothing. */
    default boolean wantsFreshConnection() {
        return false;
    }

    // Who is asked, and how

    /** Finds the targets that may answer, once all is known for that; notes unknown models. */
    Whom whom(AttemptLog log);

    /** What the call may use at most. */
    Demand demand();

    /**
     * How the reply of these targets may be given again; null where no reply of such calls is.
     * Called once the request is whole and may be answered.
     */
    default CacheTerms cacheTerms(Whom whom) {
        return null;
    }

    /**
     * Finds the wording for a target; gives it.
     *
     * @param continues the target should continue an answer that the caller has begun to get
     * @param passedTokens how many tokens that may have come to
     * @param promptTokens what the prompt is thought to come to
     * @return null if the request has no wording that the target would understand
     */
    OutboundRequest prepare(TargetName target, Provider provider, boolean continues,
            long passedTokens, long promptTokens);

    /** Why there was no wording for any target; null if there was. */
    default Failure untranslatable() {
        return null;
    }

    /** Whether the proxy has to answer by itself, since no target of that route can. */
    default boolean isAnsweredHere(Route route) {
        return false;
    }

    /** What the proxy answers by itself. */
    default String ownReply(long promptTokens) {
        throw new IllegalStateException("a provider has to answer this");
    }

    /** The member of {@link #ownReply} that is an estimate. */
    default String countName() {
        throw new IllegalStateException("a provider has to answer this");
    }

    /** Whether the whole request can be sent again. */
    default boolean isReplayable() {
        return true;
    }

    /** Whether asking twice is no worse than asking once (RFC 9110 section 9.2.2). */
    default boolean isRepeatable() {
        return true;
    }

    /** The content codings that its body may come in, for who is refused another. */
    default String acceptedCodings() {
        return "identity";
    }

    /** Whether a second target may be asked while the first is at work. */
    default boolean mayRace() {
        return true;
    }

    /** Whether the total time bounds a reply that the caller has begun to get. */
    default boolean isReplyTimed() {
        return true;
    }

    // What follows

    /** Whether the error reply may refuse only what the proxy itself put into the request. */
    default boolean isProxyRefused(Ask failed, ReplyReading reply) {
        return false;
    }

    /** That error reply did refuse it: the same target is asked again without. */
    default void onProxyRefused(Ask failed, ReplyReading reply) {}

    /** A reply to that ask was good. */
    default void onGood(Ask good) {}

    /** Whether that error reply may go to the caller when no other target is left. */
    boolean isPassable(ReplyVerdict verdict, int status);

    /** Whether replies cost something. */
    boolean isMetered();

    /**
     * Whether what a reply came to is estimated where the provider does not report it.
     *
     * @param whole the caller got all of the reply
     */
    boolean isEstimated(boolean whole);
}
