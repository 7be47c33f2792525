package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.netty.buffer.ByteBuf;
import io.penstock.json.QuotedWords;
import io.penstock.loop.Scratch;
import io.penstock.provider.RelayRules;
import io.penstock.translate.request.JsonIndex.Kind;
import io.penstock.translate.request.ModelTraits.Thinking;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Fits a request to a provider of the same format: takes out or renames what that provider refuses
 * by its {@link RelayRules}, and mends what other providers have left in the history. All other
 * bytes stay as they are.
 *
 * <p>What is found in a history:
 * <ul>
 * <li>messages: thinking without a signature, redacted thinking that Penstock took from another
 *     format, ids of tool calls that Anthropic refuses;
 * <li>Responses: reasoning items that Penstock made, ids of calls that are too long or odd;
 * <li>chats: members that only some providers know, ids that don't fit the provider's rule.
 * </ul>
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its requests.
 * <br><b>Buffers:</b> borrows the body.
 * <br><b>Bounds:</b> most bodies are only searched for a few words; one that has some is indexed as
 * for a translation ({@link JsonIndex}), {@value #KEPT_BYTES} bytes of it being kept.
 */
public final class RequestFitter {
    private static final int KEPT_BYTES = 1024 * 1024;
    private static final int MAX_RULES = 64; // of as many types, at most
    private static final int MAX_ID_CHARS = 64;
    private static final byte[] NOTHING = {};
    private static final byte[] SYSTEM = ascii("\"system\"");
    private static final byte[] DISABLED = ascii("{\"type\":\"disabled\"}");

    private static final Map<String, String> BOUND_OF_THINKERS =
            Map.of("max_tokens", "max_completion_tokens");
    private static final byte[] REASONING_ID = ascii("\"rs_");
    private static final Set<String> CALL_IDS = Set.of("id", "tool_call_id");

    private final HistoryWords history = new HistoryWords();
    private final Map<RelayRules, ChatWords> chatWords = new HashMap<>();
    private final JsonIndex index = new JsonIndex();
    private Scratch scratch = new Scratch();

    // The body at hand
    private Fitted fitted;
    private RelayRules rules;
    private CallIds ids;

    /**
     * What has to change in the body; null if nothing has.
     *
     * @param rules of the provider; they are of chats only
     * @param model as the provider calls it
     */
    public Fitted fit(ClientFormat format, RelayRules rules, String model, ByteBuf body) {
        return isAffected(format, rules, body) ? edit(format, rules, model, body) : null;
    }

    /** Whether something may have to change in the body: a quick look for a few words. */
    public boolean isAffected(ClientFormat format, RelayRules rules, ByteBuf body) {
        return switch (format) {
            case CHAT -> !rules.isNothing() && words(rules).areIn(body);
            case MESSAGES -> history.needMendingInMessages(body);
            case RESPONSES -> history.needMendingInResponses(body);
            case COMPLETIONS, GEMINI -> false; // Google's histories are mended by a translation
        };
    }

    /** Whether bodies of that format are relayed to such a provider without a look. */
    public static boolean takesAnything(ClientFormat format, RelayRules rules) {
        return format == ClientFormat.COMPLETIONS || format == ClientFormat.GEMINI
                || format == ClientFormat.CHAT && rules.isNothing();
    }

    private ChatWords words(RelayRules rules) {
        if (chatWords.size() == MAX_RULES) {
            chatWords.clear();
        }
        return chatWords.computeIfAbsent(rules, ChatWords::new);
    }

    private Fitted edit(ClientFormat format, RelayRules rules, String model, ByteBuf body) {
        int length = body.readableBytes();
        fitted = new Fitted();
        this.rules = rules;
        try {
            byte[] bytes = scratch.copy(body, body.readerIndex(), length);
            index.read(bytes, 0, length);
            switch (format) {
                case CHAT -> fitChat(model);
                case MESSAGES -> fitMessages();
                default -> fitResponse();
            }
            return fitted.isEmpty() ? null : fitted;
        } catch (UntranslatableException e) {
            return null; // malformed: the provider's to refuse
        } finally {
            fitted = null;
            ids = null;
            if (length > KEPT_BYTES) {
                scratch = new Scratch();
            }
        }
    }

    // Chats

    private void fitChat(String model) {
        ids = switch (rules.ids()) {
            case ANY -> null;
            case FORTY -> new CallIds(ToolIds.Rule.FORTY);
            case NINE -> new CallIds(ToolIds.Rule.NINE);
        };
        int messages = index.member(index.root(), "messages");
        readChatIds(messages);
        Map<String, String> renamed = new HashMap<>(rules.renamed());
        if (rules.boundByModel() && ModelTraits.of(model).thinking() == Thinking.EFFORT) {
            renamed.putAll(BOUND_OF_THINKERS);
        }
        new Members(index.root()) {
            @Override
            boolean isRemoved(int value, String name) {
                boolean removed = rules.removed().contains(name)
                        || rules.removedIfEmpty().contains(name) && asksForNothing(value, name)
                        || renamed.containsKey(name)
                        && (index.member(index.root(), renamed.get(name)) != NONE
                        || index.is(value, Kind.NULL));
                if (removed) {
                    fitted.notes().drop(name);
                }
                return removed;
            }

            @Override
            void keep(int value, String name) {
                if (renamed.containsKey(name)) {
                    rename(value, name, renamed.get(name));
                } else if (value == messages) {
                    elements(value, RequestFitter.this::fitChatMessage);
                } else if (name.equals("stream_options") && !rules.developer()) {
                    removeMembers(value, Set.of("include_obfuscation"), null);
                }
            }
        }.edit();
    }

    private boolean asksForNothing(int value, String name) {
        String text = index.text(value);
        return switch (index.kind(value)) {
            case NULL -> true;
            case BOOLEAN -> text.equals("false") && name.equals("logprobs");
            case NUMBER -> text.equals("0") && name.equals("top_logprobs")
                    || text.equals("1") && name.equals("n");
            case OBJECT, ARRAY -> index.first(value) == NONE && text.length() <= 16;
            case STRING -> text.isEmpty();
        };
    }

    private void rename(int value, String from, String to) {
        int start = index.nameStart(value);
        if (start != NONE) {
            fitted.replace(start, start + from.length() + 2, ascii('"' + to + '"'));
            fitted.notes().change(from);
        }
    }

    private void readChatIds(int messages) {
        if (ids == null || messages == NONE) {
            return;
        }
        for (int at = index.first(messages); at != NONE; at = index.next(messages, at)) {
            int calls = index.member(at, "tool_calls");
            for (int call = calls == NONE ? NONE : index.first(calls); call != NONE;
                    call = index.next(calls, call)) {
                ids.onCall(index.member(call, "id"));
            }
            ids.onResult(index.member(at, "tool_call_id"));
        }
    }

    private void fitChatMessage(int message) {
        new Members(message) {
            @Override
            boolean isRemoved(int value, String name) {
                boolean ofTool = name.equals("name") && "tool".equals(
                        index.text(index.member(message, "role")));
                boolean removed = rules.removedOfMessages().contains(name) && !ofTool;
                if (removed) {
                    fitted.notes().drop("messages." + name);
                }
                return removed;
            }

            @Override
            void keep(int value, String name) {
                switch (name) {
                    case "role" -> {
                        if (!rules.developer() && "developer".equals(index.text(value))) {
                            replace(value, SYSTEM);
                            fitted.notes().change("messages.role");
                        }
                    }
                    case "tool_call_id" -> replaceId(value);
                    case "tool_calls" -> elements(value, RequestFitter.this::fitChatCall);
                    case "content" -> elements(value, part -> removeMembers(part,
                            rules.removedOfMessages().contains("cache_control")
                                    ? Set.of("cache_control") : Set.of(),
                            "messages.content.cache_control"));
                    default -> { }
                }
            }
        }.edit();
    }

    private void fitChatCall(int call) {
        new Members(call) {
            @Override
            boolean isRemoved(int value, String name) {
                boolean removed = !name.equals("id") && rules.removedOfMessages().contains(name);
                if (removed) {
                    fitted.notes().drop("messages.tool_calls." + name);
                }
                return removed;
            }

            @Override
            void keep(int value, String name) {
                if (name.equals("id")) {
                    replaceId(value);
                }
            }
        }.edit();
    }

    // Messages

    private void fitMessages() {
        ids = new CallIds(ToolIds.Rule.PLAIN);
        int messages = index.member(index.root(), "messages");
        if (messages == NONE) {
            return;
        }
        List<Integer> all = elementsOf(messages);
        for (int message : all) {
            for (int block : blocksOf(message)) {
                ids.onCall(isOfType(block, "tool_use") ? index.member(block, "id") : NONE);
                ids.onResult(index.member(block, "tool_use_id"));
            }
        }
        boolean thinkingOff = lacksThinkingOfOpenTurn(all);
        new Members(index.root()) {
            @Override
            void keep(int value, String name) {
                if (value == messages) {
                    fitMessageList(value);
                } else if (thinkingOff && name.equals("thinking")) {
                    replace(value, DISABLED);
                    fitted.notes().change("thinking");
                }
            }
        }.edit();
    }

    /** A message of which nothing is left goes as a whole: an empty one is refused. */
    private void fitMessageList(int messages) {
        new Elements(messages) {
            @Override
            boolean isRemoved(int message) {
                List<Integer> blocks = blocksOf(message);
                return !blocks.isEmpty()
                        && blocks.stream().allMatch(RequestFitter.this::isForeignThinking);
            }

            @Override
            void keep(int message) {
                int content = index.member(message, "content");
                if (index.is(content, Kind.ARRAY)) {
                    fitBlocks(content);
                }
            }
        }.edit();
    }

    private void fitBlocks(int content) {
        new Elements(content) {
            @Override
            boolean isRemoved(int block) {
                boolean foreign = isForeignThinking(block);
                if (foreign) {
                    fitted.notes().drop("messages.content.thinking");
                }
                return foreign;
            }

            @Override
            void keep(int block) {
                new Members(block) {
                    @Override
                    void keep(int value, String name) {
                        if (name.equals("tool_use_id")
                                || name.equals("id") && isOfType(block, "tool_use")) {
                            replaceId(value);
                        }
                    }
                }.edit();
            }
        }.edit();
    }

    private boolean isForeignThinking(int block) {
        if (isOfType(block, "redacted_thinking")) {
            String data = index.text(index.member(block, "data"));
            return data != null && data.startsWith(ReasoningSeal.OWN);
        }
        if (!isOfType(block, "thinking")) {
            return false;
        }
        String signature = index.text(index.member(block, "signature"));
        return signature == null || signature.isEmpty()
                || signature.startsWith(ReasoningSeal.OWN);
    }

    /**
     * Whether the last turn is a call of tools that has lost its thinking, where thinking was
     * wanted with a budget: Anthropic then asks for the thinking that led to the call.
     */
    private boolean lacksThinkingOfOpenTurn(List<Integer> messages) {
        int thinking = index.member(index.root(), "thinking");
        if (!isOfType(thinking, "enabled")) {
            return false;
        }
        for (int i = messages.size() - 1; i >= 0; i--) {
            List<Integer> blocks = blocksOf(messages.get(i));
            if ("assistant".equals(index.text(index.member(messages.get(i), "role")))) {
                return blocks.stream().anyMatch(block -> isOfType(block, "tool_use"))
                        && blocks.stream().anyMatch(this::isForeignThinking)
                        && blocks.stream().noneMatch(block -> isSignedThinking(block));
            }
            if (blocks.stream().noneMatch(block -> isOfType(block, "tool_result"))) {
                return false; // the user goes on
            }
        }
        return false;
    }

    private boolean isSignedThinking(int block) {
        return (isOfType(block, "thinking") || isOfType(block, "redacted_thinking"))
                && !isForeignThinking(block);
    }

    private List<Integer> blocksOf(int message) {
        int content = index.member(message, "content");
        return index.is(content, Kind.ARRAY) ? elementsOf(content) : List.of();
    }

    private boolean isOfType(int value, String type) {
        return value != NONE && type.equals(index.text(index.member(value, "type")));
    }

    // Responses

    private void fitResponse() {
        ids = new CallIds(ToolIds.Rule.PLAIN);
        int input = index.member(index.root(), "input");
        if (!index.is(input, Kind.ARRAY)) {
            return;
        }
        for (int item : elementsOf(input)) {
            String type = index.text(index.member(item, "type"));
            if (type != null && type.endsWith("_call")) {
                ids.onCall(index.member(item, "call_id"));
            } else {
                ids.onResult(index.member(item, "call_id"));
            }
        }
        new Members(index.root()) {
            @Override
            void keep(int value, String name) {
                if (value == input) {
                    fitItems(value);
                }
            }
        }.edit();
    }

    private void fitItems(int input) {
        new Elements(input) {
            @Override
            boolean isRemoved(int item) {
                boolean own = isOfType(item, "reasoning") && isOwnReasoning(item);
                if (own) {
                    fitted.notes().drop("input.reasoning");
                }
                return own;
            }

            @Override
            void keep(int item) {
                new Members(item) {
                    @Override
                    void keep(int value, String name) {
                        if (name.equals("call_id")) {
                            replaceId(value);
                        }
                    }
                }.edit();
            }
        }.edit();
    }

    /** Made by Penstock: no provider knows its id, nor can read what it holds. */
    private boolean isOwnReasoning(int item) {
        String encrypted = index.text(index.member(item, "encrypted_content"));
        String id = index.text(index.member(item, "id"));
        return encrypted != null ? encrypted.startsWith(ReasoningSeal.OWN)
                : id != null && isOwnItemId(ascii('"' + id + '"'), 0, id.length() + 2);
    }

    // Edits, in the order of the body

    private void replace(int value, byte[] text) {
        fitted.replace(index.start(value), index.end(value), text);
    }

    private void replaceId(int value) {
        String id = ids == null || !index.is(value, Kind.STRING) ? null
                : ids.sent(value);
        if (id != null) {
            replace(value, ascii('"' + id + '"'));
        }
    }

    private void removeMembers(int object, Set<String> names, String noted) {
        if (names.isEmpty() || !index.is(object, Kind.OBJECT)) {
            return;
        }
        new Members(object) {
            @Override
            boolean isRemoved(int value, String name) {
                boolean removed = names.contains(name);
                if (removed && noted != null) {
                    fitted.notes().drop(noted);
                }
                return removed;
            }
        }.edit();
    }

    private interface Visitor {
        void visit(int value);
    }

    private void elements(int array, Visitor visitor) {
        if (index.is(array, Kind.ARRAY)) {
            elementsOf(array).forEach(visitor::visit);
        }
    }

    private List<Integer> elementsOf(int array) {
        List<Integer> all = new ArrayList<>();
        for (int at = index.first(array); at != NONE; at = index.next(array, at)) {
            all.add(at);
        }
        return all;
    }

    /** Edits a list or an object: takes out some of it, and one comma with each. */
    private abstract class Run {
        private final int parent;

        Run(int parent) {
            this.parent = parent;
        }

        /** Where an element begins; {@link JsonIndex#NONE} if it can't be taken out. */
        abstract int start(int value);

        abstract boolean isOut(int value);

        abstract void stay(int value);

        final void edit() {
            if (!index.is(parent, Kind.OBJECT) && !index.is(parent, Kind.ARRAY)) {
                return;
            }
            boolean anyBefore = false;
            int previousEnd = index.start(parent) + 1;
            for (int at = index.first(parent); at != NONE; at = index.next(parent, at)) {
                int next = index.next(parent, at);
                int from = anyBefore ? previousEnd : start(at);
                int to = anyBefore || next == NONE ? index.end(at) : start(next);
                boolean whole = from != NONE && to != NONE;
                if (whole && isOut(at)) {
                    fitted.replace(from, to, NOTHING);
                } else {
                    anyBefore = true;
                    stay(at);
                }
                previousEnd = index.end(at);
            }
        }
    }

    /** The members of an object, all of which stay unless a subclass says otherwise. */
    @SuppressWarnings("UnusedVariable") // the parameters are for subclasses
    private abstract class Members extends Run {
        Members(int object) {
            super(object);
        }

        boolean isRemoved(int value, String name) {
            return false;
        }

        void keep(int value, String name) {}

        @Override
        final int start(int value) {
            return index.nameStart(value);
        }

        @Override
        final boolean isOut(int value) {
            return isRemoved(value, index.name(value));
        }

        @Override
        final void stay(int value) {
            keep(value, index.name(value));
        }
    }

    private abstract class Elements extends Run {
        Elements(int array) {
            super(array);
        }

        abstract boolean isRemoved(int value);

        abstract void keep(int value);

        @Override
        final int start(int value) {
            return index.start(value);
        }

        @Override
        final boolean isOut(int value) {
            return isRemoved(value);
        }

        @Override
        final void stay(int value) {
            keep(value);
        }
    }

    /** New ids for calls whose own don't fit, the same on every run, and for their results. */
    private final class CallIds {
        private final ToolIds.Rule rule;
        private final Map<String, Integer> uses = new HashMap<>();
        private final Map<String, String> latest = new LinkedHashMap<>(); // by the caller's id
        private final Map<Integer, String> sent = new HashMap<>(); // by the value's place
        private final Set<String> taken = new HashSet<>();

        CallIds(ToolIds.Rule rule) {
            this.rule = rule;
        }

        void onCall(int value) {
            if (!index.is(value, Kind.STRING)) {
                return;
            }
            String id = index.text(value);
            String fit = ToolIds.fit(id, rule, uses, taken);
            latest.put(id, fit);
            note(value, id, fit);
        }

        void onResult(int value) {
            if (index.is(value, Kind.STRING)) {
                String id = index.text(value);
                note(value, id, latest.getOrDefault(id, id));
            }
        }

        private void note(int value, String id, String fit) {
            if (!fit.equals(id)) {
                sent.put(value, fit);
            }
        }

        /** Null where the id stays. */
        String sent(int value) {
            return sent.get(value);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    // The words by which a body that needs a closer look is known

    /** What to look for in chats by a provider's rules. */
    private static final class ChatWords {
        private static final int MAX_NINE = 9;
        private final QuotedWords words;
        private final String[] names;
        private final RelayRules rules;

        ChatWords(RelayRules rules) {
            this.rules = rules;
            Set<String> all = new TreeSet<>(rules.removed());
            all.addAll(rules.removedIfEmpty());
            all.addAll(rules.renamed().keySet());
            all.addAll(rules.removedOfMessages());
            if (rules.boundByModel()) {
                all.addAll(BOUND_OF_THINKERS.keySet());
            }
            if (rules.ids() != RelayRules.Ids.ANY) {
                all.addAll(CALL_IDS);
            }
            if (!rules.developer()) {
                all.add("developer");
                all.add("include_obfuscation");
            }
            names = all.toArray(String[]::new);
            words = new QuotedWords(names);
        }

        boolean areIn(ByteBuf body) {
            return words.find(body, (word, bytes, from, to) -> {
                boolean isName = isName(bytes, from, to);
                String name = names[word];
                if (!isName || !CALL_IDS.contains(name)
                        || rules.removedOfMessages().contains(name)) {
                    return isName != name.equals("developer");
                }
                int value = valueStart(bytes, from, to);
                int length = stringLength(bytes, value, to);
                return length >= 0 && (rules.ids() == RelayRules.Ids.NINE ? length != MAX_NINE
                        || !isPlain(bytes, value, length) : length > 40);
            });
        }
    }

    /** What to look for in a history. */
    private static final class HistoryWords {
        private static final String[] MESSAGES = {"thinking", "signature", "data", "id",
            "tool_use_id"};
        private static final String[] RESPONSES = {"encrypted_content", "id", "call_id"};
        private static final byte[] OWN = ascii('"' + ReasoningSeal.OWN);

        private final QuotedWords messages = new QuotedWords(MESSAGES);
        private final QuotedWords responses = new QuotedWords(RESPONSES);
        private int thoughts; // without a signature so far

        boolean needMendingInMessages(ByteBuf body) {
            thoughts = 0;
            return messages.find(body, this::isOddInMessages) || thoughts > 0;
        }

        private boolean isOddInMessages(int word, byte[] bytes, int from, int to) {
            boolean isName = isName(bytes, from, to);
            if (MESSAGES[word].equals("thinking")) {
                thoughts += isName ? 0 : 1; // the type of a block
                return false;
            }
            int value = isName ? valueStart(bytes, from, to) : to;
            return switch (MESSAGES[word]) {
                case "signature" -> {
                    thoughts--;
                    yield isAt(bytes, value, to, OWN) || stringLength(bytes, value, to) == 0;
                }
                case "data" -> isAt(bytes, value, to, OWN);
                default -> isOddId(bytes, value, to);
            };
        }

        boolean needMendingInResponses(ByteBuf body) {
            return responses.find(body, (word, bytes, from, to) -> {
                int value = isName(bytes, from, to) ? valueStart(bytes, from, to) : to;
                return switch (RESPONSES[word]) {
                    case "encrypted_content" -> isAt(bytes, value, to, OWN);
                    case "id" -> isOwnItemId(bytes, value, to);
                    default -> isOddId(bytes, value, to);
                };
            });
        }
    }

    /**
     * Whether that is the id of a reasoning item made by Penstock, {@code rs_} and that of the
     * response, an underscore and the item's place: those of providers don't end so.
     */
    private static boolean isOwnItemId(byte[] bytes, int value, int to) {
        int length = stringLength(bytes, value, to);
        int at = value + length; // the last character
        while (at > value && bytes[at] >= '0' && bytes[at] <= '9') {
            at--;
        }
        return length > 0 && isAt(bytes, value, to, REASONING_ID) && bytes[at] == '_'
                && at < value + length && at > value + REASONING_ID.length;
    }

    private static boolean isName(byte[] bytes, int from, int to) {
        int at = skipBlanks(bytes, from, to);
        return at < to && bytes[at] == ':';
    }

    /** Where the value behind a name begins. */
    private static int valueStart(byte[] bytes, int from, int to) {
        int colon = skipBlanks(bytes, from, to);
        return skipBlanks(bytes, Math.min(to, colon + 1), to);
    }

    private static int skipBlanks(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && bytes[at] >= 0 && bytes[at] <= ' ') {
            at++;
        }
        return at;
    }

    /** How long a string is without its quotes; -1 if there is none. */
    private static int stringLength(byte[] bytes, int start, int to) {
        if (start >= to || bytes[start] != '"') {
            return -1;
        }
        int at = start + 1;
        while (at < to && bytes[at] != '"') {
            at += bytes[at] == '\\' ? 2 : 1;
        }
        return Math.min(at, to) - start - 1;
    }

    private static boolean isOddId(byte[] bytes, int value, int to) {
        int length = stringLength(bytes, value, to);
        if (length > MAX_ID_CHARS) {
            return true;
        }
        for (int i = 1; i <= length; i++) {
            byte b = bytes[value + i];
            if (!isPlain(b) && b != '_' && b != '-') {
                return true;
            }
        }
        return false;
    }

    private static boolean isPlain(byte[] bytes, int value, int length) {
        for (int i = 1; i <= length; i++) {
            if (!isPlain(bytes[value + i])) {
                return false;
            }
        }
        return true;
    }

    private static boolean isPlain(byte b) {
        return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z';
    }

    private static boolean isAt(byte[] bytes, int at, int to, byte[] text) {
        if (to - at < text.length) {
            return false;
        }
        for (int i = 0; i < text.length; i++) {
            if (bytes[at + i] != text[i]) {
                return false;
            }
        }
        return true;
    }
}
