package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several nodes and the bucket that they share, in a time that stands still or is made to pass. */
class SharedRateTest {
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private long now = 1_000_000;
    private long fullAtMicros; // the shared bucket

    /** One node, with one account. */
    private final class Node implements Sharing {
        final Account account = new SharedAccount("a", this, now);
        final List<SharedRate> changed = new ArrayList<>();
        boolean up = true;
        boolean rejects;
        int nodes;
        int unconfirmed;

        Node(int nodes) {
            this.nodes = nodes;
        }

        @Override
        public boolean isUp() {
            return up;
        }

        @Override
        public boolean rejects() {
            return rejects;
        }

        @Override
        public int nodes() {
            return nodes;
        }

        @Override
        public void onChange(SharedRate rate) {
            if (rate.turn().tryQueue()) {
                changed.add(rate);
            }
        }

        @Override
        public void onChange(SharedUse use) {
            throw new IllegalStateException();
        }

        @Override
        public void onUnconfirmed() {
            unconfirmed++;
        }

        long take(long capacity) {
            return account.tryTakeRequest(capacity, Bucket.intervalNanos(capacity, MINUTE), now);
        }

        int takeAll(long capacity) {
            int taken = 0;
            while (take(capacity) == 0) {
                taken++;
            }
            return taken;
        }

        /** Begins the exchange of what has changed; what the bucket answers comes later. */
        List<Runnable> tell() {
            List<Runnable> answers = new ArrayList<>();
            for (SharedRate rate : List.copyOf(changed)) {
                if (rate.turn().isDue(rate, 0, now)) {
                    changed.remove(rate);
                    long micros = rate.begin(now);
                    long lack = exchange(micros, rate.forgivenAboveMicros());
                    answers.add(() -> rate.onAnswer(lack, now));
                }
            }
            return answers;
        }

        void exchangeAll() {
            tell().forEach(Runnable::run);
        }
    }

    /** What the script does. */
    private long exchange(long micros, long forgivenAbove) {
        long time = now / 1000;
        long lack = Math.max(0, fullAtMicros - time);
        lack = forgivenAbove > 0 ? Math.min(lack, forgivenAbove) : lack;
        lack = Math.max(0, lack + micros);
        fullAtMicros = time + lack;
        return lack;
    }

    @Test
    void letsInASliceBeforeAnyAnswer() {
        Node node = new Node(3);

        assertThat(node.takeAll(60)).isEqualTo(20);
        assertThat(node.take(60)).isEqualTo(SharedRate.CONFIRMED_SOON_NANOS);
        assertThat(node.unconfirmed).isEqualTo(2);

        node.exchangeAll();
        assertThat(node.takeAll(60)).isEqualTo(20);
    }

    @Test
    void aNodeAloneHasTheWholeBucketAtOnce() {
        Node node = new Node(1);

        assertThat(node.takeAll(60)).isEqualTo(60);
        node.exchangeAll();
        assertThat(node.take(60)).isEqualTo(SECOND);
    }

    @Test
    void eachNodeLetsInOneWhereASliceIsLess() {
        assertThat(new Node(100).takeAll(60)).isEqualTo(1);
    }

    @Test
    void learnsWhatOthersHaveTaken() {
        Node one = new Node(2);
        Node other = new Node(2);
        one.takeAll(60);
        one.exchangeAll();
        one.takeAll(60);
        one.exchangeAll();

        assertThat(other.take(60)).isZero();
        other.exchangeAll();

        assertThat(other.take(60)).isEqualTo(2 * SECOND); // the other's debt is paid first
        now += 2 * SECOND;
        assertThat(other.take(60)).isZero();
    }

    @Test
    void aRefusedCallAsksAgainWhetherOthersGaveSomethingBack() {
        Node one = new Node(2);
        Node other = new Node(2);
        for (int i = 0; i < 2; i++) {
            one.takeAll(60);
            one.exchangeAll();
        }
        other.take(60);
        other.exchangeAll();
        one.account.giveBackRequest(SECOND, now);
        one.account.giveBackRequest(SECOND, now);
        one.exchangeAll();

        assertThat(other.take(60)).isPositive();
        other.exchangeAll();
        assertThat(other.take(60)).isZero();
    }

    @Test
    void aCallLargerThanASlicePassesByItself() {
        Node node = new Node(10);
        long interval = Bucket.intervalNanos(1000, MINUTE);

        assertThat(node.account.tryTakeTokens(700, 1000, interval, now)).isZero();
        assertThat(node.account.tryTakeTokens(1, 1000, interval, now)).isPositive();
        node.exchangeAll();
        assertThat(node.account.tryTakeTokens(200, 1000, interval, now)).isZero();
    }

