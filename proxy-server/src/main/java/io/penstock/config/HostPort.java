package io.penstock.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An address to bind, as the configuration writes it; the host is kept without brackets. */
record HostPort(String host, int port) {
    static final String EXPECTED = "HOST:PORT such as 127.0.0.1:8080 or [::1]:8080";

    private static final Pattern FORM =
            Pattern.compile("(?:\\[([0-9A-Fa-f:.%]+)\\]|([A-Za-z0-9._-]+)):(\\d{1,5})");
    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|127(\\.\\d{1,3}){3}|::1|(0{1,4}:){7}0{0,3}1");

    /** Null when the text is no address. */
    static @Nullable HostPort parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches() || Integer.parseInt(form.group(3)) > 65_535) {
            return null;
        }
        String host = form.group(1) != null ? form.group(1) : form.group(2);
        return new HostPort(host, Integer.parseInt(form.group(3)));
    }

    /** By its spelling alone: what a name resolves to may change after the check. */
    boolean isLoopback() {
        return LOOPBACK.matcher(host).matches();
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
