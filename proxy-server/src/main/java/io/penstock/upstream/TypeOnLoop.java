package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.provider.Authorization;
import io.penstock.provider.CredentialsMissingException;
import io.penstock.provider.FieldSink;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ReplyVerdict;
import io.penstock.provider.RequestToSign;
import io.penstock.provider.Site;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a provider's type is asked on event loops, where a plugin's mistake may cost one attempt and
 * nothing else: whatever it throws is caught here, errors too, since a loop serves all the others.
 *
 * <p><b>Thread:</b> safe. <b>Bounds:</b> one line in the log for a provider's mistakes of a second.
 */
final class TypeOnLoop {
    private static final Logger LOG = LoggerFactory.getLogger(TypeOnLoop.class);
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int MAX_NAME_CHARS = 1024;

    private final String provider;
    private final ProviderType type;
    private final Site site;
    private final AtomicLong loggedNanos = new AtomicLong(System.nanoTime() - QUIET_NANOS);

    TypeOnLoop(String provider, ProviderType type, Site site) {
        this.provider = provider;
        this.type = type;
        this.site = site;
    }

    @SuppressWarnings("ReferenceEquality") // an equal name is checked once more than it need be
    String modelName(String model) throws ProviderTypeException {
        try {
            String name = type.modelName(model, site);
            if (name == model) { // most types leave it at that
                return model;
            }
            if (name == null || name.isBlank() || name.length() > MAX_NAME_CHARS) {
                throw new IllegalArgumentException("no name of a model");
            }
            return name;
        } catch (Throwable e) {
            throw failed("modelName", e);
        }
    }

    String target(String path, String query, @Nullable String model) throws ProviderTypeException {
        try {
            String target = type.target(path, query, model, site);
            if (target == null || !target.startsWith("/")
                    || target.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
                throw new IllegalArgumentException("no path");
            }
            return target;
        } catch (Throwable e) {
            throw failed("target", e);
        }
    }

    /** Null for the usual one. */
    @Nullable Authorization authorization(@Nullable String key, String path)
            throws ProviderTypeException {
        try {
            return type.authorization(key, site, path);
        } catch (Throwable e) {
            throw failed("authorization", e);
        }
    }

    /** Writes a signature's fields; returns their names. Borrows the body; null if unknown. */
    Set<String> sign(Authorization.Signed signed, HeadWriter out, String method, String path,
            String query, @Nullable ByteBuf body) throws ProviderTypeException {
        FieldSink fields = new FieldSink(out);
        try {
            signed.signer().sign(new RequestToSign(method, site.authority(), path, query,
                    body == null ? null : pieces(body)), fields);
            return fields.names();
        } catch (CredentialsMissingException e) {
            throw new ProviderTypeException(Fault.NO_CREDENTIALS, e.getMessage());
        } catch (UnsupportedOperationException e) {
            if (body == null) {
                throw new ProviderTypeException(Fault.UNSIGNABLE,
                        "it signs bodies, and this one is sent on as it comes");
            }
            throw failed("sign", e);
        } catch (Throwable e) {
            throw failed("sign", e);
        }
    }

    void prepare(Authorization.Signed signed) {
        try {
            signed.signer().prepare();
        } catch (Throwable e) {
            failed("prepare", e);
        }
    }

    boolean isReady(Authorization.Signed signed) {
        try {
            return signed.signer().isReady();
        } catch (Throwable e) {
            failed("isReady", e);
            return true; // the attempt will show it
        }
    }

    void onRefused(Authorization.Signed signed, String body) {
        try {
            signed.signer().onRefused(body);
        } catch (Throwable e) {
            failed("onRefused", e);
        }
    }

    private static List<ByteBuffer> pieces(ByteBuf body) {
        return !body.isReadable() ? List.of()
                : Arrays.stream(body.nioBuffers()).map(ByteBuffer::asReadOnlyBuffer).toList();
    }

    ReplyVerdict judge(int status, String body) {
        try {
            ReplyVerdict verdict = type.judge(status, body);
            if (verdict == null || verdict == ReplyVerdict.GOOD) {
                throw new IllegalArgumentException("no verdict on an error");
            }
            return verdict;
        } catch (Throwable e) {
            failed("judge", e);
            return ReplyVerdict.FAULTY;
        }
    }

    boolean isLimitOfKey(int status, String body, String model) {
        try {
            return type.isLimitOfKey(status, body, model);
        } catch (Throwable e) {
            failed("isLimitOfKey", e);
            return false;
        }
    }

    /** Null if the reply doesn't say. */
    @Nullable Duration retryAfter(int status, String body) {
        try {
            Duration wait = type.retryAfter(status, body);
            return wait == null || wait.isNegative() ? null : wait;
        } catch (Throwable e) {
            failed("retryAfter", e);
            return null;
        }
    }

    private ProviderTypeException failed(String method, Throwable thrown) {
        String what = method + ": " + described(type, thrown);
        long now = System.nanoTime();
        long last = loggedNanos.get();
        if (now - last >= QUIET_NANOS && loggedNanos.compareAndSet(last, now)) {
            LOG.warn("provider_type_failed provider={} error=\"{}\"", provider, what);
        }
        return new ProviderTypeException(Fault.PLUGIN_FAILED, what);
    }

    /** Says where it went wrong, without the exception's own words: they may hold a key. */
    static String described(ProviderType type, Throwable thrown) {
        StackTraceElement[] trace = thrown.getStackTrace();
        return type.getClass().getName() + " failed with " + thrown.getClass().getName()
                + (trace.length == 0 ? "" : " at " + trace[0]);
    }
}
