package io.penstock.exchange.call;

/** What an exchange that is under way waits for; the code is public and stable. */
public enum Waiting {
    /** The rest of the caller's request. */
    REQUEST("request"),
    /** A place among the concurrent exchanges. */
    TURN("turn"),
    /** The reply to the same call of another caller, which is under way. */
    SAME_CALL("same_call"),
    /** The end of a pause, before a target is asked. */
    PAUSE("pause"),
    /** A slot of the provider. */
    SLOT("slot"),
    CONNECTION("connection"),
    TLS("tls"),
    /** The head of the reply. */
    HEAD("head"),
    /** The content that shows a reply to be good. */
    CONTENT("content"),
    /** The rest of a reply that goes to the caller. */
    REPLY("reply"),
    /** A caller that takes no more of the reply for now. */
    CALLER("caller"),
    /** The usage at the end of a reply whose caller has gone. */
    DRAIN("drain"),
    /** Either side of a tunnel. */
    TUNNEL("tunnel");

    private final String code;

    Waiting(String code) {
        this.code = code;
    }

    public String code() {
        return code;
    }
}
