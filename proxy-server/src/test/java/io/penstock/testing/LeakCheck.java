package io.penstock.testing;

import io.netty.util.ResourceLeakDetector;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class that leaked a buffer, or anything else that Netty tracks. JUnit finds it by
 * itself, in {@code META-INF/services}; it runs after the class's own {@code @AfterAll}.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
        if (ResourceLeakDetector.getLevel() != ResourceLeakDetector.Level.PARANOID) {
            throw new IllegalStateException(
                    "leaks can go unseen: run with the options of test.jvm.options in pom.xml");
        }
        RecordingLeakDetector.enter(context.getRequiredTestClass().getName());
    }

    @Override
    public void afterAll(ExtensionContext context) throws InterruptedException {
        check(context.getRequiredTestClass().getName());
    }

    /** Throws an error that tells every leak known by now. */
    static void check(String name) throws InterruptedException {
        List<String> leaks = RecordingLeakDetector.takeLeaks();
        if (!leaks.isEmpty()) {
            throw new AssertionError(leaks.size() + " leaked by the end of " + name + ":\n"
                    + String.join("\n\n", leaks));
        }
    }
}
