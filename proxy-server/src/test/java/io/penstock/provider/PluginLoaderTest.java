package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penstock.testing.PluginJar;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PluginLoaderTest {
    @TempDir
    Path directory;

    private static String source(String className, String name, String members) {
        return """
                import io.penstock.provider.*;
                import java.util.List;

                public class %s implements ProviderType {
                    @Override
                    public String configName() {
                        return %s;
                    }

                    %s
                }
                """.formatted(className, name, members);
    }

    private void write(String jar, String className, String name, String members)
            throws IOException {
        PluginJar.write(directory.resolve(jar), className, source(className, name, members),
                className + "\n");
    }

    private ProviderTypes load() throws PluginException {
        return new PluginLoader(directory).load();
    }

    private void assertRefused(String jar, String... words) {
        assertThatExceptionOfType(PluginException.class).isThrownBy(this::load).satisfies(e -> {
            assertThat(e.where()).isEqualTo(directory.resolve(jar).toString());
            assertThat(e.getMessage()).contains(words).doesNotContain("\n");
        });
    }

    @Test
    void hasTheBuiltInTypesWithoutAFolder() throws Exception {
        ProviderTypes types = new PluginLoader(directory.resolve("none")).load();

        assertThat(types.all()).containsExactlyElementsOf(ProviderTypes.BUILT_IN.all());
        assertThat(load().all()).hasSameSizeAs(types.all());
    }

    @Test
    void addsWhatTheJarsOfTheFolderBring() throws Exception {
        write("b.jar", "B", "\"bee\"", "");
        write("a.jar", "A", "\"ay\"", "");
        Files.writeString(directory.resolve("readme.txt"), "no jar");

        ProviderTypes types = load();

        assertThat(types.find("ay").getClass().getName()).isEqualTo("A");
        assertThat(types.find("bee").isLikeOpenAi()).isTrue();
        assertThat(types.find("openai")).isSameAs(ProviderTypes.OPENAI);
        assertThat(types.all()).hasSize(ProviderTypes.BUILT_IN.all().size() + 2);
    }

    @Test
    void findsTypesOnTheClassPathToo() throws Exception {
        write("a.jar", "A", "\"ay\"", "");
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Path jar = PluginJar.write(elsewhere.resolve("b.jar"), "B", source("B", "\"bee\"", ""),
                "B");
        try (URLClassLoader classPath = new URLClassLoader(new URL[] {jar.toUri().toURL()},
                ProviderType.class.getClassLoader())) {
            ProviderTypes types = new PluginLoader(directory, classPath).load();

            assertThat(types.find("ay")).isNotNull();
            assertThat(types.find("bee")).isNotNull();
        }
    }

    @Test
    void jarsMayUseEachOther() throws Exception {
        Path library = PluginJar.write(directory.resolve("library.jar"), "Library",
                "public class Library { public static final String NAME = \"x\".repeat(3); }",
                null);
        PluginJar.write(directory.resolve("a.jar"), "A", source("A", "Library.NAME", ""), "A",
                "-classpath", System.getProperty("java.class.path")
                        + java.io.File.pathSeparator + library);

        assertThat(load().find("xxx")).isNotNull();
    }

    @Test
    void refusesAJarThatIsNone() throws IOException {
        Files.writeString(directory.resolve("bad.jar"), "not a zip");

        assertRefused("bad.jar", "is no jar that can be read");
    }

    @Test
    void refusesAFolderThatIsNone() throws IOException {
        directory = Files.writeString(directory.resolve("file"), "");

        assertThatExceptionOfType(PluginException.class).isThrownBy(this::load)
                .withMessage("is no folder");
    }

    @Test
    void refusesAClassThatIsNotThere() throws IOException {
        write("good.jar", "Good", "\"good\"", "");
        PluginJar.write(directory.resolve("lost.jar"), "A", source("A", "\"a\"", ""), "com.Lost");

        assertRefused("lost.jar", "Provider com.Lost not found");
    }

    @Test
    void refusesAServiceFileThatIsNone() throws IOException {
        PluginJar.write(directory.resolve("odd.jar"), "A", source("A", "\"a\"", ""), "a b c");

        assertRefused("odd.jar", "Illegal");
    }

    @Test
    void refusesAClassThatIsNoType() throws IOException {
        PluginJar.write(directory.resolve("odd.jar"), "A", "public class A {}", "A");

        assertRefused("odd.jar", "not a subtype");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "A(int size) {}|no-arg",
        "public A() { throw new IllegalStateException(\"too early\"); }|too early",
        "static final int SIZE = Integer.parseInt(\"many\");|many",
        "static { if (true) { throw new NoSuchMethodError(\"old()\"); } }"
            + "|this version of Penstock"})
    void refusesATypeThatCannotBeMade(String members, String words) throws IOException {
        write("odd.jar", "A", "\"a\"", members);

        assertRefused("odd.jar", "A", words);
    }

    @Test
    void refusesAClassOfANewerJava() throws IOException {
        Path jar = directory.resolve("new.jar");
        PluginJar.writeWithVersion(jar, "A", source("A", "\"a\"", ""), "A", 200);

        assertRefused("new.jar", "newer Java");
    }

    @Test
    void refusesANameThatIsTaken() throws IOException {
        write("a.jar", "A", "\"groq\"", "");
        assertRefused("a.jar", "type 'groq', which is built in already");

        write("a.jar", "A", "\"acme\"", "");
        write("b.jar", "B", "\"acme\"", "");
        assertRefused("b.jar", "type 'acme', which is in ", "a.jar already");
    }

    @Test
    void refusesTwoVersionsOfAJar() throws IOException {
        write("acme-1.jar", "A", "\"acme\"", "");
        write("acme-2.jar", "A", "\"acme\"", "");

        assertRefused("acme-2.jar", "names A, as ", "acme-1.jar does");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "\"\"", "\"Acme\"", "\"a b\"", "\"1a\"", "\"a\".repeat(99)",
        "String.valueOf(Integer.parseInt(\"x\"))"})
    void refusesANameThatNoConfigurationCouldSay(String name) throws IOException {
        write("a.jar", "A", name, "");

        assertRefused("a.jar", "A: ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "String defaultBaseUrl() { return \"acme.example\"; }|base URL",
        "String defaultBaseUrl() { return \"ftp://acme.example\"; }|base URL",
        "String defaultBaseUrl() { return \"https://{place}.example\"; }|'{place}'",
        "String defaultKeyEnv() { return \"my-key\"; }|key variable",
        "ChatDialect dialect() { return null; }|no dialect",
        "List<Option> options() { return null; }|NullPointerException",
        "List<Option> options() { return List.of(Option.text(\"A\", \"a\")); }|'A'",
        "List<Option> options() { return List.of(Option.text(\"a\", \"x\"), "
            + "Option.text(\"a\", \"y\")); }|two options 'a'",
        "String defaultKeyEnv() { throw new UnsupportedOperationException(); }|Unsupported"})
    void refusesConstantsThatWillNotDo(String member, String words) throws IOException {
        write("a.jar", "A", "\"a\"", "@Override public " + member);

        assertRefused("a.jar", "A: ", words);
    }

    @Test
    void loadsOnceOnly() throws Exception {
        write("a.jar", "A", "\"ay\"", "");
        Plugins plugins = new Plugins();
        ProviderTypes first = plugins.load(directory);
        write("b.jar", "B", "\"bee\"", "");

        assertThat(plugins.load(directory)).isSameAs(first);
        assertThat(plugins.load(directory.resolve("elsewhere"))).isSameAs(first);
        assertThat(plugins.isFrom(directory)).isTrue();
        assertThat(plugins.isFrom(directory.resolve("elsewhere"))).isFalse();
    }
}
