/**
 * The command line: arguments, exit codes, signals. Start at {@link io.penstock.cli.Main}.
 */
package io.penstock.cli;
