package io.penstock.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenCacheTest {
    private final TokenCache cache = new TokenCache();
    private final Random random = new Random(7);

    private static Caller caller(String id) {
        return new Caller(id, id, List.of(), Allowance.UNBOUNDED);
    }

    /** A hash of one and the same set, whatever {@code tail} is. */
    private static byte[] hash(int start, int tail) {
        byte[] hash = new byte[CredentialHash.BYTES];
        hash[0] = (byte) start;
        hash[7] = (byte) tail;
        hash[31] = (byte) tail;
        return hash;
    }

    @Test
    void remembersUntilTheEnd() {
        Caller alice = caller("alice");
        cache.add(hash(1, 1), alice, 100);

        assertThat(cache.find(hash(1, 1), 99)).isSameAs(alice);
        assertThat(cache.find(hash(1, 1), 100)).isNull();
        assertThat(cache.find(hash(2, 1), 99)).isNull();
    }

    @Test
    void comparesTheWholeHash() {
        cache.add(hash(1, 1), caller("alice"), 100);
        byte[] twin = hash(1, 1);
        twin[30] = 9;

        assertThat(cache.find(twin, 0)).isNull();
    }

    @Test
    void keepsOneEntryOfATokenThatIsVerifiedTwice() {
        cache.add(hash(1, 1), caller("old"), 100);
        cache.add(hash(1, 1), caller("new"), 200);

        assertThat(cache.find(hash(1, 1), 150).id()).isEqualTo("new");
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void letsTheOneGoThatExpiresFirstWhenItsPlaceIsFull() {
        for (int i = 0; i < TokenCache.WAYS; i++) {
            cache.add(hash(1, i), caller("c" + i), 1000 + (i == 3 ? -500 : i));
        }
        cache.add(hash(1, 99), caller("late"), 2000);

        assertThat(cache.find(hash(1, 3), 0)).isNull();
        assertThat(cache.find(hash(1, 0), 0).id()).isEqualTo("c0");
        assertThat(cache.find(hash(1, 99), 0).id()).isEqualTo("late");
        assertThat(cache.size()).isEqualTo(TokenCache.WAYS);
    }

    @Test
    void holdsTenThousandTokensNearlyAllAndNeverMoreThanItsBound() {
        byte[][] hashes = new byte[10_000][CredentialHash.BYTES];
        for (byte[] hash : hashes) {
            random.nextBytes(hash);
            cache.add(hash, caller("c"), 100);
        }
        long found = java.util.Arrays.stream(hashes)
                .filter(hash -> cache.find(hash, 0) != null).count();
        assertThat(found).isEqualTo(cache.size()).isGreaterThan(9_500);

        for (int i = 0; i < 100_000; i++) {
            random.nextBytes(hashes[0]);
            cache.add(hashes[0], caller("c"), 100);
        }
        assertThat(cache.size()).isLessThanOrEqualTo(TokenCache.SETS * TokenCache.WAYS);
    }
}
