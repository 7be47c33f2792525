package io.penstock.bench;

/** The command line of the benchmarks. */
public final class Main {
    private Main() {}

    /** Runs. */
    public static void main(String[] args) {
        System.out.println("bench");
    }
}
