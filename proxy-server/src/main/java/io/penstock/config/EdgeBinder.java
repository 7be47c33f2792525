package io.penstock.config;

import io.penstock.admin.AdminSettings;
import io.penstock.listen.ListenSettings;
import io.penstock.listen.TlsSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The ports: where callers and operators connect, and who may reach them from elsewhere. */
final class EdgeBinder {
    private static final String HOST = "PROXY_API_HOST";
    private static final String PORT = "PROXY_API_PORT";

    private final Map<String, String> environment;
    private final Overrides overrides;
    private final Problems problems;
    private final List<Section> sections = new ArrayList<>();
    private @Nullable Section adminSection;
    private final Map<HostPort, Place> taken = new HashMap<>();

    EdgeBinder(Map<String, String> environment, Overrides overrides, Problems problems) {
        this.environment = environment;
        this.overrides = overrides;
        this.problems = problems;
    }

    /** Where callers connect; only on this machine while {@code isOpen} lets anybody in. */
    List<ListenSettings> listen(Section root, boolean isOpen) {
        List<ListenSettings> listeners = new ArrayList<>();
        sections.addAll(listeners(root));
        for (Section listener : sections) {
            HostPort address = listener.get(Schema.ADDRESS);
            Place place = listener.place(Schema.ADDRESS);
            take(address, place);
            if (!address.isLoopback() && isOpen) {
                problems.error(place, address + " can be reached from elsewhere and calls need no "
                        + "credential, expected auth.keys, auth.jwt, auth.anonymous.enabled: true, "
                        + "or a loopback address");
            }
            TlsSettings tls = tls(listener);
            listeners.add(new ListenSettings(address.host(), address.port(), tls));
        }
        return listeners;
    }

    /** Where callers connect, as it was read; after {@link #listen}. */
    List<Section> sections() {
        return List.copyOf(sections);
    }

    /** The admin port, as it was read; after {@link #admin}. */
    Section adminSection() {
        return Objects.requireNonNull(adminSection);
    }

    /** Of the flags, else the file, else the environment, else the default one. */
    private List<Section> listeners(Section root) {
        if (!overrides.listen().isEmpty()) {
            List<Section> flags = new ArrayList<>();
            for (String text : overrides.listen()) {
                Section flag = flagged(text, Schema.LISTENER, Schema.ADDRESS, "--listen");
                if (flag != null) {
                    flags.add(flag);
                }
            }
            return flags;
        }
        return root.has(Schema.LISTEN) ? root.get(Schema.LISTEN)
                : List.of(fromEnvironment(root));
    }

    private Section fromEnvironment(Section root) {
        Section listener = new Section(Schema.LISTENER, root.place(Schema.LISTEN).item(0));
        String host = environment.getOrDefault(HOST, "");
        String port = environment.getOrDefault(PORT, "");
        if (host.isEmpty() && port.isEmpty()) {
            return listener;
        }
        HostPort standard = Objects.requireNonNull(Schema.ADDRESS.defaultValue());
        HostPort withPort = port.isEmpty() ? standard
                : HostPort.parse(standard.host() + ":" + port);
        if (withPort == null) {
            problems.error(Place.environment(PORT),
                    "unexpected value '" + port + "', expected a port from 0 to 65535");
            return listener;
        }
        String bracketed =
                host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
        HostPort address = host.isEmpty() ? withPort
                : HostPort.parse(bracketed + ":" + withPort.port());
        if (address == null) {
            problems.error(Place.environment(HOST),
                    "unexpected value '" + host + "', expected a host name or address");
            return listener;
        }
        return listener.put(Schema.ADDRESS, address,
                Place.environment(host.isEmpty() ? PORT : HOST));
    }

    private @Nullable Section flagged(String text, SectionType type, Field<HostPort> field,
            String flag) {
        Place place = Place.commandLine(flag);
        HostPort address = HostPort.parse(text);
        if (address == null) {
            problems.error(place,
                    "unexpected value '" + text + "', expected " + HostPort.EXPECTED);
            return null;
        }
        return new Section(type, place).put(field, address, place);
    }

    private void take(HostPort address, Place place) {
        Place first = address.port() == 0 ? null : taken.putIfAbsent(address, place);
        if (first != null) {
            problems.error(place, address + " is the address of "
                    + (first.path().equals(place.path()) ? "another listener" : first.path())
                    + " already, expected another port");
        }
    }

    private @Nullable TlsSettings tls(Section listener) {
        Section tls = listener.section(Schema.LISTEN_TLS);
        if (!listener.has(Schema.LISTEN_TLS) || !tls.isComplete()) {
            return null;
        }
        requireFile(tls, Schema.CERTIFICATE, problems);
        requireFile(tls, Schema.PRIVATE_KEY, problems);
        requireFile(tls, Schema.CLIENT_CA, problems);
        return new TlsSettings(tls.get(Schema.CERTIFICATE), tls.get(Schema.PRIVATE_KEY),
                tls.get(Schema.CLIENT_CA));
    }

    static void requireFile(Section section, Field<Path> field, Problems problems) {
        Path file = section.get(field);
        if (file != null && !(Files.isRegularFile(file) && Files.isReadable(file))) {
            problems.error(section.place(field),
                    "no file '" + file + "' that can be read, expected a PEM file");
        }
    }

    AdminSettings admin(Section root) {
        Section section = root.section(Schema.ADMIN);
        if (overrides.admin() != null) {
            Section flag = flagged(overrides.admin(), (SectionType) Schema.ADMIN.type(),
                    Schema.ADMIN_ADDRESS, "--admin");
            if (flag != null && section.has(Schema.ADMIN_TOKEN)) {
                flag.put(Schema.ADMIN_TOKEN, section.get(Schema.ADMIN_TOKEN),
                        section.place(Schema.ADMIN_TOKEN));
            }
            section = flag != null ? flag : section;
        }
        adminSection = section;
        HostPort address = section.get(Schema.ADMIN_ADDRESS);
        Place place = section.place(Schema.ADMIN_ADDRESS);
        take(address, place);
        String token = section.get(Schema.ADMIN_TOKEN);
        if (!address.isLoopback() && token == null) {
            problems.error(place, address + " can be reached from elsewhere and asks for no "
                    + "credential, expected admin.token or a loopback address");
        }
        return new AdminSettings(address.host(), address.port(), token);
    }
}
