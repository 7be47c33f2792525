package io.penstock.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.route.Glob;
import java.math.BigDecimal;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PricesTest {
    private static Price price(String model, String input, String output, String cachedInput) {
        return Price.ofDollars(model, new BigDecimal(input), new BigDecimal(output),
                cachedInput == null ? null : new BigDecimal(cachedInput));
    }

    private static Prices prices(Price... prices) {
        return new Prices(List.of(prices), glob -> new Glob(glob)::matches);
    }

    @Test
    void countsCachedTokensAtTheirOwnPrice() {
        Prices prices = prices(price("m", "2.50", "10", "1.25"));

        assertThat(prices.nanoDollars("m", new TokenUsage(1000, 200, 400, 0)))
                .isEqualTo(600 * 2500 + 400 * 1250 + 200 * 10_000);
        assertThat(prices.nanoDollars("m", 1000, 200)).isEqualTo(1000 * 2500 + 200 * 10_000);
    }

    @Test
    void countsCachedTokensAsOthersWhereTheyHaveNoPrice() {
        Prices prices = prices(price("m", "2.50", "10", null));

        assertThat(prices.nanoDollars("m", new TokenUsage(1000, 0, 400, 0)))
                .isEqualTo(1000 * 2500);
    }

    @Test
    void countsNoMoreCachedTokensThanThereAre() {
        Prices prices = prices(price("m", "1", "1", "0"));

        assertThat(prices.nanoDollars("m", new TokenUsage(10, 0, 500, 0))).isZero();
        assertThat(prices.nanoDollars("m", new TokenUsage(-10, -10, -500, 0))).isZero();
    }

    /** An event of 3 tokens at 0.0001 dollars a million is 0.3 nano-dollars. */
    @ParameterizedTest
    @CsvSource({"0.1,1,100", "0.1,10,1000", "0.0001,3,0", "0.0001,5,1", "0.0001,10000000,1000000",
        "0.075,1,75", "0.000000001,1000000,1", "1000000,1,1000000000",
        "1000000,9000000000,9000000000000000000", "1000000,10000000000,9223372036854775807"})
    void isExactToTheNanoDollar(String dollars, long tokens, long nanoDollars) {
        Prices prices = prices(price("m", dollars, "0", null));

        assertThat(prices.nanoDollars("m", tokens, 0)).isEqualTo(nanoDollars);
    }

    @Test
    void prefersTheVeryNameThenTheFirstGlob() {
        Prices prices = prices(price("gpt-*", "1", "0", null), price("gpt-4*", "2", "0", null),
                price("gpt-4o", "3", "0", null), price("*-4o", "4", "0", null));

        assertThat(prices.nanoDollars("gpt-4o", 1, 0)).isEqualTo(3000);
        assertThat(prices.nanoDollars("gpt-4", 1, 0)).isEqualTo(1000);
        assertThat(prices.nanoDollars("chat-4o", 1, 0)).isEqualTo(4000);
    }

    @Test
    void countsNothingForAModelWithoutAPrice() {
        Prices prices = prices(price("gpt-*", "1", "1", null));

        assertThat(prices.isKnown("gpt-4o")).isTrue();
        assertThat(prices.isKnown("llama")).isFalse();
        assertThat(prices.nanoDollars("llama", new TokenUsage(9, 9, 0, 0))).isZero();
        assertThat(Prices.NONE.isKnown("gpt-4o")).isFalse();
        assertThat(Prices.NONE.isEmpty()).isTrue();
    }

    @Test
    void remembersSomeNamesAndKnowsThemAll() {
        AtomicInteger asked = new AtomicInteger();
        Prices prices = new Prices(List.of(price("m-*", "1", "1", null)), glob -> name -> {
            asked.incrementAndGet();
            return new Glob(glob).matches(name);
        });
        for (int i = 0; i < 2 * Prices.MAX_REMEMBERED; i++) {
            assertThat(prices.isKnown("m-" + i)).isTrue();
        }
        int before = asked.get();

        assertThat(prices.isKnown("m-1")).isTrue();
        assertThat(asked.get()).isEqualTo(before);
        assertThat(prices.isKnown("m-" + (2 * Prices.MAX_REMEMBERED - 1))).isTrue();
        assertThat(asked.get()).isEqualTo(before + 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1000001", "1e300"})
    void refusesPricesThatNobodyAsks(String dollars) {
        assertThatIllegalArgumentException().isThrownBy(() -> price("m", "1", dollars, null))
                .withMessageStartingWith("output: ").withMessageContaining("expected: ");
    }
}
