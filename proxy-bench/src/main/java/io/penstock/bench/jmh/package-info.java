/**
 * JMH benchmarks of each stage of the hot path, and of the whole relay; run them with {@code
 * penstock bench jmh -prof gc}, which adds the bytes allocated per operation.
 */
package io.penstock.bench.jmh;
