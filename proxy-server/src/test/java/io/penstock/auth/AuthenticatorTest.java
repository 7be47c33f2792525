package io.penstock.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Bytes;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class AuthenticatorTest {
    private final MessageDigest digest = Authenticator.newDigest();

    private ApiKeySettings key(String id, String key, String... models) {
        return new ApiKeySettings(id, "sha256:" + HexFormat.of().formatHex(
                digest.digest(Bytes.latin1(key))), List.of(models));
    }

    private static Authenticator authenticator(boolean anonymous, ApiKeySettings... keys) {
        return new Authenticator(new AuthSettings(List.of(keys), anonymous),
                glob -> name -> name.startsWith(glob.replace("*", "")));
    }

    private String find(Authenticator authenticator, String key) {
        byte[] bytes = Bytes.latin1("Bearer " + key + "\r\n");
        Caller caller = authenticator.find(digest, bytes, 7, 7 + key.length());
        return caller == null ? null : caller.id();
    }

    @Test
    void findsEachCallerByTheirOwnKey() {
        List<ApiKeySettings> keys = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            keys.add(key("caller-" + i, "sk-key-" + i));
        }
        Authenticator many = authenticator(false, keys.toArray(ApiKeySettings[]::new));

        for (int i = 0; i < 100; i++) {
            assertThat(find(many, "sk-key-" + i)).isEqualTo("caller-" + i);
        }
        assertThat(many.isRequired()).isTrue();
    }

    @Test
    void knowsNobodyByANearMiss() {
        Authenticator one = authenticator(false, key("a", "sk-secret"));

        for (String miss : List.of("sk-secre", "sk-secretx", "SK-SECRET", "xk-secret", " sk-secret",
                "sk-secret\0")) {
            assertThat(find(one, miss)).as(miss).isNull();
        }
        assertThat(find(one, "sk-secret")).isEqualTo("a");
    }

    @Test
    void comparesTheWholeHashAndNotOnlyWhereItLooksItUp() {
        ApiKeySettings right = key("right", "sk-secret");
        String hash = right.hash();
        char other = hash.endsWith("0") ? '1' : '0';
        ApiKeySettings twin = new ApiKeySettings("twin", hash.substring(0, hash.length() - 1)
                + other, List.of()); // the same beginning, so the same place

        assertThat(find(authenticator(false, twin), "sk-secret")).isNull();
        assertThat(find(authenticator(false, twin, right), "sk-secret")).isEqualTo("right");
        assertThat(find(authenticator(false, right, twin), "sk-secret")).isEqualTo("right");
    }

    @Test
    void takesHashesInEitherCase() {
        ApiKeySettings lower = key("a", "k");
        ApiKeySettings upper = new ApiKeySettings("a", "sha256:" + lower.hash().substring(7)
                .toUpperCase(Locale.ROOT), List.of());
        assertThat(find(authenticator(false, upper), "k")).isEqualTo("a");
    }

    @Test
    void wantsACredentialWhereThereAreKeys() {
        assertThat(find(authenticator(false, key("a", "k")), "")).isNull();
    }

    @Test
    void letsAnybodyInWithoutACredentialIfThatIsAllowedButNobodyWithAWrongOne() {
        Authenticator open = authenticator(true, key("a", "k"));

        assertThat(open.isRequired()).isFalse();
        assertThat(find(open, "")).isEqualTo("anyone");
        assertThat(find(open, "k")).isEqualTo("a");
        assertThat(find(open, "wrong")).isNull();
    }

    @Test
    void takesAnyCredentialForNobodysWhereThereAreNoKeys() {
        assertThat(find(authenticator(false), "")).isEqualTo("anyone");
        assertThat(find(authenticator(false), "sk-whatever")).isEqualTo("anyone");
    }

    @Test
    void leavesTheDigestReadyForTheNext() {
        Authenticator one = authenticator(false, key("a", "k"));
        find(one, "wrong");
        find(one, "");
        assertThat(find(one, "k")).isEqualTo("a");
    }

    @Test
    void allowsACallerTheModelsOfTheirGlobs() {
        Authenticator some = authenticator(false, key("a", "k", "gpt-*", "smart"), key("b", "j"));
        byte[] bytes = Bytes.latin1("kj");
        Caller limited = some.find(digest, bytes, 0, 1);
        Caller free = some.find(digest, bytes, 1, 2);

        assertThat(limited.mayUse("gpt-4o")).isTrue();
        assertThat(limited.mayUse("smart")).isTrue();
        assertThat(limited.mayUse("claude")).isFalse();
        assertThat(free.mayUse("claude")).isTrue();
        assertThat(Caller.ANYONE.mayUse("claude")).isTrue();
    }
}
