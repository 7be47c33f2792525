package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CallerTableTest {
    /** An entry that can be retired while it is told so. */
    private static final class Thing extends CallerTable.Entry {
        private volatile boolean isAtRest;
        private volatile boolean isRetired;

        Thing(String name, long nowNanos) {
            super(name);
        }

        @Override
        boolean tryRetire(long nowNanos) {
            isRetired |= isAtRest;
            return isRetired;
        }

        @Override
        boolean isRetired() {
            return isRetired;
        }
    }

    private final CallerTable<Thing> table = new CallerTable<>(100, Thing::new);

    @Test
    void findsWhatWasAddedAndNothingElse() {
        Thing a = table.findOrAdd("a", 0);
        Thing b = table.findOrAdd("b", 0);
        assertThat(a).isNotSameAs(b);
        assertThat(table.find("a")).isSameAs(a);
        assertThat(table.findOrAdd("b", 0)).isSameAs(b);
        assertThat(table.find("c")).isNull();
        assertThat(table.find("")).isNull();
        assertThat(table.size()).isEqualTo(2);
    }

    @Test
    void addsNothingBeyondItsBound() {
        for (int i = 0; i < 100; i++) {
            assertThat(table.findOrAdd("n" + i, 0)).isNotNull();
        }
        assertThat(table.findOrAdd("more", 0)).isNull();
        assertThat(table.size()).isEqualTo(100);
        for (int i = 0; i < 100; i++) {
            assertThat(table.findOrAdd("n" + i, 0)).isSameAs(table.find("n" + i)).isNotNull();
        }
    }

    @Test
    void makesAnotherEntryOnceTheFirstIsRetired() {
        Thing first = table.findOrAdd("a", 0);
        first.isRetired = true;
        assertThat(table.find("a")).isNull();
        Thing second = table.findOrAdd("a", 0);
        assertThat(second).isNotSameAs(first);
        assertThat(table.find("a")).isSameAs(second);
        assertThat(table.size()).isEqualTo(1);
    }

    @Test
    void forgetsOnlyWhatCanBeRetired() {
        for (int i = 0; i < 100; i++) {
            table.findOrAdd("n" + i, 0).isAtRest = i % 3 == 0;
        }
        table.forget(64, 0); // every bin once
        assertThat(table.size()).isEqualTo(66);
        for (int i = 0; i < 100; i++) {
            assertThat(table.find("n" + i) == null).isEqualTo(i % 3 == 0);
        }
    }

    @Test
    void looksThroughNoMoreBinsThanItIsTold() {
        for (int i = 0; i < 100; i++) {
            table.findOrAdd("n" + i, 0).isAtRest = true;
        }
        for (int calls = 0; calls < 64; calls++) {
            int before = table.size();
            table.forget(1, 0);
            assertThat(before - table.size()).isLessThanOrEqualTo(CallerTable.MAX_BIN);
        }
        assertThat(table.size()).isZero();
    }

    @Test
    void boundsEachBin() {
        // Entries that don't answer to the name they were asked for stay unfound, and pile up.
        CallerTable<Thing> small =
                new CallerTable<>(100_000, (name, now) -> new Thing("other", now));
        int added = 0;
        while (added < 1000 && small.findOrAdd("name", 0) != null) {
            added++;
        }
        assertThat(added).isEqualTo(CallerTable.MAX_BIN);
        assertThat(small.size()).isEqualTo(CallerTable.MAX_BIN);
    }

    @Test
    void spreadsNamesThatLookAlike() {
        CallerTable<Thing> large = new CallerTable<>(1 << 18, Thing::new);
        for (int i = 0; i < 1 << 18; i++) {
            assertThat(large.findOrAdd("ip:2001:db8::" + Integer.toHexString(i), 0))
                    .as("name %d", i).isNotNull();
        }
        assertThat(large.size()).isEqualTo(1 << 18);
    }

    @Test
    void agreesOnOneEntryForEachNameWhileThreadsRace() throws Exception {
        long seed = new Random().nextLong();
        CallerTable<Thing> racing = new CallerTable<>(40, Thing::new);
        AtomicInteger wrong = new AtomicInteger();
        List<Runnable> loops = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            Random random = new Random(seed + t);
            loops.add(() -> {
                for (int i = 0; i < 50_000; i++) {
                    String name = "n" + random.nextInt(60);
                    Thing thing = racing.findOrAdd(name, 0);
                    if (thing != null && !thing.name().equals(name) || racing.size() > 40) {
                        wrong.incrementAndGet();
                    }
                    if (thing != null) {
                        thing.isAtRest = random.nextInt(4) == 0;
                    }
                    racing.forget(random.nextInt(3), 0);
                }
            });
        }
        Threads.runTogether(loops);
        assertThat(wrong).as("seed %d", seed).hasValue(0);
        // What is left is what is counted, each name once.
        int found = 0;
        for (int i = 0; i < 60; i++) {
            Thing thing = racing.find("n" + i);
            if (thing != null) {
                found++;
                thing.isAtRest = true;
            }
        }
        racing.forget(64, 0);
        assertThat(found).as("seed %d", seed).isPositive();
        assertThat(racing.size()).as("seed %d", seed).isZero();
    }
}
