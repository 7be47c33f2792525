package io.penstock.json;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.testing.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuotedWordsTest {
    private final QuotedWords words = new QuotedWords("store", "stored", "id", "developer");

    private List<String> found(ByteBuf body) {
        List<String> found = new ArrayList<>();
        try {
            assertThat(words.find(body, (word, bytes, from, to) -> {
                found.add(word + ":" + (from == to ? '-' : bytes[from] == '\t' ? '_'
                        : (char) bytes[from]));
                return false;
            })).isFalse();
        } finally {
            body.release();
        }
        return found;
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{\"store\":true}; 0::", "{\"stored\":1,\"id\"\t:2}; 1:: 2:_", "[\"developer\",5]; 3:,",
        "\"id\"; 2:-", "{\"storage\":1,\"i\":2,\"ids\":3,\"xid\":4}; ``",
        "{\"text\":\"say \\\"id\\\" and \\\"store\\\"\"}; ``", "{\"id:\"\"id; ``",
        "{\"a\":\"\u00e9\",\"id\":\"b\"}; 2::", "\"; ``", "; ``",
    })
    void findsWordsInQuotesOnly(String body, String expected) {
        String text = body == null ? "" : body;
        for (int size : Bytes.PIECE_SIZES) {
            CompositeByteBuf whole = PooledByteBufAllocator.DEFAULT.compositeDirectBuffer(1000);
            Bytes.pieces(Bytes.latin1(text), size)
                    .forEach(piece -> whole.addComponent(true, Bytes.buffer(piece)));
            assertThat(String.join(" ", found(whole))).isEqualTo(expected);
        }
    }

    @Test
    void findsAWordOnceWhereverItStandsAmongTheWindows() {
        for (int at = QuotedWords.WINDOW_BYTES - 2 * QuotedWords.AHEAD_BYTES;
                at < QuotedWords.WINDOW_BYTES + 20; at++) {
            String body = "x".repeat(at) + "\"store\":" + "y".repeat(300);
            assertThat(found(Bytes.buffer(body))).as("at " + at).containsExactly("0::");
        }
    }

    @Test
    void showsWhatFollowsAWord() {
        for (int at = QuotedWords.WINDOW_BYTES - 2 * QuotedWords.AHEAD_BYTES;
                at < QuotedWords.WINDOW_BYTES + 20; at++) {
            ByteBuf body = Bytes.buffer("x".repeat(at) + "\"id\"" + "y".repeat(1000));
            words.find(body, (word, bytes, from, to) -> {
                assertThat(to - from).isGreaterThanOrEqualTo(QuotedWords.AHEAD_BYTES);
                return true;
            });
            body.release();
        }
    }

    @Test
    void stopsWhereTheVisitorHasSeenEnough() {
        ByteBuf body = Bytes.buffer("\"id\" \"store\"");
        List<Integer> found = new ArrayList<>();

        assertThat(words.find(body, (word, bytes, from, to) -> found.add(word))).isTrue();

        assertThat(found).containsExactly(2);
        body.release();
    }
}
