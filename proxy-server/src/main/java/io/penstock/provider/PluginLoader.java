package io.penstock.provider;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;

/**
 * Finds the types that plugins bring: by {@link ServiceLoader}, on the class path and in the jars
 * of a folder, which share one class loader. The first thing that is wrong ends it, with the jar's
 * name: nothing starts with half of its plugins.
 *
 * <p><b>Thread:</b> confined to whoever reads the configuration.
 * <br><b>Bounds:</b> {@value #MAX_JARS} jars.
 */
final class PluginLoader {
    static final int MAX_JARS = 200;
    private static final String SERVICE = "META-INF/services/" + ProviderType.class.getName();
    private static final String CLASS_PATH = "class path";

    private final Path directory;
    private final ClassLoader parent;
    private final Map<String, String> jarOfClass = new HashMap<>(); // of each service that is named

    PluginLoader(Path directory) {
        this(directory, PluginLoader.class.getClassLoader());
    }

    /** {@code parent} knows the class path. */
    PluginLoader(Path directory, ClassLoader parent) {
        this.directory = directory;
        this.parent = parent;
    }

    /** The built-in types and all that were found. */
    ProviderTypes load() throws PluginException {
        List<Path> jars = jars();
        List<URL> urls = new ArrayList<>();
        for (Path jar : jars) {
            readServices(jar);
            urls.add(url(jar));
        }
        Map<String, String> jarOfName = new LinkedHashMap<>();
        ProviderTypes.BUILT_IN.all().forEach(type -> jarOfName.put(type.configName(), null));
        List<ProviderType> found = new ArrayList<>();
        // Never closed: the types load their classes from it until the process ends.
        ClassLoader loader = urls.isEmpty() ? parent
                : new URLClassLoader(urls.toArray(URL[]::new), parent);
        for (ServiceLoader.Provider<ProviderType> each : services(loader)) {
            String jar = jarOfClass.getOrDefault(each.type().getName(), CLASS_PATH);
            ProviderType type = instance(each, jar);
            String name = TypeCheck.nameOf(type, jar);
            if (jarOfName.containsKey(name)) {
                String other = jarOfName.get(name);
                throw new PluginException(jar, "brings a type '" + name + "', which is "
                        + (other == null ? "built in" : "in " + other) + " already");
            }
            jarOfName.put(name, jar);
            found.add(type);
        }
        return ProviderTypes.BUILT_IN.with(found);
    }

    private List<Path> jars() throws PluginException {
        List<Path> jars = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            if (Files.exists(directory)) {
                throw new PluginException(directory.toString(), "is no folder");
            }
            return jars;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.jar")) {
            files.forEach(jars::add);
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            throw new PluginException(directory.toString(), "cannot be read: " + e);
        }
        if (jars.size() > MAX_JARS) {
            throw new PluginException(directory.toString(), "has more than " + MAX_JARS + " jars");
        }
        jars.sort(null); // the same order everywhere
        return jars;
    }

    /** Notes which classes the jar names, so that its name can stand beside what is wrong. */
    private void readServices(Path path) throws PluginException {
        try (JarFile jar = new JarFile(path.toFile())) {
            ZipEntry services = jar.getEntry(SERVICE);
            if (services == null) {
                return; // a library of another's
            }
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                    jar.getInputStream(services), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    int comment = line.indexOf('#');
                    String name = (comment < 0 ? line : line.substring(0, comment)).strip();
                    String other = name.isEmpty() ? null
                            : jarOfClass.putIfAbsent(name, path.toString());
                    if (other != null) {
                        throw new PluginException(path.toString(),
                                "names " + name + ", as " + other + " does");
                    }
                }
            }
        } catch (IOException e) {
            throw new PluginException(path.toString(), "is no jar that can be read ("
                    + e.getMessage() + ")");
        }
    }

    private static URL url(Path jar) throws PluginException {
        try {
            return jar.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new PluginException(jar.toString(), "has a name that is no URL");
        }
    }

    private List<ServiceLoader.Provider<ProviderType>> services(ClassLoader loader)
            throws PluginException {
        List<ServiceLoader.Provider<ProviderType>> services = new ArrayList<>();
        Iterator<ServiceLoader.Provider<ProviderType>> found =
                ServiceLoader.load(ProviderType.class, loader).stream().iterator();
        try {
            while (found.hasNext()) {
                services.add(found.next());
            }
        } catch (ServiceConfigurationError | LinkageError e) {
            throw unusable(e);
        }
        return services;
    }

    private static ProviderType instance(ServiceLoader.Provider<ProviderType> service, String jar)
            throws PluginException {
        try {
            return service.get();
        } catch (ServiceConfigurationError e) {
            throw new PluginException(jar, service.type().getName() + " cannot be made: "
                    + said(e.getCause() == null ? e : e.getCause()));
        }
    }

    /** The error names a class or a file, but not always the jar. */
    private PluginException unusable(Error error) {
        String words = String.valueOf(error.getMessage());
        String jar = jarOfClass.entrySet().stream()
                .filter(each -> words.contains(each.getKey())
                        || words.contains(each.getKey().replace('.', '/'))
                        || words.contains(Path.of(each.getValue()).getFileName().toString()))
                .map(Map.Entry::getValue).findFirst().orElse(
                        jarOfClass.isEmpty() ? CLASS_PATH : directory.toString());
        return new PluginException(jar, said(error));
    }

    private static String said(Throwable error) {
        if (error instanceof ExceptionInInitializerError && error.getCause() != null) {
            return said(error.getCause());
        }
        String line = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
        String prefix = ProviderType.class.getName() + ": ";
        return error instanceof UnsupportedClassVersionError
                ? "was compiled for a newer Java than this one (" + line + ")"
                : error instanceof LinkageError
                ? "does not fit this version of Penstock (" + error.getClass().getSimpleName()
                        + ": " + line + ")"
                : error instanceof ServiceConfigurationError && line.startsWith(prefix)
                ? line.substring(prefix.length())
                : error.getClass().getName() + (line.isEmpty() ? "" : ": " + line);
    }
}
