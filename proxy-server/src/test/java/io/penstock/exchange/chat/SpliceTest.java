package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.chat.Splice.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpliceTest {
    private static final String FIRST = "The quick brown fox jumps over the";

    /** What the caller gets of a second answer; null where the two don't meet. */
    private static String spliced(Splice splice, String second, int size) {
        StringBuilder fresh = new StringBuilder();
        for (int at = 0; at < second.length(); at += size) {
            String piece = second.substring(at, Math.min(at + size, second.length()));
            if (splice.read(piece) == Outcome.DIVERGED) {
                return null;
            }
            fresh.append(splice.take());
        }
        return splice.end() ? fresh.append(splice.take()).toString() : null;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void dropsWhatTheCallerHasOfAnAnswerFromTheStart(int size) {
        assertThat(spliced(new Splice(FIRST, false), FIRST + " lazy dog.", size))
                .isEqualTo(" lazy dog.");
        assertThat(spliced(new Splice(FIRST, false), FIRST, size)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void refusesAnAnswerThatSaysSomethingElse(int size) {
        assertThat(spliced(new Splice(FIRST, false), "The quick red fox", size)).isNull();
        assertThat(spliced(new Splice(FIRST, false), "The quick", size)).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void takesAnAnswerThatGoesOn(int size) {
        assertThat(spliced(new Splice(FIRST, true), " lazy dog.", size)).isEqualTo(" lazy dog.");
        assertThat(spliced(new Splice(FIRST, true), "The end.", size))
                .as("a beginning alike is no repetition").isEqualTo("The end.");
        assertThat(spliced(new Splice(FIRST, true), "The", size)).isEqualTo("The");
        assertThat(spliced(new Splice(FIRST, true), "", size)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void noticesAModelThatBeginsAnewThoughAskedToGoOn(int size) {
        assertThat(spliced(new Splice(FIRST, true), FIRST + " lazy dog.", size))
                .isEqualTo(" lazy dog.");
        assertThat(spliced(new Splice(FIRST, true), "The quick brown fox jumps high", size))
                .as("it began anew, and went elsewhere").isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void sendsNoBlanksTwice(int size) {
        assertThat(spliced(new Splice("One two \n", true), " \nthree", size)).isEqualTo("three");
        assertThat(spliced(new Splice("One two ", true), "three", size)).isEqualTo("three");
        assertThat(spliced(new Splice("One two ", true), " ", size)).isEmpty();
    }

    /** A model is shown no text so short that a new beginning could be taken for its end. */
    @Test
    void tellsATextOfSomeLengthFromChance() {
        assertThat(Splice.isTelling("x".repeat(Splice.TELLING_CHARS - 1))).isFalse();
        assertThat(Splice.isTelling("x".repeat(Splice.TELLING_CHARS))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void believesInANewBeginningOnceItIsTelling(int size) {
        String telling = FIRST.substring(0, Splice.TELLING_CHARS);
        String less = FIRST.substring(0, Splice.TELLING_CHARS - 1);
        assertThat(spliced(new Splice(FIRST, true), telling, size)).as("began anew").isNull();
        assertThat(spliced(new Splice(FIRST, true), less, size)).as("chance").isEqualTo(less);
        assertThat(spliced(new Splice(FIRST, true), telling + "#", size)).isNull();
        assertThat(spliced(new Splice(FIRST, true), less + "#", size)).isEqualTo(less + "#");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 100})
    void dropsAShortTextThatComesAgainWhole(int size) {
        assertThat(spliced(new Splice("Hi", false), "Hi there", size)).isEqualTo(" there");
        assertThat(spliced(new Splice("Hi", false), "Hello", size)).isNull();
    }

    @Test
    void holdsBackWhatMayBeARepetition() {
        Splice splice = new Splice(FIRST, true);
        assertThat(splice.read("The quick")).isEqualTo(Outcome.MATCHING);
        assertThat(splice.take()).isEmpty();
        assertThat(splice.read(" step")).isEqualTo(Outcome.JOINED);
        assertThat(splice.take()).isEqualTo("The quick step");
        assertThat(splice.read(" on")).isEqualTo(Outcome.JOINED);
        assertThat(splice.take()).isEqualTo(" on");
    }
}
