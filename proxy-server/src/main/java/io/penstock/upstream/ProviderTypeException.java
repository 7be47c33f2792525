package io.penstock.upstream;

import io.penstock.failure.Fault;
import org.jspecify.annotations.Nullable;

/** A request that a provider's type could not make ready: another target has to be asked. */
public final class ProviderTypeException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Fault fault;

    ProviderTypeException(Fault fault, @Nullable String message) {
        super(message);
        this.fault = fault;
    }

    public Fault fault() {
        return fault;
    }
}