    @Test
    void tokensThatWereNotUsedComeBackForAll() {
        Node one = new Node(2);
        Node other = new Node(2);
        long interval = Bucket.intervalNanos(1000, MINUTE);
        one.account.tryTakeTokens(900, 1000, interval, now);
        one.exchangeAll();
        one.account.giveBackTokens(800, interval, now);
        one.exchangeAll();

        other.account.tryTakeTokens(1, 1000, interval, now);
        other.exchangeAll();
        assertThat(Account.TOKENS.remaining(other.account, 1000, interval, now)).isEqualTo(899);
        other.account.takeTokensAnyway(2000, interval, now);
        other.exchangeAll();
        one.account.tryTakeTokens(1, 1000, interval, now);
        one.exchangeAll();
        assertThat(one.account.tryTakeTokens(1, 1000, interval, now)).isPositive();
    }

    @Test
    void appliesTheWholeLimitWhileTheOthersCannotBeAsked() {
        Node node = new Node(3);
        node.up = false;

        assertThat(node.takeAll(60)).isEqualTo(60);
        assertThat(node.changed).isEmpty();

        node.up = true;
        assertThat(fullAtMicros).isZero(); // what was taken meanwhile is not told
    }

    @Test
    void refusesOnceTheSliceIsSpentWhereItIsToldTo() {
        Node node = new Node(3);
        node.rejects = true;
        node.take(60);
        node.up = false;

        assertThat(node.takeAll(60)).isEqualTo(19);
        assertThat(node.take(60)).isEqualTo(SharedRate.AWAY);

        node.up = true;
        node.exchangeAll();
        assertThat(node.take(60)).isZero();
    }

    @Test
    void refusesAtOnceWhereItHasNeverHeardOfOthers() {
        Node node = new Node(0);
        node.rejects = true;
        node.up = false;

        assertThat(node.take(60)).isEqualTo(SharedRate.AWAY);
    }

    @Test
    void tellsAgainWhatHadNoAnswerAndIsAloneUntilThen() {
        Node node = new Node(3);
        node.take(60);
        SharedRate rate = node.changed.remove(0);
        rate.begin(now);
        rate.onNoAnswer();

        assertThat(node.takeAll(60)).isEqualTo(59);
        assertThat(node.changed).containsExactly(rate);
        node.exchangeAll();
        assertThat(fullAtMicros - now / 1000).isEqualTo(1_000_000); // the first, once
    }

    @Test
    void isNotForgottenBeforeTheOthersKnow() {
        Node node = new Node(1);
        node.take(60);
        now += MINUTE;
        assertThat(node.account.tryRetire(now)).isFalse();
        node.exchangeAll();
        now += MINUTE;
        assertThat(node.account.tryRetire(now)).isTrue();
    }

    @Test
    void aReloadForgivesDebtForAllNodes() {
        Node node = new Node(1);
        long interval = Bucket.intervalNanos(1000, MINUTE);
        node.account.follow(1, 0, 0, 1000, interval, now);
        node.account.takeTokensAnyway(5000, interval, now);
        node.exchangeAll();
        assertThat(fullAtMicros - now / 1000).isEqualTo(300_000_000);

        long other = Bucket.intervalNanos(2000, MINUTE);
        node.account.follow(2, 0, 0, 2000, other, now);
        node.account.giveBackTokens(0, other, now);
        node.exchangeAll();
        assertThat(fullAtMicros - now / 1000).isEqualTo(60_000_000);
    }

    /** Whatever the order: in all no more than the bucket holds and refills, and their slices. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void nodesTogetherLetInNoMoreThanTheBoundSays(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int count = random.nextInt(1, 12);
        long capacity = random.nextLong(5, 300);
        long interval = Bucket.intervalNanos(capacity, MINUTE);
        long slice = Math.max(interval, capacity * interval / count);
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            nodes.add(new Node(count));
        }
        List<Runnable> answers = new ArrayList<>();
        long begun = now;
        long let = 0;
        for (int step = 0; step < 20_000; step++) {
            Node node = nodes.get(random.nextInt(count));
            switch (random.nextInt(4)) {
                case 0 -> {
                    for (int i = random.nextInt(20); i > 0; i--) {
                        let += node.take(capacity) == 0 ? 1 : 0;
                    }
                }
                case 1 -> answers.addAll(node.tell());
                case 2 -> {
                    if (!answers.isEmpty()) {
                        answers.remove(random.nextInt(answers.size())).run();
                    }
                }
                default -> now += random.nextLong(interval);
            }
            assertThat(let * interval).isLessThanOrEqualTo(
                    capacity * interval + now - begun + count * slice + count * 1000);
        }
        assertThat(let).isGreaterThan(capacity);
    }
}
