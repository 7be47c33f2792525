package io.penstock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Links between README and pages lead somewhere, headings included. */
class DocLinksTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern LINK =
            Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)", Pattern.DOTALL);
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"));
                Stream<Path> top = Files.list(ROOT)) {
            return Stream.concat(top, docs).filter(page -> page.toString().endsWith(".md"))
                    .sorted().toList();
        }
    }

    /** As a forge makes it: lower case, no punctuation, hyphens for blanks. */
    private static boolean hasHeading(Path page, String anchor) throws IOException {
        Matcher heading = HEADING.matcher(Files.readString(page));
        while (heading.find()) {
            String made = heading.group(1).toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
            if (made.equals(anchor)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void leadSomewhere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            String text = Files.readString(page).replaceAll("(?s)```.*?```", "")
                    .replaceAll("`[^`]*`", "");
            Matcher link = LINK.matcher(text);
            while (link.find()) {
                String target = link.group(1);
                if (target.matches("[a-z]+:.*")) {
                    continue; // elsewhere
                }
                int hash = target.indexOf('#');
                String file = hash < 0 ? target : target.substring(0, hash);
                Path to = file.isEmpty() ? page : page.getParent().resolve(file).normalize();
                if (!Files.exists(to) || hash >= 0 && to.toString().endsWith(".md")
                        && !hasHeading(to, target.substring(hash + 1))) {
                    broken.add(ROOT.relativize(page) + ": " + target);
                }
            }
        }

        assertThat(broken).isEmpty();
    }
}
