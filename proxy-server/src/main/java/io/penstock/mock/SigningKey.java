package io.penstock.mock;

/**
 * What a mock knows one caller of AWS by, so that it can tell a good signature from a bad one.
 *
 * @param sessionToken null unless the credentials are temporary
 */
public record SigningKey(String accessKeyId, String secretAccessKey, String sessionToken,
        String region) {
    @Override
    public String toString() {
        return "SigningKey[" + accessKeyId + "]"; // never the secrets
    }
}
