package io.penstock.admin;

import io.penstock.answer.LocalReply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The console's page and the files that it needs, read from the jar once and compressed once. The
 * files stand below a path with their common hash in it, so that browsers may keep them for ever;
 * the page itself is never kept.
 *
 * <p><b>Thread:</b> immutable.
 */
final class ConsoleFiles {
    static final String PREFIX = "/console/files/";

    private static final String ROOT = "/console/";
    private static final String PAGE = "index.html";

    /** Every file but the page, the modules in the order in which the page asks for them. */
    private static final List<String> NAMES = List.of("console.css", "icon.svg", "lib/preact.js",
            "lib/hooks.js", "lib/uplot.js", "lib/uplot.css", "app.js", "dom.js", "format.js",
            "feed.js", "chart.js", "parts.js", "overview.js", "providers.js", "callers.js",
            "exchanges.js", "playground.js", "diff.js", "signin.js");

    /** What nothing outside of this proxy may add to the page, or learn from it. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; "
            + "style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'";

    private final Map<String, File> byPath = new HashMap<>();
    private final File operatorsPage;
    private final File callersPage;

    /** One file, as it is and compressed. */
    record File(String contentType, byte[] plain, byte[] gzipped, boolean kept) {
        void addFields(LocalReply reply) {
            if (kept) {
                reply.field("cache-control", "public, max-age=31536000, immutable");
            } else {
                reply.field("cache-control", "no-cache").field("content-security-policy", POLICY)
                        .field("cross-origin-opener-policy", "same-origin");
            }
        }
    }

    private ConsoleFiles(Map<String, byte[]> files, String page,
            List<InetSocketAddress> addresses) {
        String prefix = PREFIX + hash(files) + "/";
        files.forEach((name, bytes) -> byPath.put(prefix + name, file(name, bytes, true)));
        StringBuilder preloads = new StringBuilder();
        files.keySet().stream().filter(name -> name.endsWith(".js"))
                .forEach(name -> preloads.append("<link rel=\"modulepreload\" href=\"")
                        .append(prefix).append(name).append("\">\n"));
        String complete = page.replace("{{files}}", prefix)
                .replace("{{preloads}}", preloads.toString().strip());
        operatorsPage = page(complete, "admin", ports(addresses));
        callersPage = page(complete, "console", "");
    }

    private static File page(String page, String base, String ports) {
        return file(PAGE, page.replace("{{data}}", "/" + base).replace("{{ports}}", ports)
                .getBytes(StandardCharsets.UTF_8), false);
    }

    /** The ports that callers are served on: where the playground can be used. */
    private static String ports(List<InetSocketAddress> addresses) {
        return String.join(" ", addresses.stream().map(InetSocketAddress::getPort)
                .map(String::valueOf).toList());
    }

    /**
     * Reads all files; takes some milliseconds.
     *
     * @param addresses where callers are served
     */
    static ConsoleFiles read(List<InetSocketAddress> addresses) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : NAMES) {
            files.put(name, bytes(name));
        }
        // Neither library is made for browsers that load modules by address.
        change(files, "lib/hooks.js", "from\"preact\"", "from\"./preact.js\"");
        change(files, "lib/uplot.js", "var uPlot=", "export{uPlot as default};var uPlot=");
        return new ConsoleFiles(files, new String(bytes(PAGE), StandardCharsets.UTF_8),
                addresses);
    }

    private static void change(Map<String, byte[]> files, String name, String from, String to) {
        String text = new String(bytes(name), StandardCharsets.UTF_8);
        if (!text.contains(from)) {
            throw new IllegalStateException(name + " has no '" + from + "'");
        }
        files.put(name, text.replace(from, to).getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] bytes(String name) {
        try (InputStream in = ConsoleFiles.class.getResourceAsStream(ROOT + name)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks " + ROOT + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static File file(String name, byte[] bytes, boolean kept) {
        String type = switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "js" -> "text/javascript; charset=utf-8";
            case "css" -> "text/css; charset=utf-8";
            case "svg" -> "image/svg+xml";
            default -> "text/html; charset=utf-8";
        };
        return new File(type, bytes, gzip(bytes), kept);
    }

    private static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length / 2);
        try (OutputStream gzip = new GZIPOutputStream(out) {
            {
                def.setLevel(Deflater.BEST_COMPRESSION);
            }
        }) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory has no such trouble
        }
        return out.toByteArray();
    }

    private static String hash(Map<String, byte[]> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            files.values().forEach(digest::update);
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** The page for that port's users, or a file; null for a path of neither. */
    @Nullable File find(String path, boolean operator) {
        return path.startsWith(PREFIX) ? byPath.get(path) : operator ? operatorsPage : callersPage;
    }

    /** Whether an Accept-Encoding field lets a reply be compressed (RFC 9110 section 12.5.3). */
    static boolean takesGzip(@Nullable String accept) {
        for (String coding : accept == null ? new String[0] : accept.split(",")) {
            String[] parts = coding.strip().toLowerCase(Locale.ROOT).split(";", 2);
            if (parts[0].strip().equals("gzip")) {
                return parts.length == 1 || !parts[1].strip().matches("q=0(\\.0{0,3})?");
            }
        }
        return false;
    }
}
