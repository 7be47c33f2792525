package io.penstock.provider;

/** Plugins that can't be used; the message says why, on one line. */
public final class PluginException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String where;

    PluginException(String where, String what) {
        super(what);
        this.where = where;
    }

    /** The jar or the folder that it is about. */
    public String where() {
        return where;
    }
}
