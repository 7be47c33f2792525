package io.penstock.cli;

import io.penstock.config.ConfigException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code penstock usage}: what callers used and have left, as the admin port tells it. */
@Command(name = "usage", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Prints what callers used in a month, and what is left of their budgets.")
final class UsageCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Option(names = "--key", paramLabel = "ID", description = "Of this caller only.")
    private String key;

    @Option(names = "--month", paramLabel = "YYYY-MM",
            description = "A month in UTC (default: the current one).")
    private String month;

    @Option(names = "--token", paramLabel = "T",
            description = "What the admin port asks for (default: PENSTOCK_ADMIN_TOKEN, else the "
                    + "configuration's).")
    private String token;

    @Option(names = "--json", description = "Prints the answer as it comes.")
    private boolean json;

    @Mixin
    private AdminPort port;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (month != null && !month.matches("[0-9]{4}-(0[1-9]|1[0-2])")) {
            throw new ParameterException(spec.commandLine(),
                    "--month: '" + month + "' (expected: a month such as 2026-11)");
        }
        try {
            AdminPort.Address asked = port.address(token);
            return print(asked, port.get(asked, target(), PATIENCE));
        } catch (ConfigException e) {
            return fail(Main.BAD_USAGE, String.valueOf(e.getMessage()));
        } catch (AdminPort.Unanswered e) {
            return fail(Main.FAILED, String.valueOf(e.getMessage()));
        }
    }

    private String target() {
        List<String> query = new ArrayList<>();
        if (month != null) {
            query.add("month=" + month);
        }
        if (key != null) {
            query.add("key=" + URLEncoder.encode(key, StandardCharsets.UTF_8));
        }
        return "/admin/usage" + (query.isEmpty() ? "" : "?" + String.join("&", query));
    }

    private Integer fail(int code, String message) {
        spec.commandLine().getErr().println(message);
        spec.commandLine().getErr().flush();
        return code;
    }

    private Integer print(AdminPort.Address asked, AdminPort.Answer answer) {
        if (answer.status() == 401) {
            return fail(Main.FAILED, asked.refusal());
        }
        try {
            UsageTable table = UsageTable.parse(answer.body());
            if (answer.status() != 200) {
                return fail(Main.FAILED, "penstock: " + table.error(answer.status()));
            }
            spec.commandLine().getOut().print(json ? answer.body() + "\n" : table.text(key));
            spec.commandLine().getOut().flush();
            String warning = table.warning();
            if (warning != null) {
                spec.commandLine().getErr().println("warning: " + warning);
                spec.commandLine().getErr().flush();
            }
            return 0;
        } catch (IOException e) {
            return fail(Main.FAILED, "penstock: what answers on " + asked.text()
                    + " is no admin port of Penstock (status " + answer.status() + ")");
        }
    }
}
