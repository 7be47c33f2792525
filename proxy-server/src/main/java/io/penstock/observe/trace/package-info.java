/**
 * Spans of finished exchanges, and how they reach a collector by OTLP. Knows exchanges; changes
 * nothing about them. Everything of the OpenTelemetry SDK is here, and is loaded by the exporting
 * thread. Start at {@link io.penstock.observe.trace.Traces}.
 */
@NullMarked
package io.penstock.observe.trace;

import org.jspecify.annotations.NullMarked;
