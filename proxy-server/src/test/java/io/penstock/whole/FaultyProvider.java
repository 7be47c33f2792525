package io.penstock.whole;

import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Exchange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;

/**
 * A provider with one fault of the fault matrix, which it has until it heals.
 *
 * <p><b>Thread:</b> safe; its calls come one after the other.
 */
final class FaultyProvider implements AutoCloseable {
    private final Faults.Fault fault; // null for none
    private final boolean stream;
    private final ScriptedUpstream upstream; // null where nothing listens
    private final Socket placeholder = new Socket(); // keeps a port on which nothing listens
    private final CountDownLatch callerReads = new CountDownLatch(1);
    private volatile boolean healed;
    private volatile int turn = -1;
    private volatile String asked = "";
    private volatile String said = "";

    private FaultyProvider(Faults.Fault fault, boolean stream) throws IOException {
        this.fault = fault;
        this.stream = stream;
        healed = fault == null;
        if (fault == Faults.REFUSED) {
            placeholder.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            upstream = null;
        } else {
            upstream = ScriptedUpstream.start(this::answer);
        }
    }

    /** Starts one that answers streams, or unary calls, with that fault; null for none. */
    static FaultyProvider start(Faults.Fault fault, boolean stream) throws IOException {
        return new FaultyProvider(fault, stream);
    }

    private void answer(Exchange x) throws Exception {
        asked = x.readRequest().text();
        turn++;
        (healed ? Faults.good(stream) : fault.course(stream)).run(this, x);
    }

    String url() {
        return upstream != null ? upstream.url()
                : "http://127.0.0.1:" + placeholder.getLocalPort();
    }

    /** Requests so far. */
    int requests() {
        return upstream == null ? 0 : upstream.requests().size();
    }

    /** From now on all is well. */
    void heal() {
        healed = true;
    }

    /** The caller has got the beginning of the answer. */
    void onCallerReads() {
        callerReads.countDown();
    }

    /** Waits for that: what breaks off before could as well break off before the commit. */
    void awaitCaller() throws InterruptedException {
        callerReads.await();
    }

    /** How many requests came before this one. */
    int turn() {
        return turn;
    }

    /** Whether the request has the model go on from its own words. */
    boolean isAskedToGoOn() {
        return asked.contains("\"role\":\"assistant\"");
    }

    /** Notes the body of an error reply. */
    void say(String error) {
        said = error;
    }

    /** Whether that is what it said. */
    boolean said(String error) {
        return said.equals(error);
    }

    @Override
    public void close() throws IOException {
        placeholder.close();
        if (upstream != null) {
            upstream.close();
        }
    }
}
