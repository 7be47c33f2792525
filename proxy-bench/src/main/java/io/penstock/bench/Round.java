package io.penstock.bench;

/**
 * What one round at one endpoint brought. The processes' figures are NaN when none was named.
 *
 * @param cpuMicros that the endpoint's processes used within the window
 * @param residentBytes of the endpoint's processes at the end of the window, calls still open
 * @param residentGrowthBytes since before the round
 * @param ownCpuMicros that this generator used within the window
 */
record Round(
        Recording recording, long windowNanos, double cpuMicros, double residentBytes,
        double residentGrowthBytes, double ownCpuMicros) {

    double seconds() {
        return windowNanos / 1e9;
    }
}
