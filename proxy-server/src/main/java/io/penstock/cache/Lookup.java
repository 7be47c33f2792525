package io.penstock.cache;

/** What there is for a call before a provider is asked. */
public sealed interface Lookup {
    /** A reply that was given before. */
    record Hit(CachedReply reply) implements Lookup {}

    /** Nothing: this call asks a provider, and those like it that come meanwhile wait for it. */
    record Lead(Flight flight) implements Lookup {}

    /** A call like it is under way, whose reply this one gets too. */
    record Follow(Seat seat) implements Lookup {}

    /** The call is on its own: no reply is looked for, and its own is not kept. */
    record Bypass() implements Lookup {}
}
