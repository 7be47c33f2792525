package io.penstock.translate.request;

import io.netty.buffer.ByteBuf;
import io.penstock.translate.CallerTools;
import java.util.List;

/**
 * A request as the provider takes it.
 *
 * <p><b>Buffers:</b> gives the body.
 *
 * @param dropped the caller's fields that the provider goes without, for a response header: safe
 *     in one, and of bounded length
 * @param changed the caller's fields that the provider gets another value for, in the same manner
 * @param jsonByTool whether the answer will be the input of a call of {@link #JSON_TOOL}, since the
 *     provider cannot be held to a schema in any other way
 * @param usageAsked whether the caller wants to be told the usage in a stream
 * @param responseSettings members of a Responses object that repeat the request's settings, as JSON
 *     text on one line without braces; null if the caller's format is another
 * @param functionsOffered whether the caller looks for a call in {@code function_call}
 * @param tools the caller's tools that the provider knows otherwise, for its reply
 * @param thoughtsHidden whether the caller is not to be told thoughts
 */
public record Translated(ByteBuf body, List<String> dropped, List<String> changed,
        boolean jsonByTool, boolean usageAsked, String responseSettings,
        boolean functionsOffered, CallerTools tools, boolean thoughtsHidden) {
    /** The tool that stands in for an answer in a given schema. */
    public static final String JSON_TOOL = "json_output";
}
