package io.penstock.json;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Reads JSON numbers (RFC 8259 section 6) as counts, however they are spelled. */
public final class JsonNumber {
    private JsonNumber() {}

    /**
     * The count that a number says: {@code 5000.0} and {@code 5e3} are 5000, a fraction counts as
     * one more.
     *
     * @param text a number as JSON has it
     * @param max what a larger number is clipped to
     * @param otherwise what is said of one below zero
     */
    public static long count(String text, long max, long otherwise) {
        BigDecimal number = new BigDecimal(text);
        if (number.signum() < 0) {
            return otherwise;
        }
        // Compared before any rounding: that of 1e999999999 would take all of the memory.
        if (number.compareTo(BigDecimal.valueOf(max)) >= 0) {
            return max;
        }
        return number.compareTo(BigDecimal.ONE) < 0 ? number.signum()
                : number.setScale(0, RoundingMode.CEILING).longValueExact();
    }
}
