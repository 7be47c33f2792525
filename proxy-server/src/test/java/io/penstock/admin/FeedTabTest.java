package io.penstock.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.answer.LocalReply;
import io.penstock.http.HeadWriter;
import io.penstock.observe.LoopWatch.Viewer;
import io.penstock.testing.EmbeddedDownstream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FeedTabTest {
    private final EmbeddedDownstream console = new EmbeddedDownstream();
    private final List<FeedTab> gone = new ArrayList<>();
    private FeedTab tab;

    @BeforeEach
    void open() {
        tab = new FeedTab(console, new LocalReply(new HeadWriter()).events(console, "req_1"),
                Viewer.OPERATOR, true, gone::add);
        console.taken(); // the head
    }

    @AfterEach
    void close() {
        console.finish();
    }

    private void send(String text) {
        tab.send(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void sendsEachTextAsAChunk() {
        send("first text");

        assertThat(console.taken()).isEqualTo("a\r\nfirst text\r\n");
    }

    @Test
    void leavesOutWhatComesWhileTheEventLoopIsBusy() {
        send("first text");
        send("second");
        send("third");

        assertThat(console.taken()).isEqualTo("17\r\nevent: missed\ndata: 2\n\n\r\n"
                + "a\r\nfirst text\r\n");

        send("fourth");

        assertThat(console.taken()).isEqualTo("6\r\nfourth\r\n");
    }

    @Test
    void queuesNothingForAConsoleThatDoesNotReadOn() {
        console.setWritable(false);
        send("first text");
        console.taken();
        send("second");

        assertThat(console.taken()).isEmpty();

        console.setWritable(true);
        send("third");

        assertThat(console.taken()).isEqualTo("17\r\nevent: missed\ndata: 2\n\n\r\n"
                + "5\r\nthird\r\n");
    }

    @Test
    void endsInOrder() {
        tab.end();

        assertThat(console.taken()).isEqualTo("0\r\n\r\n");
        assertThat(gone).containsExactly(tab);
    }

    @Test
    void sendsNothingToAConsoleThatHasGone() {
        tab.onClosed();
        send("first text");

        assertThat(console.taken()).isEmpty();
        assertThat(gone).containsExactly(tab);
    }
}
