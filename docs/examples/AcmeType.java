package com.acme.penstock;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.provider.Api;
import io.penstock.provider.Authorization;
import io.penstock.provider.Option;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ReplyVerdict;
import io.penstock.provider.Site;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Acme speaks OpenAI's chat, but for its paths, its signatures and the way it says "busy". */
public final class AcmeType implements ProviderType {
    @Override
    public String configName() {
        return "acme";
    }

    @Override
    public String defaultBaseUrl() {
        return "https://{region}.llm.acme.example/v2";
    }

    @Override
    public List<Option> options() {
        return List.of(Option.text("region", "the region that answers").or("eu"));
    }

    @Override
    public String path(Api api, boolean stream, Site site) {
        return "/models/" + Api.MODEL + api.path(stream);
    }

    @Override
    public Authorization authorization(String key, Site site) {
        if (key == null) {
            return null;
        }
        SecretKeySpec secret = new SecretKeySpec(key.getBytes(UTF_8), "HmacSHA256");
        return Authorization.signed((request, fields) -> {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(secret);
            mac.update((request.method() + " " + request.target() + "\n").getBytes(UTF_8));
            request.wholeBody().forEach(mac::update);
            fields.add("x-acme-signature", HexFormat.of().formatHex(mac.doFinal()));
        });
    }

    @Override
    public ReplyVerdict judge(int status, String body) {
        return status == 400 && body.contains("acme_busy") ? ReplyVerdict.RATE_LIMITED
                : ProviderType.super.judge(status, body);
    }
}
