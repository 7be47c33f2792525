package io.penstock.provider;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kind of provider: all that distinguishes it from one that imitates OpenAI in everything. Those
 * that are built in implement this as plugins do, which are found by {@link
 * java.util.ServiceLoader} and need a public constructor without parameters. Only the name has no
 * default.
 *
 * <p><b>Thread:</b> safe. What is not said to be asked on event loops is asked at the start and at
 * each reload only, and what it answers is kept. On an event loop nothing may block.
 * <br><b>Bounds:</b> the text of a reply is its beginning, 64 KiB at most.
 * <br>What is thrown at the start ends it, at a reload it refuses the configuration, on an event
 * loop it fails the one attempt.
 */
public interface ProviderType {
    /** What {@code type} says in the configuration: lower-case letters, digits and hyphens. */
    String configName();

    /**
     * Where it answers, version included. May have names of {@linkplain #options options} in
     * braces, which stand for their values. Null where only the configuration can say it.
     */
    default @Nullable String defaultBaseUrl() {
        return null;
    }

    /** The usual environment variable of the key; null where no key is the usual case. */
    default @Nullable String defaultKeyEnv() {
        return null;
    }

    /** Whether a provider that has no key is worth asking, though there is a usual variable. */
    default boolean canDoWithoutKey() {
        return defaultKeyEnv() == null;
    }

    /** What its providers can be told in their section {@code options}. */
    default List<Option> options() {
        return List.of();
    }

    /** Whether the base URL may have that query. */
    default boolean takesQuery(String query) {
        return false;
    }

    /**
     * Throws an {@link IllegalArgumentException} if a provider can't be had there: its message says
     * {@code NAME: what is wrong (expected: what)}, the name being {@code base_url} or that of an
     * option.
     */
    default void check(Site site) {}

    /** What it speaks below that base URL. */
    default Set<Api> apis(Site site) {
        return Set.of(Api.CHAT, Api.COMPLETIONS, Api.EMBEDDINGS);
    }

    /**
     * Where it is asked in that API, behind the base URL: begins with a slash, may have a query,
     * and {@link Api#MODEL} where the model's name goes. A first segment of two dots stands for the
     * base URL without its last one.
     */
    default String path(Api api, boolean stream, Site site) {
        return api.path(stream);
    }

    /**
     * Where it is asked for whatever else callers want of it, behind the base URL. On event loops.
     *
     * @param path as the caller has it, with a leading slash
     * @param query with its question mark; empty for none
     * @param model which is asked for, by the provider's own name; null where none is
     */
    default String target(String path, String query, @Nullable String model, Site site) {
        return path + query;
    }

    /** What the provider calls that model of the configuration's. On event loops. */
    default String modelName(String model, Site site) {
        return model;
    }

    /**
     * How requests are authorised, made once for each key. Throws what {@link #check} throws, where
     * it takes something more of the site.
     *
     * @param key null where the configuration has none
     * @return null if nothing has to be shown
     */
    default @Nullable Authorization authorization(@Nullable String key, Site site) {
        return key == null ? null : Authorization.bearer(key);
    }

    /**
     * How a request that keeps its caller's path is authorised, if that differs. On event loops.
     *
     * @param path behind the host, without the query
     * @return null for the usual one
     */
    default @Nullable Authorization authorization(@Nullable String key, Site site, String path) {
        return null;
    }

    /** Whether it has the endpoints of OpenAI's API beside chat: files, images, audio. */
    default boolean isLikeOpenAi() {
        return true;
    }

    /** What requests may have that are translated to {@link Api#CHAT} for it. */
    default ChatDialect dialect() {
        return ChatDialect.COMPATIBLE;
    }

    /** What is taken out of chat requests that are relayed to it, or gets another name there. */
    default RelayRules relayRules() {
        return RelayRules.NONE;
    }

    /**
     * Whether the usage of a stream of {@link Api#CHAT} may come only if {@code
     * stream_options.include_usage} asks for it.
     */
    default boolean hasToBeAskedForUsage() {
        return true;
    }

    /**
     * How a chat goes on from a last message of the assistant's; null where that can't be. A model
     * that refuses is not asked again.
     */
    default @Nullable Prefill prefill() {
        return Prefill.PLAIN;
    }

    /**
     * The field of an error reply's head that says what went wrong, in lower case; null where only
     * the body does.
     */
    default @Nullable String errorField() {
        return null;
    }

    /**
     * What a reply says about who should go on how. On event loops.
     *
     * @param status 300 or more
     * @param body the beginning of it, as text, behind the value of {@link #errorField} and a line
     *     feed, where there is one
     */
    default ReplyVerdict judge(int status, String body) {
        return ReplyVerdict.of(status, body);
    }

    /**
     * Whether a reply that says {@link ReplyVerdict#RATE_LIMITED} speaks of a limit of the whole
     * key or account; else only the model that was asked for rests. On event loops.
     *
     * @param body the beginning of it, as text
     * @param model as the provider calls it
     */
    default boolean isLimitOfKey(int status, String body, String model) {
        return ReplyVerdict.isLimitOfKey(body, model);
    }

    /**
     * How long an error reply asks to wait in its body, where its head doesn't say it; null if it
     * doesn't. On event loops.
     */
    default @Nullable Duration retryAfter(int status, String body) {
        return null;
    }
}
