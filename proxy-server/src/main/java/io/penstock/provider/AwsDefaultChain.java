package io.penstock.provider;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;

/**
 * Credentials from wherever AWS's own programs have them: environment, web identity, profile file,
 * container or instance metadata, in the order of the SDK. The only class that knows the SDK, which
 * is loaded with it, when a provider wants it.
 *
 * <p><b>Thread:</b> safe; searches run on one daemon thread, which begins with the first.
 */
final class AwsDefaultChain implements AwsIdentity.Source {
    private static final String REASONS = "]) : [";

    private final @Nullable String profile; // null for the usual one

    AwsDefaultChain(@Nullable String profile) {
        this.profile = profile;
    }

    /** A chain for each search, since one that lives on keeps what it has found for too long. */
    @Override
    public AwsIdentity.Found find() throws CredentialsMissingException {
        DefaultCredentialsProvider.Builder chain = DefaultCredentialsProvider.builder();
        if (profile != null) {
            chain.profileName(profile);
        }
        try (DefaultCredentialsProvider open = chain.build()) {
            AwsCredentials found = open.resolveCredentials();
            String token = found instanceof AwsSessionCredentials temporary
                    ? temporary.sessionToken() : null;
            Instant expiry = found.expirationTime().orElse(null);
            return new AwsIdentity.Found(new AwsSigner.Credentials(found.accessKeyId(),
                    found.secretAccessKey(), token), expiry);
        } catch (SdkClientException e) {
            String text = String.valueOf(e.getMessage());
            int reasons = text.indexOf(REASONS); // behind a list of all that was looked at
            throw new CredentialsMissingException(reasons < 0 ? text
                    : "nobody has any: " + text.substring(reasons + REASONS.length()));
        }
    }

    /** Runs searches on the thread of all. */
    static void later(Runnable task, Duration delay) {
        Searches.THREAD.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The thread that looks for credentials, started at its first use. */
    private static final class Searches {
        static final ScheduledThreadPoolExecutor THREAD = new ScheduledThreadPoolExecutor(1,
                task -> {
                    Thread thread = new Thread(task, "aws-credentials");
                    thread.setDaemon(true);
                    return thread;
                });
    }
}
