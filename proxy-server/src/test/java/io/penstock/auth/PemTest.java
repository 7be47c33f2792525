package io.penstock.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.security.KeyPair;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PemTest {
    @ParameterizedTest
    @EnumSource(value = TokenAlgorithm.class, names = {"RS256", "ES256", "ES384", "ES512", "EDDSA"})
    void readsBothHalvesOfAPair(TokenAlgorithm algorithm) {
        KeyPair pair = TokenFixture.pair(algorithm);

        assertThat(Pem.publicKey("# a comment\n"
                + TokenFixture.pem("PUBLIC KEY", pair.getPublic().getEncoded())))
                .isEqualTo(pair.getPublic());
        assertThat(Pem.privateKey(
                TokenFixture.pem("PRIVATE KEY", pair.getPrivate().getEncoded())).getEncoded())
                .isEqualTo(pair.getPrivate().getEncoded());
    }

    @Test
    void readsTheKeyOfACertificate() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=issuer")
                .ecp256().setIsCertificateAuthority(true).buildSelfSigned();

        assertThat(Pem.publicKey(bundle.getCertificatePEM()))
                .isEqualTo(bundle.getCertificate().getPublicKey());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "RSA PUBLIC KEY|RSA PUBLIC KEY in PEM (expected: PUBLIC KEY, as `openssl pkey",
        "PRIVATE KEY|PRIVATE KEY in PEM (expected: PUBLIC KEY",
        "PUBLIC KEY|a key that can't be read (expected: an RSA, EC or Ed25519 key)",
        "CERTIFICATE|a certificate that can't be read (expected: X.509)"})
    void saysWhatIsWrongWithAPublicKey(String label, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pem.publicKey(TokenFixture.pem(label, new byte[40])))
                .withMessageStartingWith(message);
    }

    @Test
    void saysHowToConvertAnOlderPrivateKey() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pem.privateKey(
                        TokenFixture.pem("EC PRIVATE KEY", new byte[40])))
                .withMessageStartingWith("EC PRIVATE KEY in PEM (expected: PRIVATE KEY, as "
                        + "`openssl pkcs8 -topk8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ssh-ed25519 AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA",
        "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----"})
    void refusesWhatIsNoPem(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Pem.publicKey(text))
                .withMessageStartingWith("no PEM in it");
    }

    @Test
    void refusesSeveralKeysAtOnce() {
        String one = TokenFixture.pem("PUBLIC KEY",
                TokenFixture.pair(TokenAlgorithm.ES256).getPublic().getEncoded());
        assertThatIllegalArgumentException().isThrownBy(() -> Pem.publicKey(one + one))
                .withMessageStartingWith("several keys in it");
    }
}
