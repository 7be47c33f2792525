package io.penstock.cli;

import io.penstock.config.ConfigException;
import io.penstock.config.Loaded;
import io.penstock.config.Overrides;
import io.penstock.config.Settings;
import io.penstock.log.Logs;
import io.penstock.log.StandardError;
import io.penstock.loop.Transport;
import io.penstock.server.DataDirectory;
import io.penstock.server.Penstock;
import io.penstock.server.StartException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code penstock serve}: the proxy, until it is told to stop. */
@Command(name = "serve", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs the proxy.")
final class ServeCommand implements Callable<Integer> {
    private static final String DATA_DIR = "PENSTOCK_DATA_DIR";
    private static final Path DEFAULT_DATA_DIR = Path.of("data");

    @Option(names = {"-c", "--config"}, paramLabel = "FILE",
            description = "Configuration (default: conf/penstock.yaml if there is one, else "
                    + "providers from the API keys in the environment).")
    private Path config;

    @Option(names = "--listen", paramLabel = "HOST:PORT", description = "Address to serve.")
    private List<String> listen = new ArrayList<>();

    @Option(names = "--admin", paramLabel = "HOST:PORT", description = "Address of the admin port.")
    private String admin;

    @Option(names = "--provider", paramLabel = "NAME[=BASE_URL]",
            description = "A further provider.")
    private List<String> providers = new ArrayList<>();

    @Option(names = "--threads", paramLabel = "N",
            description = "Event loops (default: one per processor).")
    private Integer threads;

    @Option(names = "--transport", defaultValue = "auto", paramLabel = "T",
            description = "auto, io_uring, epoll or nio (default: auto).")
    private String transport;

    @Option(names = "--data-dir", paramLabel = "DIR",
            description = "Where usage is kept (default: PENSTOCK_DATA_DIR, else data).")
    private Path dataDir;

    @Option(names = "--record", paramLabel = "FILE",
            description = "Records with Java's Flight Recorder, into FILE at the end.")
    private Path record;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Lifecycle lifecycle = new Lifecycle(); // before any port is open
        try (StandardError error = StandardError.install();
                FlightRecording recording = FlightRecording.start(record)) {
            return serve(lifecycle);
        } catch (IOException e) {
            System.err.println("penstock: --record: " + e.getMessage());
            return Main.FAILED;
        }
    }

    private int serve(Lifecycle lifecycle) {
        Transport chosen = transport();
        int loops = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (loops < 1 || loops > 1024) {
            throw new ParameterException(spec.commandLine(), "--threads: 1 to 1024");
        }
        ConfigSource source = ConfigSource.of(config,
                new Overrides(List.copyOf(listen), admin, List.copyOf(providers)));
        Loaded loaded;
        DataDirectory data;
        try {
            loaded = source.load();
            data = dataDirectory();
        } catch (ConfigException e) {
            System.err.println(e.getMessage());
            return Main.BAD_USAGE;
        }
        Logs.configure(loaded.settings().observe().log());
        loaded.warnings().forEach(warning -> System.err.println("warning: " + warning));
        Settings settings = loaded.settings();
        if (settings.providers().isEmpty()) {
            System.err.println("warning: no provider is configured: every call will be refused. "
                    + "Set an API key such as OPENAI_API_KEY, or try `penstock demo`.");
        }
        try {
            Penstock server = Penstock.start(settings, chosen, loops, source::reload, data);
            announce(server, settings, source, chosen, loops);
            return lifecycle.run(server, source, settings.shutdownGrace());
        } catch (StartException e) {
            System.err.println("penstock: " + e.getMessage());
            return Main.FAILED;
        }
    }

    private DataDirectory dataDirectory() throws ConfigException {
        String variable = ConfigSource.environment().getOrDefault(DATA_DIR, "");
        Path named = dataDir != null ? dataDir : variable.isEmpty() ? null : Path.of(variable);
        return new DataDirectory(named != null ? named : DEFAULT_DATA_DIR, named != null);
    }

    private Transport transport() {
        String name = transport.toUpperCase(Locale.ROOT);
        if (name.equals("AUTO")) {
            return Transport.auto();
        }
        for (Transport each : Transport.values()) {
            if (each.name().equals(name)) {
                if (!each.isAvailable()) {
                    throw new ParameterException(spec.commandLine(), "--transport: " + transport
                            + " is not available here: " + each.unavailabilityCause());
                }
                return each;
            }
        }
        throw new ParameterException(spec.commandLine(),
                "--transport: '" + transport + "' (expected: auto, io_uring, epoll or nio)");
    }

    private static void announce(Penstock server, Settings settings, ConfigSource source,
            Transport transport, int loops) {
        for (InetSocketAddress address : server.addresses()) {
            System.err.println("penstock: serving http" + scheme(settings) + "://"
                    + text(address) + "  (configuration: " + source + ", transport: "
                    + transport.name().toLowerCase(Locale.ROOT) + ", event loops: " + loops + ")");
        }
        System.err.println("penstock: admin on http://" + text(server.adminAddress()));
        settings.providers().stream().filter(provider -> provider.proxy() != null)
                .forEach(provider -> System.err.println("penstock: provider " + provider.name()
                        + " is reached through the forward proxy " + provider.proxy()));
        if (settings.auth().isOpen()) {
            System.err.println("penstock: no authentication is configured, so only this machine is"
                    + " served (set auth.keys or auth.jwt to open it)");
        }
    }

    private static String scheme(Settings settings) {
        return settings.listen().get(0).tls() == null ? "" : "s";
    }

    static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
