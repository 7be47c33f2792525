package io.penstock.translate.request;

/**
 * A request that a provider's format has no words for, or that is no proper request. While failing
 * over, such a target is skipped; if none is left, the caller gets a 400 with the three texts.
 */
public final class UntranslatableException extends Exception {
    /** The format has no word for it; another provider's may. */
    public static final String UNSUPPORTED_PARAMETER = "unsupported_parameter";
    /** No provider takes it. */
    public static final String INVALID_REQUEST = "invalid_request";
    /** Not even JSON. */
    public static final String INVALID_JSON = "invalid_json";

    private final String code;
    private final String param;
    private final String subcode;

    private UntranslatableException(String code, String param, String message, String subcode) {
        super(message, null, false, false); // part of the traffic: a stack trace tells nothing
        this.code = code;
        this.param = param;
        this.subcode = subcode;
    }

    static UntranslatableException unsupported(String param, String message) {
        return unsupported(param, message, null);
    }

    /** One that the caller's own library knows what to do about, by its code. */
    static UntranslatableException unsupported(String param, String message, String subcode) {
        String field = Notes.printable(param);
        return new UntranslatableException(UNSUPPORTED_PARAMETER, field, field + ": " + message,
                subcode);
    }

    static UntranslatableException invalid(String param, String message) {
        String field = Notes.printable(param);
        return new UntranslatableException(INVALID_REQUEST, field, field + ": " + message, null);
    }

    static UntranslatableException notJson(String message) {
        return new UntranslatableException(INVALID_JSON, null, message, null);
    }

    /** One of the three constants. */
    public String code() {
        return code;
    }

    /** The path of the field at fault, such as {@code messages[2].content[0]}; null for none. */
    public String param() {
        return param;
    }

    /** What the caller's library knows the refusal by, beside {@link #code}; null for nothing. */
    public String subcode() {
        return subcode;
    }

    /** Whether every provider would refuse it, so that no other target need be tried. */
    public boolean isCallersMistake() {
        return !code.equals(UNSUPPORTED_PARAMETER);
    }
}
