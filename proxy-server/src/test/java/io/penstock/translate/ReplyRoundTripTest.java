package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Replies that go through another format on their way to a chat caller. They say the same as
 * without the detour, but for the losses listed here, which are those of the table "what is
 * written" in {@code docs/translation.md}.
 */
class ReplyRoundTripTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** An id of which the provider gave none; each format has its own beginning. */
    private static final Pattern MADE_UP =
            Pattern.compile("^(resp_|msg_)?(msg_|resp_|cmpl-|chatcmpl-)?\\d{24}$");

    /** What a detour may cost: each turns what was there before into what is left of it. */
    private enum Loss {
        /** The id gets a beginning of that format; the one of a response is the proxy's own. */
        ID {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                boolean messages = by == ReplyFormat.MESSAGES;
                String start = messages ? "msg_" : "resp_";
                said.computeIfPresent("id", (name, id) ->
                        id.equals("made up") || id.startsWith(start) ? id
                                : messages ? start + id : "made up");
            }
        },
        OTHER_ANSWERS {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.keySet().removeIf(name -> name.startsWith("1."));
            }
        },
        /** A refusal becomes text, and in one format a reason to stop. */
        REFUSAL_IS_TEXT {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                String refusal = said.remove("0.refusal");
                if (refusal != null) {
                    said.merge("0.content", refusal, String::concat);
                    said.computeIfPresent("0.finish", (name, reason) ->
                            by == ReplyFormat.MESSAGES || by == ReplyFormat.GEMINI
                                    ? "content_filter" : reason);
                }
            }
        },
        /** Google's own. */
        SIGNATURE_OF_A_CALL {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.keySet().removeIf(name -> name.endsWith(".extra_content"));
            }
        },
        /** Sealed, for the way back to its maker; nobody on this way can read it. */
        SIGNATURE_OF_REASONING {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.replaceAll((name, detail) -> !name.contains(".detail") ? detail
                        : detail.replaceAll("reasoning.text \\[] \\[(.*)] \\[]",
                                "reasoning.encrypted [] [] [penstock:signature:$1]")
                        .replaceAll("\\[] \\[] \\[(?!penstock)(.*)]",
                                "[] [] [penstock:redacted:$1]"));
            }
        },
        /** A thought that its maker signed is told without that: the field is Google's. */
        DETAILS_OF_REASONING {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.keySet().removeIf(name -> name.contains(".detail"));
            }
        },
        /** They become an object, and blanks between tokens go. */
        BLANKS_OF_ARGUMENTS {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.replaceAll((name, arguments) -> !name.endsWith(".arguments")
                        || arguments.isEmpty() ? arguments : compact(arguments));
            }

            private String compact(String arguments) {
                try {
                    return JSON.readTree(arguments).toString();
                } catch (IOException e) {
                    throw new AssertionError(arguments, e);
                }
            }
        },
        /** What went into the provider's cache is not told apart. */
        CACHE_WRITES {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.computeIfPresent("usage", (name, usage) -> usage.replaceAll(
                        "^(\\d+ \\d+ \\d+) \\d+ ", "$1 0 "));
            }
        },
        /** No arguments become an object without any. */
        EMPTY_ARGUMENTS {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.replaceAll((name, arguments) -> name.endsWith(".arguments")
                        && arguments.isEmpty() ? "{}" : arguments);
            }
        },
        /** Figures that are missing become zeros. */
        MISSING_USAGE {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.computeIfAbsent("usage", name -> "0 0 0 0 0");
            }
        },
        ALL_BUT_TEXT {
            @Override
            void strike(Map<String, String> said, ReplyFormat by) {
                said.keySet().removeIf(name -> name.matches("\\d\\.(reasoning|detail|call).*"));
                said.replaceAll((name, reason) -> name.endsWith(".finish")
                        && reason.equals("tool_calls") ? "stop" : reason);
            }
        };

        abstract void strike(Map<String, String> said, ReplyFormat by);
    }

    private static final Map<ReplyFormat, Set<Loss>> STREAMED = Map.of(
            ReplyFormat.CHAT, EnumSet.noneOf(Loss.class),
            ReplyFormat.MESSAGES, EnumSet.of(Loss.ID, Loss.OTHER_ANSWERS, Loss.REFUSAL_IS_TEXT,
                    Loss.SIGNATURE_OF_A_CALL, Loss.EMPTY_ARGUMENTS, Loss.MISSING_USAGE),
            ReplyFormat.RESPONSES, EnumSet.of(Loss.ID, Loss.OTHER_ANSWERS,
                    Loss.SIGNATURE_OF_A_CALL, Loss.SIGNATURE_OF_REASONING, Loss.EMPTY_ARGUMENTS),
            ReplyFormat.COMPLETIONS, EnumSet.of(Loss.REFUSAL_IS_TEXT, Loss.ALL_BUT_TEXT),
            ReplyFormat.GEMINI, EnumSet.of(Loss.REFUSAL_IS_TEXT, Loss.DETAILS_OF_REASONING,
                    Loss.BLANKS_OF_ARGUMENTS, Loss.EMPTY_ARGUMENTS));
    /** Of a unary reply; the samples show no more. */
    private static final Map<ReplyFormat, Set<Loss>> WHOLE = Map.of(
            ReplyFormat.CHAT, EnumSet.noneOf(Loss.class),
            ReplyFormat.MESSAGES, EnumSet.of(Loss.ID),
            ReplyFormat.RESPONSES, EnumSet.of(Loss.ID, Loss.SIGNATURE_OF_REASONING),
            ReplyFormat.COMPLETIONS, EnumSet.of(Loss.ALL_BUT_TEXT),
            ReplyFormat.GEMINI, EnumSet.of(Loss.DETAILS_OF_REASONING, Loss.CACHE_WRITES));

    /** What the samples say on the direct way and by a detour, and which losses show. */
    private static Set<Loss> compare(String name, ReplyFormat by, Set<Loss> losses,
            Map<String, String> direct, Map<String, String> detour) {
        for (Map<String, String> said : List.of(direct, detour)) { // a detour makes up more ids
            said.replaceAll((what, text) -> text.replaceAll("call_\\d{24}", "made up"));
        }
        Set<Loss> seen = EnumSet.noneOf(Loss.class);
        for (Loss loss : losses) {
            Map<String, String> before = new TreeMap<>(direct);
            loss.strike(direct, by);
            if (!before.equals(direct)) {
                seen.add(loss);
            }
        }
        assertThat(detour).as(name).isEqualTo(direct);
        return seen;
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS", "GEMINI"})
    void aStreamLosesNothingThatIsNotListed(ReplyFormat by) throws IOException {
        Set<Loss> seen = EnumSet.noneOf(Loss.class);
        for (String name : ReplySamples.STREAMS) {
            ReplyFormat from = ReplySamples.formatOf(name);
            ReplyOptions options = ReplySamples.options(name);
            if (!ReplySamples.expect(name).get("outcome").asText().equals("complete")) {
                continue;
            }
            byte[] sample = Bytes.fixture(name);
            String there = Translated.stream(from, by, options, sample).text();
            Translated back = Translated.stream(by, ReplyFormat.CHAT, options, there);
            assertThat(back.meanings).as(name).last().isEqualTo(Meaning.DONE);
            seen.addAll(compare(name, by, STREAMED.get(by),
                    said(Translated.stream(from, ReplyFormat.CHAT, options, sample).text()),
                    said(back.text())));
        }
        assertThat(seen).as("losses that are listed").isEqualTo(STREAMED.get(by));
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS", "GEMINI"})
    void aUnaryReplyLosesNothingThatIsNotListed(ReplyFormat by) throws IOException {
        Set<Loss> seen = EnumSet.noneOf(Loss.class);
        for (String name : ReplySamples.BODIES) {
            ReplyFormat from = ReplySamples.formatOf(name);
            byte[] sample = Bytes.fixture(name);
            String there = Translated.unary(from, by, ReplyOptions.DEFAULT, sample);
            seen.addAll(compare(name, by, WHOLE.get(by),
                    said(Translated.unary(from, ReplyFormat.CHAT, ReplyOptions.DEFAULT, sample)),
                    said(Translated.unary(by, ReplyFormat.CHAT, there))));
        }
        assertThat(seen).as("losses that are listed").isEqualTo(WHOLE.get(by));
    }

    /** What a chat caller is told, each thing by its name; pieces are put together. */
    private static Map<String, String> said(String reply) throws IOException {
        Map<String, String> said = new TreeMap<>();
        for (String event : reply.split("\n\n")) {
            String data = event.startsWith("data: ") ? event.substring(6) : event;
            if (data.startsWith("{")) {
                read(JSON.readTree(data), said);
            }
        }
        return said;
    }

    private static void read(JsonNode chunk, Map<String, String> said) {
        String id = chunk.get("id").asText();
        said.put("id", MADE_UP.matcher(id).matches() ? "made up" : id);
        said.put("model", chunk.get("model").asText());
        if (chunk.path("usage").isObject()) {
            said.put("usage", chunk.at("/usage/prompt_tokens").asText() + " "
                    + chunk.at("/usage/completion_tokens").asText() + " "
                    + chunk.at("/usage/prompt_tokens_details/cached_tokens").asText() + " "
                    + chunk.at("/usage/prompt_tokens_details/cache_write_tokens").asText() + " "
                    + chunk.at("/usage/completion_tokens_details/reasoning_tokens").asText());
        }
        for (JsonNode choice : chunk.get("choices")) {
            String name = choice.get("index").asText() + ".";
            JsonNode delta = choice.has("delta") ? choice.get("delta") : choice.get("message");
            for (String text : new String[] {"content", "refusal", "reasoning_content"}) {
                if (!delta.path(text).asText("").isEmpty() && !delta.get(text).isNull()) {
                    said.merge(name + text, delta.get(text).asText(), String::concat);
                }
            }
            for (JsonNode detail : delta.path("reasoning_details")) {
                said.put(name + "detail" + detail.get("index").asText(),
                        detail.get("type").asText()
                        + " [] [" + detail.path("signature").asText() + "] ["
                        + detail.path("data").asText() + "]");
            }
            readCalls(delta.path("tool_calls"), name, said);
            if (choice.hasNonNull("finish_reason")) {
                said.put(name + "finish", choice.get("finish_reason").asText());
            }
        }
    }

    private static void readCalls(JsonNode calls, String name, Map<String, String> said) {
        int place = 0;
        for (JsonNode call : calls) {
            String at = name + "call" + call.path("index").asText(String.valueOf(place++)) + ".";
            for (String member : new String[] {"id", "extra_content"}) {
                if (call.has(member)) {
                    said.put(at + member, call.get(member).toString());
                }
            }
            if (call.at("/function/name").isTextual()) {
                said.put(at + "name", call.at("/function/name").asText());
            }
            said.merge(at + "arguments", call.at("/function/arguments").asText(),
                    String::concat);
        }
    }
}
