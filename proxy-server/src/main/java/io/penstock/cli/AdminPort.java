package io.penstock.cli;

import io.penstock.config.ConfigException;
import io.penstock.config.Overrides;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The admin port of a running proxy: the options that say where it is, and a question to it. */
final class AdminPort {
    static final String TOKEN_VARIABLE = "PENSTOCK_ADMIN_TOKEN";
    private static final Duration CONNECT = Duration.ofSeconds(5);

    @Option(names = "--admin", paramLabel = "HOST:PORT",
            description = "Address of the admin port (default: the configuration's).")
    private String admin;

    @Option(names = {"-c", "--config"}, paramLabel = "FILE",
            description = "Configuration (default: conf/penstock.yaml if there is one).")
    private Path config;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** Where to ask, and what to show there; {@code token} null for nothing. */
    record Address(String text, @Nullable String token) {
        /** Says in a line that the port takes no such token. */
        String refusal() {
            return "penstock: the admin port on " + text
                    + (token == null ? " asks for a token" : " does not take this token")
                    + ": give admin.token's value with --token or " + TOKEN_VARIABLE;
        }
    }

    record Answer(int status, String body) {}

    /** Reads what a page says, as it comes. */
    interface BodyReader<T> {
        T read(int status, InputStream body) throws IOException;
    }

    /** Why there is no answer, in a line for the user. */
    static final class Unanswered extends Exception {
        private static final long serialVersionUID = 1L;

        Unanswered(String message) {
            super("penstock: " + message);
        }
    }

    /**
     * The configuration says where, and with which token, unless the flags do. An address of the
     * command line doesn't get a token that was not meant for it.
     *
     * @param token what the command line gives; null for nothing
     */
    Address address(@Nullable String token) throws ConfigException {
        String shown = token != null ? token
                : ConfigSource.environment().get(TOKEN_VARIABLE);
        if (admin != null && config == null) {
            return new Address(checked(admin), shown);
        }
        var settings = ConfigSource.of(config, Overrides.NONE).load().settings().admin();
        String host = settings.host().equals("0.0.0.0") ? "127.0.0.1"
                : settings.host().equals("::") ? "::1" : settings.host();
        if (admin == null && settings.port() == 0) {
            throw new ParameterException(spec.commandLine(), "the configuration lets the admin "
                    + "port be any free one: say which with --admin HOST:PORT");
        }
        return new Address(admin != null ? checked(admin)
                : (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + settings.port(),
                shown != null ? shown : settings.token());
    }

    /** A URL of that port is taken for its address. */
    private String checked(String given) {
        String address = given.replaceFirst("^http://", "").replaceFirst("/$", "");
        if (!address.matches("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+]):[0-9]{1,5}")
                || Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)) > 65535) {
            throw new ParameterException(spec.commandLine(),
                    "--admin: '" + given + "' (expected: HOST:PORT)");
        }
        return address;
    }

    /** Asks for a page. */
    Answer get(Address address, String target, Duration patience) throws Unanswered {
        return read(address, target, patience, (status, body) -> new Answer(status,
                new String(body.readAllBytes(), StandardCharsets.UTF_8)));
    }

    /** Asks for a page, and reads it for as long as the reader wants. */
    <T> T read(Address address, String target, Duration patience, BodyReader<T> reader)
            throws Unanswered {
        try {
            return ask(address, target, patience, reader);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--admin or --token cannot be sent: "
                    + e.getMessage(), e);
        } catch (ConnectException e) {
            throw new Unanswered("nothing listens on " + address.text()
                    + ": start the proxy with `penstock serve`, or say --admin HOST:PORT");
        } catch (UnknownHostException e) {
            throw new Unanswered("the host of " + address.text()
                    + " is not known: say another with --admin HOST:PORT");
        } catch (SocketTimeoutException e) {
            throw new Unanswered(address.text() + " did not answer in time");
        } catch (IOException e) {
            throw new Unanswered(address.text() + " cannot be asked: "
                    + (e.getMessage() == null ? e.toString() : e.getMessage()));
        }
    }

    private static <T> T ask(Address address, String target, Duration patience,
            BodyReader<T> reader) throws IOException {
        // Not java.net.http: that starts later than this is done, and keeps the connection.
        HttpURLConnection connection = (HttpURLConnection) URI.create("http://" + address.text()
                + target).toURL().openConnection(Proxy.NO_PROXY);
        try {
            connection.setConnectTimeout((int) CONNECT.toMillis());
            connection.setReadTimeout((int) patience.toMillis());
            connection.setInstanceFollowRedirects(false); // the token is for this address
            connection.setRequestProperty("connection", "close");
            if (address.token() != null) {
                connection.setRequestProperty("authorization", "Bearer " + address.token());
            }
            int status = connection.getResponseCode();
            try (InputStream body = status < 400 ? connection.getInputStream()
                    : connection.getErrorStream()) {
                return reader.read(status,
                        body == null ? InputStream.nullInputStream() : body);
            }
        } finally {
            connection.disconnect();
        }
    }
}
