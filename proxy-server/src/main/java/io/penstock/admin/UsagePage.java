package io.penstock.admin;

import io.penstock.answer.LocalReply;
import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import io.penstock.failure.Failure;
import io.penstock.http.RequestHead;
import io.penstock.listen.DownstreamStream;
import io.penstock.store.Month;
import io.penstock.usage.LedgerRow;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /admin/usage}: who used what in a month, and what is left of their budgets. Made on a
 * thread that may wait, since a past month is on the disk, and there may be many callers.
 *
 * <p><b>Thread:</b> confined to the connection's event loop, which gets the finished page.
 */
final class UsagePage {
    static final String PATH = "/admin/usage";

    /** On the main port: what the caller itself has used. */
    static final String CALLERS_PATH = "/console/usage";

    private static final long READ_SECONDS = 10;

    private final ServerState state;

    /**
     * What was asked for.
     *
     * @param caller null for all
     * @param idle callers of the configuration that have used nothing are listed, too
     */
    private record Query(int month, @Nullable String caller, boolean idle) {
        /** Reads the query of the URL; throws what to tell whoever asked. */
        static Query parse(String text) throws BadQueryException {
            String month = null;
            String caller = null;
            boolean idle = false;
            for (String each : text.replaceFirst("^\\?", "").split("&")) {
                int equals = each.indexOf('=');
                String name = equals < 0 ? each : each.substring(0, equals);
                String value = decode(each.substring(equals < 0 ? each.length() : equals + 1));
                switch (name) {
                    case "month" -> month = value;
                    case "key" -> caller = value;
                    case "idle" -> idle = value.equals("true");
                    case "" -> { }
                    default -> throw new BadQueryException(
                            "Unknown parameter '" + name + "', expected month, key or idle.");
                }
            }
            return new Query(month == null ? Month.of(System.currentTimeMillis())
                    : parseMonth(month), caller, idle);
        }

        private static int parseMonth(String month) throws BadQueryException {
            if (!month.matches("[0-9]{4}-(0[1-9]|1[0-2])")) {
                throw new BadQueryException(
                        "'" + month + "' is no month, expected one such as 2026-11.");
            }
            return Month.parse(month);
        }

        private static String decode(String value) throws BadQueryException {
            try {
                return URLDecoder.decode(value, StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                throw new BadQueryException("A parameter is not percent-encoded as it should be.");
            }
        }
    }

    private static final class BadQueryException extends Exception {
        private final String said;

        BadQueryException(String said) {
            super(said);
            this.said = said;
        }
    }

    UsagePage(ServerState state) {
        this.state = state;
    }

    void answer(DownstreamStream to, LocalReply reply, RequestHead head, String id) {
        Query query;
        try {
            query = Query.parse(head.query());
        } catch (BadQueryException e) {
            reply.error(to, Failure.of(Failure.Kind.BAD_REQUEST, e.said), id, null);
            return;
        }
        answer(to, reply, query, state::allowanceOf, id);
    }

    /** Answers a caller with what it has used this month, and may. */
    void answerOwn(DownstreamStream to, LocalReply reply, Caller caller, String id) {
        Query query = new Query(Month.of(System.currentTimeMillis()), caller.id(), false);
        answer(to, reply, query,
                callerId -> callerId.equals(caller.id()) ? caller.allowance() : null, id);
    }

    private void answer(DownstreamStream to, LocalReply reply, Query query,
            Function<String, @Nullable Allowance> allowances, String id) {
        try {
            state.inBackground(() -> make(query, allowances, to, reply, id));
        } catch (RejectedExecutionException e) {
            refuse(to, reply, id, "Too many questions of this kind wait already.");
        }
    }

    /** On the thread that may wait. */
    private void make(Query query, Function<String, @Nullable Allowance> allowances,
            DownstreamStream to, LocalReply reply, String id) {
        @Nullable String body = null;
        String failure = "";
        try {
            List<LedgerRow> rows =
                    state.ledger().read(query.month()).get(READ_SECONDS, TimeUnit.SECONDS);
            body = page(query, allowances, rows);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failure = "The proxy stops.";
        } catch (TimeoutException e) {
            failure = "The store did not answer within " + READ_SECONDS + " s.";
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNull(e.getCause());
            failure = "That month cannot be read now: " + cause.getMessage();
        }
        String page = body;
        String refusal = failure;
        try {
            to.executor().execute(() -> {
                if (page != null) {
                    reply.json(to, 200, id, page);
                } else {
                    refuse(to, reply, id, refusal);
                }
            });
        } catch (RejectedExecutionException e) {
            // The proxy has stopped, and the connection to whoever asked with it.
        }
    }

    private String page(Query query, Function<String, @Nullable Allowance> allowances,
            List<LedgerRow> rows) {
        UsageReport report = new UsageReport();
        for (LedgerRow row : rows) {
            if (query.caller() == null || row.caller().equals(query.caller())) {
                report.add(row);
            }
        }
        String caller = query.caller();
        if (caller != null && allowances.apply(caller) != null) {
            report.list(caller); // who has used nothing yet has a budget, too
        }
        if (query.idle()) {
            state.callerIds().forEach(report::list);
        }
        return report.json(query.month(), allowances, state.ledger().state());
    }

    private static void refuse(DownstreamStream to, LocalReply reply, String id,
            String message) {
        reply.error(to, Failure.of(Failure.Kind.OVERLOADED, message), id, null);
    }
}
