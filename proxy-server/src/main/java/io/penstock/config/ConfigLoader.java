package io.penstock.config;

import io.penstock.provider.PluginException;
import io.penstock.provider.Plugins;
import io.penstock.provider.ProviderTypes;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
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

    /** The settings of a file that names no plugin's types. */
    public static Loaded load(Path file, Map<String, String> environment, Overrides overrides)
            throws ConfigException {
        return load(file, environment, overrides, null);
    }

    /**
     * The settings of a file.
     *
     * @param environment see {@link Environment#of}
     * @param plugins if any, loaded from where the file says if they have not been yet
     */
    public static Loaded load(Path file, Map<String, String> environment, Overrides overrides,
            @Nullable Plugins plugins) throws ConfigException {
        Problems problems = new Problems();
        Place top = Place.top(file.toString());
        Section root = new Section(Schema.ROOT, top);
        Optional<Node> node = new YamlFile(file.toString(), problems).read(file);
        Node mapping = node.isPresent() && !Reading.isNull(node.get()) ? node.get() : null;
        ProviderTypes types = types(mapping, top, environment, plugins);
        if (mapping != null) {
            root = Schema.ROOT.read(mapping, top.on(mapping),
                    new Reading(environment, problems, types));
        }
        if (root == null) { // what is no mapping has no keys to check
            problems.throwIfAny();
            throw new IllegalStateException("no mapping, and no problem with it");
        }
        Section section = root.section(Schema.PLUGINS);
        if (plugins != null && !plugins.isFrom(section.get(Schema.PLUGIN_DIRECTORY))) {
            problems.warn(section.place(Schema.PLUGIN_DIRECTORY),
                    "plugins are loaded at start only, so this waits for the next one");
        }
        return bind(root, environment, overrides, problems, types);
    }

    /** The types have to be known before anything else is read: a provider may be of one. */
    private static ProviderTypes types(@Nullable Node root, Place top,
            Map<String, String> environment, @Nullable Plugins plugins) throws ConfigException {
        if (plugins == null) {
            return ProviderTypes.BUILT_IN;
        }
        Section first = null;
        if (root != null) {
            Problems reportedLater = new Problems();
            first = SectionType.of("section", Schema.PLUGINS).read(root, top,
                    new Reading(environment, reportedLater, ProviderTypes.BUILT_IN));
        }
        first = first == null ? new Section(Schema.ROOT, top) : first;
        try {
            return plugins.load(first.section(Schema.PLUGINS).get(Schema.PLUGIN_DIRECTORY));
        } catch (PluginException e) {
            throw new ConfigException(List.of(
                    new Problem(e.where(), 0, 0, "", String.valueOf(e.getMessage()))));
        }
    }

    public static Loaded fromEnvironment(Map<String, String> environment) throws ConfigException {
        return fromEnvironment(environment, Overrides.NONE);
    }

    /** The settings without a file and without plugins. */
    public static Loaded fromEnvironment(Map<String, String> environment, Overrides overrides)
            throws ConfigException {
        return fromEnvironment(environment, overrides, null);
    }

    /**
     * The settings where there is no file: providers from the API keys in the environment.
     *
     * @param plugins if any, loaded from the usual place if they have not been yet
     */
    public static Loaded fromEnvironment(Map<String, String> environment, Overrides overrides,
            @Nullable Plugins plugins) throws ConfigException {
        Place top = new Place(Place.ENVIRONMENT, 0, 0, "");
        return bind(new Section(Schema.ROOT, top), environment, overrides, new Problems(),
                types(null, top, environment, plugins));
    }

    private static Loaded bind(Section root, Map<String, String> environment, Overrides overrides,
            Problems problems, ProviderTypes types) throws ConfigException {
        Settings settings =
                new SettingsBinder(environment, overrides, problems, types).bind(root);
        problems.throwIfAny();
        return new Loaded(settings, problems.warnings());
    }
}
