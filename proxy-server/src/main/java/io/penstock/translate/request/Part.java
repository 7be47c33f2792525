package io.penstock.translate.request;

import java.util.List;

/** A piece of a turn. {@code cache} is the life of a cache breakpoint on it; null for none. */
sealed interface Part {
    /** The life of a cache breakpoint that names none. */
    String DEFAULT_LIFE = "";

    default String cache() {
        return null;
    }

    /** Where the bytes of an image or a file are. */
    sealed interface Source {
        /** Here, in base64; the media type in lower case. */
        record Inline(String mediaType, Raw base64) implements Source {}

        /** Elsewhere. */
        record Url(Raw url, boolean secure) implements Source {}

        /** Here, as plain text. */
        record PlainText(Raw text) implements Source {}
    }

    record Text(Raw text, String cache) implements Part {
        Text(String ascii) {
            this(Raw.of(ascii), null);
        }
    }

    /** {@code path} is for complaints; {@code detail} null unless the caller chose one. */
    record Image(Source source, Raw detail, String path, String cache) implements Part {}

    record Document(Source source, Raw title, String path, String cache) implements Part {}

    record Audio(String format, Raw base64, String path) implements Part {}

    /** Any of the three may be null. */
    record Reasoning(Raw text, Raw signature, Raw redacted) implements Part {
        /** Whether Anthropic made it, and would know it again. */
        boolean isSigned() {
            return redacted != null ? ReasoningSeal.DETAIL.open(redacted) == null
                    : signature != null && !signature.isEmpty();
        }

        /** What a provider of chat completions wants back as it was; null if it is none. */
        Raw detail() {
            Raw sealed = ReasoningSeal.DETAIL.open(redacted);
            if (sealed == null) {
                return null;
            }
            byte[] decoded = sealed.unescaped();
            Raw object = new Raw(decoded, 0, decoded.length);
            return object.isJsonObject() ? object : null;
        }
    }

    /** What the model wants done. */
    final class ToolCall implements Part {
        final String id;
        /** What the provider calls the tool, once tools have been named for it. */
        String name;
        final Raw arguments;
        /** Whether the arguments are the inside of a string, not an object. */
        final boolean encoded;
        final Raw thoughtSignature; // null for none
        final String path;
        private final String cache;
        /** The id that the provider gets to see. */
        String sentId;
        /** Its place among the calls of its turn, once they have been counted. */
        int place;
        boolean answered;

        ToolCall(String id, String name, Raw arguments, boolean encoded, Raw thoughtSignature,
                String path, String cache) {
            this.id = id;
            this.name = name;
            this.arguments = arguments;
            this.encoded = encoded;
            this.thoughtSignature = thoughtSignature;
            this.path = path;
            this.cache = cache;
        }

        @Override
        public String cache() {
            return cache;
        }

        /** The arguments as a JSON object; null if they are something else. */
        Raw object() {
            if (!encoded) {
                return arguments;
            }
            if (arguments.isBlank()) {
                return Raw.ofJson("{}");
            }
            byte[] decoded = arguments.unescaped();
            Raw object = new Raw(decoded, 0, decoded.length);
            return object.isJsonObject() ? object : null;
        }
    }

    /** What came of it. */
    final class ToolResult implements Part {
        final String id;
        final List<Part> content;
        final boolean isError;
        final String path;
        private final String cache;
        /** The call that it answers, once that has been looked up. */
        ToolCall call;

        ToolResult(String id, List<Part> content, boolean isError, String path, String cache) {
            this.id = id;
            this.content = content;
            this.isError = isError;
            this.path = path;
            this.cache = cache != null ? cache : cacheOf(content);
        }

        /** A breakpoint inside a result is one behind it: nobody takes it inside. */
        private static String cacheOf(List<Part> content) {
            String last = null;
            for (Part part : content) {
                last = part.cache() != null ? part.cache() : last;
            }
            return last;
        }

        @Override
        public String cache() {
            return cache;
        }
    }
}
