package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigMistakesTest {
    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, text);
    }

    @Test
    void namesTheFileAsItWasGiven() {
        Path file = Path.of("no", "such.yaml");

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ConfigLoader.load(file, Map.of()))
                .withMessage("no/such.yaml: no such file");
    }

    @Test
    void reportsEveryMistakeOfAFileInItsOrder() {
        assertThat(file("""
                listen:
                  - address: 8080
                providers:
                  - name: openai
                    type: openai
                    prioriy: 1
                    enabled: yes
                  - name: "my azure"
                    type: azur
                    timeouts: {head: 10}
                routes:
                  - model: smart
                    targets: [opnai/gpt-4o]
                limits: {concurrent: 0}
                retry: {max_attempts: 1000}
                """).mistakes()).containsExactly(
                "2:5: listen[0].address: unexpected value '8080', expected HOST:PORT such as "
                        + "127.0.0.1:8080 or [::1]:8080",
                "6:5: providers[0].prioriy: unknown key 'prioriy', did you mean 'priority'?",
                "7:5: providers[0].enabled: unexpected value 'yes', expected true or false",
                "9:5: providers[1].type: unexpected value 'azur', expected one of openai, "
                        + "anthropic, gemini, azure, bedrock, groq, mistral, ollama, vllm, "
                        + "openrouter, deepseek, xai, together, fireworks, openai-compatible",
                "10:16: providers[1].timeouts.head: unexpected value '10', expected a duration "
                        + "such as 250ms, 2s, 5m or 1h, of 365d at most",
                "13:15: routes[0].targets[0]: unknown provider 'opnai', did you mean 'openai'?",
                "14:10: limits.concurrent: unexpected value '0', expected an integer of 1 or more",
                "15:9: retry.max_attempts: 1000, expected 1 to 100");
    }

    @Test
    void listsTheKnownKeysWhenNoneIsNear() {
        assertThat(file("shutdown: {completely_else: 1s}").mistakes()).containsExactly(
                "1:12: shutdown.completely_else: unknown key 'completely_else', "
                        + "expected one of grace");
    }

    @Test
    void refusesADuplicateKey() {
        assertThat(file("""
                shutdown:
                  grace: 1s
                  grace: 2s
                """).mistakes()).containsExactly("3:3: shutdown.grace: duplicate key 'grace', "
                        + "expected it once; it stands on line 2 already");
    }

    @Test
    void refusesAListWhereASectionBelongsAndTheOtherWayRound() {
        assertThat(file("""
                admin: [127.0.0.1:1]
                providers: {name: openai}
                shutdown: 30s
                limits: {body: [1]}
                """).mistakes()).containsExactly(
                "1:1: admin: unexpected list, expected a section with the keys address, token",
                "2:1: providers: unexpected mapping of keys, expected a list",
                "3:1: shutdown: unexpected single value, expected a section with the keys grace",
                "4:10: limits.body: unexpected list, expected a size such as 64KiB, 32MiB, 1GiB "
                        + "or a number of bytes");
    }

    @Test
    void refusesAFileThatIsNoMapping() {
        assertThat(file("- openai").mistakes()).singleElement().asString()
                .startsWith("1:1: unexpected list, expected a section with the keys listen, ");
    }

    @Test
    void placesASyntaxError() {
        assertThat(file("""
                listen:
                  - address: 127.0.0.1:1
                 bad: [
                """).mistakes()).singleElement().asString().startsWith("3:2: no YAML: ");
    }

    @Test
    void saysThatVariablesNeedQuotesInsideBraces() {
        assertThat(file("admin: {token: ${TOKEN}}").mistakes()).singleElement().asString()
                .startsWith("1:")
                .endsWith("inside { } or [ ] a value with ${…} needs quotes");
    }

    @Test
    void refusesASecondDocument() {
        assertThat(file("limits: {}\n---\nlimits: {}\n").mistakes()).singleElement().asString()
                .startsWith("2:1: no YAML: ");
    }

    @Test
    void refusesWhatIsNotUtf8() throws IOException {
        Path file = directory.resolve("latin1.yaml");
        Files.write(file, new byte[] {'#', (byte) 0xe9, '\n'});

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ConfigLoader.load(file, Map.of()))
                .withMessage(file + ": is not UTF-8 text");
    }

    @Test
    void boundsWhatAliasesCanGrowTo() {
        StringBuilder text = new StringBuilder("providers: &a [1]\nroutes:\n");
        for (int i = 0; i < 200; i++) {
            text.append("  - *a\n");
        }

        assertThat(file(text.toString()).mistakes()).singleElement().asString()
                .startsWith("1:1: no YAML: Number of aliases");
    }

    @Test
    void reportsAMissingKeyAtItsSection() {
        assertThat(file("""
                providers:
                  - type: openai
                routes:
                  - model: smart
                listen:
                  - tls: {certificate: conf/demo.crt}
                auth:
                  keys: [{id: a}]
                """).mistakes()).containsExactly(
                "2:5: providers[0].name: missing, expected text",
                "4:5: routes[0].targets: missing, expected target list",
                "6:5: listen[0].tls.private_key: missing, expected path",
                "8:10: auth.keys[0].hash: missing, expected secret");
    }

    @Test
    void refusesEmptyListsAndItems() {
        assertThat(file("""
                listen: []
                providers:
                  - {name: a, type: vllm, models: [x, ]}
                  - {name: b, type: vllm, models: [x, null]}
                  - {name: c, type: vllm, models: []}
                """).mistakes()).containsExactly(
                "1:1: listen: empty list, expected one item at least",
                "4:39: providers[1].models[1]: empty item, expected a value",
                "5:27: providers[2].models: empty list, expected one item at least");
    }

    @Test
    void refusesQuotedNumbersAndSwitches() {
        assertThat(file("""
                providers:
                  - {name: a, type: vllm, priority: "1", enabled: "true"}
                """).mistakes()).containsExactly(
                "2:27: providers[0].priority: unexpected value \"1\", expected an integer",
                "2:42: providers[0].enabled: unexpected value \"true\", expected true or false");
    }

    @ParameterizedTest
    @CsvSource({"1.5s", "-1s", "1 m", "s", "400d", "5M"})
    void refusesWhatIsNoDuration(String text) {
        assertThat(file("shutdown: {grace: " + text + "}").mistakes()).containsExactly(
                "1:12: shutdown.grace: unexpected value '" + text + "', expected a duration such "
                        + "as 250ms, 2s, 5m or 1h, of 365d at most");
    }

    @ParameterizedTest
    @CsvSource({"1.5MiB", "-1", "32M", "MiB", "9999999999GiB"})
    void refusesWhatIsNoSize(String text) {
        assertThat(file("limits: {body: " + text + "}").mistakes()).singleElement().asString()
                .startsWith("1:10: limits.body: unexpected value '" + text + "', expected a size");
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1", ":8080", "127.0.0.1:65536", "::1:8080", "http://localhost:80"})
    void refusesWhatIsNoAddress(String text) {
        assertThat(file("admin:\n  address: '" + text + "'\n").mistakes()).containsExactly(
                "2:3: admin.address: unexpected value \"" + text + "\", expected HOST:PORT such "
                        + "as 127.0.0.1:8080 or [::1]:8080");
    }

    @Test
    void placesWhatASettingsRecordRefuses() {
        assertThat(file("""
                providers:
                  - name: my provider
                    type: vllm
                    base_url: ftp://host/v1
                    timeouts:
                      gap: 0s
                    pool: {idle: 0}
                  - name: twice
                    type: vllm
                    models: [a, a]
                routes:
                  - model: smart
                    targets: [twice/a]
                    hold:
                      bytes: 1GiB
                limits: {header: 2MiB}
                auth:
                  keys:
                    - {id: "no blanks", hash: "sha256:1"}
                """).mistakes()).containsExactly(
                "6:7: providers[0].timeouts.gap: 0s, expected > 0",
                "7:12: providers[0].pool.idle: 0s, expected > 0",
                "10:5: providers[1].models: a name stands there twice",
                "15:7: routes[0].hold.bytes: 1073741824, expected 1KiB to 16MiB",
                "16:10: limits.header: 2097152 bytes, expected 1MiB at most",
                "19:8: auth.keys[0].id: 'no blanks', expected 1 to 128 letters, digits, dots, "
                        + "hyphens, underscores or @");
    }

    @Test
    void refusesLimitsThatMakeNoSense() {
        assertThat(file("""
                providers:
                  - name: a
                    type: vllm
                    limits: {adaptive: true}
                  - name: b
                    type: vllm
                    limits: {concurrent: 4, min_concurrent: 5}
                  - name: c
                    type: vllm
                    limits: {queue: -1}
                limits:
                  queue: {size: 5, time: 0s}
                """).mistakes()).containsExactly(
                "4:14: providers[0].limits.adaptive: there is nothing to adapt, expected "
                        + "concurrent as its maximum",
                "7:29: providers[1].limits.min_concurrent: 5, expected 1 to concurrent",
                "10:14: providers[2].limits.queue: unexpected value '-1', expected an integer of "
                        + "0 or more",
                "12:20: limits.queue.time: 0s, expected > 0");
    }

    @Test
    void placesAProviderThatItsRecordRefuses() {
        assertThat(file("""
                providers:
                  - name: my provider
                    type: vllm
                  - name: other
                    type: vllm
                    base_url: https://host/v1?key=1
                """).mistakes()).containsExactly(
                "2:5: providers[0].name: 'my provider', expected 1 to 64 letters, digits, dots, "
                        + "hyphens or underscores",
                "6:5: providers[1].base_url: 'https://host/v1?****', expected "
                        + "http://HOST[:PORT][/PATH] or https://…");
    }

    @Test
    void refusesTheSameNameIdHashAddressOrModelTwice() {
        String hash = "sha256:" + "0".repeat(64);
        assertThat(file("""
                listen:
                  - address: 127.0.0.1:9090
                  - address: 127.0.0.1:9092
                  - address: 127.0.0.1:9092
                providers:
                  - {name: a, type: vllm}
                  - {name: a, type: ollama}
                routes:
                  - {model: m, targets: [a/x]}
                  - {model: m, targets: [a/y]}
                auth:
                  keys:
                    - {id: k, hash: "%s"}
                    - {id: k, hash: "%s"}
                """.formatted(hash, hash)).mistakes()).containsExactly(
                "4:5: listen[2].address: 127.0.0.1:9092 is the address of listen[1].address "
                        + "already, expected another port",
                "7:6: providers[1].name: 'a' is providers[0].name already, expected a different "
                        + "name for each provider",
                "10:6: routes[1].model: 'm' is routes[0].model already, expected one route for "
                        + "each model",
                "14:8: auth.keys[1].id: the id of auth.keys[0].id again, expected a different "
                        + "one for each key",
                "14:15: auth.keys[1].hash: the hash of auth.keys[0].hash again, expected a "
                        + "different one for each key");
    }

    @Test
    void refusesOnePortForCallersAndOperators() {
        assertThat(file("listen:\n  - address: 127.0.0.1:9091\n").mistakes()).containsExactly(
                "1:1: admin.address: 127.0.0.1:9091 is the address of listen[0].address already, "
                        + "expected another port");
    }

    @Test
    void refusesATypeWithoutAnAddressOfItsOwn() {
        assertThat(file("providers:\n  - {name: mine, type: openai-compatible}\n").mistakes())
                .containsExactly("2:5: providers[0].base_url: missing, type 'openai-compatible' "
                        + "has no default, expected a URL such as https://HOST/PATH");
    }

    @Test
    void refusesTargetsThatNameNoModelOrNoKnownProvider() {
        assertThat(file("""
                providers:
                  - {name: openai, type: vllm}
                routes:
                  - model: smart
                    targets: [gpt-4o, openai/, {target: zzz/gpt-4o}]
                """).mistakes()).containsExactly(
                "5:15: routes[0].targets[0]: unexpected value 'gpt-4o', expected PROVIDER/MODEL "
                        + "such as openai/gpt-4o",
                "5:23: routes[0].targets[1]: unexpected value 'openai/', expected PROVIDER/MODEL "
                        + "such as openai/gpt-4o",
                "5:33: routes[0].targets[2].target: unknown provider 'zzz', expected one of "
                        + "openai");
    }

    @Test
    void refusesKeysThatAreNoneOrSeveralWithoutShowingThem() {
        assertThat(file("""
                providers:
                  - name: a
                    type: vllm
                    api_key_env: sk-very-secret
                    api_keys:
                      - {env: A, value: sk-very-secret}
                      - {weight: 2}
                      - {value: "sk-very secret"}
                      - {file: no/such/file}
                """).mistakes()).containsExactly(
                "4:5: providers[0].api_key_env: unexpected value, expected the name of an "
                        + "environment variable such as OPENAI_API_KEY",
                "6:9: providers[0].api_keys[0]: several keys in one, expected one of env, file, "
                        + "value",
                "7:9: providers[0].api_keys[1]: no key, expected one of env, file, value",
                "8:10: providers[0].api_keys[2].value: has a blank or a character outside ASCII, "
                        + "expected a bare API key",
                "9:10: providers[0].api_keys[3].file: no file 'no/such/file' that can be read, "
                        + "expected one that holds an API key");
    }

    @Test
    void refusesTlsFilesThatCannotBeRead() {
        assertThat(file("""
                listen:
                  - address: 127.0.0.1:8443
                    tls: {certificate: no.crt, private_key: no.key}
                providers:
                  - {name: a, type: vllm, tls: {ca: no.pem}}
                """).mistakes()).containsExactly(
                "3:11: listen[0].tls.certificate: no file 'no.crt' that can be read, expected a "
                        + "PEM file",
                "3:32: listen[0].tls.private_key: no file 'no.key' that can be read, expected a "
                        + "PEM file",
                "5:33: providers[0].tls.ca: no file 'no.pem' that can be read, expected a PEM "
                        + "file");
    }

    @Test
    void refusesTwoNamesOfOneTimeout() {
        assertThat(file("""
                providers:
                  - {name: a, type: vllm, timeouts: {gap: 1s, idle: 2s}}
                """).mistakes()).containsExactly("2:47: providers[0].timeouts.idle: another name "
                        + "of 'gap', which is set as well, expected one of the two");
    }

    @Test
    void refusesToBeReachedFromElsewhereWithoutACredential() {
        assertThat(file("""
                listen:
                  - address: 0.0.0.0:8080
                admin: {address: "[::]:9091"}
                """).mistakes()).containsExactly(
                "2:5: listen[0].address: 0.0.0.0:8080 can be reached from elsewhere and calls "
                        + "need no credential, expected auth.keys, auth.jwt, "
                        + "auth.anonymous.enabled: true, or a loopback address",
                "3:9: admin.address: [::]:9091 can be reached from elsewhere and asks for no "
                        + "credential, expected admin.token or a loopback address");
    }

    @Test
    void refusesPricesThatAreNone() {
        assertThat(file("""
                prices:
                  a: {input: 1}
                  b: {input: -1, output: 1}
                  c: {input: 1, output: 2000000}
                  d: {input: 1, output: 1, cached: 1}
                """).mistakes()).containsExactly(
                "2:3: prices.a.output: missing, expected number",
                "3:7: prices.b.input: unexpected value '-1', expected a number of 0 or more",
                "4:17: prices.c.output: 2000000, expected dollars for a million tokens, 0 to "
                        + "1000000",
                "5:28: prices.d.cached: unknown key 'cached', expected one of input, output, "
                        + "cached_input");
    }

    @Test
    void refusesBudgetsInDollarsThatNothingCanCount() {
        String auth = """
                auth:
                  keys:
                    - {id: a, hash: "sha256:%s", budget: {dollars_per_month: 5}}
                  anonymous: {enabled: true, budget: {dollars_per_month: 0.5}}
                """.formatted("0".repeat(64));
        String expected = ": dollars cannot be counted, expected what models cost under prices";

        assertThat(file(auth).mistakes()).contains(
                "3:105: auth.keys[0].budget.dollars_per_month" + expected,
                "4:39: auth.anonymous.budget.dollars_per_month" + expected);
        assertThat(new ConfigFixture(directory, auth + "prices: {m: {input: 1, output: 1}}\n")
                .problems()).noneMatch(problem -> problem.contains("dollars"));
    }

    @Test
    void takesNothingForAnOriginThatABrowserWouldNotSend() {
        assertThat(file("""
                cors:
                  allowed_origins:
                    - https://app.example/
                    - app.example
                    - https://app.example
                    - https://*.example
                """).mistakes()).allMatch(each -> each.endsWith(
                        ", expected `*`, or an origin such as https://app.example:8443, no path"))
                .extracting(each -> each.substring(0, each.indexOf(", expected")))
                .containsExactly(
                        "3:7: cors.allowed_origins[0]: unexpected value 'https://app.example/'",
                        "4:7: cors.allowed_origins[1]: unexpected value 'app.example'",
                        "6:7: cors.allowed_origins[3]: unexpected value 'https://*.example'");
        assertThat(file("cors: {allowed_origins: ['*', 'https://app.example']}").mistakes())
                .containsExactly("1:8: cors.allowed_origins: '*' beside other origins, expected it "
                        + "alone, or none of it");
    }

    @Test
    void refusesWaysToChooseThatAreNone() {
        assertThat(file("""
                providers: [{name: p, type: vllm}]
                routes:
                  - model: m
                    targets: [{target: p/x, weight: 0}, {target: p/y, context_window: 0},
                              {target: p/z, timeouts: {gap: 1s, idle: 2s, head: 0s}}]
                    strategy: fastest
                    affinity: cookie
                    hedge: {after: 0s}
                breaker: {failure_ratio: 0, window: 1ms}
                """).mistakes()).containsExactlyInAnyOrder(
                "4:29: routes[0].targets[0].weight: unexpected value '0', expected an integer of "
                        + "1 or more",
                "4:55: routes[0].targets[1].context_window: unexpected value '0', expected an "
                        + "integer of 1 or more",
                "5:49: routes[0].targets[2].timeouts.idle: another name of 'gap', which is set as "
                        + "well, expected one of the two",
                "5:59: routes[0].targets[2].timeouts.head: 0s, expected > 0",
                "6:5: routes[0].strategy: unexpected value 'fastest', expected one of priority, "
                        + "weighted, least_latency, least_busy",
                "7:5: routes[0].affinity: unexpected value 'cookie', expected one of "
                        + "prompt_cache_key, user, header:NAME",
                "8:13: routes[0].hedge.after: 0s, expected > 0",
                "9:11: breaker.failure_ratio: 0.0, expected > 0, 1 at most");
    }

    @Test
    void refusesBoundsOfStreamsThatLetNothingThrough() {
        assertThat(file("""
                limits:
                  upload: 10
                  tunnel: {idle: 0s, total: 5m}
                """).mistakes()).containsExactlyInAnyOrder(
                "2:3: limits.upload: 10, expected >= 1024",
                "3:12: limits.tunnel.idle: 0s, expected > 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "yes", "stdout", "disabled"})
    void takesNoWordThatSaysTooLittleForTheFileOfAnAccessLog(String word) {
        assertThat(file("observe: {access_log: {path: " + word + "}}").mistakes())
                .containsExactly("1:24: observe.access_log.path: unexpected value '" + word
                        + "', expected a file's path (./NAME where it is one of the words for no "
                        + "log or for a stream), - for standard output, or off");
    }

    @ParameterizedTest
    @CsvSource({"99999", "65536", "0"})
    void refusesAPortThatThereIsNone(int port) {
        for (String host : new String[] {"host", "my_host", "[::1]"}) {
            assertThat(file("""
                    providers:
                      - name: p
                        type: vllm
                        base_url: http://%s:%d/v1
                    """.formatted(host, port)).mistakes()).containsExactly(
                    "4:5: providers[0].base_url: port " + port + ", expected 1 to 65535");
        }
        assertThat(file("""
                auth:
                  jwt:
                    algorithm: RS256
                    jwks_url: https://issuer:%d/jwks
                """.formatted(port)).mistakes()).containsExactly(
                "4:5: auth.jwt.jwks_url: port " + port + ", expected 1 to 65535");
    }

    /** Whatever is wrong with a URL, whoever reads the message may not be the one who may know. */
    @ParameterizedTest
    @ValueSource(strings = {"http://me:hunter2@host/v1", "me:hunter2@host/v1",
        "ftp://me:hunter2@host", "http://me:hunter2@host:99999/v1", "http://me:hun/ter2@my_host",
        "http://me:hunter2@ho st/v1", "//me:hunter2@host"})
    void showsNoPasswordOfAUrl(String url) {
        for (String mistake : file("""
                providers:
                  - name: p
                    type: vllm
                    base_url: "%s"
                    proxy: "%s?"
                auth: {jwt: {algorithm: RS256, jwks_url: "%s"}}
                redis: {url: "x%s"}
                observe: {otlp: {endpoint: "%s/ /"}}
                """.formatted(url, url, url, url, url))
                .with(new Overrides(List.of(), null, List.of("q=" + url + " "))).mistakes()) {
            assertThat(mistake).doesNotContain("hunter2").doesNotContain("ter2");
        }
    }
}
