package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code bin/fuzz} has found so far, given to each target again; see docs/fuzzing.md. */
class FuzzCorpusTest {
    private static final Path CORPUS = Path.of("src/test/resources/fuzz");
    private static final Path SOURCES = Path.of("src/test/java/io/penstock");
    private static final String SUFFIX = "Fuzz.java";
    private static final String LINES = "corpus.base64";

    /** The targets by name: {@code http.Head} is {@code io.penstock.http.HeadFuzz}. */
    static List<String> targets() throws IOException {
        try (Stream<Path> sources = Files.walk(SOURCES)) {
            return sources.map(source -> SOURCES.relativize(source).toString())
                    .filter(source -> source.endsWith(SUFFIX))
                    .map(source -> source.substring(0, source.length() - SUFFIX.length())
                            .replace('/', '.'))
                    .sorted().toList();
        }
    }

    /** A target's inputs by what to call them: seeds with a name, and the lines of the corpus. */
    private static Map<String, byte[]> inputs(String target) throws IOException {
        Map<String, byte[]> inputs = new TreeMap<>();
        try (Stream<Path> files = Files.list(CORPUS.resolve(target))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals(LINES)) {
                    inputs.put(name, Files.readAllBytes(file));
                    continue;
                }
                int line = 0;
                for (String input : Files.readAllLines(file)) {
                    line++;
                    inputs.put(name + " line " + line, Base64.getDecoder().decode(input));
                }
            }
        }
        return inputs;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void itsPropertiesHold(String target) throws Exception {
        Method run = Class.forName("io.penstock." + target + "Fuzz")
                .getMethod("fuzzerTestOneInput", byte[].class);
        Map<String, byte[]> inputs = inputs(target);
        for (Map.Entry<String, byte[]> input : inputs.entrySet()) {
            try {
                run.invoke(null, (Object) input.getValue());
            } catch (InvocationTargetException e) {
                throw new AssertionError(input.getKey() + " of " + target, e.getCause());
            }
        }
        assertThat(inputs).isNotEmpty();
    }

    @Test
    void everyCorpusHasATarget() throws IOException {
        try (Stream<Path> corpora = Files.list(CORPUS).filter(Files::isDirectory)) {
            assertThat(corpora.map(corpus -> corpus.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(targets());
        }
    }
}
