package io.penstock.usage;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * What a model costs, in billionths of a dollar for a million tokens: fine enough for every price
 * there is, and whole, so that nothing is lost in adding up.
 *
 * @param model a name or a glob of names
 * @param cachedInput of prompt tokens that the provider had cached
 */
public record Price(String model, long input, long output, long cachedInput) {
    private static final BigDecimal MOST = BigDecimal.valueOf(1_000_000);
    private static final int NANO_DIGITS = 9;
    private static final long TOKENS = 1_000_000;

    /** Of dollars for a million tokens; {@code cachedInput} null costs what {@code input} does. */
    public static Price ofDollars(String model, BigDecimal input, BigDecimal output,
            @Nullable BigDecimal cachedInput) {
        long inputNanos = nanos("input", input);
        return new Price(model, inputNanos, nanos("output", output),
                cachedInput == null ? inputNanos : nanos("cached_input", cachedInput));
    }

    private static long nanos(String name, BigDecimal dollars) {
        if (dollars.signum() < 0 || dollars.compareTo(MOST) > 0) {
            throw new IllegalArgumentException(name + ": "
                    + dollars.stripTrailingZeros().toPlainString()
                    + " (expected: dollars for a million tokens, 0 to 1000000)");
        }
        return dollars.movePointRight(NANO_DIGITS).setScale(0, RoundingMode.HALF_UP)
                .longValueExact();
    }

    /** Billionths of a dollar, rounded once, at the end. */
    long of(long prompt, long cached, long completion) {
        long cachedTokens = Math.max(0, Math.min(cached, prompt));
        long otherTokens = Math.max(0, prompt) - cachedTokens;
        long completionTokens = Math.max(0, completion);
        try {
            long sum = Math.addExact(Math.addExact(Math.multiplyExact(otherTokens, input),
                    Math.multiplyExact(cachedTokens, cachedInput)),
                    Math.multiplyExact(completionTokens, output));
            return Math.addExact(sum, TOKENS / 2) / TOKENS;
        } catch (ArithmeticException e) { // more than any call costs, less than a number can hold
            BigInteger sum = product(otherTokens, input).add(product(cachedTokens, cachedInput))
                    .add(product(completionTokens, output)).add(BigInteger.valueOf(TOKENS / 2))
                    .divide(BigInteger.valueOf(TOKENS));
            return sum.bitLength() < Long.SIZE ? sum.longValue() : Long.MAX_VALUE;
        }
    }

    private static BigInteger product(long tokens, long price) {
        return BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(price));
    }
}
