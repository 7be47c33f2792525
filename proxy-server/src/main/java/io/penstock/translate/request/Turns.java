package io.penstock.translate.request;

import io.penstock.translate.request.Part.Document;
import io.penstock.translate.request.Part.Reasoning;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Rearranges a conversation for the formats in which user and assistant must alternate, the user
 * begins, nothing is blank, and the results of tools come first in the turn behind their calls.
 */
final class Turns {
    private static final String OPERATOR = "[Instruction from the operator] ";
    private static final Text LEAST_TEXT = new Text(".");

    private final Notes notes;
    private final boolean systemInPlace;
    private final List<Turn> out = new ArrayList<>();
    private boolean vanished; // a user's turn was there, with nothing in it

    private Turns(Notes notes, boolean systemInPlace) {
        this.notes = notes;
        this.systemInPlace = systemInPlace;
    }

    /** Nothing is lost that a role has no place for: it is refused. */
    static void checkParts(List<Turn> turns) throws UntranslatableException {
        for (Turn turn : turns) {
            for (Part part : turn.parts()) {
                boolean fits = part instanceof Text || switch (turn.role()) {
                    case SYSTEM -> false;
                    case USER -> !(part instanceof ToolCall || part instanceof Reasoning);
                    case ASSISTANT -> part instanceof ToolCall || part instanceof Reasoning;
                };
                if (!fits) {
                    throw UntranslatableException.unsupported(turn.path(), "a part that this role"
                            + " does not have in every format");
                }
            }
        }
    }

    /** The texts with which the conversation opens, if they are the operator's. */
    static List<Text> leadingSystem(List<Turn> turns) {
        List<Text> texts = new ArrayList<>();
        for (Turn turn : turns.subList(0, leadingSystemTurns(turns))) {
            for (Text text : turn.all(Text.class)) {
                if (!text.text().isBlank()) {
                    texts.add(text);
                }
            }
        }
        return texts;
    }

    static int leadingSystemTurns(List<Turn> turns) {
        int count = 0;
        while (count < turns.size() && turns.get(count).is(Role.SYSTEM)) {
            count++;
        }
        return count;
    }

    /**
     * All turns but the leading ones of the operator.
     *
     * @param systemInPlace whether the operator may speak up between a user and an assistant
     */
    static List<Turn> alternating(ModelRequest request, boolean systemInPlace) {
        Turns turns = new Turns(request.notes, systemInPlace);
        List<Turn> all = request.turns;
        for (int i = leadingSystemTurns(all); i < all.size(); i++) {
            boolean last = i + 1 == all.size();
            turns.add(all.get(i), last || all.get(i + 1).is(Role.ASSISTANT));
        }
        if (turns.out.isEmpty()) {
            turns.insertLeast("messages");
        } else if (turns.vanished && turns.last().is(Role.ASSISTANT)) {
            turns.insertLeast(null); // else the assistant would be asked to go on
        }
        for (Turn turn : turns.out) {
            if (!turn.has(Reasoning.class)) { // a turn with thoughts in it may not be rearranged
                turn.parts().sort(Comparator.comparingInt(Turns::rank));
            }
        }
        return turns.out;
    }

    /** Results come first in their turns, calls last; all else as it was. */
    private static int rank(Part part) {
        return part instanceof ToolResult ? 0 : part instanceof ToolCall ? 2 : 1;
    }

    private void add(Turn turn, boolean assistantNext) {
        List<Part> parts = new ArrayList<>(turn.parts());
        parts.removeIf(part -> part instanceof Text text && text.text().isBlank());
        if (parts.isEmpty()) {
            vanished |= turn.is(Role.USER);
            return;
        }
        Turn before = last();
        Role role = turn.role();
        if (role == Role.SYSTEM) {
            if (systemInPlace && assistantNext && before != null && before.is(Role.USER)) {
                out.add(new Turn(Role.SYSTEM, turn.path(), parts));
                return;
            }
            role = Role.USER;
            parts.replaceAll(part -> part instanceof Text text
                    ? new Text(text.text().prefixedWith(OPERATOR), text.cache()) : part);
            notes.change(turn.path() + ".role");
        }
        if (role == Role.ASSISTANT && (before == null
                || vanished && before.is(Role.ASSISTANT))) {
            insertLeast(before == null ? turn.path() : null);
            before = null;
        }
        vanished = false;
        if (before != null && before.role() == role) {
            before.parts().addAll(parts);
        } else {
            out.add(new Turn(role, turn.path(), parts));
        }
    }

    private Turn last() {
        return out.isEmpty() ? null : out.get(out.size() - 1);
    }

    /** A user's turn that says next to nothing, where there has to be one. */
    private void insertLeast(String path) {
        List<Part> parts = new ArrayList<>();
        parts.add(LEAST_TEXT);
        out.add(new Turn(Role.USER, path, parts));
        if (path != null) {
            notes.change(path);
        }
    }

    /** Some providers want a word beside a document. */
    static void putTextBesideDocuments(List<Turn> turns) {
        for (Turn turn : turns) {
            if (turn.has(Document.class) && !turn.has(Text.class)) {
                turn.parts().add(LEAST_TEXT);
            }
        }
    }

    /** The last turn with no blank at its end: providers refuse to go on from one. */
    static void trimLast(List<Turn> turns) {
        Turn last = turns.get(turns.size() - 1);
        int at = last.parts().size() - 1;
        if (last.is(Role.ASSISTANT) && at >= 0 && last.parts().get(at) instanceof Text text) {
            last.parts().set(at, new Text(text.text().withoutTrailingBlanks(), text.cache()));
        }
    }
}
