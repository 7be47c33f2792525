package io.penstock.provider;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The plugins of one start: loaded by the first configuration that is read, and the same from then
 * on, whatever a later one says.
 *
 * <p><b>Thread:</b> safe by its lock; never asked on an event loop.
 */
public final class Plugins {
    private @Nullable Path directory; // null before the first load
    private @Nullable ProviderTypes types;

    /**
     * The types that are built in, those on the class path, and those of the jars in {@code
     * directory}; a directory that isn't there has none.
     */
    public synchronized ProviderTypes load(Path directory) throws PluginException {
        if (types == null) {
            types = new PluginLoader(directory).load();
            this.directory = directory;
        }
        return types;
    }

    /** Whether a load from there would bring what has been loaded. */
    public synchronized boolean isFrom(Path directory) {
        return directory.equals(this.directory);
    }
}
