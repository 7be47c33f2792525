package io.penstock.mock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The calls that are no conversation: vectors, ratings, pictures, sounds, counts. Their answers
 * depend on nothing but the call.
 */
final class Extras {
    static final int DIMENSIONS = 8; // where the call does not say

    private static final int MAX_DIMENSIONS = 4096;
    private static final int MAX_IMAGES = 10;

    /** One transparent pixel. */
    private static final String PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4"
            + "2mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

    private static final String[] CATEGORIES = {"harassment", "harassment/threatening", "hate",
        "hate/threatening", "illicit", "illicit/violent", "self-harm", "self-harm/instructions",
        "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic"};

    private static final Pattern PART =
            Pattern.compile("name=\"?([^\";\r\n]+)\"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n");

    private Extras() {}

    static Draft answer(RequestReader request, MockSettings settings, byte[][] words)
            throws ProviderError {
        long tokens = request.bodyBytes() / 4;
        return switch (request.endpoint()) {
            case EMBEDDINGS -> json(embeddings(JsonBody.parse(request.body())));
            case MODERATIONS -> json(moderations(JsonBody.parse(request.body())));
            case RERANK -> json(rerank(JsonBody.parse(request.body()), tokens));
            case IMAGES -> json(images(JsonBody.parse(request.body()), tokens));
            case SPEECH -> speech(JsonBody.parse(request.body()),
                    request.controls().eventsOr(settings.events()));
            case TRANSCRIPTIONS -> transcription(request, request.controls().textOr(
                    String.join("", Pieces.texts(words, Math.min(
                            request.controls().eventsOr(settings.events()),
                            Composer.MAX_EVENTS)))));
            case FILES -> Stored.file(request);
            case BATCHES -> Stored.batch(request);
            case COUNT_TOKENS -> {
                request.endpoint().dialect().read(request); // as strict as with a message
                yield json(Json.object("input_tokens", tokens));
            }
            case GEMINI_COUNT_TOKENS -> json(Json.object("totalTokens", tokens,
                    "promptTokensDetails", GeminiContent.modality(tokens)));
            case EMBED_CONTENT -> json(Json.object("embedding", Json.object("values",
                    vector(JsonBody.parse(request.body()).members().get("content"),
                            DIMENSIONS))));
            case BATCH_EMBED_CONTENTS -> json(Json.object("embeddings",
                    JsonBody.parse(request.body()).objects("requests").stream()
                            .map(each -> Json.object("values",
                                    vector(each.members().get("content"), DIMENSIONS)))
                            .toList()));
            default -> throw ProviderError.unknownUrl("POST " + request.path());
        };
    }

    private static Draft json(Json body) {
        return Draft.json(200, "", body);
    }

    private static Json embeddings(JsonBody body) throws ProviderError {
        String model = body.requiredText("model");
        List<Object> inputs = inputs(body);
        int dimensions = (int) Math.min(MAX_DIMENSIONS,
                Math.max(1, body.numberOr("dimensions", DIMENSIONS)));
        boolean coded = "base64".equals(body.text("encoding_format"));
        List<Json> data = new ArrayList<>();
        long tokens = 0;
        for (Object input : inputs) {
            List<Float> vector = vector(input, dimensions);
            data.add(Json.object("object", "embedding", "index", data.size(),
                    "embedding", coded ? base64(vector) : vector));
            tokens += input instanceof List<?> ids ? ids.size()
                    : Math.max(1, String.valueOf(input).length() / 4);
        }
        return Json.object("object", "list", "data", data, "model", model,
                "usage", Json.object("prompt_tokens", tokens, "total_tokens", tokens));
    }

    /** One text, several, one list of tokens, or several lists. */
    private static List<Object> inputs(JsonBody body) throws ProviderError {
        Object input = body.valueOr("input", List.of());
        if (input instanceof String) {
            return List.of(input);
        }
        List<?> list = body.list("input");
        if (list.isEmpty()) {
            throw ProviderError.badRequest("'$.input' is invalid. Please check the API reference.");
        }
        return list.get(0) instanceof Json ? List.of(list) : new ArrayList<>(list);
    }

    /** A vector of length 1, the same for the same input. */
    private static List<Float> vector(@Nullable Object input, int dimensions) {
        Random random = new Random(Json.of(input).toString().hashCode());
        double[] raw = random.doubles(dimensions, -1, 1).toArray();
        double length = Math.sqrt(Arrays.stream(raw).map(x -> x * x).sum());
        List<Float> vector = new ArrayList<>();
        for (double x : raw) {
            vector.add((float) (x / length));
        }
        return vector;
    }

