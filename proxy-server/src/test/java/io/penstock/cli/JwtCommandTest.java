package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class JwtCommandTest {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path directory;

    private Path config(String auth) throws IOException {
        return Files.writeString(directory.resolve("penstock.yaml"), auth);
    }

    private Path file(String name, String label, byte[] der) throws IOException {
        return Files.writeString(directory.resolve(name), "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder().encodeToString(der) + "\n-----END " + label + "-----\n");
    }

    private int mint(Path config, String... args) {
        String[] all = Stream.concat(Stream.of("mint", "-c", config.toString(), "--sub", "alice"),
                Arrays.stream(args)).toArray(String[]::new);
        return new CommandLine(new JwtCommand()).setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true)).execute(all);
    }

    /** What was printed, which has to be a token signed for this verifier, and nothing else. */
    private SignedJWT minted(JWSVerifier verifier) throws Exception {
        assertThat(out.toString().lines()).hasSize(1);
        SignedJWT token = SignedJWT.parse(out.toString().strip());
        assertThat(token.verify(verifier)).isTrue();
        assertThat(err.toString()).isEmpty();
        return token;
    }

    @Test
    void signsWithTheConfiguredSecretAndPrintsNothingElse() throws Exception {
        Path config = config("auth: {jwt: {secret: " + SECRET + ", issuer: me, audience: you}}");

        assertThat(mint(config, "--ttl", "10m")).isZero();

        Map<String, Object> claims =
                minted(new MACVerifier(SECRET)).getPayload().toJSONObject();
        assertThat(claims).containsEntry("sub", "alice").containsEntry("iss", "me")
                .containsEntry("aud", "you");
        assertThat((Long) claims.get("exp") - (Long) claims.get("iat")).isEqualTo(600);
    }

    @Test
    void takesClaimsForJsonWhereTheyLookLikeIt() throws Exception {
        Path config = config("auth: {jwt: {secret: " + SECRET + ", issuer: me}}");

        assertThat(mint(config, "--claim", "requests_per_minute=60", "--claim",
                "dollars_per_month=0.5", "--claim", "models=[\"gpt-*\", \"smart\"]", "--claim",
                "admin=true", "--claim", "name=a=b", "--claim", "exp=1", "--claim", "iss=other"))
                .isZero();

        assertThat(minted(new MACVerifier(SECRET)).getPayload().toJSONObject())
                .containsEntry("requests_per_minute", 60L).containsEntry("dollars_per_month", 0.5)
                .containsEntry("models", List.of("gpt-*", "smart")).containsEntry("admin", true)
                .containsEntry("name", "a=b").containsEntry("exp", 1L)
                .containsEntry("iss", "other");
    }

    @Test
    void signsWithAPrivateKeyWhereTokensAreVerifiedWithAPublicOne() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp384r1"));
        KeyPair pair = generator.generateKeyPair();
        Path publicKey = file("public.pem", "PUBLIC KEY", pair.getPublic().getEncoded());
        Path privateKey = file("private.pem", "PRIVATE KEY", pair.getPrivate().getEncoded());
        Path config = config("auth: {jwt: {algorithm: ES384, public_key_file: " + publicKey
                + "}}");

        assertThat(mint(config, "--private-key", privateKey.toString(), "--kid", "k1")).isZero();
        SignedJWT token = minted(new ECDSAVerifier((ECPublicKey) pair.getPublic()));
        assertThat(token.getHeader().getKeyID()).isEqualTo("k1");
        assertThat(token.getHeader().getAlgorithm().getName()).isEqualTo("ES384");

        assertThat(mint(config)).isEqualTo(2);
        assertThat(err.toString()).contains("public keys here (ES384; expected: --private-key");
    }

    @Test
    void saysWhatToSetWhereThereIsNoSecret() throws Exception {
        assertThat(mint(config("limits: {concurrent: 1}"))).isEqualTo(2);

        assertThat(err.toString().lines()).singleElement().asString()
                .startsWith("penstock: no secret to sign with is configured (expected: JWT_SECRET");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void refusesAPrivateKeyThatDoesNotFit() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        Path key = file("ed.pem", "PRIVATE KEY", pair.getPrivate().getEncoded());

        assertThat(mint(config(""), "--private-key", key.toString(), "--algorithm", "RS256"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("the private key is none for RS256 (expected: an RSA");
        assertThat(mint(config(""), "--private-key", key.toString())).isZero();
        assertThat(SignedJWT.parse(out.toString().strip()).getHeader().getAlgorithm().getName())
                .isEqualTo("EdDSA");
    }

    @ParameterizedTest
    @CsvSource({"--ttl,soon", "--ttl,0", "--ttl,-1s", "--claim,novalue", "--claim,=v",
        "'--claim','models=[oops'", "--private-key,/no/such/file", "--algorithm,HS512"})
    void refusesBadUsage(String option, String value) throws Exception {
        assertThat(mint(config("auth: {jwt: {secret: " + SECRET + "}}"), option, value))
                .isEqualTo(2);
        assertThat(err.toString()).contains(option + ": ");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void passesOnWhatIsWrongWithTheConfiguration() throws Exception {
        assertThat(mint(config("auth: {jwt: {secret: short}}"))).isEqualTo(2);
        assertThat(err.toString()).contains("auth.jwt.secret: 5 bytes, expected 32 or more")
                .doesNotContain("short");
    }
}
