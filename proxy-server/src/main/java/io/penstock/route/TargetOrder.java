package io.penstock.route;

/**
 * The order in which one call tries a route's targets: the strategy's choice first, the others
 * behind it, those that are out last.
 *
 * <p><b>Thread:</b> confined to the event loop; one object serves call after call.
 * <br><b>Bounds:</b> sorts by insertion, which a route of some dozen targets is best served by.
 */
public final class TargetOrder {
    /** The affinity of a call that has none. */
    public static final long NO_AFFINITY = 0;

    /** A target with more calls than this times its fair share is passed by. */
    static final double MAX_LOAD = 1.25;

    /** So many calls more than that say nothing yet. */
    static final int MAX_EXCESS = 4;

    /** In place of an average while the first calls are under way: behind all that is known. */
    private static final double UNKNOWN_NANOS = 1e18;

    private int[] places = {};
    private double[] scores = {};
    private int count;
    private boolean inOrder; // of the configuration

    /**
     * Puts the targets in order.
     *
     * @param affinity a hash of what keeps calls together, or {@link #NO_AFFINITY}
     */
    public void arrange(Route route, TargetFigures figures, long affinity) {
        count = route.targets().size();
        Strategy strategy = affinity == NO_AFFINITY ? route.policy().strategy() : null;
        inOrder = count == 1 || strategy == Strategy.PRIORITY;
        if (inOrder) {
            return; // who is out is passed over in its turn, and that is noted
        }
        if (places.length < count) {
            places = new int[count];
            scores = new double[count];
        }
        for (int i = 0; i < count; i++) {
            places[i] = i;
            scores[i] = strategy == null ? distance(route, i, affinity)
                    : score(strategy, route, figures, i);
        }
        sort();
        if (strategy == null) {
            spare(route, figures);
        } else if (strategy == Strategy.WEIGHTED) {
            putFirst(route.rotation().next(route, figures));
        } else if (strategy == Strategy.LEAST_LATENCY && route.rotation().isExploring()) {
            explore(figures);
        }
        putLast(figures);
    }

    public int count() {
        return count;
    }

    /** The place in the route of the target that is tried as the {@code index}th. */
    public int at(int index) {
        return inOrder ? index : places[index];
    }

    /** What puts a target behind another: greater is later. */
    private static double score(Strategy strategy, Route route, TargetFigures figures, int target) {
        int inFlight = figures.inFlight(target);
        int weight = route.terms(target).weight();
        return switch (strategy) {
            case WEIGHTED -> -weight;
            case LEAST_BUSY -> (double) inFlight / weight;
            case LEAST_LATENCY -> {
                double nanos = figures.latencyNanos(target);
                yield nanos > 0 ? nanos * (inFlight + 1) : inFlight * UNKNOWN_NANOS;
            }
            case PRIORITY -> target;
        };
    }

    /**
     * Rendezvous hashing: each target draws a number by its own name and the value, its weight
     * making it the more likely to be near. A target that comes or goes moves no other's callers.
     */
    private static double distance(Route route, int target, long affinity) {
        Route.TargetName name = route.targets().get(target);
        long own = (long) name.provider().hashCode() << 32 ^ name.model().hashCode();
        long mixed = mix(affinity ^ mix(own));
        double uniform = ((mixed >>> 11) + 0.5) * 0x1p-53; // neither 0 nor 1
        return -Math.log(uniform) / route.terms(target).weight();
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long bits) {
        bits = (bits ^ bits >>> 30) * 0xbf58476d1ce4e5b9L;
        bits = (bits ^ bits >>> 27) * 0x94d049bb133111ebL;
        return bits ^ bits >>> 31;
    }

    /** The hash of a value that keeps calls together (FNV-1a); never {@link #NO_AFFINITY}. */
    public static long affinity(CharSequence value) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < value.length(); i++) {
            hash = (hash ^ value.charAt(i)) * 0x100000001b3L;
        }
        return hash == NO_AFFINITY ? 1 : hash;
    }

    /** Insertion, which keeps the order of equals. */
    private void sort() {
        for (int i = 1; i < count; i++) {
            int place = places[i];
            int at = i;
            while (at > 0 && scores[places[at - 1]] > scores[place]) {
                places[at] = places[--at];
            }
            places[at] = place;
        }
    }

    /** Takes the first that is not markedly busier than its share of all calls. */
    private void spare(Route route, TargetFigures figures) {
        long inFlight = 0;
        long weights = 0;
        for (int i = 0; i < count; i++) {
            if (figures.isReady(i)) {
                inFlight += figures.inFlight(i);
                weights += route.terms(i).weight();
            }
        }
        for (int i = 0; i < count; i++) {
            int target = places[i];
            double share = weights == 0 ? 0
                    : (double) inFlight * route.terms(target).weight() / weights;
            boolean spare = figures.inFlight(target) <= MAX_LOAD * share + MAX_EXCESS;
            if (spare && figures.isReady(target)) {
                putFirst(target);
                return;
            }
        }
    }

    /** Takes the target first that has not been heard of for longest, if that is long. */
    private void explore(TargetFigures figures) {
        int oldest = -1;
        long age = Rotation.STALE_NANOS;
        for (int i = 0; i < count; i++) {
            if (figures.isReady(i) && figures.latencyNanos(i) > 0
                    && figures.latencyAgeNanos(i) >= age) {
                oldest = i;
                age = figures.latencyAgeNanos(i);
            }
        }
        if (oldest >= 0) {
            putFirst(oldest);
        }
    }

    private void putFirst(int target) {
        int at = 0;
        while (places[at] != target) {
            at++;
        }
        System.arraycopy(places, 0, places, 1, at);
        places[0] = target;
    }

    /** Those that are out go behind the others, in the same order. */
    private void putLast(TargetFigures figures) {
        for (int i = 0; i < count; i++) {
            scores[i] = figures.isReady(i) ? 0 : 1;
        }
        sort();
    }
}
