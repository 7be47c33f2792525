package io.penstock.translate.request;

import io.penstock.translate.request.Part.Source;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;

/** Data URLs (RFC 2397), and what is known of their contents by their first bytes. */
final class DataUrl {
    private static final int MAX_HEADER_BYTES = 256; // "data:" and all up to the comma
    private static final int SNIFFED_BASE64_BYTES = 32;

    private DataUrl() {}

    /** An image's source, of whichever kind the URL is. */
    static Source image(Raw url, String path) throws UntranslatableException {
        Source source = read(url, path);
        if (!(source instanceof Source.Inline inline)) {
            return source;
        }
        String type = sniff(inline.base64());
        if (type == null) {
            type = inline.mediaType().equals("image/jpg") ? "image/jpeg" : inline.mediaType();
        }
        if (type.isEmpty() || type.equals("application/octet-stream")) {
            throw UntranslatableException.unsupported(path, "cannot tell what kind of image it is");
        }
        return new Source.Inline(type, inline.base64());
    }

    /** A file's source: a data URL, or bare base64. */
    static Source file(Raw data, String fileName, String path) throws UntranslatableException {
        if (!isData(data)) {
            String type = sniff(data);
            if (type == null && fileName != null) {
                String name = fileName.toLowerCase(Locale.ROOT);
                type = name.endsWith(".pdf") ? "application/pdf"
                        : name.endsWith(".txt") ? "text/plain" : null;
            }
            if (type == null) {
                throw UntranslatableException.unsupported(path,
                        "expected a data URL with a media type");
            }
            return new Source.Inline(type, data);
        }
        Source source = read(data, path);
        return source instanceof Source.Inline inline && inline.mediaType().isEmpty()
                ? file(inline.base64(), fileName, path) : source;
    }

    private static boolean isData(Raw url) {
        return url.prefix(16).toLowerCase(Locale.ROOT).startsWith("data:");
    }

    private static Source read(Raw url, String path) throws UntranslatableException {
        if (!isData(url)) {
            String scheme = url.prefix(32).toLowerCase(Locale.ROOT); // escapes take room
            if (scheme.startsWith("https://") || scheme.startsWith("http://")) {
                return new Source.Url(url, scheme.startsWith("https://"));
            }
            throw UntranslatableException.unsupported(path,
                    "expected an http, https or data URL");
        }
        int comma = url.start();
        int limit = Math.min(url.end(), url.start() + MAX_HEADER_BYTES);
        while (comma < limit && url.bytes()[comma] != ',') {
            comma++;
        }
        if (comma == limit) {
            throw UntranslatableException.invalid(path, "a data URL without a comma");
        }
        String header = new Raw(url.bytes(), url.start(), comma).text()
                .substring("data:".length()).toLowerCase(Locale.ROOT).replace(" ", "");
        int semicolon = header.indexOf(';');
        String type = semicolon < 0 ? header : header.substring(0, semicolon);
        Raw data = new Raw(url.bytes(), comma + 1, url.end());
        return new Source.Inline(type,
                header.endsWith(";base64") ? data : encode(percentDecode(data.unescaped())));
    }

    static Raw encode(byte[] bytes) {
        byte[] base64 = Base64.getEncoder().encode(bytes);
        return new Raw(base64, 0, base64.length);
    }

    private static byte[] percentDecode(byte[] text) {
        byte[] out = new byte[text.length];
        int length = 0;
        for (int at = 0; at < text.length; at++) {
            int high = text[at] == '%' && at + 2 < text.length
                    ? Character.digit(text[at + 1], 16) : -1;
            int low = high >= 0 ? Character.digit(text[at + 2], 16) : -1;
            if (low >= 0) {
                out[length++] = (byte) (high << 4 | low);
                at += 2;
            } else {
                out[length++] = text[at];
            }
        }
        return Arrays.copyOf(out, length);
    }

    /** The text that is there in base64, as the inside of a JSON string. */
    static Raw decodeText(Raw base64, String path) throws UntranslatableException {
        try {
            byte[] text = Base64.getMimeDecoder().decode(base64.unescaped());
            return Raw.of(new String(text, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            throw UntranslatableException.invalid(path, "not base64");
        }
    }

    /** The media type by the first bytes; null if they are none of the usual ones. */
    static String sniff(Raw base64) {
        String start = base64.prefix(SNIFFED_BASE64_BYTES);
        return start.startsWith("iVBORw0KGg") ? "image/png"
                : start.startsWith("/9j/") ? "image/jpeg"
                : start.startsWith("R0lGODdh") || start.startsWith("R0lGODlh") ? "image/gif"
                : start.startsWith("UklGR") && start.startsWith("XRUJQ", 11) ? "image/webp"
                : start.startsWith("JVBERi") ? "application/pdf" : null;
    }
}
