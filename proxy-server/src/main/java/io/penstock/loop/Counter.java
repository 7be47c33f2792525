package io.penstock.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A count that one event loop changes and any thread may read: as cheap as a field.
 *
 * <p><b>Thread:</b> written by one thread only; reads are safe and may be a little old.
 */
public final class Counter {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(Counter.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private long value;

    public void add(long delta) {
        VALUE.setOpaque(this, value + delta);
    }

    public long get() {
        return (long) VALUE.getOpaque(this);
    }
}
