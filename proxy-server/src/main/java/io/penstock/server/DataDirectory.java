package io.penstock.server;

import io.penstock.store.StoreException;
import io.penstock.usage.Ledger;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the proxy keeps what outlives it.
 *
 * @param path null for nowhere
 * @param isNamed whether somebody asked for this very directory, and so relies on it
 */
public record DataDirectory(@Nullable Path path, boolean isNamed) {
    /** State ends with the process. */
    public static final DataDirectory NONE = new DataDirectory(null, false);

    private static final Logger LOG = LoggerFactory.getLogger(DataDirectory.class);

    /**
     * Opens the ledger there. Where that can't be done and nobody relies on it, one in memory takes
     * its place, and that is said.
     *
     * @param isNeeded whether a budget depends on it, which must not begin anew at each start
     */
    Ledger openLedger(boolean isNeeded) throws StartException {
        if (path == null) {
            return Ledger.inMemory();
        }
        try {
            return Ledger.open(path);
        } catch (StoreException e) {
            if (isNamed || isNeeded) {
                throw new StartException(e.getMessage(), e);
            }
            LOG.warn("usage_in_memory_only cause=\"{}\"", e.getMessage());
            return Ledger.inMemory();
        }
    }
}
