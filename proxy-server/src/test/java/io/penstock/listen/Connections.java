package io.penstock.listen;

/** Makes connections for the tests of other packages, which put them into embedded channels. */
public final class Connections {
    private Connections() {}

    public static DownstreamConnection of(ListenLoop loop) {
        return new DownstreamConnection(loop);
    }
}
