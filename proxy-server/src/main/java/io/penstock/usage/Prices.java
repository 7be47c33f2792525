package io.penstock.usage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The {@code prices} section: what models cost, by the provider's name of the model. A price under
 * that very name wins, then the first in the file whose glob matches.
 *
 * <p><b>Thread:</b> safe. <b>Bounds:</b> remembers {@value #MAX_REMEMBERED} names.
 */
public final class Prices {
    static final int MAX_REMEMBERED = 10_000;
    private static final int MAX_REMEMBERED_CHARS = 128;
    /** Of no model: nothing has a price. */
    public static final Prices NONE = new Prices(List.of(), glob -> name -> false);

    private record Matched(Predicate<String> glob, Price price) {}

    private final List<Price> prices;
    private final Map<String, Price> byName = new HashMap<>();
    private final List<Matched> byGlob = new ArrayList<>();
    private final ConcurrentHashMap<String, Optional<Price>> remembered =
            new ConcurrentHashMap<>();

    /** {@code globs} makes the test of a model's name. */
    public Prices(List<Price> prices, Function<String, Predicate<String>> globs) {
        this.prices = List.copyOf(prices);
        for (Price price : prices) {
            byName.putIfAbsent(price.model(), price);
            byGlob.add(new Matched(globs.apply(price.model()), price));
        }
    }

    public boolean isEmpty() {
        return prices.isEmpty();
    }

    /** Whether the model has a price. */
    public boolean isKnown(String model) {
        return find(model).isPresent();
    }

    /** What that usage costs, in billionths of a dollar; nothing where the model has no price. */
    public long nanoDollars(String model, TokenUsage usage) {
        Optional<Price> price = find(model);
        return price.isEmpty() ? 0
                : price.get().of(usage.prompt(), usage.cached(), usage.completion());
    }

    /** What a call may cost, before it is known how much of the prompt is cached. */
    public long nanoDollars(String model, long promptTokens, long completionTokens) {
        Optional<Price> price = find(model);
        return price.isEmpty() ? 0 : price.get().of(promptTokens, 0, completionTokens);
    }

    private Optional<Price> find(String model) {
        Price exact = byName.get(model);
        if (exact != null || byGlob.isEmpty()) {
            return Optional.ofNullable(exact);
        }
        Optional<Price> found = remembered.get(model);
        if (found == null) {
            found = byGlob.stream().filter(each -> each.glob().test(model)).findFirst()
                    .map(Matched::price);
            if (remembered.size() < MAX_REMEMBERED && model.length() <= MAX_REMEMBERED_CHARS) {
                remembered.put(model, found);
            }
        }
        return found;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Prices that && prices.equals(that.prices);
    }

    @Override
    public int hashCode() {
        return prices.hashCode();
    }

    @Override
    public String toString() {
        return "Prices" + prices;
    }
}
