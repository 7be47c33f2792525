package io.penstock.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsoleFilesTest {
    private static final Pattern ADDRESS = Pattern.compile("(?:href|src)=\"([^\"]+)\"");
    private static final Pattern IMPORT =
            Pattern.compile("(?:from|import)\\s*\"([^\"]+)\"");
    private static final int MAX_FIRST_LOAD_BYTES = 150 * 1024;

    private final ConsoleFiles files =
            ConsoleFiles.read(List.of(new InetSocketAddress("127.0.0.1", 8080)));

    private String page(boolean operator) {
        return text(Objects.requireNonNull(files.find(Console.PATH, operator)));
    }

    private static String text(ConsoleFiles.File file) {
        return new String(file.plain(), StandardCharsets.UTF_8);
    }

    private List<String> addresses() {
        return ADDRESS.matcher(page(true)).results().map(each -> each.group(1)).distinct()
                .toList();
    }

    @Test
    void everyFileThatThePageAsksForIsThere() {
        assertThat(addresses()).hasSizeGreaterThan(10).allSatisfy(address ->
                assertThat(files.find(address, true)).as(address).isNotNull());
    }

    @Test
    void everyModuleThatIsImportedIsPreloaded() {
        List<String> modules = addresses().stream().filter(each -> each.endsWith(".js")).toList();

        for (String module : modules) {
            String code = text(Objects.requireNonNull(files.find(module, true)));
            for (MatchResult each : IMPORT.matcher(code).results().toList()) {
                if (!each.group(1).startsWith(".")) {
                    continue; // words within a text
                }
                String directory = module.substring(0, module.lastIndexOf('/') + 1);
                assertThat(modules).as(module).contains(
                        directory + each.group(1).substring("./".length()));
            }
        }
    }

    @Test
    void theFirstLoadIsSmall() throws IOException {
        long bytes = Objects.requireNonNull(files.find(Console.PATH, true)).gzipped().length;
        for (String address : addresses()) {
            ConsoleFiles.File file = Objects.requireNonNull(files.find(address, true));
            bytes += file.gzipped().length;
            assertThat(new GZIPInputStream(new ByteArrayInputStream(file.gzipped()))
                    .readAllBytes()).isEqualTo(file.plain());
        }

        assertThat(bytes).isLessThan(MAX_FIRST_LOAD_BYTES);
    }

    /** The policy would stop it, and the page would be half dead. */
    @Test
    void thePageHasNoCodeOrStyleOfItsOwnAndNothingFromOutside() {
        assertThat(page(false)).doesNotContain("{{", "<style", " style=", " onclick", "http:",
                "https:").doesNotContainPattern("<script(?![^>]*src=)");
    }

    @Test
    void eachPortsPageKnowsWhereItsDataIs() {
        assertThat(page(true)).contains("\"penstock-data\" content=\"/admin\"",
                "\"penstock-ports\" content=\"8080\"");
        assertThat(page(false)).contains("\"penstock-data\" content=\"/console\"",
                "\"penstock-ports\" content=\"\"");
    }

    @Test
    void filesOfAnotherVersionAreNotThere() {
        assertThat(files.find("/console/files/0123456789abcdef/app.js", true)).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"gzip|true", "deflate, gzip;q=0.5, br|true",
        "GZIP ; q=1|true", "gzip;q=0|false", "gzip;q=0.000|false", "br|false", "*|false",
        "''|false", "|false"})
    void compressesForThoseThatTakeIt(String accept, boolean takes) {
        assertThat(ConsoleFiles.takesGzip(accept)).isEqualTo(takes);
    }
}
