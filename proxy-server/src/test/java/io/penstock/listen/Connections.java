package io.penstock.listen;

import io.netty.channel.ChannelHandler;

/** Makes connections for the tests of other packages, which put them into embedded channels. */
public final class Connections {
    private Connections() {}

    public static ChannelHandler of(ListenLoop loop) {
        return new DownstreamConnection(loop);
    }
}
