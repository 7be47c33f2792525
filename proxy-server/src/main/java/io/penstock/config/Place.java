package io.penstock.config;

import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.Node;

/** Where a value stands: line and column from 1, or 0 outside any file, and its key's path. */
record Place(String file, int line, int column, String path) {
    static final String ENVIRONMENT = "environment";
    static final String COMMAND_LINE = "command line";

    /** The start of a file. */
    static Place top(String file) {
        return new Place(file, 1, 1, "");
    }

    static Place environment(String variable) {
        return new Place(ENVIRONMENT, 0, 0, variable);
    }

    static Place commandLine(String flag) {
        return new Place(COMMAND_LINE, 0, 0, flag);
    }

    boolean isCommandLine() {
        return file.equals(COMMAND_LINE);
    }

    /** This place, one key further down the path. */
    Place key(String name) {
        return new Place(file, line, column, path.isEmpty() ? name : path + "." + name);
    }

    Place item(int index) {
        return new Place(file, line, column, path + "[" + index + "]");
    }

    /** This path, on the node's own line. */
    Place on(Node node) {
        return node.getStartMark().map(this::on).orElse(this);
    }

    Place on(Mark mark) {
        return new Place(file, mark.getLine() + 1, mark.getColumn() + 1, path);
    }
}
