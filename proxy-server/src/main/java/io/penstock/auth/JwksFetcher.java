package io.penstock.auth;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A key set on an issuer's server, asked for over HTTP.
 *
 * <p><b>Bounds:</b> {@value #CONNECT_SECONDS} s to connect, {@value #TOTAL_SECONDS} s in all,
 * whatever trickles; {@value #MAX_BYTES} bytes. No redirect is followed: keys come from the host
 * that the configuration names, or not at all.
 */
final class JwksFetcher implements JwksReader {
    static final int CONNECT_SECONDS = 3;
    static final int TOTAL_SECONDS = 10;

    private static final Duration PERIOD = Duration.ofMinutes(5);

    private final URI url;
    // Made on the thread that uses it: it takes a while, and threads
    private @Nullable HttpClient client;

    JwksFetcher(URI url) {
        this.url = url;
    }

    @Override
    public String read() throws IOException, InterruptedException {
        if (client == null) {
            client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .connectTimeout(Duration.ofSeconds(CONNECT_SECONDS)).build();
        }
        HttpRequest request = HttpRequest.newBuilder(url).header("accept", "application/json")
                .timeout(Duration.ofSeconds(TOTAL_SECONDS)).build();
        CompletableFuture<HttpResponse<byte[]>> response =
                client.sendAsync(request, head -> new BoundedBody());
        try {
            return text(response.get(TOTAL_SECONDS, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("no whole answer within " + TOTAL_SECONDS + " s", e);
        } finally {
            response.cancel(true); // of no effect on one that is there
        }
    }

    private static String text(HttpResponse<byte[]> response) throws IOException {
        if (response.statusCode() != 200) {
            throw new IOException("status " + response.statusCode()
                    + (response.statusCode() / 100 == 3 ? ", and redirects are not followed" : ""));
        }
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    @Override
    public void forget() {} // it never knows whether something has changed

    @Override
    public Duration period() {
        return PERIOD;
    }

    /** Without the query, which may hold a secret. */
    @Override
    public String place() {
        return url.getScheme() + "://" + url.getRawAuthority() + url.getRawPath();
    }

    /** Collects a body up to the bound, and gives it up there. */
    private static final class BoundedBody implements BodySubscriber<byte[]> {
        private final BodySubscriber<byte[]> whole = BodySubscribers.ofByteArray();
        @SuppressWarnings("NullAway.Init")
        private Flow.Subscription subscription;
        private long left = MAX_BYTES;

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            whole.onSubscribe(given);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            if (left < 0) {
                return;
            }
            for (ByteBuffer buffer : buffers) {
                left -= buffer.remaining();
            }
            if (left < 0) {
                subscription.cancel();
                whole.onError(new IOException("longer than " + MAX_BYTES + " bytes"));
            } else {
                whole.onNext(buffers);
            }
        }

        @Override
        public void onError(Throwable failure) {
            whole.onError(failure);
        }

        @Override
        public void onComplete() {
            whole.onComplete();
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return whole.getBody();
        }
    }
}
