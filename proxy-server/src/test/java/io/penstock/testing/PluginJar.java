package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** A jar with a provider type in it, compiled against the classes under test. */
public final class PluginJar {
    private static final String SERVICE = "META-INF/services/io.penstock.provider.ProviderType";

    private PluginJar() {}

    /**
     * Compiles a source and packs it, with a service file that says {@code services}.
     *
     * @param services null for no such file
     * @param options further ones of the compiler's
     */
    public static Path write(Path jar, String className, String source, String services,
            String... options) throws IOException {
        Path classes = Files.createTempDirectory(jar.toAbsolutePath().getParent(), "classes");
        compile(classes, className, source, options);
        return pack(jar, classes, services);
    }

    /** The same with the class file's version changed to a Java that is still to come. */
    public static Path writeWithVersion(Path jar, String className, String source,
            String services, int version) throws IOException {
        Path classes = Files.createTempDirectory(jar.toAbsolutePath().getParent(), "classes");
        compile(classes, className, source);
        Path file = classes.resolve(className.replace('.', '/') + ".class");
        byte[] bytes = Files.readAllBytes(file);
        bytes[7] = (byte) version; // the major version's low byte
        Files.write(file, bytes);
        return pack(jar, classes, services);
    }

    private static Path pack(Path jar, Path classes, String services) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(
                        classes.relativize(file).toString().replace('\\', '/')));
                out.write(Files.readAllBytes(file));
            }
            if (services != null) {
                out.putNextEntry(new JarEntry(SERVICE));
                out.write(services.getBytes(StandardCharsets.UTF_8));
            }
        }
        return jar;
    }

    private static void compile(Path classes, String className, String source,
            String... options) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavaFileObject file = new SimpleJavaFileObject(
                URI.create("string:///" + className.replace('.', '/') + ".java"),
                JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return source;
            }
        };
        StringWriter messages = new StringWriter();
        List<String> all = Stream.concat(Stream.of("-d", classes.toString(), "-Xlint:all",
                "-Werror", "-proc:none", "-classpath", System.getProperty("java.class.path")),
                Stream.of(options)).toList();
        assertThat(compiler.getTask(messages, null, null, all, null, List.of(file)).call())
                .as(messages.toString()).isTrue();
    }
}
