package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.provider.Plugins;
import io.penstock.testing.PluginJar;
import io.penstock.upstream.ProviderSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Options of types, and types that plugins bring. */
class ConfigPluginsTest {
    @TempDir
    Path directory;

    private Path folder;

    @BeforeEach
    void makeFolder() throws Exception {
        folder = Files.createDirectory(directory.resolve("jars"));
    }

    private ConfigFixture file(String providers) {
        return new ConfigFixture(directory, "plugins: {directory: \"" + folder + "\"}\n"
                + "providers:\n" + providers).with(new Plugins());
    }

    private void writeAcme() throws Exception {
        PluginJar.write(folder.resolve("acme.jar"), "Acme", """
                import io.penstock.provider.*;
                import java.util.List;

                public class Acme implements ProviderType {
                    @Override
                    public String configName() {
                        return "acme";
                    }

                    @Override
                    public String defaultBaseUrl() {
                        return "https://{region}.acme.example/v1";
                    }

                    @Override
                    public List<Option> options() {
                        return List.of(Option.text("region", "the region").required()
                                .orEnvironment("ACME_REGION"),
                                Option.text("tier", "the tier").or("slow"),
                                Option.names("aliases", "other names"));
                    }

                    @Override
                    public void check(Site site) {
                        if (site.options().text("tier").equals("free")) {
                            throw new IllegalArgumentException(
                                    "tier: there is none (expected: slow or fast)");
                        }
                        if (site.options().text("tier").equals("broken")) {
                            throw new IllegalStateException("acme-secret");
                        }
                    }
                }
                """, "Acme");
    }

    private static ProviderSettings only(ConfigFixture file) throws ConfigException {
        List<ProviderSettings> providers = file.settings().providers();
        assertThat(providers).hasSize(1);
        return providers.get(0);
    }

    @Test
    void knowsAPluginsTypeByItsName() throws Exception {
        writeAcme();

        ProviderSettings named = only(file("  - {name: acme, options: {region: eu}}"));
        assertThat(named.type().configName()).isEqualTo("acme");
        assertThat(named.baseUrl()).hasToString("https://eu.acme.example/v1");
        assertThat(named.options().text("tier")).isEqualTo("slow");

        ProviderSettings typed = only(file("""
                  - name: x
                    type: acme
                    options: {region: "${REGION}", tier: fast, aliases: {a: b, c: "${D:-d}"}}
                """).with(Map.of("REGION", "us", "ACME_REGION", "unused")));
        assertThat(typed.baseUrl()).hasToString("https://us.acme.example/v1");
        assertThat(typed.options().text("tier")).isEqualTo("fast");
        assertThat(typed.options().names("aliases")).containsOnly(Map.entry("a", "b"),
                Map.entry("c", "d"));
    }

    @Test
    void takesAnOptionFromTheEnvironment() throws Exception {
        writeAcme();

        assertThat(only(file("  - {name: x, type: acme}").with(Map.of("ACME_REGION", "asia")))
                .baseUrl()).hasToString("https://asia.acme.example/v1");
    }

    @Test
    void reportsEveryMistakeInOptionsWhereItStands() throws Exception {
        writeAcme();

        assertThat(file("""
                  - name: x
                    type: acme
                    options:
                      regoin: eu
                      tier: {a: b}
                      aliases: [a]
                """).mistakes()).containsExactly(
                "5:5: providers[0].options.region: missing, type 'acme' needs it, "
                        + "expected the region",
                "6:7: providers[0].options.regoin: unknown option 'regoin' of type 'acme', "
                        + "did you mean 'region'?",
                "7:7: providers[0].options.tier: unexpected mapping of keys, expected a text",
                "8:7: providers[0].options.aliases: unexpected list, expected text");
        assertThat(file("  - {name: x, type: acme, options: {region: eu, tier: free}}")
                .mistakes()).containsExactly("3:49: providers[0].options.tier: there is none, "
                        + "expected slow or fast");
        assertThat(file("  - {name: x, type: groq, options: {region: eu}}").mistakes())
                .containsExactly("3:37: providers[0].options.region: unknown option 'region' of "
                        + "type 'groq', there are none");
    }

    @Test
    void reportsATypeThatFailsWithoutItsWords() throws Exception {
        writeAcme();

        assertThat(file("  - {name: x, type: acme, options: {region: eu, tier: broken}}")
                .mistakes()).singleElement().asString().startsWith("3:15: providers[0].type: "
                        + "Acme failed with java.lang.IllegalStateException")
                .doesNotContain("acme-secret");
    }

    @Test
    void namesAPluginsTypeAmongThoseExpected() throws Exception {
        writeAcme();

        assertThat(file("  - {name: x, type: acmee, base_url: \"http://a\"}").mistakes())
                .singleElement().asString().contains("unexpected value 'acmee', expected one of "
                        + "openai, ", "openai-compatible, acme");
    }

    @Test
    void saysWhichJarIsBadAndNothingElse() throws Exception {
        Files.writeString(folder.resolve("bad.jar"), "no jar");

        assertThat(file("  - {name: x, type: unknown}").mistakes()).singleElement().asString()
                .startsWith(folder.resolve("bad.jar") + ": is no jar");
    }

    @Test
    void warnsThatAnotherFolderWaitsForTheNextStart() throws Exception {
        writeAcme();
        Plugins plugins = new Plugins();
        assertThat(file("  - {name: acme, options: {region: eu}}").with(plugins).warnings())
                .isEmpty();

        folder = Files.createDirectory(directory.resolve("others"));
        assertThat(file("  - {name: acme, options: {region: eu}}").with(plugins).warnings())
                .singleElement().asString().contains("plugins.directory: ", "next one");
    }

    @Test
    void aChangedOptionMakesAnotherProvider() throws Exception {
        ProviderSettings before = only(file("  - {name: azure, base_url: \"https://h/openai\", "
                + "options: {deployments: {a: b}}}"));
        ProviderSettings same = only(file("  - {name: azure, base_url: \"https://h/openai\", "
                + "options: {deployments: {a: b}}}"));
        ProviderSettings after = only(file("  - {name: azure, base_url: \"https://h/openai\", "
                + "options: {deployments: {a: c}}}"));

        assertThat(same).isEqualTo(before);
        assertThat(after).isNotEqualTo(before);
        assertThat(before.toString()).doesNotContain("{a=b}");
    }
}
