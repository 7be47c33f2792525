package io.penstock.usage;

import java.util.HashMap;
import java.util.Map;

/**
 * How many tokens a call will probably come to, learnt for each model from the calls before it: the
 * bytes of request that make a prompt token, and the length of an answer.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its exchanges.
 * <br><b>Bounds:</b> {@value #MAX_MODELS} models; the ones beyond go by what holds for all.
 */
public final class Estimator {
    static final int MAX_MODELS = 10_000;
    static final double FIRST_BYTES_PER_TOKEN = 4;
    static final long FIRST_COMPLETION = 1024;

    /** A longer body is more likely an image than so much text. */
    static final long MAX_TEXT_BYTES = 256 * 1024;

    private static final long IMAGE_BYTES_PER_TOKEN = 256;
    private static final double WEIGHT = 0.05; // of the newest call
    private static final double MIN_BYTES_PER_TOKEN = 1;
    private static final double MAX_BYTES_PER_TOKEN = 16;

    private final Map<String, Learnt> models = new HashMap<>();
    private final Learnt unknown = new Learnt();

    private static final class Learnt {
        private double bytesPerToken = FIRST_BYTES_PER_TOKEN;
        private double completion;
        private double deviation;
        private boolean any;

        void learn(long bodyBytes, long answers, TokenUsage usage) {
            if (usage.prompt() > 0 && bodyBytes <= MAX_TEXT_BYTES) {
                double ratio = Math.max(MIN_BYTES_PER_TOKEN,
                        Math.min(MAX_BYTES_PER_TOKEN, (double) bodyBytes / usage.prompt()));
                bytesPerToken += WEIGHT * (ratio - bytesPerToken);
            }
            // Several tell nothing of one: a caller may ask for a thousand and get a single one.
            if (usage.completion() > 0 && answers == 1) {
                completion = any ? completion + WEIGHT * (usage.completion() - completion)
                        : usage.completion();
                deviation += WEIGHT * (Math.abs(usage.completion() - completion) - deviation);
                any = true;
            }
        }
    }

    /** Tokens of a prompt whose request has so many bytes of body. */
    public long promptTokens(String model, long bodyBytes) {
        Learnt learnt = models.getOrDefault(model, unknown);
        long text = Math.min(bodyBytes, MAX_TEXT_BYTES);
        return (long) Math.ceil(text / learnt.bytesPerToken)
                + (bodyBytes - text) / IMAGE_BYTES_PER_TOKEN;
    }

    /** Tokens of an answer whose length nothing bounds: the mean, and room for longer ones. */
    public long completionTokens(String model) {
        Learnt learnt = models.getOrDefault(model, unknown);
        return learnt.any ? (long) Math.ceil(learnt.completion + 2 * learnt.deviation)
                : FIRST_COMPLETION;
    }

    /**
     * Learns from what a provider reported; estimates teach nothing.
     *
     * @param answers that were asked for, all of them in {@code usage}
     */
    public void learn(String model, long bodyBytes, long answers, TokenUsage usage) {
        if (usage.estimated()) {
            return;
        }
        Learnt learnt = models.get(model);
        if (learnt == null) {
            learnt = models.size() < MAX_MODELS ? new Learnt() : unknown;
            if (learnt != unknown) {
                models.put(model, learnt);
            }
        }
        learnt.learn(bodyBytes, answers, usage);
    }
}
