package io.penstock.store;

import java.nio.file.Path;

/** Opens stores for the tests of other packages. */
public final class UsageStores {
    private UsageStores() {}

    /** One on the {@link FaultyDisk}. */
    public static UsageStore openFaulty(Path directory) throws StoreException {
        return UsageStore.open(directory, FaultyDisk.SCHEME);
    }
}
