package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.listen.DownstreamStream;
import io.penstock.relay.Tunnel;
import io.penstock.upstream.UpstreamStream;

/** The two connections as a tunnel sees them: alike. */
final class TunnelEnds {
    private TunnelEnds() {}

    record Caller(DownstreamStream connection) implements Tunnel.Side {
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

    record Provider(UpstreamStream connection) implements Tunnel.Side {
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
