package io.penstock.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.caller.Authentication;
import io.penstock.caller.Caller;
import io.penstock.testing.Bytes;
import java.net.InetAddress;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AuthenticatorTest {
    private static final long NOW = 1_800_000_000_000L;

    private final MessageDigest digest = Authenticator.newDigest();
    private final CredentialHash hash = new CredentialHash();
    private final Peer peer = new Peer(InetAddress.getLoopbackAddress());

    private ApiKeySettings key(String id, String key, String... models) {
        return new ApiKeySettings(id, "sha256:" + HexFormat.of().formatHex(
                digest.digest(Bytes.latin1(key))), List.of(models));
    }

    private static Authenticator authenticator(boolean anonymous, ApiKeySettings... keys) {
        return of(new AuthSettings(List.of(keys), anonymous));
    }

    private static Authenticator of(AuthSettings settings) {
        return new Authenticator(settings, TokenFixture.GLOBS, null);
    }

    private Authentication ask(Authenticator authenticator, String credential) {
        byte[] bytes = Bytes.latin1("Bearer " + credential + "\r\n");
        return authenticator.authenticate(hash, peer, bytes, 7, 7 + credential.length(), NOW);
    }

    private String find(Authenticator authenticator, String credential) {
        return ask(authenticator, credential) instanceof Caller caller ? caller.id() : null;
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
        assertThat(ask(authenticator(false, key("a", "k")), "")).isEqualTo(Denial.NONE_GIVEN);
        assertThat(ask(authenticator(false, key("a", "k")), "x")).isEqualTo(Denial.UNKNOWN_KEY);
    }

    @Test
    void letsAnybodyInWithoutACredentialIfThatIsAllowedButNobodyWithAWrongOne() {
        Authenticator open = authenticator(true, key("a", "k"));

        assertThat(open.isRequired()).isFalse();
        assertThat(find(open, "")).isEqualTo("anonymous");
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
        Caller limited = (Caller) ask(some, "k");
        Caller free = (Caller) ask(some, "j");

        assertThat(limited.mayUse("gpt-4o")).isTrue();
        assertThat(limited.mayUse("smart")).isTrue();
        assertThat(limited.mayUse("claude")).isFalse();
        assertThat(free.mayUse("claude")).isTrue();
        assertThat(Caller.ANYONE.mayUse("claude")).isTrue();
    }

    @Test
    void givesACallerTheBoundsOfTheirKey() {
        Allowance bounds = new Allowance(1, 2, 3, 4, 5, 6);
        Authenticator one = authenticator(false,
                new ApiKeySettings("a", key("a", "k").hash(), List.of(), bounds));

        assertThat(ask(one, "k")).isInstanceOfSatisfying(Caller.class, caller -> {
            assertThat(caller.allowance()).isEqualTo(bounds);
            assertThat(caller.account()).isEqualTo("a");
        });
    }

    @Test
    void tellsAnonymousCallersApartByAddressAndBooksThemTogether() throws Exception {
        Allowance each = Allowance.ofRequests(10, Allowance.MINUTE_NANOS);
        Authenticator open = of(new AuthSettings(List.of(key("a", "k")), null, true, each));
        Peer other = new Peer(InetAddress.getByName("192.0.2.7"));

        Caller here = (Caller) ask(open, "");
        Caller there = (Caller) open.authenticate(hash, other, new byte[0], 0, 0, NOW);

        assertThat(here.id()).isEqualTo(there.id()).isEqualTo("anonymous");
        assertThat(here.account()).isEqualTo("ip:127.0.0.1");
        assertThat(there.account()).isEqualTo("ip:192.0.2.7");
        assertThat(there.allowance()).isEqualTo(each);
    }

    @Test
    void makesTheCallerOfAConnectionOnceUntilTheBoundsChange() {
        Allowance ten = Allowance.ofRequests(10, 1);
        AuthSettings settings = new AuthSettings(List.of(), null, true, ten);

        Authentication first = ask(of(settings), "");

        assertThat(ask(of(settings), "")).isSameAs(first);
        assertThat(ask(of(new AuthSettings(List.of(), null, true, Allowance.UNBOUNDED)), ""))
                .isInstanceOfSatisfying(Caller.class, caller -> assertThat(caller.allowance())
                        .isEqualTo(Allowance.UNBOUNDED));
        assertThat(find(of(new AuthSettings(List.of(), null, false, ten)), "any"))
                .isEqualTo("anyone");
    }

    @Test
    void letsAnybodyInByAddressWhereThereIsARateForAll() {
        Allowance each = Allowance.ofRequests(10, 1);

        assertThat(ask(of(new AuthSettings(List.of(), null, false, each)), "sk-any"))
                .isInstanceOfSatisfying(Caller.class, caller -> {
                    assertThat(caller.id()).isEqualTo("anyone");
                    assertThat(caller.account()).isEqualTo("ip:127.0.0.1");
                    assertThat(caller.allowance()).isEqualTo(each);
                });
    }

    @Test
    void staysAsLargeAsItsKeysMadeIt() {
        List<ApiKeySettings> keys = new ArrayList<>();
        KeyTable table = new KeyTable(1000);
        for (int i = 0; i < 1000; i++) {
            keys.add(key("caller-" + i, "sk-key-" + i));
            table.add(digest.digest(Bytes.latin1("sk-key-" + i)), Caller.ANYONE);
        }
        Authenticator many = authenticator(false, keys.toArray(ApiKeySettings[]::new));
        int slots = table.slots();
        Random random = new Random(7);

        for (int i = 0; i < 100_000; i++) {
            byte[] wrong = new byte[CredentialHash.BYTES];
            random.nextBytes(wrong);
            assertThat(table.find(wrong)).isNull();
            assertThat(ask(many, "sk-" + random.nextLong())).isEqualTo(Denial.UNKNOWN_KEY);
        }

        assertThat(table.slots()).isEqualTo(slots).isEqualTo(2048);
        assertThat(find(many, "sk-key-999")).isEqualTo("caller-999");
    }

    @Test
    void takesATokenOnlyWhereTokensAreTaken() {
        Authenticator keysOnly = authenticator(false, key("a", "k"));
        Authenticator both = of(new AuthSettings(List.of(key("a", "k")),
                TokenFixture.settings(TokenFixture.SECRET), false, Allowance.UNBOUNDED));
        String token = TokenFixture.token(TokenFixture.claims(NOW));

        assertThat(ask(keysOnly, token)).isEqualTo(Denial.UNKNOWN_KEY);
        assertThat(find(both, token)).isEqualTo("jwt:alice");
        assertThat(find(both, "k")).isEqualTo("a");
        assertThat(ask(both, "eyJ.no-token")).isEqualTo(Denial.UNKNOWN_KEY);
        assertThat(ask(both, "sk-wrong")).isEqualTo(Denial.UNKNOWN_KEY);
        assertThat(ask(both, "")).isEqualTo(Denial.NONE_GIVEN);
    }

    @Test
    void remembersAGoodTokenByItsHashAndStillSeesItExpire() {
        Authenticator tokens = of(new AuthSettings(List.of(),
                TokenFixture.settings(TokenFixture.SECRET), false, Allowance.UNBOUNDED));
        byte[] token = Bytes.latin1(TokenFixture.token(TokenFixture.claims(NOW)));
        long leeway = JwtSettings.DEFAULT_LEEWAY.toMillis();
        long end = NOW + TokenFixture.LIFE_SECONDS * 1000 + leeway;

        Authentication first = tokens.authenticate(hash, peer, token, 0, token.length, NOW);

        assertThat(first).isInstanceOf(Caller.class);
        assertThat(tokens.authenticate(hash, peer, token, 0, token.length, end - 1))
                .isSameAs(first);
        assertThat(tokens.authenticate(hash, peer, token, 0, token.length, end))
                .isEqualTo(Denial.TOKEN_EXPIRED);
    }

    @Test
    void keepsVerifiedTokensAcrossAReloadOnlyWhileTheirSettingsStay() {
        AuthSettings settings = new AuthSettings(List.of(),
                TokenFixture.settings(TokenFixture.SECRET), false, Allowance.UNBOUNDED);
        Authenticator first = of(settings);
        String token = TokenFixture.token(TokenFixture.claims(NOW));
        Authentication known = ask(first, token);

        Authenticator same = new Authenticator(new AuthSettings(List.of(key("a", "k")),
                TokenFixture.settings(TokenFixture.SECRET), false, Allowance.UNBOUNDED),
                TokenFixture.GLOBS, first);
        Authenticator other = new Authenticator(new AuthSettings(List.of(),
                TokenFixture.settings("another-secret-of-32-bytes-or-more"), false,
                Allowance.UNBOUNDED), TokenFixture.GLOBS, first);

        assertThat(ask(same, token)).isSameAs(known);
        assertThat(ask(other, token)).isEqualTo(Denial.BAD_SIGNATURE);
    }

    @Test
    void refusesALongTokenBeforeAnythingIsDecoded() {
        Authenticator tokens = of(new AuthSettings(List.of(),
                TokenFixture.settings(TokenFixture.SECRET), false, Allowance.UNBOUNDED));

        assertThat(ask(tokens, "eyJ" + "a".repeat(10 * 1024 * 1024) + ".e30.AAAA"))
                .isEqualTo(Denial.TOKEN_TOO_LONG);
        assertThat(ask(tokens, "eyJ" + "!".repeat(8 * 1024))).isEqualTo(Denial.TOKEN_TOO_LONG);
    }
}
