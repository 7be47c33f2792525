package io.penstock.auth;

import static io.penstock.testing.FuzzInput.check;

import com.nimbusds.jose.util.Base64URL;
import io.penstock.caller.Allowance;
import io.penstock.caller.Authentication;
import io.penstock.caller.Caller;
import io.penstock.testing.FuzzInput;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Credentials of any bytes, and tokens whose header and claims are any: nobody is known by anything
 * but a key, or a token that was signed and is not over; what a token claims widens nothing.
 */
public final class AuthenticatorFuzz {
    private static final long NOW = 1_800_000_000_000L;
    private static final String KEY = "sk-secret";
    private static final Allowance GRANTED =
            new Allowance(100, Allowance.MINUTE_NANOS, 1000, 5, 100_000, 1_000_000);
    private static final JwtSettings TOKENS = new JwtSettings(TokenAlgorithm.HS256,
            new JwtKeySettings.Secret(TokenFixture.SECRET), null, null,
            JwtSettings.DEFAULT_LEEWAY, List.of("gpt-*"), GRANTED);

    private AuthenticatorFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            boolean isToken = input.chooses(0);
            boolean signed = isToken && !input.chooses(1);
            byte[] bytes = isToken ? token(input.bytes(), signed) : input.bytes();
            byte[] field = new byte[bytes.length + 2];
            System.arraycopy(bytes, 0, field, 1, bytes.length);
            Authentication seen = authenticator().authenticate(new CredentialHash(),
                    new Peer(InetAddress.getLoopbackAddress()), field, 1, bytes.length + 1, NOW);
            if (!(seen instanceof Caller caller)) {
                check(seen instanceof Denial, "neither a caller nor a denial");
                return;
            }
            if (caller.id().equals("a")) {
                check(Arrays.equals(bytes, KEY.getBytes(StandardCharsets.US_ASCII)), "its key");
                return;
            }
            check(signed && caller.id().startsWith(Caller.TOKEN_PREFIX), "unsigned, but known");
            check(!caller.models().isEmpty() && !caller.mayUse("claude"), "a model too many");
            Allowance most = caller.allowance();
            check(most.equals(most.and(GRANTED)) && most.tokensPerMonth() > 0
                    && most.concurrent() > 0, "more than was granted: " + most);
        }
    }

    private static Authenticator authenticator() {
        String hash = "sha256:" + HexFormat.of().formatHex(Authenticator.newDigest().digest(
                KEY.getBytes(StandardCharsets.US_ASCII)));
        return new Authenticator(new AuthSettings(List.of(
                new ApiKeySettings("a", hash, List.of())), TOKENS, false, GRANTED),
                TokenFixture.GLOBS, null);
    }

    /** The first line is its header, the rest its claims. */
    private static byte[] token(byte[] bytes, boolean signed) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        int line = text.indexOf('\n');
        String header = line < 0 ? text : text.substring(0, line);
        String claims = text.substring(line + 1);
        return (signed ? TokenFixture.hs256(header, claims, TokenFixture.SECRET)
                : Base64URL.encode(header) + "." + Base64URL.encode(claims) + ".AAAA")
                .getBytes(StandardCharsets.US_ASCII);
    }
}
