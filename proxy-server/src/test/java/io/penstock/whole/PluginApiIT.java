package io.penstock.whole;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.provider.PluginApi;
import io.penstock.provider.ProviderType;
import io.penstock.testing.PluginJar;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar that plugins are compiled against. */
class PluginApiIT {
    private static final String JAR = System.getProperty("penstock.plugin.api");
    private static final Path EXAMPLE = Path.of("..", "docs", "examples", "AcmeType.java");

    @TempDir
    Path directory;

    @Test
    void holdsTheClassesOfTheApi() throws IOException {
        try (JarFile jar = new JarFile(JAR)) {
            assertThat(jar.stream().map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class"))).containsAll(
                            PluginApi.classes().stream()
                                    .map(each -> each.getName().replace('.', '/') + ".class")
                                    .toList());
        }
    }

    @Test
    void isAllThatTheExampleIsCompiledAgainst() throws Exception {
        Path jar = PluginJar.write(directory.resolve("acme.jar"), "com.acme.penstock.AcmeType",
                Files.readString(EXAMPLE), "com.acme.penstock.AcmeType", "-classpath", JAR);

        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()},
                ProviderType.class.getClassLoader());
                Stream<ServiceLoader.Provider<ProviderType>> found =
                        ServiceLoader.load(ProviderType.class, loader).stream()) {
            assertThat(found.map(each -> each.get().configName())).contains("acme");
        }
    }
}
