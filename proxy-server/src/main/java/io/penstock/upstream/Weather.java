package io.penstock.upstream;

/**
 * Is told what this proxy has learnt of providers, so that others can know it.
 *
 * <p><b>Thread:</b> safe; nothing waits.
 */
public interface Weather {
    /** Tells no other. */
    Weather UNTOLD = new Weather() {
        @Override
        public void onRest(String provider, String key, String model, long nanos,
                boolean byProvidersWord) {}

        @Override
        public void onBreakerOpened(String provider, String model, long nanos) {}
    };

    /**
     * A key rests.
     *
     * @param key its fingerprint; empty where the provider wants none
     * @param model which it rests for; empty for all
     */
    void onRest(String provider, String key, String model, long nanos, boolean byProvidersWord);

    /** A model is left alone for so long. */
    void onBreakerOpened(String provider, String model, long nanos);
}
