/**
 * Turns a YAML file, the environment and the command line's flags into checked {@link
 * io.penstock.config.Settings}, and reports every mistake at once, each with its place.
 *
 * <p>One declarative table, {@link io.penstock.config.Schema}, says which keys there are; reading,
 * suggestions and {@code docs/configuration.md} all follow from it. Knows the settings records of
 * the other packages; not what they do with them. Start at {@link io.penstock.config.ConfigLoader}.
 */
@NullMarked
package io.penstock.config;

import org.jspecify.annotations.NullMarked;
