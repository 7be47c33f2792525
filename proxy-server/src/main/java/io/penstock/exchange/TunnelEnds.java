package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.listen.DownstreamConnection;
import io.penstock.relay.Tunnel;
import io.penstock.upstream.UpstreamConnection;

/** The two connections as a tunnel sees them: alike. */
final class TunnelEnds {
    private TunnelEnds() {}

    record Caller(DownstreamConnection connection) implements Tunnel.Side {
        @Override
        public void write(ByteBuf bytes) {
            connection.write(bytes);
        }

        @Override
        public void flush() {
            connection.flush();
        }

        @Override
        public boolean isWritable() {
            return connection.isWritable();
        }

        @Override
        public void setReading(boolean reading) {
            connection.setReading(reading);
        }

        @Override
        public void endOutput() {
            connection.endOutput();
        }
    }

    record Provider(UpstreamConnection connection) implements Tunnel.Side {
        @Override
        public void write(ByteBuf bytes) {
            connection.write(bytes);
        }

        @Override
        public void flush() {
            connection.flush();
        }

        @Override
        public boolean isWritable() {
            return connection.isWritable();
        }

        @Override
        public void setReading(boolean reading) {
            connection.setReading(reading);
        }

        @Override
        public void endOutput() {
            connection.endOutput();
        }
    }
}
