package io.penstock.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.resolver.CoreScalarResolver;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.CoreSchema;
import org.snakeyaml.engine.v2.schema.Schema;

/** A YAML file as a tree of nodes that know their places. */
final class YamlFile {
    private static final int MAX_CODE_POINTS = 1024 * 1024;
    private static final int MAX_COLLECTION_ALIASES = 100; // bounds what a small file can grow to

    /** Null may be left out; {@code <<} is left to {@link Keys}, since here a cycle never ends. */
    private static final Schema NO_MERGE = new CoreSchema() {
        @Override
        public ScalarResolver getScalarResolver() {
            return new CoreScalarResolver(false);
        }
    };

    private final String name;
    private final Problems problems;

    YamlFile(String name, Problems problems) {
        this.name = name;
        this.problems = problems;
    }

    /** Empty for an empty file. */
    Optional<Node> read(Path file) throws ConfigException {
        String text = text(file);
        LoadSettings settings = LoadSettings.builder().setLabel(name)
                .setSchema(NO_MERGE)
                .setCodePointLimit(MAX_CODE_POINTS)
                .setMaxAliasesForCollections(MAX_COLLECTION_ALIASES).build();
        try {
            return new Compose(settings).composeString(text);
        } catch (MarkedYamlEngineException e) {
            Place place = e.getProblemMark().map(Place.top(name)::on).orElse(Place.top(name));
            throw problems.fatal(place, "no YAML: " + described(e) + hint(text, place.line()));
        } catch (YamlEngineException e) {
            throw problems.fatal(Place.top(name), "no YAML: " + e.getMessage());
        }
    }

    private String text(Path file) throws ConfigException {
        Place nowhere = new Place(name, 0, 0, "");
        try {
            String text = Files.readString(file);
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (NoSuchFileException e) {
            throw problems.fatal(nowhere, "no such file");
        } catch (CharacterCodingException e) {
            throw problems.fatal(nowhere, "is not UTF-8 text");
        } catch (IOException e) {
            throw problems.fatal(nowhere, "cannot be read: " + e);
        }
    }

    private static String described(MarkedYamlEngineException e) {
        return e.getContext() == null ? e.getProblem() : e.getContext() + ", " + e.getProblem();
    }

    private static String hint(String text, int line) {
        return text.lines().skip(line - 1).findFirst().orElse("").contains("${")
                ? "; inside { } or [ ] a value with ${…} needs quotes" : "";
    }
}
