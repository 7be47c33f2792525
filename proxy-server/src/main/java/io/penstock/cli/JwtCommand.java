package io.penstock.cli;

import io.penstock.auth.JwtKeySettings;
import io.penstock.auth.JwtSettings;
import io.penstock.auth.Pem;
import io.penstock.auth.TokenAlgorithm;
import io.penstock.auth.TokenSigner;
import io.penstock.config.ConfigException;
import io.penstock.config.Durations;
import io.penstock.config.Overrides;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code penstock jwt}: tokens to try a configuration with. */
@Command(name = "jwt", mixinStandardHelpOptions = true, description = "Makes tokens for tests.",
        subcommands = JwtCommand.Mint.class)
final class JwtCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which one: mint?");
    }

    /** {@code penstock jwt mint}: prints a token, and nothing else on standard output. */
    @Command(name = "mint", mixinStandardHelpOptions = true, sortOptions = false,
            description = "Signs a token with the configured secret, or with a private key.")
    static final class Mint implements Callable<Integer> {
        @Option(names = "--sub", required = true, paramLabel = "S",
                description = "Names the caller.")
        private String subject;

        @Option(names = "--ttl", defaultValue = "1h", paramLabel = "D",
                description = "How long it is valid, such as 10m (default: ${DEFAULT-VALUE}).")
        private String ttl;

        @Option(names = "--claim", paramLabel = "K=V",
                description = "A further claim. Numbers, true, false and [lists] are JSON, "
                        + "everything else is text.")
        private List<String> claims = new ArrayList<>();

        @Option(names = {"-c", "--config"}, paramLabel = "FILE",
                description = "Configuration whose auth.jwt is used (default: conf/penstock.yaml "
                        + "if there is one, else JWT_SECRET in the environment or .env).")
        private Path config;

        @Option(names = "--private-key", paramLabel = "FILE",
                description = "Signs with this key (PEM, PKCS #8) where tokens are verified with "
                        + "a public one.")
        private Path privateKey;

        @Option(names = "--algorithm", paramLabel = "A",
                description = "Of the private key (default: the configured one if it fits, else "
                        + "the usual one).")
        private String algorithm;

        @Option(names = "--kid", paramLabel = "ID", description = "The key's id in a key set.")
        private String keyId;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            JwtSettings jwt;
            try {
                jwt = ConfigSource.of(config, Overrides.NONE).load().settings().auth().jwt();
            } catch (ConfigException e) {
                spec.commandLine().getErr().println(e.getMessage());
                return Main.BAD_USAGE;
            }
            try {
                TokenSigner signer = privateKey == null ? bySecret(jwt) : byPrivateKey(jwt);
                spec.commandLine().getOut().println(signer.sign(keyId, claims(jwt)));
                return 0;
            } catch (IllegalArgumentException e) {
                spec.commandLine().getErr().println("penstock: " + e.getMessage());
                return Main.BAD_USAGE;
            }
        }

        private TokenSigner bySecret(@Nullable JwtSettings jwt) {
            if (jwt == null) {
                throw new IllegalArgumentException("no secret to sign with is configured (expected:"
                        + " JWT_SECRET in the environment or .env, auth.jwt in a configuration, "
                        + "or --private-key)");
            }
            if (!(jwt.keys() instanceof JwtKeySettings.Secret secret)) {
                throw new IllegalArgumentException("tokens are verified with public keys here ("
                        + jwt.algorithm().text() + "; expected: --private-key with the issuer's)");
            }
            if (algorithm != null && !algorithm.equals(jwt.algorithm().text())) {
                throw new IllegalArgumentException("--algorithm: " + algorithm
                        + " (expected: the configured " + jwt.algorithm().text() + ")");
            }
            return TokenSigner.of(jwt.algorithm(), secret);
        }

        private TokenSigner byPrivateKey(@Nullable JwtSettings jwt) {
            PrivateKey key;
            try {
                key = Pem.privateKey(Files.readString(privateKey));
            } catch (IOException e) {
                throw new IllegalArgumentException("--private-key: no file '" + privateKey
                        + "' that can be read", e);
            }
            return TokenSigner.of(algorithm(jwt, key), key);
        }

        private TokenAlgorithm algorithm(@Nullable JwtSettings jwt, PrivateKey key) {
            if (algorithm != null) {
                TokenAlgorithm named = TokenAlgorithm.of(algorithm);
                if (named == null) {
                    throw new IllegalArgumentException("--algorithm: " + algorithm
                            + " (expected: one of " + String.join(", ", TokenAlgorithm.names())
                            + ")");
                }
                return named;
            }
            TokenAlgorithm usual = TokenSigner.usualFor(key);
            if (jwt != null && !jwt.algorithm().needsSecret()) {
                return jwt.algorithm(); // a key that doesn't fit would sign for nobody
            }
            if (usual == null) {
                throw new IllegalArgumentException("--private-key: of a kind that signs no tokens "
                        + "(expected: RSA, P-256, P-384, P-521 or Ed25519)");
            }
            return usual;
        }

        /** What is asked for wins over what the configuration expects of a token. */
        private Map<String, Object> claims(@Nullable JwtSettings jwt) {
            Duration life = Durations.parse(ttl);
            if (life == null || life.toSeconds() < 1) {
                throw new IllegalArgumentException(
                        "--ttl: " + ttl + " (expected: " + Durations.EXPECTED + ")");
            }
            long nowSeconds = Instant.now().getEpochSecond();
            Map<String, Object> all = new LinkedHashMap<>();
            if (jwt != null && jwt.issuer() != null) {
                all.put("iss", jwt.issuer());
            }
            if (jwt != null && jwt.audience() != null) {
                all.put("aud", jwt.audience());
            }
            all.put("sub", subject);
            all.put("iat", nowSeconds);
            all.put("exp", nowSeconds + life.toSeconds());
            for (String claim : claims) {
                int equals = claim.indexOf('=');
                if (equals < 1) {
                    throw new ParameterException(spec.commandLine(),
                            "--claim: '" + claim + "' (expected: K=V)");
                }
                try {
                    all.put(claim.substring(0, equals),
                            TokenSigner.typed(claim.substring(equals + 1)));
                } catch (ParseException e) {
                    throw new ParameterException(spec.commandLine(), "--claim: '"
                            + claim + "' (expected: a list in JSON, such as [\"a\", \"b\"])", e);
                }
            }
            return all;
        }
    }
}
