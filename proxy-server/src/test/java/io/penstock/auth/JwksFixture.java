package io.penstock.auth;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.security.KeyPair;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;

/** Key sets of tests. */
final class JwksFixture {
    private JwksFixture() {}

    static String jwk(KeyPair pair, String id) {
        JWK jwk;
        if (pair.getPublic() instanceof RSAPublicKey rsa) {
            jwk = new RSAKey.Builder(rsa).keyID(id).build();
        } else if (pair.getPublic() instanceof ECPublicKey ec) {
            jwk = new ECKey.Builder(Curve.forECParameterSpec(ec.getParams()), ec).keyID(id)
                    .build();
        } else {
            byte[] spki = pair.getPublic().getEncoded();
            jwk = new OctetKeyPair.Builder(Curve.Ed25519, Base64URL.encode(
                    Arrays.copyOfRange(spki, spki.length - 32, spki.length))).keyID(id).build();
        }
        return jwk.toJSONString();
    }

    static String set(String... keys) {
        return "{\"keys\":[" + String.join(",", keys) + "]}";
    }
}
