package io.penstock.config;

import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** The name of a provider type: of one that is built in, or that a plugin has brought. */
final class TypeName implements Type<ProviderType> {
    @Override
    public @Nullable ProviderType read(Node node, Place place, Reading reading) {
        return new ScalarType<>("type", "one of " + words(reading.types()), false, false,
                reading.types()::find, ProviderType::configName).read(node, place, reading);
    }

    private static String words(ProviderTypes types) {
        return types.all().stream().map(ProviderType::configName)
                .collect(Collectors.joining(", "));
    }

    @Override
    public String label() {
        return words(ProviderTypes.BUILT_IN) + ", or a plugin's";
    }

    @Override
    public String format(ProviderType value) {
        return value.configName();
    }
}
