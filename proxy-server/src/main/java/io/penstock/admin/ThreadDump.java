package io.penstock.admin;

import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.MonitorInfo;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;

/**
 * What every thread of the process is doing, as text. All threads stand still for some milliseconds
 * while it is taken.
 *
 * <p><b>Bounds:</b> {@value #MAX_THREADS} threads with {@value #MAX_FRAMES} frames each.
 */
final class ThreadDump {
    private static final int MAX_THREADS = 2000;
    private static final int MAX_FRAMES = 200;

    private ThreadDump() {}

    static String take() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        ThreadInfo[] all = threads.dumpAllThreads(true, true, MAX_FRAMES);
        StringBuilder out = new StringBuilder(64 * 1024).append(Instant.now()).append(' ')
                .append(all.length).append(" threads, ").append(System.getProperty("java.vm.name"))
                .append(' ').append(System.getProperty("java.runtime.version")).append("\n\n");
        long[] deadlocked = threads.findDeadlockedThreads();
        if (deadlocked != null) {
            out.append("deadlocked: ").append(Arrays.toString(deadlocked)).append("\n\n");
        }
        Arrays.stream(all).sorted(Comparator.comparing(ThreadInfo::getThreadName))
                .limit(MAX_THREADS).forEach(thread -> append(out, thread));
        return out.toString();
    }

    private static void append(StringBuilder out, ThreadInfo thread) {
        out.append('"').append(thread.getThreadName()).append("\" id=")
                .append(thread.getThreadId()).append(thread.isDaemon() ? " daemon " : " ")
                .append(thread.getThreadState());
        LockInfo lock = thread.getLockInfo();
        if (lock != null) {
            out.append(" on ").append(lock);
            if (thread.getLockOwnerName() != null) {
                out.append(" owned by \"").append(thread.getLockOwnerName()).append("\" id=")
                        .append(thread.getLockOwnerId());
            }
        }
        out.append('\n');
        StackTraceElement[] frames = thread.getStackTrace();
        for (int i = 0; i < frames.length; i++) {
            out.append("    at ").append(frames[i]).append('\n');
            for (MonitorInfo monitor : thread.getLockedMonitors()) {
                if (monitor.getLockedStackDepth() == i) {
                    out.append("    - locked ").append(monitor).append('\n');
                }
            }
        }
        out.append('\n');
    }
}
