package io.penstock.bench.jmh;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import io.penstock.limit.Accounts;
import io.penstock.limit.Budgets;
import io.penstock.limit.Permit;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;

/**
 * One call's way through the limits: begun, reserved, settled and ended, under a rate of requests,
 * one of tokens, one of all callers, a bound on calls in flight and a budget.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LimitBenchmark {
    private static final int ACCOUNTS = 100_000; // a power of ten: names of one length
    private static final long WINDOW_NANOS = 60_000_000_000L;
    private static final long PLENTY = 60_000_000_000L;
    private static final int MONTH = 2026 * 12 + 10;
    private static final Allowance LIMITED = new Allowance(PLENTY, WINDOW_NANOS, PLENTY, 100,
            Long.MAX_VALUE, Long.MAX_VALUE);

    /** What the whole process has. */
    @State(Scope.Benchmark)
    public static class Process {
        final Accounts accounts = new Accounts(Accounts.MAX_ACCOUNTS);
        final Budgets budgets = new Budgets(Budgets.MAX_CALLERS);
        final Caller[] callers = new Caller[ACCOUNTS];

        @Setup
        public void fill() {
            accounts.setGlobal(PLENTY, WINDOW_NANOS);
            Permit permit = new Permit(accounts, budgets);
            for (int i = 0; i < ACCOUNTS; i++) {
                String name = "ip:10.20." + (ACCOUNTS + i);
                callers[i] = new Caller(name, name, List.of(), LIMITED);
                call(permit, callers[i], 0);
            }
        }
    }

    /** What each connection has. */
    @State(Scope.Thread)
    public static class Connection {
        private Permit permit;
        private SplittableRandom random;
        private long nowNanos;

        @Setup
        public void open(Process process) {
            permit = new Permit(process.accounts, process.budgets);
            random = new SplittableRandom(7);
        }
    }

    private static boolean call(Permit permit, Caller caller, long nowNanos) {
        boolean granted = permit.begin(caller, nowNanos) == null
                && permit.reserve(caller, MONTH, 1200, 900, nowNanos) == null;
        permit.settle(700, 500, nowNanos);
        permit.end(nowNanos);
        return granted;
    }

    /** A caller that sends one call after another. */
    @Benchmark
    public boolean oneCaller(Process process, Connection connection) {
        connection.nowNanos += 1_000;
        return call(connection.permit, process.callers[0], connection.nowNanos);
    }

    /** Each call of another caller than the one before, so that both tables are asked. */
    @Benchmark
    public boolean oneOfManyCallers(Process process, Connection connection) {
        connection.nowNanos += 1_000;
        Caller caller = process.callers[connection.random.nextInt(ACCOUNTS)];
        return call(connection.permit, caller, connection.nowNanos);
    }

    /** Two event loops with calls of one caller. */
    @Benchmark
    @Threads(2)
    public boolean oneCallerOnTwoLoops(Process process, Connection connection) {
        connection.nowNanos += 1_000;
        return call(connection.permit, process.callers[0], connection.nowNanos);
    }
}
