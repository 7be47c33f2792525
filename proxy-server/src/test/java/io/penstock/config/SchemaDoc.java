package io.penstock.config;

import io.penstock.provider.Option;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** {@code docs/configuration.md}, written from the schema that the file is read by. */
final class SchemaDoc {
    private static final String INTRODUCTION = """
            # Configuration

            <!-- Written by SchemaDocTest from the schema; edit that, then run
            `mvn -pl proxy-server test -Dtest=SchemaDocTest -Dpenstock.docs=write`. -->

            A YAML file, `conf/penstock.yaml` unless `serve -c` names another. `penstock check`
            validates it and prints every mistake as
            `FILE:LINE:COL: path.to.key: what is wrong, what was expected`. Flags win over the file,
            the file over the environment, the environment over the defaults.

            - `${NAME}` and `${NAME:-default}` in a value stand for a variable of the environment or
              of `.env`, where the real environment wins. The default also takes the place of an
              empty variable; a value that ends up empty counts as not set. `$${` is a plain `${`.
              Inside `{ }` and `[ ]` such a value needs quotes. What a variable holds is one value,
              never more YAML.
            - Durations: `250us`, `250ms`, `2s`, `5m`, `1h`, `7d`, `0`. Sizes: `64KiB`, `32MiB`,
              `1GiB` (powers of 1024), `KB`, `MB`, `GB` (powers of 1000), or a number of bytes.
              Switches: `true` and `false` only.
            - `null`, or nothing after the colon, leaves a key at its default.
            - Unknown and duplicate keys are mistakes. Anchors, aliases and `<<` work.
            - Relative paths count from the working directory.
            - `conf/penstock.schema.json` is the JSON Schema of the file. With it an editor
              completes keys, shows what they mean and underlines mistakes. Editors with the YAML
              language server, such as VS Code with its YAML extension, find it by the first line of
              the files in `conf/`: `# yaml-language-server: $schema=penstock.schema.json`.
            """;

    private final StringBuilder page = new StringBuilder(INTRODUCTION);

    private SchemaDoc() {}

    static String page() {
        SchemaDoc doc = new SchemaDoc();
        for (Field<?> field : Schema.ROOT.fields()) {
            doc.section(field);
        }
        doc.environment();
        return doc.page.toString();
    }

    private void section(Field<?> field) {
        page.append("\n## ").append(field.name()).append("\n\n")
                .append(paragraph(field.meaning())).append("\n\n")
                .append("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
        if (nested(field.type()) == null) {
            row(field.name(), field);
        } else {
            rows(path("", field), nested(field.type()));
        }
    }

    private void rows(String path, SectionType section) {
        for (Field<?> field : section.fields()) {
            String key = path + "." + field.name();
            row(key, field);
            if (nested(field.type()) != null) {
                rows(path(path + ".", field), nested(field.type()));
            }
        }
    }

    private void row(String key, Field<?> field) {
        page.append("| `").append(key).append("` | ").append(escaped(field.type().label()))
                .append(" | ").append(standard(field)).append(" | ")
                .append(escaped(field.meaning())).append(" |\n");
    }

    private static String path(String prefix, Field<?> field) {
        String suffix = field.type() instanceof ListType ? "[]"
                : field.type() instanceof MapType<?> map
                        ? "." + map.keyLabel().toUpperCase(Locale.ROOT) : "";
        return prefix + field.name() + suffix;
    }

    private static SectionType nested(Type<?> type) {
        if (type instanceof ListType<?> list) {
            return nested(list.item());
        }
        if (type instanceof MapType<?> map) {
            return nested(map.value());
        }
        return type instanceof SectionType section ? section : null;
    }

    private static <T> String standard(Field<T> field) {
        if (field.isRequired()) {
            return "required";
        }
        if (field.defaultValue() == null) {
            return "";
        }
        return "`" + escaped(field.type().format(field.defaultValue())) + "`";
    }

    private static String paragraph(String sentence) {
        return Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1) + ".";
    }

    private static String escaped(String text) {
        return text.replace("|", "\\|");
    }

    private void environment() {
        String keys = ProviderBinder.FROM_ENVIRONMENT.stream().map(ProviderType::defaultKeyEnv)
                .map(name -> "`" + name + "`").collect(Collectors.joining(", "));
        page.append("\n## Provider types\n\n| type | `base_url` | `api_key_env` |\n")
                .append("| --- | --- | --- |\n");
        for (ProviderType type : ProviderTypes.BUILT_IN.all()) {
            page.append("| `").append(type.configName()).append("` | ")
                    .append(type.defaultBaseUrl() == null ? "required" : type.defaultBaseUrl())
                    .append(" | ")
                    .append(type.defaultKeyEnv() == null ? "" : "`" + type.defaultKeyEnv() + "`")
                    .append(" |\n");
        }
        page.append("\nWhat stands in `options` of a provider of some of them:\n\n")
                .append("| type | option | default | meaning |\n| --- | --- | --- | --- |\n");
        for (ProviderType type : ProviderTypes.BUILT_IN.all()) {
            type.options().forEach(option -> option(type, option));
        }
        page.append("\n## Environment\n\n| variable | meaning |\n| --- | --- |\n")
                .append("| `PROXY_API_HOST`, `PROXY_API_PORT` | the listener's address, where the "
                        + "file has no `listen` |\n")
                .append("| `PROXY_API_DEBUG` | `true` is `observe.log.level: debug` where the "
                        + "file sets no level: the log tells what peers do wrong, too |\n")
                .append("| `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, also in lower "
                        + "case | the [forward proxy](providers.md#through-a-forward-proxy) on "
                        + "the way to providers that set no `proxy` |\n")
                .append("| `PENSTOCK_DATA_DIR` | where usage is kept, unless `serve --data-dir` "
                        + "says |\n")
                .append("| `PENSTOCK_ADMIN_TOKEN` | what `penstock usage` shows the admin port, "
                        + "unless `--token` says |\n")
                .append("| ").append(keys).append(" | where neither file nor flags name providers, "
                        + "each one set makes a provider, tried in this order |\n");
    }

    private void option(ProviderType type, Option option) {
        List<String> defaults = new ArrayList<>(option.variables());
        if (option.defaultValue() != null) {
            defaults.add(option.defaultValue());
        }
        String standard = defaults.stream().map(each -> "`" + each + "`")
                .collect(Collectors.joining(", else "));
        page.append("| `").append(type.configName()).append("` | `").append(option.name())
                .append(option.kind() == Option.Kind.NAMES ? ".NAME` | " : "` | ")
                .append(option.isRequired() && standard.isEmpty() ? "required" : standard)
                .append(" | ").append(escaped(option.meaning())).append(" |\n");
    }
}
