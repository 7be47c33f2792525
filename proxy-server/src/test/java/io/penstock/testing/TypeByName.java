package io.penstock.testing;

import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import org.junit.jupiter.params.converter.TypedArgumentConverter;

/** Finds the built-in provider type that a test's parameter names. */
public final class TypeByName extends TypedArgumentConverter<String, ProviderType> {
    TypeByName() {
        super(String.class, ProviderType.class);
    }

    @Override
    protected ProviderType convert(String name) {
        return ProviderTypes.BUILT_IN.find(name);
    }
}
