package io.penstock.cli;

import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.Authenticator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code penstock keys}: API keys for callers; the configuration only ever holds their hashes. */
@Command(name = "keys", mixinStandardHelpOptions = true,
        description = "Makes and hashes API keys.",
        subcommands = {KeysCommand.New.class, KeysCommand.Hash.class})
final class KeysCommand implements Runnable {
    private static final int KEY_BYTES = 24;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which one: new or hash?");
    }

    static String newKey() {
        byte[] random = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(random);
        return "psk-" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    static String hash(String key) {
        return "sha256:" + HexFormat.of().formatHex(
                Authenticator.newDigest().digest(key.getBytes(StandardCharsets.UTF_8)));
    }

    /** {@code penstock keys new}. */
    @Command(name = "new", mixinStandardHelpOptions = true,
            description = "Makes a key and prints it, once, with its configuration entry.")
    static final class New implements Callable<Integer> {
        @Option(names = "--id", required = true, paramLabel = "ID",
                description = "Names the caller in logs and limits.")
        private String id;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            String key = newKey();
            String hash = hash(key);
            try {
                new ApiKeySettings(id, hash, List.of());
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
            }
            PrintWriter out = spec.commandLine().getOut();
            out.println("API key (shown this once): " + key);
            out.println("Under auth.keys:");
            out.println("  - {id: \"" + id + "\", hash: \"" + hash + "\"}");
            out.flush();
            return 0;
        }
    }

    /** {@code penstock keys hash}. */
    @Command(name = "hash", mixinStandardHelpOptions = true,
            description = "Reads a key from standard input and prints its hash.")
    static final class Hash implements Callable<Integer> {
        @Override
        public Integer call() throws IOException {
            String key = new BufferedReader(
                    new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            if (key == null || key.isBlank()) {
                System.err.println("penstock: no key on standard input");
                return Main.BAD_USAGE;
            }
            System.out.println(hash(key.trim()));
            return 0;
        }
    }
}
