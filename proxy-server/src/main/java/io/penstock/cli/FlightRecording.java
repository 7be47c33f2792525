package io.penstock.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;

/**
 * A recording of Java's Flight Recorder from the start of the proxy to its end, where one is asked
 * for.
 *
 * <p><b>Bounds:</b> the file has the last {@value #MAX_BYTES} bytes at most.
 */
final class FlightRecording implements AutoCloseable {
    private static final long MAX_BYTES = 256L * 1024 * 1024;

    private final @Nullable Recording recording; // null where nothing is recorded

    private FlightRecording(@Nullable Recording recording) {
        this.recording = recording;
    }

    /** Starts it, into that file; {@code file} null records nothing. */
    static FlightRecording start(@Nullable Path file) throws IOException {
        if (file == null) {
            return new FlightRecording(null);
        }
        if (Files.isDirectory(file)) {
            throw new IOException(file + " is a directory");
        }
        try {
            Recording recording = new Recording(Configuration.getConfiguration("default"));
            recording.setName("penstock");
            recording.setMaxSize(MAX_BYTES);
            recording.setDestination(file.toAbsolutePath()); // which opens it
            recording.setDumpOnExit(true); // also where the second signal halts nothing
            recording.start();
            return new FlightRecording(recording);
        } catch (ParseException e) {
            throw new IOException("the JDK's own settings cannot be read: " + e.getMessage(), e);
        }
    }

    /** Writes what was recorded. */
    @Override
    public void close() {
        if (recording != null) {
            recording.stop(); // to its destination
            recording.close();
        }
    }
}
