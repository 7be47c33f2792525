package io.penstock.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * CPU time and memory of processes, as {@code /proc} tells them (proc_pid_stat(5)).
 *
 * @param cpuMicros user and system time of all threads, the ended ones included
 * @param residentBytes physical memory in use
 */
record ProcessMeter(double cpuMicros, long residentBytes) {
    private static final double MICROS_PER_TICK = 10_000; // USER_HZ is 100 on all that runs Linux
    private static final int USER_TIME = 11; // counted from the state, the first after the name
    private static final int SYSTEM_TIME = 12;

    /** The sum over these processes. */
    static ProcessMeter read(List<Long> pids) throws IOException {
        double cpuMicros = 0;
        long residentBytes = 0;
        for (long pid : pids) {
            cpuMicros += cpuMicros(read(pid, "stat"));
            residentBytes += residentBytes(read(pid, "status"));
        }
        return new ProcessMeter(cpuMicros, residentBytes);
    }

    private static String read(long pid, String file) throws IOException {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), file));
        } catch (NoSuchFileException e) {
            throw new IOException("no process " + pid + " to measure", e);
        }
    }

    static double cpuMicros(String stat) {
        // The name, in parentheses, may hold anything, parentheses among it.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return MICROS_PER_TICK
                * (Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]));
    }

    static long residentBytes(String status) {
        return status.lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElse(0);
    }
}
