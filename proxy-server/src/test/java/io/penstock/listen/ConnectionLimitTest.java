package io.penstock.listen;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class ConnectionLimitTest {
    private final InetAddress a;
    private final InetAddress b;

    ConnectionLimitTest() throws UnknownHostException {
        a = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
        b = InetAddress.getByAddress(new byte[] {10, 0, 0, 2});
    }

    @Test
    void boundsAllConnections() {
        ConnectionLimit limit = new ConnectionLimit(2, null);
        assertThat(limit.tryOpen(a)).isTrue();
        assertThat(limit.tryOpen(a)).isTrue();
        assertThat(limit.tryOpen(b)).isFalse();
        assertThat(limit.open()).isEqualTo(2);
        limit.onClosed(a);
        assertThat(limit.tryOpen(b)).isTrue();
    }

    @Test
    void boundsTheConnectionsOfOneAddress() {
        ConnectionLimit limit = new ConnectionLimit(10, 2);
        assertThat(limit.tryOpen(a)).isTrue();
        assertThat(limit.tryOpen(a)).isTrue();
        assertThat(limit.tryOpen(a)).isFalse();
        assertThat(limit.tryOpen(a)).isFalse();
        assertThat(limit.open()).isEqualTo(2); // a refusal leaves nothing behind
        assertThat(limit.tryOpen(b)).isTrue();
        limit.onClosed(a);
        assertThat(limit.tryOpen(a)).isTrue();
        assertThat(limit.tryOpen(a)).isFalse();
    }

    @Test
    void goesByOtherLimitsFromThenOn() {
        ConnectionLimit limit = new ConnectionLimit(10, null);
        limit.tryOpen(a);
        limit.tryOpen(a);
        limit.set(10, 1);
        assertThat(limit.open()).isEqualTo(2);
        assertThat(limit.tryOpen(a)).isFalse();
        assertThat(limit.tryOpen(b)).isTrue();
        limit.set(3, null);
        assertThat(limit.tryOpen(b)).isFalse();
    }
}
