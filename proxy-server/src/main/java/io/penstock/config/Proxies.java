package io.penstock.config;

import io.netty.util.NetUtil;
import io.penstock.provider.Site;
import io.penstock.upstream.ProxySettings;
import java.math.BigInteger;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The forward proxies that the environment names, as other programs read it: {@code HTTPS_PROXY}
 * and {@code HTTP_PROXY} by the provider's scheme, {@code ALL_PROXY} where there is none of these,
 * and {@code NO_PROXY} for the hosts that are reached directly. The names in lower case win.
 */
final class Proxies {
    /** What a provider's {@code proxy} says to be reached directly in any case. */
    static final String OFF = "off";

    private static final String EXPECTED_OF_VARIABLE = "http://HOST:PORT or https://HOST:PORT, "
            + "USER:PASSWORD@ before HOST if it wants them";

    static final String EXPECTED = EXPECTED_OF_VARIABLE + ", or off";

    private static final int MAX_PORT = 65_535;
    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|.*\\.localhost|127(\\.\\d{1,3}){3}");

    private final Map<String, String> environment;
    private final Problems problems;
    private final String[] direct; // the entries of NO_PROXY
    private final Set<String> reported = new LinkedHashSet<>(); // variables, once each

    Proxies(Map<String, String> environment, Problems problems) {
        this.environment = environment;
        this.problems = problems;
        String variable = set("NO_PROXY");
        direct = variable == null ? new String[0]
                : value(variable).toLowerCase(Locale.ROOT).split("[,\\s]+");
    }

    /** The proxy of that URL; null when it is none. */
    static @Nullable ProxySettings parse(String text) {
        URI url = Types.url(text.contains("://") ? text : "http://" + text);
        if (url == null || url.getRawQuery() != null || url.getRawFragment() != null
                || url.getRawPath() != null && !url.getRawPath().matches("/?")) {
            return null;
        }
        boolean https = "https".equalsIgnoreCase(url.getScheme());
        @Nullable String user = url.getRawUserInfo();
        Site site = new Site(url);
        if (site.host() == null && url.getRawAuthority() != null) { // a host with an underscore
            int at = url.getRawAuthority().lastIndexOf('@');
            user = at < 0 ? null : url.getRawAuthority().substring(0, at);
            site = new Site(URI.create("http://" + url.getRawAuthority().substring(at + 1)));
        }
        if (!https && !"http".equalsIgnoreCase(url.getScheme()) || site.host() == null
                || site.port() == 0 || site.port() > MAX_PORT) {
            return null;
        }
        return new ProxySettings(bare(site.host()), site.port() > 0 ? site.port()
                : https ? 443 : 80, https, user == null || user.isEmpty() ? null : decoded(user));
    }

    /** A plus sign is one, other than in a form. */
    private static String decoded(String user) {
        try {
            String text = URLDecoder.decode(user.replace("+", "%2B"), StandardCharsets.UTF_8);
            return text.indexOf(':') < 0 ? text + ":" : text;
        } catch (IllegalArgumentException e) {
            return user; // a lone percent sign is one, too
        }
    }

    /**
     * The proxy on the way to that provider; null for none.
     *
     * @param told by the provider's own section; null if it says nothing
     */
    @Nullable ProxySettings of(@Nullable String told, URI baseUrl) {
        Site site = new Site(baseUrl);
        if (told != null || site.host() == null) {
            return told == null || told.equals(OFF) ? null : parse(told);
        }
        boolean https = "https".equals(baseUrl.getScheme());
        String variable = set(https ? "HTTPS_PROXY" : "HTTP_PROXY");
        variable = variable == null ? set("ALL_PROXY") : variable;
        String host = bare(site.host()).toLowerCase(Locale.ROOT);
        if (variable == null || isLoopback(host)
                || isDirect(host, site.port() > 0 ? site.port() : https ? 443 : 80)) {
            return null;
        }
        ProxySettings proxy = parse(value(variable));
        if (proxy == null && reported.add(variable)) {
            report(variable);
        }
        return proxy;
    }

    private void report(String variable) {
        if (value(variable).toLowerCase(Locale.ROOT).startsWith("socks")) {
            problems.warn(Place.environment(variable), "a SOCKS proxy is not used: providers are "
                    + "reached directly, expected " + EXPECTED_OF_VARIABLE);
        } else { // to go directly may be what must not happen
            problems.error(Place.environment(variable), "unexpected value, expected "
                    + EXPECTED_OF_VARIABLE);
        }
    }

    private String value(String variable) {
        return environment.getOrDefault(variable, "").trim();
    }

    /** The name of the variable that is set, in lower or upper case; null for none. */
    private @Nullable String set(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (!environment.getOrDefault(lower, "").isBlank()) {
            return lower;
        }
        return environment.getOrDefault(name, "").isBlank() ? null : name;
    }

    private static String bare(String host) {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static boolean isLoopback(String host) {
        return LOOPBACK.matcher(host).matches()
                || NetUtil.isValidIpV6Address(host) && address(host).equals(BigInteger.ONE);
    }

    private boolean isDirect(String host, int port) {
        for (String entry : direct) {
            if (matches(entry, host, port)) {
                return true;
            }
        }
        return false;
    }

    /** Of {@code *}, HOST, .SUFFIX, *.SUFFIX, an address, or ADDRESS/BITS; a port may follow. */
    private static boolean matches(String entry, String host, int port) {
        String name = entry;
        int colon = entry.lastIndexOf(':');
        boolean v6 = NetUtil.isValidIpV6Address(bare(withoutBits(entry)));
        if (!v6 && colon >= 0 && entry.substring(colon + 1).matches("\\d{1,5}")) {
            if (Integer.parseInt(entry.substring(colon + 1)) != port) {
                return false;
            }
            name = entry.substring(0, colon);
        }
        if (name.equals("*")) {
            return true;
        }
        if (isAddress(host)) {
            return matchesAddress(bare(name), host);
        }
        name = name.startsWith("*.") ? name.substring(2)
                : name.startsWith(".") ? name.substring(1) : name;
        name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        String asked = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
        return !name.isEmpty() && (asked.equals(name) || asked.endsWith("." + name));
    }

    private static String withoutBits(String network) {
        int slash = network.indexOf('/');
        return slash < 0 ? network : network.substring(0, slash);
    }

    private static boolean isAddress(String host) {
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    private static boolean matchesAddress(String network, String host) {
        String address = withoutBits(network);
        if (!isAddress(address)
                || NetUtil.isValidIpV4Address(address) != NetUtil.isValidIpV4Address(host)) {
            return false;
        }
        int length = NetUtil.isValidIpV4Address(address) ? 32 : 128;
        String said = network.substring(Math.min(network.length(), address.length() + 1));
        if (address.length() == network.length()) {
            said = Integer.toString(length);
        }
        if (!said.matches("\\d{1,3}") || Integer.parseInt(said) > length) {
            return false;
        }
        int free = length - Integer.parseInt(said);
        return address(address).shiftRight(free).equals(address(host).shiftRight(free));
    }

    private static BigInteger address(String literal) {
        return new BigInteger(1, NetUtil.createByteArrayFromIpAddressString(literal));
    }
}
