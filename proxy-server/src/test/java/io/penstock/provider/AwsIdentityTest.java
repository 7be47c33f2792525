package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.provider.AwsIdentity.Found;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AwsIdentityTest {
    private static final Instant NOON = Instant.parse("2026-08-01T12:00:00Z");

    /** A task and when it is due. */
    private record Planned(Runnable task, Instant due) {}

    private final List<Planned> planned = new ArrayList<>();
    private Instant now = NOON;
    private Found next = found("a", null);
    private boolean fails;
    private int searches;

    private static AwsSigner.Credentials key(String id) {
        return new AwsSigner.Credentials(id, "secret of " + id, null);
    }

    private static Found found(String id, Instant expiry) {
        return new Found(key(id), expiry);
    }

    private final AwsIdentity identity = AwsIdentity.from("test", () -> {
        searches++;
        if (fails) {
            throw new IOException("no\nmetadata \"here\"");
        }
        return next;
    }, (task, delay) -> planned.add(new Planned(task, now.plus(delay))), () -> now);

    /** Does what has come to be due, as the thread of searches would. */
    private void advance(Duration by) {
        now = now.plus(by);
        List<Planned> due = planned.stream().filter(each -> !each.due().isAfter(now)).toList();
        planned.removeAll(due);
        due.forEach(each -> each.task().run());
    }

    private void search() {
        if (searches == 0) {
            identity.prepare();
        }
        advance(Duration.ZERO);
    }

    private void assertMissing(String why) {
        assertThat(identity.isReady()).isFalse();
        assertThatThrownBy(identity::credentials)
                .isInstanceOf(CredentialsMissingException.class).hasMessageContaining(why);
    }

    @Test
    void looksForThemWithoutKeepingAnybodyWaiting() throws Exception {
        assertThat(planned).isEmpty();
        identity.prepare();
        assertThat(searches).isZero();
        assertMissing("still being looked for");
        search();
        assertThat(identity.isReady()).isTrue();
        assertThat(identity.credentials()).isEqualTo(key("a"));
        assertThat(planned).as("they never expire").isEmpty();
    }

    @Test
    void hasOthersBeforeTheyExpire() throws Exception {
        next = found("a", NOON.plusSeconds(3600));
        search();
        next = found("b", NOON.plusSeconds(7200));

        advance(Duration.ofSeconds(3600 - AwsIdentity.AHEAD_SECONDS - 1));
        assertThat(identity.credentials()).isEqualTo(key("a"));
        advance(Duration.ofSeconds(1));
        search();
        assertThat(identity.credentials()).isEqualTo(key("b"));
        assertThat(searches).isEqualTo(2);
    }

    @Test
    void asksAgainWhereItIsGivenTheSame() throws Exception {
        next = found("a", NOON.plusSeconds(AwsIdentity.AHEAD_SECONDS));
        search();
        for (int i = 1; i <= 3; i++) {
            advance(Duration.ofSeconds(AwsIdentity.MAX_PAUSE_SECONDS));
            search();
            assertThat(searches).isEqualTo(1 + i);
            assertThat(identity.credentials()).isEqualTo(key("a"));
        }
        assertThat(planned).hasSize(1);
    }

    @Test
    void usesNoneThatHaveExpired() throws Exception {
        next = found("a", NOON.plusSeconds(60));
        search();
        fails = true;
        advance(Duration.ofSeconds(60));
        search();
        assertMissing("no metadata here");
        fails = false;
        next = found("b", null);
        advance(Duration.ofSeconds(AwsIdentity.MIN_PAUSE_SECONDS));
        search();
        assertThat(identity.credentials()).isEqualTo(key("b"));
    }

    @Test
    void looksLessAndLessOftenWhereThereAreNone() {
        fails = true;
        search();
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            assertThat(planned).hasSize(1);
            pauses.add(Duration.between(now, planned.get(0).due()).toSeconds());
            advance(Duration.ofSeconds(pauses.get(i)));
            assertMissing("no metadata here");
            search();
        }
        assertThat(pauses).containsExactly(5L, 10L, 20L, 40L, 60L, 60L);
        assertThat(searches).isEqualTo(7);
    }

    @Test
    void searchesOnceHoweverManyAsk() {
        for (int i = 0; i < 10; i++) {
            assertMissing("looked for");
            identity.onRefused();
        }
        search();
        assertThat(searches).isEqualTo(1);
    }

    @Test
    void letsThoseRestThatWereRefusedUnlessItFindsOthers() throws Exception {
        search();
        advance(Duration.ofSeconds(AwsIdentity.SETTLING_SECONDS));
        identity.onRefused();
        assertMissing("refused");
        search();
        assertMissing("refused");
        advance(Duration.ofSeconds(AwsIdentity.REFUSED_REST_SECONDS));
        assertThat(identity.credentials()).as("once more").isEqualTo(key("a"));

        next = found("b", null);
        identity.onRefused();
        assertMissing("refused");
        search();
        assertThat(identity.credentials()).isEqualTo(key("b"));
    }

    @Test
    void takesARefusalThatComesLateForOneOfThoseBefore() throws Exception {
        search();
        advance(Duration.ofSeconds(AwsIdentity.SETTLING_SECONDS - 1));
        identity.onRefused();
        assertThat(identity.credentials()).isEqualTo(key("a"));
        search();
        assertThat(searches).isEqualTo(2);
    }

    @Test
    void hasFixedOnesAtOnce() throws Exception {
        assertThat(AwsIdentity.of("fixed", key("x"), () -> now).credentials())
                .isEqualTo(key("x"));
    }
}
