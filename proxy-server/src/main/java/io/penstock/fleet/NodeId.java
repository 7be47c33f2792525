package io.penstock.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The name of a node. It stays the same as long as its data directory does, since what a node has
 * used is told under its name, and remembered there.
 */
public final class NodeId {
    static final String FILE = "node.id";

    private static final Logger LOG = LoggerFactory.getLogger(NodeId.class);
    private static final int BYTES = 8;

    private NodeId() {}

    /** The name in that directory, made there if there is none; a new one without a directory. */
    public static String of(@Nullable Path directory) {
        if (directory == null) {
            return fresh();
        }
        Path file = directory.resolve(FILE);
        try {
            if (Files.exists(file)) {
                String known = Files.readString(file).strip();
                if (known.matches("[0-9a-f]{16}")) {
                    return known;
                }
            }
            String made = fresh();
            Path begun = Files.createTempFile(directory, FILE, ".new");
            Files.writeString(begun, made + "\n");
            Files.move(begun, file, StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.ATOMIC_MOVE);
            return made;
        } catch (IOException e) {
            LOG.warn("node_id_not_kept file={} cause=\"{}\"", file, e.toString());
            return fresh();
        }
    }

    private static String fresh() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
