package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/** How a request's body is compressed (RFC 9110 section 8.4.1). */
enum BodyCoding {
    NONE, GZIP, DEFLATE,
    /** One that can't be read here, or several. */
    OTHER;

    private static final int METHOD_DEFLATE = 8;

    static BodyCoding of(RequestHead head) {
        String coding = head.has(Field.CONTENT_ENCODING) ? head.values("content-encoding") : null;
        if (coding == null) {
            return NONE;
        }
        return switch (coding.toLowerCase(Locale.ROOT)) {
            case "", "identity" -> NONE;
            case "gzip", "x-gzip" -> GZIP;
            case "deflate" -> DEFLATE;
            default -> OTHER;
        };
    }

    boolean isCompressed() {
        return this != NONE;
    }

    /** Opens the plain body; the coded one is borrowed until the stream is closed. */
    InputStream open(ByteBuf coded) throws IOException {
        if (this == GZIP) {
            return new GZIPInputStream(new ByteBufInputStream(coded));
        }
        Inflater inflater = new Inflater(!hasZlibHeader(coded));
        return new InflaterInputStream(new ByteBufInputStream(coded), inflater) {
            @Override
            public void close() throws IOException {
                super.close();
                inflater.end();
            }
        };
    }

    /** RFC 1950 section 2.2; some clients send what should stand behind that header alone. */
    private static boolean hasZlibHeader(ByteBuf coded) {
        if (coded.readableBytes() < 2) {
            return true;
        }
        int header = coded.getUnsignedShort(coded.readerIndex());
        return (header >> 8 & 0x0f) == METHOD_DEFLATE && header % 31 == 0;
    }
}
