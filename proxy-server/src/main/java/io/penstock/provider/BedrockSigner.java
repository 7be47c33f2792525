package io.penstock.provider;

import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.Map;

/**
 * Signs requests to Bedrock in one region (Signature Version 4): host, date, token and the whole
 * body.
 *
 * <p><b>Thread:</b> safe; each event loop has a signer of its own.
 */
final class BedrockSigner implements Authorization.Signer {
    private static final String SERVICE = "bedrock"; // whatever the host is called

    private final AwsIdentity identity;
    private final InstantSource clock;
    private final ThreadLocal<AwsSigner> signers;

    BedrockSigner(String region, AwsIdentity identity, InstantSource clock) {
        this.identity = identity;
        this.clock = clock;
        signers = ThreadLocal.withInitial(() -> new AwsSigner(region, SERVICE));
    }

    @Override
    public void sign(RequestToSign request, FieldSink fields) throws GeneralSecurityException {
        AwsSigner.Signature signature = signers.get().sign(identity.credentials(),
                clock.instant(), request.method(), request.host(), request.path(),
                request.query(), Map.of(), request.wholeBody());
        fields.add("x-amz-date", signature.date());
        if (signature.securityToken() != null) {
            fields.add("x-amz-security-token", signature.securityToken());
        }
        fields.add("authorization", signature.authorization());
    }

    @Override
    public boolean needsBody() {
        return true;
    }

    @Override
    public void prepare() {
        identity.prepare();
    }

    @Override
    public boolean isReady() {
        return identity.isReady();
    }

    @Override
    public void onRefused(String body) {
        if (BedrockType.isAboutCredentials(body)) {
            identity.onRefused();
        }
    }
}
