package io.penstock.redis;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a Redis or Valkey server is, and how it is reached:
 *
 * <pre>
 * redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
 * rediss://…                                        the same over TLS
 * redis-cluster://[…@]HOST[:PORT][,HOST[:PORT]…]     any nodes of a cluster
 * redis-sentinel://[…@]HOST[:PORT][,…][/DATABASE]#MASTER
 * rediss-cluster://…, rediss-sentinel://…           over TLS
 * </pre>
 *
 * @param hosts one, or some of a cluster's nodes, or the sentinels
 * @param user null for the default one
 * @param password null where none is asked for
 * @param master the name that sentinels know the server by; null where there are none
 */
public record RedisUrl(Kind kind, boolean tls, List<Host> hosts, @Nullable String user,
        @Nullable String password, int database, @Nullable String master) {
    public static final String SCHEMES =
            "redis://, rediss://, redis-cluster:// or redis-sentinel://";

    private static final int PORT = 6379;
    private static final int SENTINEL_PORT = 26379;
    private static final int MAX_PORT = 65_535;
    private static final int MAX_DATABASE = 16_383;

    /** What stands behind the address. */
    public enum Kind { SINGLE, CLUSTER, SENTINEL }

    /** A name or address, an IPv6 one without its brackets. */
    public record Host(String name, int port) {
        @Override
        public String toString() {
            return (name.indexOf(':') >= 0 ? "[" + name + "]" : name) + ":" + port;
        }
    }

    public RedisUrl {
        hosts = List.copyOf(hosts);
    }

    /**
     * Reads it.
     *
     * @throws IllegalArgumentException which says what was expected, and shows no password
     */
    public static RedisUrl parse(String text) {
        int colon = text.indexOf("://");
        String scheme = colon < 0 ? "" : text.substring(0, colon);
        boolean tls = scheme.startsWith("rediss");
        Kind kind = switch (tls ? "redis" + scheme.substring("rediss".length()) : scheme) {
            case "redis" -> Kind.SINGLE;
            case "redis-cluster" -> Kind.CLUSTER;
            case "redis-sentinel" -> Kind.SENTINEL;
            default -> throw expected("a URL that begins with " + SCHEMES);
        };
        String rest = text.substring(colon + "://".length());
        String master = null;
        int hash = rest.lastIndexOf('#');
        if (kind == Kind.SENTINEL) {
            if (hash < 0 || hash == rest.length() - 1) {
                throw expected("the master's name behind the sentinels, as in "
                        + "redis-sentinel://HOST:26379#mymaster");
            }
            master = decoded(rest.substring(hash + 1));
            rest = rest.substring(0, hash);
        }
        int at = rest.lastIndexOf('@');
        String login = at < 0 ? null : rest.substring(0, at);
        rest = rest.substring(at + 1);
        int slash = rest.indexOf('/');
        int database = slash < 0 ? 0 : database(kind, rest.substring(slash + 1));
        List<Host> hosts = hosts(kind, slash < 0 ? rest : rest.substring(0, slash));
        int between = login == null ? -1 : login.indexOf(':');
        String user = login == null || between <= 0 ? null
                : decoded(login.substring(0, between));
        String password = login == null ? null : decoded(login.substring(between + 1));
        return new RedisUrl(kind, tls, hosts, user, password, database, master);
    }

    private static int database(Kind kind, String text) {
        if (text.isEmpty()) {
            return 0;
        }
        int database = number(text, MAX_DATABASE);
        if (database < 0) {
            throw expected("the number of a database behind the host, or nothing");
        }
        if (kind == Kind.CLUSTER && database > 0) {
            throw expected("no database: a cluster has only the first");
        }
        return database;
    }

    private static List<Host> hosts(Kind kind, String text) {
        List<Host> hosts = new ArrayList<>();
        for (String each : text.split(",", -1)) {
            hosts.add(host(each, kind == Kind.SENTINEL ? SENTINEL_PORT : PORT));
        }
        if (kind == Kind.SINGLE && hosts.size() > 1) {
            throw expected("one host; several are redis-cluster:// or redis-sentinel://");
        }
        return hosts;
    }

    private static Host host(String text, int standardPort) {
        int end = text.startsWith("[") ? text.indexOf(']') + 1 : text.indexOf(':');
        String name = end < 0 ? text : text.substring(0, end);
        String rest = text.substring(name.length());
        int port = rest.isEmpty() ? standardPort
                : rest.startsWith(":") ? number(rest.substring(1), MAX_PORT) : -1;
        if (!name.matches("[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+]") || port < 1) {
            throw expected("HOST or HOST:PORT behind the scheme; /, @, # and % of a password are "
                    + "written %2F, %40, %23 and %25");
        }
        return new Host(name.startsWith("[") ? name.substring(1, name.length() - 1) : name, port);
    }

    /** The number; -1 for a text that is none, or one above the most. */
    private static int number(String text, int most) {
        if (!text.matches("[0-9]{1,5}")) {
            return -1;
        }
        int number = Integer.parseInt(text);
        return number > most ? -1 : number;
    }

    private static String decoded(String text) {
        try { // a plus stands for itself here
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw expected("%, where a name or password has one, to be written %25");
        }
    }

    private static IllegalArgumentException expected(String what) {
        return new IllegalArgumentException("url: unexpected value (expected: " + what + ")");
    }

    /** The URL without user and password. */
    @Override
    public String toString() {
        String shape = kind == Kind.CLUSTER ? "-cluster" : kind == Kind.SENTINEL ? "-sentinel" : "";
        StringBuilder text = new StringBuilder(tls ? "rediss" : "redis").append(shape)
                .append("://").append(password == null ? "" : "****@");
        for (int i = 0; i < hosts.size(); i++) {
            text.append(i == 0 ? "" : ",").append(hosts.get(i));
        }
        return text.append(database == 0 ? "" : "/" + database)
                .append(master == null ? "" : "#" + master).toString();
    }
}
