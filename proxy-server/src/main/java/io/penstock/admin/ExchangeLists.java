package io.penstock.admin;

import com.fasterxml.jackson.core.JsonGenerator;
import io.penstock.exchange.Finished;
import io.penstock.exchange.Running;
import io.penstock.observe.ExchangeJson;
import io.penstock.observe.LoopWatch.Sight;
import io.penstock.observe.LoopWatch.Viewer;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;

/** Lists of exchanges of all event loops, as JSON. */
final class ExchangeLists {
    private static final Comparator<Running> OLDEST =
            Comparator.comparingLong(Running::ageNanos).reversed();
    private static final Comparator<Finished> IN_TURN =
            Comparator.comparingLong(Finished::endedNanos);

    private ExchangeLists() {}

    /** An object with the exchanges under way, the oldest first, and how many there are in all. */
    static void running(JsonGenerator out, Viewer viewer, List<Sight> sights) throws IOException {
        List<Running> all = sights.stream().flatMap(each -> each.running().stream())
                .sorted(OLDEST).toList();
        long total = sights.stream().mapToLong(Sight::runningInAll).sum();
        out.writeStartObject();
        out.writeNumberField("total", viewer.isOperator() ? total : all.size());
        out.writeArrayFieldStart("exchanges");
        for (Running each : all) {
            ExchangeJson.write(out, each);
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    /** An object with the finished exchanges, the oldest first, and how many are left out. */
    static void finished(JsonGenerator out, Viewer viewer, List<Sight> sights)
            throws IOException {
        out.writeStartObject();
        out.writeNumberField("missed", sights.stream().mapToLong(Sight::missed).sum());
        out.writeArrayFieldStart("exchanges");
        for (Finished each : sights.stream().flatMap(sight -> sight.finished().stream())
                .sorted(IN_TURN).toList()) {
            ExchangeJson.write(out, each, viewer.isOperator());
        }
        out.writeEndArray();
        out.writeEndObject();
    }
}
