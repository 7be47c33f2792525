package io.penstock.upstream;

import io.netty.handler.ssl.NotSslRecordException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Why TLS with a peer failed, in the operator's words. BoringSSL puts the reason into the cause of
 * an exception that says nothing, the JDK into its message; an alert of the peer's is told by both
 * in words of their own.
 */
final class TlsFailure {
    private static final int MAX_CAUSES = 16; // of a chain that may be a ring

    private TlsFailure() {}

    /** The reason first, then what the TLS engine says of it, on one line. */
    static String describe(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; i < MAX_CAUSES && cause != null; i++, cause = cause.getCause()) {
            String reason = reason(cause);
            if (reason != null) {
                return oneLine(cause.getMessage() == null ? reason
                        : reason + ": " + cause.getMessage());
            }
        }
        return oneLine(withCause(failure));
    }

    private static @Nullable String reason(Throwable cause) {
        if (cause instanceof CertificateExpiredException) {
            return "certificate expired";
        } else if (cause instanceof CertificateNotYetValidException) {
            return "certificate not valid yet";
        } else if (cause instanceof CertPathBuilderException) {
            return "certificate of an unknown CA (tls.ca names one to trust)";
        } else if (cause instanceof NotSslRecordException) {
            return "no TLS on that port, perhaps plain HTTP";
        } else if (cause instanceof ClosedChannelException) {
            return "the connection was closed during the TLS handshake";
        }
        return cause.getMessage() == null ? null
                : reason(cause.getMessage().toLowerCase(Locale.ROOT), cause);
    }

    private static @Nullable String reason(String text, Throwable cause) {
        if (text.startsWith("no subject alternative") || text.startsWith("no name matching")) {
            return "certificate for another host name (tls.sni names the one to expect)";
        } else if (!(cause instanceof SSLException)) {
            return null; // the words below are those of alerts
        } else if (has(text, "protocol_version", "unsupported_protocol",
                "no_protocols_available", "no appropriate protocol")) {
            return "no common TLS version";
        } else if (has(text, "wrong_version_number", "http_request",
                "unrecognized ssl message")) {
            return "no TLS on that port, perhaps plain HTTP";
        } else if (has(text, "unrecognized_name")) {
            return "the peer knows no such server name (tls.sni names another)";
        } else if (has(text, "certificate_required", "bad_certificate", "unknown_ca",
                "certificate_unknown", "access_denied")) {
            return "the peer wants a certificate of ours, which there is none of";
        } else if (has(text, "handshake_failure", "insufficient_security",
                "no_common_signature_algorithms", "no_shared_cipher")) {
            return "the peer refused the handshake, having no cipher in common, or wanting a "
                    + "certificate of ours";
        }
        return null;
    }

    private static boolean has(String text, String... words) {
        for (String word : words) {
            if (text.contains(word)) {
                return true;
            }
        }
        return false;
    }

    private static String withCause(Throwable failure) {
        Throwable root = failure;
        for (int i = 0; i < MAX_CAUSES && root.getCause() != null; i++) {
            root = root.getCause();
        }
        return root == failure ? String.valueOf(failure) : failure + " (" + root + ")";
    }

    private static String oneLine(String text) {
        return text.replace('\n', ' ').replace('\r', ' ');
    }
}
