package io.penstock.usage;

/** Whose use of what: the name of a row of the ledger within its month. */
record RowKey(String caller, String provider, String model) {
    static final int MAX_NAME_CHARS = 320; // the longest caller, jwt: and a subject, and some more
    private static final char SEPARATOR = '\u0001'; // no name has control characters in it
    private static final int HASH_CHARS = 9;

    /** This key with names that are safe to store: callers can make up any model name. */
    RowKey tidy() {
        String tidyCaller = tidy(caller);
        String tidyProvider = tidy(provider);
        String tidyModel = tidy(model);
        return tidyCaller.equals(caller) && tidyProvider.equals(provider)
                && tidyModel.equals(model) ? this
                : new RowKey(tidyCaller, tidyProvider, tidyModel);
    }

    private static String tidy(String name) {
        String tidy = name;
        if (tidy.length() > MAX_NAME_CHARS) { // long names that begin alike stay apart
            tidy = tidy.substring(0, MAX_NAME_CHARS - HASH_CHARS) + "~"
                    + Integer.toHexString(name.hashCode());
        }
        for (int i = 0; i < tidy.length(); i++) {
            if (tidy.charAt(i) < ' ') {
                tidy = tidy.replace(tidy.charAt(i), '?');
            }
        }
        return tidy;
    }

    String text() {
        return caller + SEPARATOR + provider + SEPARATOR + model;
    }

    /** The inverse of {@link #text}. */
    static RowKey parse(String text) {
        int provider = text.indexOf(SEPARATOR) + 1;
        int model = text.indexOf(SEPARATOR, provider) + 1;
        return new RowKey(text.substring(0, provider - 1), text.substring(provider, model - 1),
                text.substring(model));
    }
}
