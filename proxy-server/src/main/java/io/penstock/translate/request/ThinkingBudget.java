package io.penstock.translate.request;

/** Efforts as numbers of tokens, and back. */
final class ThinkingBudget {
    private ThinkingBudget() {}

    /** For Claude models that take a budget. */
    static long ofClaude(String effort) {
        return switch (effort) {
            case "minimal", "low" -> 1024;
            case "medium" -> 2048;
            case "xhigh" -> 8192;
            case "max" -> 16384;
            default -> 4096;
        };
    }

    /** For Gemini models that take a budget. */
    static long ofGemini(String effort) {
        return switch (effort) {
            case "minimal" -> 512;
            case "low" -> 1024;
            case "medium" -> 8192;
            default -> 24576;
        };
    }

    static String effort(long tokens) {
        return tokens < 2048 ? "low" : tokens < 8192 ? "medium" : "high";
    }
}
