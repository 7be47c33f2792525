package io.penstock.exchange.chat;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.RequestBody;
import io.penstock.failure.Failure;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.TopLevelScanner;
import io.penstock.limit.Gauge;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.FuzzInput;
import io.penstock.translate.ReplyFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a provider is sent of a body, against what the caller sent: JSON if that was JSON, with the
 * target's model, without the proxy's own members, and with all other members as they stood.
 */
public final class BodyEditsFuzz {
    private static final String MODEL = "target \"\u00e9\"";
    private static final String TEXT = "so far \"\n";
    private static final JsonFactory JSON = new JsonFactory();

    /** Those that go on from a text. */
    private static final List<ProviderType> TYPES = ProviderTypes.BUILT_IN.all().stream()
            .filter(type -> type.prefill() != null).toList();

    private BodyEditsFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            byte[] body = input.bytes();
            boolean takesModels = input.chooses(0);
            boolean asks = input.chooses(1);
            ProviderType type = TYPES.get((input.choice() >> 4) % TYPES.size());
            RequestControls controls = new RequestControls();
            check(controls.read(head(input)) == null, "a plain head");
            RequestFields fields = new RequestFields();
            TopLevelScanner scanner = RequestFields.newScanner();
            if (!scan(input, scanner)) {
                return;
            }
            Failure mistake = controls.read(scanner, takesModels);
            mistake = mistake != null ? mistake : fields.read(scanner, controls.firstModel(), null);
            if (mistake != null) {
                check(mistake.kind().status() >= 400 && mistake.kind().status() < 500,
                        "not the caller's mistake");
                return;
            }
            boolean goesOn = input.chooses(2) && fields.isContinuable()
                    && scanner.kind(RequestFields.MESSAGES) == TopLevelScanner.Kind.ARRAY;
            String model = input.chooses(3) ? fields.model() : MODEL;
            BodyEdits edits = new BodyEdits().clear();
            fields.fit(edits, model, asks);
            if (goesOn) {
                fields.goOn(edits, ReplyFormat.CHAT, TEXT, type.prefill(), 3);
            }
            controls.strip(edits);
            byte[] sent = sent(input, edits, FuzzInput.whole(body.length));
            check(Arrays.equals(sent(input, edits, input.cuts(body.length)), sent), "in pieces");
            List<Member> before = Member.of(body);
            if (before == null) {
                return; // the provider will say what is wrong with it
            }
            List<Member> after = Member.of(sent);
            check(after != null, "no JSON any more: "
                    + new String(sent, StandardCharsets.UTF_8));
            checkMembers(before, after, new Change(takesModels, asks, goesOn, model, type,
                    fields.maxTokens()));
        }
    }

    private record Change(boolean takesModels, boolean asks, boolean goesOn, String model,
            ProviderType type, long maxTokens) {}

    private static RequestHead head(FuzzInput input) {
        RequestHead head = new RequestHead(1024);
        ByteBuf bytes = input.buffer("POST / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(
                StandardCharsets.US_ASCII));
        try {
            head.parse(bytes);
            return head;
        } catch (HttpSyntaxException e) {
            throw new AssertionError(e);
        } finally {
            bytes.release();
        }
    }

    private static boolean scan(FuzzInput input, TopLevelScanner scanner) {
        ByteBuf buffer = input.buffer();
        try {
            scanner.scan(buffer);
            scanner.end();
            return true;
        } catch (JsonSyntaxException e) {
            return false;
        } finally {
            buffer.release();
        }
    }

    private static byte[] sent(FuzzInput input, BodyEdits edits, int[] cuts) {
        RequestBody body = new RequestBody(new Gauge(1 << 20));
        int at = 0;
        for (int cut : cuts) {
            check(body.add(input.allocator(), input.buffer(
                    Arrays.copyOfRange(input.bytes(), at, cut))), "no memory");
            at = cut;
        }
        ByteBuf out = input.allocator().directBuffer();
        body.copyTo(out, edits);
        ByteBuf whole = body.whole(input.allocator(), edits);
        check(out.equals(whole), "the whole");
        checkSame((long) out.readableBytes(), body.lengthWith(edits), "its length");
        byte[] sent = new byte[out.readableBytes()];
        out.readBytes(sent);
        out.release();
        whole.release();
        body.release();
        return sent;
    }

    private static void checkMembers(List<Member> before, List<Member> after, Change change) {
        boolean model = before.stream().anyMatch(member -> member.name.equals("model"));
        boolean options = before.stream()
                .anyMatch(member -> member.name.equals("stream_options"));
        List<String> expected = new ArrayList<>();
        List<String> actual = new ArrayList<>();
        for (Member member : before) {
            boolean models = change.takesModels && member.name.equals("models");
            if (member.name.equals("fallbacks") || models && model) {
                continue;
            }
            if (member.name.equals("model") || models) {
                expected.add("model=" + change.model);
                if (change.asks && !options) {
                    expected.add("asks");
                }
            } else if (member.name.equals("stream_options") && change.asks) {
                expected.add("asks");
            } else if (member.name.equals("messages") && change.goesOn) {
                expected.add("goes on");
            } else if (isBound(member) && change.goesOn && change.maxTokens >= 0
                    && Character.isDigit(member.raw.charAt(member.raw.length() - 1))
                    && !member.raw.startsWith("\"")) {
                expected.add(member.name + "=" + Math.max(1, change.maxTokens - 3));
            } else {
                expected.add(member.name + "=" + member.raw);
            }
        }
        for (Member member : after) {
            switch (member.name) {
                case "model" -> actual.add("model=" + member.text);
                case "stream_options" -> actual.add(change.asks && (!options
                        || member.raw.startsWith("{") && member.raw.contains(
                                "\"include_usage\":true") || !member.raw.startsWith("{")
                                && member.raw.indexOf("null") < 0) ? "asks"
                        : change.asks ? "doesn't ask" : member.name + "=" + member.raw);
                case "messages" -> actual.add(change.goesOn && member.raw.endsWith(
                        change.type.prefill().members() + "}]") ? "goes on"
                        : member.name + "=" + member.raw);
                default -> actual.add(member.name + "=" + member.raw);
            }
        }
        if (change.goesOn && !change.type.prefill().options().isEmpty()) {
            String members = "{" + change.type.prefill().options().substring(1) + "}";
            int more = Member.of(members.getBytes(StandardCharsets.UTF_8)).size();
            int messages = expected.indexOf("goes on");
            for (int i = 0; i < more; i++) {
                actual.remove(messages + 1);
            }
        }
        checkSame(actual, expected, "the members");
    }

    private static boolean isBound(Member member) {
        return member.name.equals("max_tokens") || member.name.equals("max_completion_tokens");
    }

    /** A member of the top level, in order; {@code raw} as it stands. */
    private record Member(String name, String raw, String text) {
        /** Null if that is no JSON object. */
        static List<Member> of(byte[] bytes) {
            for (int i = 0; i < Math.min(4, bytes.length); i++) {
                if (bytes[i] == 0) {
                    return null; // Jackson would guess at other encodings
                }
            }
            List<Member> members = new ArrayList<>();
            try (JsonParser parser = JSON.createParser(bytes)) {
                if (parser.nextToken() != JsonToken.START_OBJECT) {
                    return null;
                }
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    JsonToken token = parser.nextToken();
                    int start = (int) parser.currentTokenLocation().getByteOffset();
                    String text = token.isScalarValue() ? parser.getText() : null;
                    parser.skipChildren();
                    parser.finishToken();
                    int end = token.isNumeric() ? start + text.length()
                            : (int) parser.currentLocation().getByteOffset();
                    members.add(new Member(name, new String(bytes, start, end - start,
                            StandardCharsets.UTF_8), text));
                }
                return parser.nextToken() == null ? members : null;
            } catch (IOException e) {
                return null;
            }
        }
    }
}
