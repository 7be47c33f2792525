package io.penstock.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads configurations. Flags win over the file, the file over the environment, the environment
 * over the defaults. Relative paths in a file count from the working directory.
 */
public final class ConfigLoader {
    private ConfigLoader() {}

    public static Loaded load(Path file, Map<String, String> environment) throws ConfigException {
        return load(file, environment, Overrides.NONE);
    }

    /**
     * The settings of a file.
     *
     * @param environment see {@link Environment#of}
     */
    public static Loaded load(Path file, Map<String, String> environment, Overrides overrides)
            throws ConfigException {
        Problems problems = new Problems();
        Place top = Place.top(file.toString());
        Section root = new Section(Schema.ROOT, top);
        Optional<Node> node = new YamlFile(file.toString(), problems).read(file);
        if (node.isPresent() && !Reading.isNull(node.get())) {
            root = Schema.ROOT.read(node.get(), top.on(node.get()),
                    new Reading(environment, problems));
        }
        if (root == null) {
            problems.throwIfAny(); // what is no mapping has no keys to check
        }
        return bind(root, environment, overrides, problems);
    }

    public static Loaded fromEnvironment(Map<String, String> environment) throws ConfigException {
        return fromEnvironment(environment, Overrides.NONE);
    }

    /** The settings where there is no file: providers from the API keys in the environment. */
    public static Loaded fromEnvironment(Map<String, String> environment, Overrides overrides)
            throws ConfigException {
        Section root = new Section(Schema.ROOT, new Place(Place.ENVIRONMENT, 0, 0, ""));
        return bind(root, environment, overrides, new Problems());
    }

    private static Loaded bind(Section root, Map<String, String> environment, Overrides overrides,
            Problems problems) throws ConfigException {
        Notices.check(root, problems);
        Notices.check(environment, problems);
        Settings settings = new SettingsBinder(environment, overrides, problems).bind(root);
        problems.throwIfAny();
        return new Loaded(settings, problems.warnings());
    }
}
