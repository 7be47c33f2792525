package io.penstock.auth;

import io.penstock.caller.Authentication;

/**
 * Why a request has no caller. The message is for whoever sent it: what to do about it, and nothing
 * of what is configured. What a token claims, its end apart, is only spoken of once its signature
 * was found good.
 */
public enum Denial implements Authentication {
    NONE_GIVEN("No API key was given. Send it as 'Authorization: Bearer KEY', 'x-api-key' or "
            + "'x-goog-api-key'."),
    GIVEN_IN_URL("No API key was given in a header, and none is taken from a URL, where logs keep "
            + "it. Send it as 'Authorization: Bearer KEY', 'x-api-key' or 'x-goog-api-key', and "
            + "replace it if the URL was real."),
    SEVERAL_GIVEN("The header fields Authorization, x-api-key, api-key and x-goog-api-key hold "
            + "different credentials. Send one."),
    OTHER_SCHEME("Only the scheme Bearer is known here. Send the API key as 'Authorization: "
            + "Bearer KEY', 'x-api-key' or 'x-goog-api-key'."),
    UNKNOWN_KEY("The API key is not known here."),

    MALFORMED_TOKEN("The token is malformed, or has a header that is not supported."),
    TOKEN_TOO_LONG("The token is too long."),
    OTHER_ALGORITHM("The token is signed with another algorithm than is accepted here."),
    UNKNOWN_SIGNER("The token is signed with a key that is not known here."),
    BAD_SIGNATURE("The token's signature is not valid."),
    TOKEN_EXPIRED("The token has expired."),
    TOKEN_NOT_YET_VALID("The token is not valid yet."),
    OTHER_ISSUER("The token was issued by somebody else than is accepted here."),
    OTHER_AUDIENCE("The token is meant for another audience."),
    BAD_CLAIMS("The token lacks a claim that is needed, or one of its claims can't be used."),

    KEYS_AWAY("The keys that tokens are verified with can't be had at the moment. Try again in a "
            + "second.");

    private final String message;

    Denial(String message) {
        this.message = message;
    }

    public String message() {
        return message;
    }

    /** Whether a token was shown, and is to blame ({@code invalid_token}, RFC 6750 section 3.1). */
    public boolean isOfToken() {
        return compareTo(MALFORMED_TOKEN) >= 0 && compareTo(BAD_CLAIMS) <= 0;
    }
}