    private static String base64(List<Float> vector) {
        ByteBuffer bytes = ByteBuffer.allocate(vector.size() * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        vector.forEach(bytes::putFloat);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private static Json moderations(JsonBody body) throws ProviderError {
        List<Object> flags = new ArrayList<>();
        List<Object> scores = new ArrayList<>();
        for (String category : CATEGORIES) {
            flags.addAll(List.of(category, false));
            scores.addAll(List.of(category, Json.raw("0.0001")));
        }
        Json result = Json.object("flagged", false, "categories", Json.object(flags.toArray()),
                "category_scores", Json.object(scores.toArray()));
        String model = body.text("model");
        return Json.object("id", "modr-mock",
                "model", model == null ? "omni-moderation-latest" : model,
                "results", inputs(body).stream().map(input -> result).toList());
    }

    /** By how many words of the query a document holds; in the shape of Jina, Voyage and Cohere. */
    private static Json rerank(JsonBody body, long tokens) throws ProviderError {
        String model = body.requiredText("model");
        Set<String> query = words(body.requiredText("query"));
        List<?> documents = body.list("documents");
        record Rated(int index, Object document, double score) {}
        List<Rated> rated = new ArrayList<>();
        for (Object document : documents) {
            String text = document instanceof String string ? string
                    : String.valueOf(JsonBody.of(document).text("text"));
            long common = words(text).stream().filter(query::contains).count();
            rated.add(new Rated(rated.size(), text,
                    (1 + common) / (2.0 + query.size())));
        }
        rated.sort(Comparator.comparingDouble(Rated::score).reversed());
        boolean repeats = body.flag("return_documents");
        return Json.object("id", "rerank-mock", "object", "list", "model", model,
                "results", rated.stream().limit(body.numberOr("top_n", Long.MAX_VALUE))
                        .map(each -> Json.object("index", each.index(),
                                "relevance_score", Math.round(each.score() * 1e4) / 1e4,
                                "document", repeats ? Json.object("text", each.document())
                                        : Json.ABSENT)).toList(),
                "usage", Json.object("prompt_tokens", tokens, "total_tokens", tokens));
    }

    private static Set<String> words(String text) {
        return Set.copyOf(Arrays.asList(text.toLowerCase(Locale.ROOT).split("\\W+")));
    }

    private static Json images(JsonBody body, long tokens) throws ProviderError {
        body.requiredText("prompt");
        List<Json> data = new ArrayList<>();
        for (long i = Math.min(MAX_IMAGES, Math.max(1, body.numberOr("n", 1))); i > 0; i--) {
            data.add(Json.object("b64_json", PNG));
        }
        return Json.object("created", 1755000000, "data", data, "usage",
                Json.object("total_tokens", tokens + data.size(), "input_tokens", tokens,
                        "output_tokens", data.size(), "input_tokens_details",
                        Json.object("text_tokens", tokens, "image_tokens", 0)));
    }

    /** Silence, a frame of MP3 an event, or as many samples of WAV. */
    private static Draft speech(JsonBody body, int events) throws ProviderError {
        body.requiredText("model");
        body.requiredText("input");
        String format = body.text("response_format") == null ? "mp3"
                : body.text("response_format");
        int frames = Math.min(events, Composer.MAX_EVENTS);
        List<List<byte[]>> steps = new ArrayList<>();
        byte[] frame = new byte[417]; // 26 ms at 128 kbit/s and 44.1 kHz
        boolean mp3 = format.equals("mp3");
        if (mp3) {
            frame[0] = (byte) 0xFF;
            frame[1] = (byte) 0xFB;
            frame[2] = (byte) 0x90;
            frame[3] = 0x64;
        } else if (format.equals("wav")) {
            steps.add(List.of(wavHead(frames * frame.length)));
        }
        for (int i = 0; i < frames; i++) {
            steps.add(List.of(frame));
        }
        return new Draft(200, "content-type: audio/" + (mp3 ? "mpeg" : format.replaceAll("\\W", ""))
                + "\r\n", true, steps, List.of());
    }

    private static byte[] wavHead(int dataBytes) {
        return ByteBuffer.allocate(44).order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + dataBytes)
                .put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16)
                .putShort((short) 1).putShort((short) 1).putInt(24_000).putInt(24_000)
                .putShort((short) 1).putShort((short) 8)
                .put("data".getBytes(StandardCharsets.US_ASCII)).putInt(dataBytes).array();
    }

    private static Draft transcription(RequestReader request, String text) throws ProviderError {
        form(request, "model");
        form(request, "file");
        String format = part(new String(request.body(), StandardCharsets.ISO_8859_1),
                "response_format");
        if ("text".equals(format)) {
            return Draft.whole(200, "content-type: text/plain; charset=utf-8\r\n",
                    Draft.utf8(text + "\n"));
        }
        Json usage = Json.object("type", "duration", "seconds", 1);
        return json("verbose_json".equals(format)
                ? Json.object("task", "transcribe", "language", "english", "duration", 1.0,
                        "text", text, "segments", List.of(), "usage", usage)
                : Json.object("text", text, "usage", usage));
    }

    /** The first line of a part that has to be there. */
    static String form(RequestReader request, String name) throws ProviderError {
        String type = request.header("content-type");
        if (type == null || !type.startsWith("multipart/form-data")) {
            throw ProviderError.badRequest("The body is no multipart form.");
        }
        String part = part(new String(request.body(), StandardCharsets.ISO_8859_1), name);
        if (part == null) {
            throw ProviderError.badRequest("The form has no part named " + name + ".");
        }
        return part;
    }

    /** The first line of a part; null where there is none of that name. */
    private static @Nullable String part(String form, String name) {
        Matcher parts = PART.matcher(form);
        while (parts.find()) {
            if (parts.group(1).equals(name)) {
                int end = form.indexOf("\r\n", parts.end());
                return end < 0 ? null : form.substring(parts.end(), end);
            }
        }
        return null;
    }
}
