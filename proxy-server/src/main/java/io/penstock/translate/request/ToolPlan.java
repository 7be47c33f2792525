package io.penstock.translate.request;

import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.ToolChoice;
import io.penstock.translate.request.Part.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tools that the model gets to see, and whether it has to use one.
 *
 * @param choice null where the caller said nothing
 * @param name goes with a named choice
 */
record ToolPlan(List<Tool> tools, Choice choice, String name) {

    static ToolPlan of(ModelRequest request) throws UntranslatableException {
        ToolChoice said = request.toolChoice;
        List<Tool> tools = new ArrayList<>(request.tools);
        if (said != null && said.allowed() != null) {
            tools.removeIf(tool -> !said.allowed().contains(tool.name()));
        }
        boolean none = said != null && said.choice() == Choice.NONE;
        if (request.tools.isEmpty() && !request.leftOutTools.isEmpty() && !none) {
            throw UntranslatableException.unsupported(request.leftOutTools.get(0),
                    "the tool is run by one provider only, and there are no others");
        }
        if (said == null) {
            return new ToolPlan(tools, null, null);
        }
        if (said.name() != null && request.isLeftOut(said.name())) {
            throw UntranslatableException.unsupported(said.path(),
                    "the tool is run by one provider only");
        }
        if (said.name() != null
                && tools.stream().noneMatch(tool -> tool.name().equals(said.name()))) {
            throw UntranslatableException.invalid(said.path(), "there is no such tool");
        }
        if (tools.isEmpty() && said.choice() == Choice.REQUIRED && request.toolsDropped) {
            throw UntranslatableException.unsupported(said.path(),
                    "the tools that have to be used exist at one provider only");
        }
        if (tools.isEmpty() && said.choice() == Choice.REQUIRED) {
            throw UntranslatableException.invalid(said.path(), "there are no tools");
        }
        return new ToolPlan(tools, tools.isEmpty() ? null : said.choice(), said.name());
    }

    boolean isForced() {
        return choice == Choice.REQUIRED || choice == Choice.NAMED;
    }

    /** Providers that saw calls in the history want the tools, even if none is to be used now. */
    ToolPlan withToolsOf(List<Turn> turns, Notes notes) {
        Map<String, Tool> called = new LinkedHashMap<>();
        if (tools.isEmpty()) {
            for (Turn turn : turns) {
                for (ToolCall call : turn.all(ToolCall.class)) {
                    called.putIfAbsent(call.name,
                            new Tool(call.name, null, null, null, null, call.path));
                }
            }
        }
        if (called.isEmpty()) {
            return this;
        }
        notes.change("tools");
        return new ToolPlan(List.copyOf(called.values()), Choice.NONE, null);
    }
}
