package io.penstock.cli;

/** The command line. */
public final class Main {
    private Main() {}

    /** Runs. */
    public static void main(String[] args) {
        System.out.println(io.netty.channel.epoll.Epoll.isAvailable());
    }
}
