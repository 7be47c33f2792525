package io.penstock.upstream;

import io.penstock.http.RequestLine;
import io.penstock.provider.Api;
import io.penstock.provider.Site;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Where a provider is asked in one API: at one path, or at one for each model.
 *
 * <p><b>Thread:</b> safe.
 * <br><b>Bounds:</b> {@value #MAX_MODELS} models; what further ones want is put together each time.
 */
final class RequestPath {
    static final int MAX_MODELS = 1000;
    private static final String BESIDE = "/..";
    private static final byte[] FIELDS =
            "accept-encoding: identity\r\ncontent-type: application/json\r\n"
                    .getBytes(StandardCharsets.US_ASCII);

    private final String template;
    private final Site site;
    private final @Nullable RequestStart only; // null where the model stands in the path
    private final ConcurrentHashMap<String, RequestStart> byModel = new ConcurrentHashMap<>();

    /** Throws an {@link IllegalArgumentException} if {@code template} is no path. */
    RequestPath(String template, Site site) {
        String plain = template == null ? "" : template.replace(Api.MODEL, "");
        if (!plain.matches("/[!-~]*") || plain.matches(".*[#{}\"<>\\\\^`|].*")) {
            throw new IllegalArgumentException("type: it would be asked at '" + template
                    + "' (expected: a path that begins with a slash, and perhaps a query)");
        }
        this.template = template;
        this.site = site;
        only = template.contains(Api.MODEL) ? null : newStart(template);
    }

    /** How a request for that model begins, by the provider's own name of it. */
    RequestStart start(String model) {
        if (only != null) {
            return only;
        }
        RequestStart known = byModel.get(model);
        if (known == null) {
            known = newStart(template.replace(Api.MODEL, Api.encoded(model)));
            if (byModel.size() < MAX_MODELS) {
                byModel.put(model, known);
            }
        }
        return known;
    }

    private RequestStart newStart(String behindBase) {
        String base = site.path();
        boolean beside = behindBase.startsWith(BESIDE + "/");
        String target = !beside ? base + behindBase
                : base.substring(0, Math.max(0, base.lastIndexOf('/')))
                + behindBase.substring(BESIDE.length());
        return new RequestStart(new RequestLine("POST", target, site.authority()), FIELDS);
    }
}
