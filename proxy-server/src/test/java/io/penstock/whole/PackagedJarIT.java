package io.penstock.whole;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The jar that is shipped: what it holds of the libraries, and of their licences. A library is
 * bundled when a class or native library of its jar is in there, whatever the build's files say.
 */
class PackagedJarIT {
    private static final String LICENSES = "META-INF/licenses/";
    private static final Pattern CODE = Pattern.compile(".*\\.(class|so|dll|jnilib|dylib)");
    private static final Pattern LEGAL =
            Pattern.compile("(META-INF/)?([^/]*(LICENSE|NOTICE|COPYING)[^/]*|license/.+)");

    private static final List<String> LICENSE_NAMES =
            List.of("LICENSE.txt", "META-INF/LICENSE.txt", "META-INF/LICENSE");

    private static JarFile shipped;
    private static Set<String> names;

    @BeforeAll
    static void open() throws IOException {
        shipped = new JarFile(System.getProperty("penstock.jar"));
        names = names(shipped);
    }

    @AfterAll
    static void close() throws IOException {
        shipped.close();
    }

    @Test
    void everyBundledLibraryComesWithItsLicence() throws IOException {
        List<String> without = new ArrayList<>();
        for (Path library : bundled()) {
            if (!hasLicence(library)) {
                without.add(library.getFileName().toString());
            }
        }

        assertThat(without).as("libraries without a file " + LICENSES
                + "<artifactId or groupId>/[META-INF/]LICENSE").isEmpty();
    }

    @Test
    void licencesAndNoticesAreKeptAsTheLibrariesShipThem() throws IOException {
        List<String> lost = new ArrayList<>();
        for (Path library : bundled()) {
            try (JarFile jar = new JarFile(library.toFile())) {
                for (String name : names(jar)) {
                    if (LEGAL.matcher(name).matches() && !isKept(library, jar, name)) {
                        lost.add(library.getFileName() + ": " + name);
                    }
                }
            }
        }

        assertThat(lost).isEmpty();
    }

    @Test
    void everyClassThatOursUseIsThere() {
        Set<String> used = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.penstock").stream()
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                .filter(type -> !type.isPrimitive()).map(JavaClass::getName)
                .filter(name -> !name.startsWith("java.") && !name.startsWith("javax.")
                        && !name.startsWith("jdk.jfr.")) // the JDK's own
                .map(name -> name.replace('.', '/') + ".class")
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(used).hasSizeGreaterThan(100);
        assertThat(names).containsAll(used);
    }

    @Test
    void everyClassIsOursOrOfALibraryThatTheBuildKnows() throws IOException {
        Set<String> unknown = names.stream().filter(name -> CODE.matcher(name).matches())
                .filter(name -> !name.startsWith("io/penstock/"))
                .collect(Collectors.toCollection(TreeSet::new));
        for (Path library : libraries()) {
            try (JarFile jar = new JarFile(library.toFile())) {
                unknown.removeAll(names(jar));
            }
        }

        assertThat(unknown).isEmpty();
    }

    @Test
    void itRuns() throws Exception {
        Process process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-jar", shipped.getName(), "--version")
                .redirectErrorStream(true).start();

        assertThat(new String(process.getInputStream().readAllBytes())).contains("enstock");
        assertThat(process.waitFor()).isZero();
    }

    /** The jars that tests are run with: those of the server, and those of tests alone. */
    private static List<Path> libraries() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar")).map(Path::of).toList();
    }

    private static List<Path> bundled() throws IOException {
        List<Path> bundled = new ArrayList<>();
        for (Path library : libraries()) {
            try (JarFile jar = new JarFile(library.toFile())) {
                if (names(jar).stream().anyMatch(name -> CODE.matcher(name).matches()
                        && !name.endsWith("module-info.class") && names.contains(name))) {
                    bundled.add(library);
                }
            }
        }
        assertThat(bundled).hasSizeGreaterThan(20);
        return bundled;
    }

    private static boolean hasLicence(Path library) {
        return directories(library).flatMap(directory -> LICENSE_NAMES.stream()
                .map(name -> directory + name)).anyMatch(names::contains);
    }

    private static boolean isKept(Path library, JarFile jar, String name) throws IOException {
        byte[] text = read(jar, name);
        for (String directory : directories(library).toList()) {
            if (names.contains(directory + name)
                    && Arrays.equals(text, read(shipped, directory + name))) {
                return true;
            }
        }
        return false;
    }

    /** Where the licence of a library of {@code …/group/id/artifactId/version/file.jar} may be. */
    private static Stream<String> directories(Path library) {
        Path artifact = library.getParent().getParent();
        String group = artifact.getParent().toString().replace(File.separatorChar, '.');
        Set<String> groups = new HashSet<>();
        for (int dot = group.indexOf('.'); dot >= 0; dot = group.indexOf('.', dot + 1)) {
            groups.add(group.substring(dot + 1)); // whatever stands before it: a repository
        }
        return Stream.concat(Stream.of(artifact.getFileName().toString()), groups.stream())
                .map(name -> LICENSES + name + "/");
    }

    private static Set<String> names(JarFile jar) {
        return jar.stream().filter(entry -> !entry.isDirectory()).map(JarEntry::getName)
                .collect(Collectors.toCollection(HashSet::new));
    }

    private static byte[] read(JarFile jar, String name) throws IOException {
        try (var in = jar.getInputStream(jar.getEntry(name))) {
            return in.readAllBytes();
        }
    }
}
