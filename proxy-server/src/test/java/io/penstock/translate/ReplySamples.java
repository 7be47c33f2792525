package io.penstock.translate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.testing.Bytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The samples of providers' replies among the fixtures, by what they are. */
final class ReplySamples {
    static final List<ReplyFormat> CLIENTS = List.of(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
            ReplyFormat.RESPONSES, ReplyFormat.COMPLETIONS, ReplyFormat.GEMINI);

    private static final List<String> FILES = files();

    /** Streams, and the golden ones, which are streams as well. */
    static final List<String> STREAMS = FILES.stream().filter(name -> name.contains("-stream-")
            || name.endsWith("-stream.bin") || name.matches("golden-.*\\.sse"))
            .filter(name -> !name.endsWith(".jsonl")).toList();
    static final List<String> BODIES =
            FILES.stream().filter(name -> name.contains("-unary")).toList();
    static final List<String> ERRORS =
            FILES.stream().filter(name -> name.contains("-error-") && name.endsWith(".json"))
                    .toList();

    private ReplySamples() {}

    /** All fixtures but the sidecars. */
    static List<String> files() {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fixtures"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".meta.json")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ReplyFormat formatOf(String name) {
        return name.startsWith("anthropic") || name.equals("golden-openai-to-anthropic.sse")
                ? ReplyFormat.MESSAGES
                : name.startsWith("gemini-compat") ? ReplyFormat.CHAT
                : name.startsWith("gemini") ? ReplyFormat.GEMINI
                : name.startsWith("bedrock-invoke") ? ReplyFormat.INVOKE
                : name.startsWith("bedrock") ? ReplyFormat.CONVERSE
                : name.startsWith("openai-responses") ? ReplyFormat.RESPONSES : ReplyFormat.CHAT;
    }

    /** As the sample was asked for, with the usage told. */
    static ReplyOptions options(String name) {
        return new ReplyOptions(null, true, name.contains("-n2-") ? 2 : 1, null, null);
    }

    static JsonNode sidecar(String name) {
        try {
            return new ObjectMapper()
                    .readTree(Bytes.fixture(name.replaceAll("\\.[a-z]+$", ".meta.json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode expect(String name) {
        return sidecar(name).get("expect");
    }
}
