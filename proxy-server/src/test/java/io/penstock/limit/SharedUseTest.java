package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.limit.SharedUse.Own;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SharedUseTest {
    private final Map<String, Long> told = new HashMap<>(); // tokens by node

    /** A node with a budget of 1000 tokens. */
    private final class Node implements Sharing {
        final String name;
        SharedUse use = new SharedUse("a", 1, this);
        boolean up = true;
        boolean rejects;

        Node(String name) {
            this.name = name;
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
            return 2;
        }

        @Override
        public void onChange(SharedRate rate) {
            throw new IllegalStateException();
        }

        @Override
        public void onChange(SharedUse use) {
            use.turn().tryQueue();
        }

        @Override
        public void onUnconfirmed() {}

        Refusal reserve(long tokens) {
            return use.tryReserve(tokens, 0, 1000, 0);
        }

        void settle(long reserved, long used) {
            use.settle(reserved, 0, used, 0);
        }

        void exchange() {
            exchangeOnce(); // the first may be an introduction
            exchangeOnce();
        }

        /** What the script does. */
        void exchangeOnce() {
            Own own = use.begin(0);
            long known = told.merge(name, own.tokens(), Math::max);
            use.onAnswer(own, new Own(known, 0),
                    new Own(told.values().stream().mapToLong(Long::longValue).sum(), 0));
        }
    }

    private final Node one = new Node("one");
    private final Node other = new Node("other");

    @Test
    void learnsWhatOthersHaveUsed() {
        one.settle(0, 700);
        one.exchange();
        other.settle(0, 100);
        other.exchange();

        assertThat(other.use.usedTokens()).isEqualTo(800);
        assertThat(other.reserve(201)).isEqualTo(Refusal.BUDGET_SPENT);
        one.exchange();
        assertThat(one.use.usedTokens()).isEqualTo(800);
        assertThat(one.use.claimedTokens()).isEqualTo(800);
    }

    @Test
    void countsNothingTwiceHoweverOftenItIsTold() {
        one.exchange();
        one.settle(0, 10);
        one.use.begin(0); // and no answer comes, though it arrived
        told.put("one", 10L);
        one.use.onNoAnswer();
        for (int i = 0; i < 3; i++) {
            one.exchange();
        }
        one.settle(0, 5);
        one.exchange();

        assertThat(told).containsEntry("one", 15L);
        assertThat(one.use.usedTokens()).isEqualTo(15);
    }

    @Test
    void losesNothingWhenTheServerDoes() {
        one.settle(0, 10);
        one.exchange();
        other.exchange();
        assertThat(other.use.usedTokens()).isEqualTo(10);

        told.clear();
        other.settle(0, 1);
        other.exchange();
        assertThat(other.use.usedTokens()).as("what was known stays known").isEqualTo(11);
        one.exchange();
        assertThat(told.values()).containsExactlyInAnyOrder(1L, 10L);
        other.exchange();
        assertThat(other.use.usedTokens()).isEqualTo(11);
    }

    @Test
    void takesBackWhatItToldBeforeItsStoreWasLost() {
        one.settle(0, 10);
        one.exchange();
        one.use = new SharedUse("a", 1, one);
        one.settle(0, 4);
        one.exchange();

        assertThat(one.use.usedTokens()).isEqualTo(14);
        one.exchange();
        assertThat(told).containsEntry("one", 14L);
        assertThat(one.use.usedTokens()).isEqualTo(14);
    }

    @Test
    void reservesNoMoreThanAShareOfWhatIsLeftOrOneCall() {
        assertThat(one.reserve(600)).isNull(); // one call may be larger than a share
        assertThat(one.reserve(1)).isEqualTo(Refusal.BUDGET_RESERVED);
        one.settle(600, 200);

        assertThat(one.reserve(200)).isNull();
        assertThat(one.reserve(200)).isNull();
        assertThat(one.reserve(1)).as("800 are left").isEqualTo(Refusal.BUDGET_RESERVED);
        assertThat(one.use.claimedTokens()).isEqualTo(600);
    }

    @Test
    void goesByWhatItKnowsWhileOthersCannotBeAsked() {
        one.settle(0, 300);
        one.exchange();
        other.reserve(1);
        other.exchange();
        other.settle(1, 0);
        other.up = false;

        assertThat(other.reserve(700)).isNull();
        assertThat(other.reserve(1)).isEqualTo(Refusal.BUDGET_RESERVED);
    }

    @Test
    void refusesWhileOthersCannotBeAskedWhereItIsToldTo() {
        one.rejects = true;
        assertThat(one.reserve(1)).isNull();
        one.up = false;
        assertThat(one.reserve(1)).isEqualTo(Refusal.SHARED_COUNT_AWAY);
        assertThat(one.use.claimedTokens()).isEqualTo(1);
    }
}
