package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BucketTest {
    private static final long MINUTE = 60_000_000_000L;
    private static final Bucket<Account> BUCKET = Account.TOKENS;

    private long now = 1_000;
    private Account owner = new Account("a", now);
    private long capacity = 10;
    private long interval = Bucket.intervalNanos(capacity, MINUTE);

    private void begin(long capacity, long window, long now) {
        this.now = now;
        this.capacity = capacity;
        owner = new Account("a", now);
        interval = Bucket.intervalNanos(capacity, window);
    }

    private long take(long amount) {
        return BUCKET.tryTake(owner, amount, capacity, interval, now);
    }

    private long remaining() {
        return BUCKET.remaining(owner, capacity, interval, now);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 3, 7, 10, 600, 200_000, 999_999_937, Long.MAX_VALUE})
    void holdsExactlyItsCapacityAtFirst(long capacity) {
        begin(capacity, MINUTE, 5);
        assertThat(remaining()).isGreaterThanOrEqualTo(Math.min(capacity, 1L << 60));
        assertThat(take(capacity)).isZero();
        assertThat(remaining()).isZero();
        assertThat(take(1)).isPositive();
    }

    @Test
    void letsAWholeWindowsAmountThroughOneByOne() {
        begin(7, MINUTE, 5); // 60 s / 7 is no whole number of nanoseconds
        for (int left = 6; left >= 0; left--) {
            assertThat(take(1)).isZero();
            assertThat(remaining()).isEqualTo(left);
        }
        assertThat(take(1)).isPositive();
    }

    @Test
    void isRefilledEvenly() {
        take(10);
        now += MINUTE / 10 - 1;
        assertThat(remaining()).isZero();
        now += 1;
        assertThat(remaining()).isEqualTo(1);
        now += MINUTE / 2;
        assertThat(remaining()).isEqualTo(6);
        now += 10 * MINUTE;
        assertThat(remaining()).isEqualTo(10);
    }

    @Test
    void saysToTheNanosecondWhenTheSameTakePasses() {
        take(8);
        long wait = take(5);
        assertThat(wait).isEqualTo(3 * MINUTE / 10);
        now += wait - 1;
        assertThat(take(5)).isEqualTo(1);
        now += 1;
        assertThat(take(5)).isZero();
    }

    @Test
    void takesNothingForARefusal() {
        take(8);
        for (int i = 0; i < 100; i++) {
            assertThat(take(3)).isPositive();
        }
        assertThat(take(2)).isZero();
    }

    @Test
    void hasBackAtOnceWhatIsGivenBack() {
        take(10);
        BUCKET.giveBack(owner, 4, interval, now);
        assertThat(remaining()).isEqualTo(4);
        assertThat(take(5)).isPositive();
        assertThat(take(4)).isZero();
    }

    @Test
    void neverHoldsMoreThanItsCapacity() {
        take(10);
        now += MINUTE * 9 / 10;
        BUCKET.giveBack(owner, 10, interval, now);
        BUCKET.giveBack(owner, 10, interval, now);
        assertThat(remaining()).isEqualTo(10);
        assertThat(take(10)).isZero();
        assertThat(take(1)).isPositive();
    }

    @Test
    void delaysLaterCallsByWhatWasTakenAnyway() {
        take(10);
        BUCKET.takeAnyway(owner, 20, interval, now);
        assertThat(remaining()).isZero();
        assertThat(take(1)).isEqualTo(2 * MINUTE + MINUTE / 10);
        assertThat(BUCKET.fullInNanos(owner, now)).isEqualTo(3 * MINUTE);
        now += 2 * MINUTE;
        assertThat(remaining()).isZero();
        now += MINUTE;
        assertThat(remaining()).isEqualTo(10);
    }

    @Test
    void boundsEvenAbsurdDebt() {
        for (int i = 0; i < 10; i++) {
            BUCKET.takeAnyway(owner, Long.MAX_VALUE, interval, now);
        }
        assertThat(BUCKET.fullInNanos(owner, now)).isPositive();
        assertThat(take(1)).isPositive();
        BUCKET.giveBack(owner, Long.MAX_VALUE, interval, now);
        assertThat(BUCKET.fullInNanos(owner, now)).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {-5, Long.MAX_VALUE - 5, Long.MIN_VALUE, Long.MIN_VALUE + 5})
    void worksWhereTheClockWraps(long start) {
        begin(10, MINUTE, start);
        assertThat(take(10)).isZero();
        assertThat(take(1)).isEqualTo(MINUTE / 10);
        now += MINUTE / 10;
        assertThat(take(1)).isZero();
        assertThat(take(1)).isPositive();
        BUCKET.giveBack(owner, 1, interval, now);
        assertThat(take(1)).isZero();
        now += MINUTE;
        assertThat(remaining()).isEqualTo(10);
    }

    @Test
    void isEmptyUnderEveryCapacityOnceItIsEmpty() {
        take(10);
        for (long other : new long[] {1, 9, 11, 1_000_000}) {
            long otherInterval = Bucket.intervalNanos(other, MINUTE);
            assertThat(BUCKET.remaining(owner, other, otherInterval, now))
                    .isLessThanOrEqualTo(other / 1_000); // a rounding of nanoseconds
            assertThat(BUCKET.tryTake(owner, other, other, otherInterval, now))
                    .isBetween(MINUTE - other, MINUTE);
        }
    }

    @Test
    void keepsNobodyWaitingForLongerThanANewWindow() {
        begin(10, 60 * MINUTE, 5);
        take(10);
        BUCKET.forgive(owner, 6, MINUTE / 6, now);
        assertThat(BUCKET.fullInNanos(owner, now)).isEqualTo(MINUTE);
        BUCKET.forgive(owner, 6, 2 * MINUTE / 6, now);
        assertThat(BUCKET.fullInNanos(owner, now)).isEqualTo(MINUTE);
    }

    @Test
    void roundsTheRateDownAndByVeryLittle() {
        Random random = new Random(4);
        for (int i = 0; i < 10_000; i++) {
            long capacity = 1 + random.nextLong(600_000_000);
            BigInteger window = BigInteger.valueOf(Bucket.intervalNanos(capacity, MINUTE))
                    .multiply(BigInteger.valueOf(capacity));
            assertThat(window).isBetween(BigInteger.valueOf(MINUTE),
                    BigInteger.valueOf(MINUTE / 100 * 101));
        }
    }

    /** What one step took out of the bucket, as the time that refills it. */
    private record Step(long at, long taken) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void letsNoMoreThroughInAnyTimeThanCapacityAndRefill(long seed) {
        fuzz(seed);
    }

    @Test
    void doesSoForASeedOfItsOwnEachTime() {
        fuzz(new Random().nextLong());
    }

    /** Takes what it may, and gives back some; sums up every stretch between two steps. */
    private void fuzz(long seed) {
        Random random = new Random(seed);
        long window = 1_000_000 + random.nextLong(MINUTE);
        begin(1 + random.nextLong(1 + random.nextInt(100_000)), window, random.nextLong());
        long start = now;
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            if (random.nextBoolean()) {
                now += random.nextLong(1 + window / 20);
            }
            long amount = 1 + random.nextLong(random.nextBoolean() ? 1 + capacity / 20 : capacity);
            if (random.nextInt(8) == 0) {
                long before = BUCKET.fullInNanos(owner, now);
                BUCKET.giveBack(owner, amount, interval, now);
                steps.add(new Step(now - start, BUCKET.fullInNanos(owner, now) - before));
            } else if (amount <= capacity && take(amount) == 0) {
                steps.add(new Step(now - start, amount * interval));
            }
        }
        long most = Long.MIN_VALUE;
        for (int from = 0; from < steps.size(); from++) {
            long sum = 0;
            for (int to = from; to < steps.size(); to++) {
                sum += steps.get(to).taken;
                most = Math.max(most, sum - (steps.get(to).at - steps.get(from).at));
            }
        }
        assertThat(most).as("seed %d", seed).isLessThanOrEqualTo(capacity * interval)
                .isGreaterThan(capacity * interval / 2); // and it was put to the test
    }
}
