package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.testing.EmbeddedDuplex;

/** Connections to a provider without a network: the other end of each is the test. */
public final class EmbeddedUpstream {
    private EmbeddedUpstream() {}

    /** Adds an idle connection, which the next call of that provider gets. */
    public static EmbeddedDuplex connect(UpstreamLoop loop, Provider provider) {
        ConnectionPool pool = loop.pool(provider);
        EmbeddedDuplex channel = new EmbeddedDuplex();
        UpstreamConnection connection = new UpstreamConnection(pool, new NoListener(),
                pool.nowNanos(), Long.MAX_VALUE);
        channel.pipeline().addLast(connection);
        channel.pipeline().fireChannelActive();
        connection.release(true, pool.nowNanos());
        return channel;
    }

    /** Waits for a connection, and for nothing more. */
    private static final class NoListener implements ReplyListener {
        @Override
        public void onConnecting(UpstreamStream connection) {}

        @Override
        public void onTlsStarted() {}

        @Override
        public void onReady(UpstreamStream connection) {}

        @Override
        public void onReplyHead(ResponseHead head) {
            throw new AssertionError("nothing was asked");
        }

        @Override
        public void onReplyBody(ByteBuf bytes) {
            throw new AssertionError("nothing was asked");
        }

        @Override
        public void onReplyBodyRead() {}

        @Override
        public void onFailed(Fault fault, String detail) {
            throw new AssertionError(fault + ": " + detail);
        }
    }
}
