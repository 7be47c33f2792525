package io.penstock.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Handlers of POSIX signals, by {@code sun.misc.Signal}: every JDK has it in {@code
 * jdk.unsupported}, but a compiler that is told a release doesn't show it, hence the reflection.
 */
final class Signals {
    private Signals() {}

    /** Runs {@code action} at that signal from now on. Returns whether this platform has it. */
    static boolean handle(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler onCall = (self, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    action.run();
                    yield null;
                }
                case "equals" -> self == arguments[0];
                case "hashCode" -> System.identityHashCode(self);
                default -> name;
            };
            signal.getMethod("handle", signal, handler).invoke(null,
                    signal.getConstructor(String.class).newInstance(name),
                    Proxy.newProxyInstance(Signals.class.getClassLoader(),
                            new Class<?>[] {handler}, onCall));
            return true;
        } catch (ReflectiveOperationException e) {
            return false; // Windows has no HUP: there, a changed file and the admin port reload
        }
    }
}
