package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ExtendingPageTest {
    private static final Path DOCS = Path.of("..", "docs");
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private final String page = Files.readString(DOCS.resolve("extending.md"));

    ExtendingPageTest() throws IOException {}

    @Test
    void showsTheExampleThatIsCompiledInUnderSixtyLines() throws IOException {
        Path example = DOCS.resolve(Path.of("examples", "AcmeType.java"));

        Matcher code = JAVA.matcher(page);
        assertThat(code.find()).isTrue();
        assertThat(code.group(1)).isEqualTo(Files.readString(example));
        assertThat(code.find()).isFalse();
        assertThat(Files.readAllLines(example)).hasSizeLessThan(60);
    }

    @Test
    void namesEveryMethodOfTheInterface() {
        for (Method method : ProviderType.class.getMethods()) {
            assertThat(page).containsPattern("[`(]" + method.getName() + "[`(]");
        }
    }
}
