package io.penstock.translate.request;

import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Ties the results of tools to their calls, and gives each call an id that the provider accepts:
 * the caller's own where it can be, else one derived from it, the same on every run.
 */
final class ToolIds {
    /** What ids have to look like. */
    enum Rule {
        ANY(Integer.MAX_VALUE, ""),
        FORTY(40, ""),
        ANTHROPIC(128, "_-"),
        BEDROCK(64, "_.:-"),
        /** What every provider but Mistral takes. */
        PLAIN(64, "_-"),
        NINE(9, "") {
            @Override
            boolean accepts(String id) {
                return id.length() == 9 && id.chars().allMatch(Rule::isAlphanumeric);
            }

            @Override
            String derive(long hash) {
                StringBuilder out = new StringBuilder(9);
                for (long rest = hash; out.length() < 9; rest = Long.divideUnsigned(rest, 62)) {
                    out.append(DIGITS.charAt((int) Long.remainderUnsigned(rest, 62)));
                }
                return out.toString();
            }
        };

        private static final String DIGITS =
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        private final int maxChars;
        private final String marks; // beside letters and digits; empty for any character

        Rule(int maxChars, String marks) {
            this.maxChars = maxChars;
            this.marks = marks;
        }

        boolean accepts(String id) {
            return !id.isEmpty() && id.length() <= maxChars && (marks.isEmpty()
                    || id.chars().allMatch(c -> isAlphanumeric(c) || marks.indexOf(c) >= 0));
        }

        String derive(long hash) {
            return "call_" + Long.toUnsignedString(hash, 36);
        }

        private static boolean isAlphanumeric(int c) {
            return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
        }
    }

    private ToolIds() {}

    /** Every result has a call in the turn before it; every call has one result. */
    static void pair(List<Turn> turns) throws UntranslatableException {
        Map<String, ToolCall> calls = new LinkedHashMap<>();
        for (Turn turn : turns) {
            if (turn.is(Role.ASSISTANT)) {
                checkAnswered(calls);
                calls = new LinkedHashMap<>(); // to clear one costs as much as the largest turn
            }
            for (Part part : turn.parts()) {
                if (part instanceof ToolCall call) {
                    call.place = calls.size();
                    if (calls.put(call.id, call) != null) {
                        throw UntranslatableException.invalid(call.path,
                                "two tool calls of one turn have the id " + quoted(call.id));
                    }
                }
                if (part instanceof ToolResult result) {
                    result.call = calls.get(result.id);
                    if (result.call == null) {
                        throw UntranslatableException.invalid(result.path, "no tool call "
                                + quoted(result.id) + " in the assistant's turn before it");
                    }
                    if (result.call.answered) {
                        throw UntranslatableException.invalid(result.path,
                                "a second result for the tool call " + quoted(result.id));
                    }
                    result.call.answered = true;
                }
            }
        }
        checkAnswered(calls);
    }

    private static void checkAnswered(Map<String, ToolCall> calls)
            throws UntranslatableException {
        for (ToolCall call : calls.values()) {
            if (!call.answered) {
                throw UntranslatableException.invalid(call.path,
                        "the tool call " + quoted(call.id) + " has no result");
            }
        }
    }

    private static String quoted(String id) {
        return "'" + Notes.printable(id) + "'";
    }

    /** Gives every call its {@code sentId}, unlike all others of the conversation. */
    static void assign(List<Turn> turns, Rule rule) {
        Set<String> taken = new HashSet<>();
        Map<String, Integer> uses = new HashMap<>(); // some providers count anew in every turn
        for (Turn turn : turns) {
            for (ToolCall call : turn.all(ToolCall.class)) {
                call.sentId = fit(call.id, rule, uses, taken);
            }
        }
    }

    /**
     * An id that fits, unlike those taken so far.
     *
     * @param uses how often each of the caller's ids has come
     * @param taken those given so far
     */
    static String fit(String given, Rule rule, Map<String, Integer> uses, Set<String> taken) {
        int use = uses.merge(given, 1, Integer::sum);
        String id = use == 1 && rule.accepts(given) ? given
                : rule.derive(hash(use == 1 ? given : given + '#' + use));
        while (!taken.add(id)) {
            id = rule.derive(hash(given + '#' + ++use));
            uses.put(given, use);
        }
        return id;
    }

    /** FNV-1a: short, and the same everywhere; nobody gains by a collision in their own request. */
    static long hash(String id) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < id.length(); i++) {
            hash = (hash ^ id.charAt(i)) * 0x100000001b3L;
        }
        return hash ^ hash >>> 32;
    }
}
