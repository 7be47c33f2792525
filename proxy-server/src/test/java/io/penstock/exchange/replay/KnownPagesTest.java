package io.penstock.exchange.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.cache.CachedReply;
import io.penstock.cache.CachedReply.Tokens;
import io.penstock.cache.ReplyKind;
import io.penstock.exchange.replay.Pages.Page;
import io.penstock.loop.Deadlines;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KnownPagesTest {
    private static CachedReply reply(ReplyKind kind, String body, long tookNanos) {
        return new CachedReply(kind, body.getBytes(StandardCharsets.UTF_8), "p", "m", Tokens.NONE,
                tookNanos, 0, 1);
    }

    private static List<String> pollAll(KnownPages pages, long nowNanos) {
        List<String> all = new ArrayList<>();
        for (Page page = pages.poll(nowNanos); page != null; page = pages.poll(nowNanos)) {
            all.add(new String(page.bytes(), page.from(), page.length(), StandardCharsets.UTF_8));
        }
        return all;
    }

    @Test
    void givesAShortBodyAtOnce() {
        KnownPages pages = new KnownPages(reply(ReplyKind.WHOLE, "{}", 9), true, 0);

        assertThat(pages.isEnded()).isFalse();
        assertThat(pollAll(pages, 0)).containsExactly("{}");
        assertThat(pages.isEnded()).isTrue();
        assertThat(pages.remainingNanos(0)).isEqualTo(Deadlines.NEVER);
    }

    @Test
    void isAtItsEndWithoutABody() {
        assertThat(new KnownPages(reply(ReplyKind.EVENTS, "", 9), true, 0).isEnded()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n\n", "\r\n\r\n"})
    void endsEachPageOfEventsBehindAnEvent(String end) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            body.append("event: x\ndata: ").append("y".repeat(i % 97)).append(end);
        }
        KnownPages pages = new KnownPages(reply(ReplyKind.EVENTS, body.toString(), 9), false, 0);

        List<String> all = pollAll(pages, 0);
        assertThat(all).hasSizeGreaterThan(3).allSatisfy(page -> assertThat(page).endsWith(end)
                .hasSizeLessThanOrEqualTo(KnownPages.PAGE_BYTES));
        assertThat(String.join("", all)).isEqualTo(body.toString());
    }

    @Test
    void givesAnEventThatIsLongerThanAPageAsOne() {
        String large = "data: " + "y".repeat(3 * KnownPages.PAGE_BYTES) + "\n\n";
        KnownPages pages = new KnownPages(reply(ReplyKind.EVENTS, large + "data: z\n\n", 9), false,
                0);

        assertThat(pollAll(pages, 0)).containsExactly(large, "data: z\n\n");
    }

    @Test
    void cutsAWholeReplyIntoPages() {
        String body = "x".repeat(2 * KnownPages.PAGE_BYTES + 1);

        assertThat(pollAll(new KnownPages(reply(ReplyKind.WHOLE, body, 9), false, 0), 0))
                .extracting(String::length)
                .containsExactly(KnownPages.PAGE_BYTES, KnownPages.PAGE_BYTES, 1);
    }

    @Test
    void spreadsEventsOverTheTimeThatTheyTook() {
        KnownPages pages = new KnownPages(reply(ReplyKind.EVENTS,
                "data: a\n\ndata: b\n\ndata: c\n\ndata: d\n\n", 400), true, -50);

        assertThat(pollAll(pages, -50)).containsExactly("data: a\n\n");
        assertThat(pages.remainingNanos(-50)).isEqualTo(100);
        assertThat(pollAll(pages, 49)).isEmpty();
        assertThat(pollAll(pages, 50)).containsExactly("data: b\n\n");
        assertThat(pages.isEnded()).isFalse();
        assertThat(pollAll(pages, 1000)).containsExactly("data: c\n\n", "data: d\n\n");
        assertThat(pages.isEnded()).isTrue();
    }

    @Test
    void spreadsThemOverNoMoreThanItsBound() {
        KnownPages pages = new KnownPages(reply(ReplyKind.EVENTS, "data: a\n\ndata: b\n\n",
                Long.MAX_VALUE), true, 0);
        pollAll(pages, 0);

        assertThat(pages.remainingNanos(0)).isEqualTo(KnownPages.MAX_PACED_NANOS / 2);
    }
}
