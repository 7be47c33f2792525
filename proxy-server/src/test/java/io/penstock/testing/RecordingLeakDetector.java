package io.penstock.testing;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakTracker;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Netty's leak detector, but one that remembers what it reports, for {@link LeakCheck}. Netty makes
 * one for each kind of resource, by {@code io.netty.customResourceLeakDetector}.
 *
 * <p><b>Thread:</b> safe by concurrent collections.
 * <br><b>Bounds:</b> remembers {@link #MAX_LEAKS} leaks; any more are only logged.
 */
public final class RecordingLeakDetector<T> extends ResourceLeakDetector<T> {
    static final int MAX_LEAKS = 32;

    private static final int GC_ROUNDS = 2;
    private static final long GC_WAIT_MILLIS = 5000;
    private static final List<RecordingLeakDetector<?>> DETECTORS = new CopyOnWriteArrayList<>();
    private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();
    private static volatile String scope = "no test class";
    private static volatile boolean quiet;

    /** Called by Netty. */
    public RecordingLeakDetector(Class<?> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
        DETECTORS.add(this);
    }

    /** Called by older parts of Netty. */
    @SuppressWarnings("deprecation")
    public RecordingLeakDetector(Class<?> resourceType, int samplingInterval, long maxActive) {
        super(resourceType, samplingInterval, maxActive);
        DETECTORS.add(this);
    }

    /** Names what runs from now on: it stands in the record of whatever is made meanwhile. */
    static void enter(String name) {
        scope = "made during " + name;
    }

    /** Keeps reports out of the log, where a line that says LEAK fails the build. */
    static void keepQuiet(boolean quiet) {
        RecordingLeakDetector.quiet = quiet;
    }

    /** Gives every leak that can be known by now, and forgets it. */
    static List<String> takeLeaks() throws InterruptedException {
        for (int round = 0; round < GC_ROUNDS; round++) {
            collectGarbage();
        }
        DETECTORS.forEach(RecordingLeakDetector::poll);
        List<String> leaks = new ArrayList<>();
        for (String leak = LEAKS.poll(); leak != null; leak = LEAKS.poll()) {
            leaks.add(leak);
        }
        return leaks;
    }

    @Override
    protected boolean needReport() {
        return true; // whatever the log level
    }

    @Override
    protected Object getInitialHint(String resourceType) {
        return scope; // also makes the same leak of the next class another one to Netty
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        remember("LEAK: " + resourceType + " was not released." + records);
        if (!quiet) {
            super.reportTracedLeak(resourceType, records);
        }
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        remember("LEAK: " + resourceType + " was not released; it left no record.");
        if (!quiet) {
            super.reportUntracedLeak(resourceType);
        }
    }

    private static void remember(String leak) {
        if (LEAKS.size() < MAX_LEAKS) {
            LEAKS.add(leak);
        }
    }

    /** Makes the detector look at what was collected, which it does when it tracks something. */
    @SuppressWarnings("unchecked")
    private void poll() {
        T resource = (T) new Object();
        ResourceLeakTracker<T> tracker = trackForcibly(resource);
        tracker.close(resource);
    }

    /**
     * Collects, and waits until a reference that became weak before has been queued. References are
     * queued batch by batch, so after two rounds all those of the first round have been.
     */
    private static void collectGarbage() throws InterruptedException {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        WeakReference<Object> canary = new WeakReference<>(new Object(), queue);
        System.gc();
        if (queue.remove(GC_WAIT_MILLIS) != canary) {
            throw new IllegalStateException("System.gc() collects nothing; is it disabled?");
        }
    }
}
