package io.penstock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds the page that follows a request through the code to the code. */
class LifeOfARequestPageTest {
    private static final Path PAGE = Path.of("../docs/life-of-a-request.md");

    /** A class with its package, in prose and in the picture: {@code listen.RequestReader}. */
    private static final Pattern QUALIFIED =
            Pattern.compile("(?<![\\w.])((?:[a-z]+\\.)+)([A-Z]\\w+)");

    /** A class in backticks without its package, with or without a member of it. */
    private static final Pattern BARE = Pattern.compile("`([A-Z][a-z]\\w+)(?:\\.(\\w+))?`");

    private static String page() throws IOException {
        return Files.readString(PAGE);
    }

    private static Map<String, String> qualified() throws IOException {
        Map<String, String> packages = new TreeMap<>();
        Matcher matcher = QUALIFIED.matcher(page());
        while (matcher.find()) {
            packages.put(matcher.group(2), "io.penstock." + matcher.group(1));
        }
        return packages;
    }

    private static Class<?> find(String name) {
        try {
            return Class.forName(name, false, LifeOfARequestPageTest.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            return null;
        }
    }

    @Test
    void everyClassStandsInThePackageThatThePageNames() throws IOException {
        List<String> missing = new ArrayList<>();
        Matcher matcher = QUALIFIED.matcher(page());
        while (matcher.find()) {
            String name = "io.penstock." + matcher.group(1) + matcher.group(2);
            if (find(name) == null) {
                missing.add(name);
            }
        }

        assertThat(qualified()).hasSizeGreaterThan(30);
        assertThat(missing).isEmpty();
    }

    @Test
    void everyClassIsNamedWithItsPackageOnce() throws IOException {
        List<String> bare = new ArrayList<>();
        Matcher matcher = BARE.matcher(page());
        while (matcher.find()) {
            bare.add(matcher.group(1));
        }

        assertThat(bare).isNotEmpty();
        assertThat(qualified().keySet()).containsAll(bare);
    }

    @Test
    void everyMethodIsOneOfItsClass() throws IOException {
        Map<String, String> packages = qualified();
        List<String> missing = new ArrayList<>();
        Matcher matcher = BARE.matcher(page());
        while (matcher.find()) {
            String method = matcher.group(2);
            Class<?> type = find(packages.get(matcher.group(1)) + matcher.group(1));
            if (method != null && (type == null || Arrays.stream(type.getDeclaredMethods())
                    .map(Method::getName).noneMatch(method::equals))) {
                missing.add(matcher.group());
            }
        }

        assertThat(missing).isEmpty();
    }
}
