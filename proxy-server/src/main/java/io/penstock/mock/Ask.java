package io.penstock.mock;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a call asks for, whatever its format.
 *
 * @param isArray a stream is to be one JSON array in pieces
 * @param tellsUsage a stream is to end in an event about tokens
 * @param maxTokens {@link Long#MAX_VALUE} for no bound
 * @param tools names of the tools that it offers
 * @param begun the text of an assistant's message that stands last; null where another does
 * @param body of which a reply may repeat parts
 */
record Ask(@Nullable String model, boolean stream, boolean isArray, boolean tellsUsage,
        long maxTokens, List<String> tools, @Nullable String begun, JsonBody body) {}
