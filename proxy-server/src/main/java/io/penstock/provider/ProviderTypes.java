package io.penstock.provider;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The types that a configuration may name, each by its name.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class ProviderTypes {
    public static final ProviderType OPENAI = PlainType.OPENAI;
    public static final ProviderType ANTHROPIC = new AnthropicType();
    public static final ProviderType GEMINI = new GeminiType();
    public static final ProviderType AZURE = new AzureType();
    public static final ProviderType BEDROCK = new BedrockType();
    public static final ProviderType GROQ = PlainType.GROQ;
    public static final ProviderType MISTRAL = PlainType.MISTRAL;
    public static final ProviderType OLLAMA = PlainType.OLLAMA;
    public static final ProviderType VLLM = PlainType.VLLM;
    public static final ProviderType OPENROUTER = PlainType.OPENROUTER;
    public static final ProviderType DEEPSEEK = PlainType.DEEPSEEK;
    public static final ProviderType XAI = PlainType.XAI;
    public static final ProviderType TOGETHER = PlainType.TOGETHER;
    public static final ProviderType FIREWORKS = PlainType.FIREWORKS;

    /** What a provider is of whose type nothing is said. */
    public static final ProviderType OPENAI_COMPATIBLE = PlainType.OPENAI_COMPATIBLE;

    /** Those that need no plugin. */
    public static final ProviderTypes BUILT_IN = new ProviderTypes(List.of(OPENAI, ANTHROPIC,
            GEMINI, AZURE, BEDROCK, GROQ, MISTRAL, OLLAMA, VLLM, OPENROUTER, DEEPSEEK, XAI,
            TOGETHER, FIREWORKS, OPENAI_COMPATIBLE));

    private final Map<String, ProviderType> byName;

    private ProviderTypes(List<ProviderType> types) {
        Map<String, ProviderType> names = new LinkedHashMap<>();
        for (ProviderType type : types) {
            if (names.putIfAbsent(type.configName(), type) != null) {
                throw new IllegalArgumentException("two types are called " + type.configName());
            }
        }
        byName = Collections.unmodifiableMap(names);
    }

    /** These and some more. */
    ProviderTypes with(List<ProviderType> more) {
        List<ProviderType> all = new ArrayList<>(byName.values());
        all.addAll(more);
        return new ProviderTypes(all);
    }

    /** In the order in which messages and the documentation name them. */
    public Collection<ProviderType> all() {
        return byName.values();
    }

    /** Null if there is none of that name. */
    public @Nullable ProviderType find(String name) {
        return byName.get(name);
    }
}
