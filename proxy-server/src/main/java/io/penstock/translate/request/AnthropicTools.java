package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.ModelRequest.Tool;
import java.util.Map;

/**
 * The tools that Anthropic defines and its callers run: its own models know their inputs, all
 * others are told them, as of any function.
 *
 * @see <a href="https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview">its tools</a>
 */
final class AnthropicTools {
    private static final String PATHS = "'path':{'type':'string'},'file_text':{'type':'string',"
            + "'description':'The whole new file, for create.'},'old_str':{'type':'string'},"
            + "'new_str':{'type':'string'},'insert_line':{'type':'integer','description':"
            + "'The line behind which to insert; 0 for the beginning.'},'insert_text':{'type':"
            + "'string'},'view_range':{'type':'array','items':{'type':'integer'},'description':"
            + "'The first and the last line to view; -1 for the end.'}";
    private static final String POINT = "{'type':'array','items':{'type':'integer'},"
            + "'description':'x and y, in pixels from the upper left corner.'}";

    /** By the beginning of its type, which ends in a date. */
    private enum Kind {
        BASH("bash", "Runs commands in a bash session that stays open between calls.",
                "'command':{'type':'string','description':'The command to run.'},"
                + "'restart':{'type':'boolean','description':'Starts a new session instead.'}",
                ""),
        TEXT_EDITOR("str_replace_based_edit_tool", "Views, creates and edits text files.",
                "'command':{'type':'string','enum':['view','create','str_replace','insert']},"
                + PATHS, "'command','path'"),
        MEMORY("memory", "Views and edits the files below /memories, which last between"
                + " conversations.", "'command':{'type':'string','enum':['view','create',"
                + "'str_replace','insert','delete','rename']}," + PATHS
                + ",'old_path':{'type':'string'},'new_path':{'type':'string'}", "'command'"),
        COMPUTER("computer", "Uses the mouse and the keyboard of a computer, and takes"
                + " screenshots of it.", "'action':{'type':'string','enum':['key','hold_key',"
                + "'type','cursor_position','mouse_move','left_click','left_click_drag',"
                + "'right_click','middle_click','double_click','triple_click','left_mouse_down',"
                + "'left_mouse_up','scroll','wait','zoom','screenshot']},'coordinate':" + POINT
                + ",'start_coordinate':" + POINT + ",'text':{'type':'string','description':"
                + "'What to type, or which keys to press.'},'scroll_direction':{'type':'string',"
                + "'enum':['up','down','left','right']},'scroll_amount':{'type':'integer'},"
                + "'duration':{'type':'number','description':'In seconds.'},'region':{'type':"
                + "'array','items':{'type':'integer'},'description':"
                + "'Two corners, x and y of each, for zoom.'}", "'action'");

        private final String usualName;
        private final Raw description;
        private final Raw schema;

        Kind(String usualName, String description, String properties, String required) {
            this.usualName = usualName;
            this.description = Raw.of(description);
            this.schema = Raw.ofJson(("{'type':'object','properties':{" + properties
                    + "},'required':[" + required + "]}").replace('\'', '"'));
        }
    }

    private static final Map<String, Kind> KINDS = Map.of("bash", Kind.BASH, "text_editor",
            Kind.TEXT_EDITOR, "memory", Kind.MEMORY, "computer", Kind.COMPUTER);

    private final TypedBody body;

    AnthropicTools(TypedBody body) {
        this.body = body;
    }

    /**
     * A tool as a function; null if Anthropic runs it, or nobody here knows it.
     *
     * @param name the caller's own; null for the usual one
     */
    Tool function(int tool, String type, String name, String path)
            throws UntranslatableException {
        int date = type.lastIndexOf('_');
        Kind kind = date < 0 ? null : KINDS.get(type.substring(0, date));
        if (kind == null) {
            return null;
        }
        Raw description = kind.description;
        int width = body.member(tool, "display_width_px");
        int height = body.member(tool, "display_height_px");
        if (kind == Kind.COMPUTER && width != NONE && height != NONE) {
            description = Raw.of(kind.description.text() + " The screen is "
                    + body.number(width, path).count() + " by "
                    + body.number(height, path).count() + " pixels.");
        }
        return new Tool(name == null ? kind.usualName : name, description, kind.schema, null,
                ChatMessages.cache(body, tool, path), path);
    }
}
