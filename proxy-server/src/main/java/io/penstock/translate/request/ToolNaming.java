package io.penstock.translate.request;

import io.penstock.translate.CallerTool;
import io.penstock.translate.CallerTool.Kind;
import io.penstock.translate.CallerTools;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.ToolChoice;
import io.penstock.translate.request.Part.ToolCall;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Gives each tool a name that the provider accepts: the caller's own where it can be, else one
 * derived from it. The same name becomes the same in every request, so that a provider's cache of
 * prompts holds; only where two tools of one request would be called alike, one of them gives way.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class ToolNaming {
    /** What names have to look like; letters and digits are allowed everywhere. */
    private enum Rule {
        USUAL(64, "_-", true),
        ANTHROPIC(128, "_-", true),
        /** Begins with a letter or an underscore. */
        GEMINI(64, "_.:-", false);

        private final int maxChars;
        private final String marks;
        private final boolean beginsWithAny;

        Rule(int maxChars, String marks, boolean beginsWithAny) {
            this.maxChars = maxChars;
            this.marks = marks;
            this.beginsWithAny = beginsWithAny;
        }

        static Rule of(ProviderFormat format) {
            return switch (format) {
                case MESSAGES, MESSAGES_ON_BEDROCK -> ANTHROPIC;
                case GEMINI -> GEMINI;
                case CHAT, CONVERSE -> USUAL;
            };
        }

        boolean accepts(String name) {
            return !name.isEmpty() && name.length() <= maxChars && beginsWell(name.charAt(0))
                    && name.chars().allMatch(this::isAllowed);
        }

        boolean isAllowed(int c) {
            return isLetter(c) || c >= '0' && c <= '9' || marks.indexOf(c) >= 0;
        }

        private boolean beginsWell(char first) {
            return beginsWithAny || isLetter(first) || first == '_';
        }

        private static boolean isLetter(int c) {
            return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
        }
    }

    /** Between namespace and name: half a surrogate pair, which no caller's name can hold. */
    private static final char BEHIND_NAMESPACE = '\udfff';
    private static final String JOINT = "__";
    private static final int HASH_CHARS = 8;
    private static final int HEAD_CHARS = 20; // of a name that is shortened; the rest is its tail

    private final Rule rule;
    private final Map<String, String> sentNames = new LinkedHashMap<>(); // by the tool's identity
    private final Set<String> taken = new HashSet<>();

    private ToolNaming(Rule rule) {
        this.rule = rule;
    }

    /** What tells a tool from all others of its caller: its name, if it is in no namespace. */
    static String identity(String namespace, String name) {
        return namespace == null ? name : namespace + BEHIND_NAMESPACE + name;
    }

    /** Renames the tools, the calls and the choice of a request; returns the way back. */
    static CallerTools apply(ModelRequest request, ProviderFormat to) {
        ToolNaming naming = new ToolNaming(Rule.of(to));
        if (request.answerFormat != null) {
            naming.taken.add(Translated.JSON_TOOL);
        }
        addMissingNamespaces(request);
        boolean anyKind = false;
        for (Tool tool : request.tools) {
            naming.sentNames.put(tool.name(), null);
            anyKind |= tool.kind() != Kind.FUNCTION;
        }
        for (Turn turn : request.turns) {
            for (ToolCall call : turn.all(ToolCall.class)) {
                naming.sentNames.putIfAbsent(call.name, null);
            }
        }
        if (!naming.assign() && !anyKind) {
            return CallerTools.SAME;
        }
        naming.rename(request);
        return naming.wayBack(request);
    }

    /** Calls whose namespace was lost on their way mean the one tool that has their name. */
    private static void addMissingNamespaces(ModelRequest request) {
        Map<String, String> members = new HashMap<>(); // identities; null for several
        Set<String> offered = new HashSet<>();
        for (Tool tool : request.tools) {
            int joint = tool.name().indexOf(BEHIND_NAMESPACE);
            offered.add(tool.name());
            if (joint >= 0) {
                String name = tool.name().substring(joint + 1);
                members.put(name, members.containsKey(name) ? null : tool.name());
            }
        }
        if (members.isEmpty()) {
            return;
        }
        for (Turn turn : request.turns) {
            for (ToolCall call : turn.all(ToolCall.class)) {
                if (!offered.contains(call.name) && members.get(call.name) != null) {
                    call.name = members.get(call.name);
                }
            }
        }
        ToolChoice choice = request.toolChoice;
        if (choice != null && choice.name() != null && !offered.contains(choice.name())
                && members.get(choice.name()) != null) {
            request.toolChoice = new ToolChoice(choice.choice(), members.get(choice.name()),
                    choice.allowed(), choice.path());
        }
    }

    /** Assigns all names, those that can stay first; returns whether any is another. */
    private boolean assign() {
        boolean anyOther = false;
        for (Map.Entry<String, String> entry : sentNames.entrySet()) {
            if (rule.accepts(entry.getKey()) && taken.add(entry.getKey())) {
                entry.setValue(entry.getKey());
            } else {
                anyOther = true;
            }
        }
        for (Map.Entry<String, String> entry : sentNames.entrySet()) {
            if (entry.getValue() == null) {
                entry.setValue(derive(entry.getKey()));
            }
        }
        return anyOther;
    }

    private String derive(String identity) {
        int joint = identity.indexOf(BEHIND_NAMESPACE);
        if (joint >= 0) {
            String namespace = identity.substring(0, joint);
            String name = identity.substring(joint + 1);
            String joined = namespace + (namespace.endsWith(JOINT) ? "" : JOINT) + name;
            if (rule.accepts(joined) && taken.add(joined)) {
                return joined;
            }
        }
        StringBuilder plain = new StringBuilder(identity.length() + 1);
        for (int i = 0; i < identity.length(); i++) {
            char c = identity.charAt(i);
            plain.append(rule.isAllowed(c) ? c : '_');
        }
        if (plain.length() == 0 || !rule.beginsWell(plain.charAt(0))) {
            plain.insert(0, '_');
        }
        for (int use = 1; ; use++) {
            String name = shortened(plain, ToolIds.hash(use == 1 ? identity
                    : identity + '#' + use));
            if (taken.add(name)) {
                return name;
            }
        }
    }

    /** The beginning, a hash of the whole name, and the end, which tells the most. */
    private String shortened(CharSequence plain, long hash) {
        String digits = Long.toUnsignedString(hash, 36);
        String short36 = "0".repeat(Math.max(0, HASH_CHARS - digits.length()))
                + digits.substring(Math.max(0, digits.length() - HASH_CHARS));
        int room = rule.maxChars - HASH_CHARS - 1;
        if (plain.length() <= room) {
            return plain + "_" + short36;
        }
        int tail = room - HEAD_CHARS - 1;
        return plain.subSequence(0, HEAD_CHARS) + "_" + short36 + "_"
                + plain.subSequence(plain.length() - tail, plain.length());
    }

    private void rename(ModelRequest request) {
        request.tools.replaceAll(tool -> tool.withName(sentNames.get(tool.name())));
        for (Turn turn : request.turns) {
            for (ToolCall call : turn.all(ToolCall.class)) {
                call.name = sentNames.get(call.name);
            }
        }
        ToolChoice choice = request.toolChoice;
        if (choice != null) {
            Set<String> allowed = choice.allowed() == null ? null : new HashSet<>();
            if (allowed != null) {
                choice.allowed().forEach(name -> allowed.add(sentName(name)));
            }
            request.toolChoice = new ToolChoice(choice.choice(), sentName(choice.name()), allowed,
                    choice.path());
        }
    }

    /** A name that no tool has stays as it is, to be complained about. */
    private String sentName(String identity) {
        return sentNames.getOrDefault(identity, identity);
    }

    private CallerTools wayBack(ModelRequest request) {
        Map<String, Kind> kinds = new HashMap<>();
        for (Tool tool : request.tools) {
            kinds.put(tool.name(), tool.kind());
        }
        Map<String, CallerTool> back = new HashMap<>();
        Map<String, CallerTool> members = new HashMap<>(); // by their bare names; null for several
        sentNames.forEach((identity, sent) -> {
            int joint = identity.indexOf(BEHIND_NAMESPACE);
            CallerTool tool = new CallerTool(joint < 0 ? null : identity.substring(0, joint),
                    identity.substring(joint + 1), kinds.getOrDefault(sent, Kind.FUNCTION));
            if (!tool.equals(CallerTool.function(sent))) {
                back.put(sent, tool);
            }
            if (joint >= 0) {
                members.put(tool.name(), members.containsKey(tool.name()) ? null : tool);
            }
        });
        members.forEach((name, tool) -> {
            if (tool != null && !taken.contains(name)) {
                back.put(name, tool); // models leave the namespace out at times
            }
        });
        return new CallerTools(back);
    }
}
