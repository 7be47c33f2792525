package io.penstock.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Map;

/** The figures for programs: every round's values, their medians, and how they came about. */
final class JsonReport {
    private JsonReport() {}

    static String of(RunDescription run, Comparison comparison) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeObjectFieldStart("run");
            for (Map.Entry<String, String> fact : run.facts().entrySet()) {
                json.writeStringField(fact.getKey(), fact.getValue());
            }
            json.writeEndObject();
            json.writeStringField("reference", comparison.reference().name());
            json.writeStringField("direct",
                    comparison.direct() == null ? null : comparison.direct().name());
            json.writeArrayFieldStart("endpoints");
            for (Endpoint endpoint : comparison.endpoints()) {
                write(json, comparison, endpoint);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        return text.append('\n').toString();
    }

    private static void write(JsonGenerator json, Comparison comparison, Endpoint endpoint)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("name", endpoint.name());
        json.writeStringField("url", endpoint.url());
        json.writeObjectFieldStart("metrics");
        for (Metric metric : Metric.values()) {
            Spread value = comparison.value(endpoint, metric);
            if (!value.isKnown()) {
                continue;
            }
            json.writeObjectFieldStart(metric.code);
            write(json, value);
            json.writeArrayFieldStart("rounds");
            for (double each : comparison.values(endpoint, metric)) {
                number(json, each);
            }
            json.writeEndArray();
            write(json, "ratio", comparison.ratio(endpoint, metric));
            if (metric.unit == Metric.Unit.NANOS) {
                write(json, "added", comparison.added(endpoint, metric));
            }
            json.writeEndObject();
        }
        json.writeEndObject();
        Recording whole = comparison.whole(endpoint);
        json.writeObjectFieldStart("failures");
        for (Map.Entry<CallFailure, Long> failure : whole.failures().entrySet()) {
            json.writeNumberField(failure.getKey().code, failure.getValue());
        }
        json.writeEndObject();
        json.writeObjectFieldStart("failed_statuses");
        for (Map.Entry<Integer, Long> status : whole.failedStatuses().entrySet()) {
            json.writeNumberField(Integer.toString(status.getKey()), status.getValue());
        }
        json.writeEndObject();
        json.writeStringField("first_failure", whole.firstFailure);
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String name, Spread spread)
            throws IOException {
        if (spread.isKnown()) {
            json.writeObjectFieldStart(name);
            write(json, spread);
            json.writeEndObject();
        }
    }

    private static void write(JsonGenerator json, Spread spread) throws IOException {
        json.writeNumberField("median", spread.median());
        json.writeNumberField("min", spread.min());
        json.writeNumberField("max", spread.max());
    }

    private static void number(JsonGenerator json, double value) throws IOException {
        if (Double.isFinite(value)) {
            json.writeNumber(value);
        } else {
            json.writeNull(); // JSON has no NaN
        }
    }
}
