package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.provider.Authorization;
import io.penstock.provider.FieldSink;
import io.penstock.provider.ProviderType;
import io.penstock.provider.RequestToSign;
import io.penstock.provider.Site;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProviderTest {
    /** Counts how often it is told to get ready. */
    private static final class Signing implements ProviderType, Authorization.Signer {
        private int prepared;

        @Override
        public String configName() {
            return "signing";
        }

        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed(this);
        }

        @Override
        public void sign(RequestToSign request, FieldSink fields) {
            fields.add("x-signature", request.method());
        }

        @Override
        public void prepare() {
            prepared++;
        }
    }

    private final Signing signing = new Signing();

    private Provider provider(boolean enabled, KeySettings... keys) throws UpstreamTlsException {
        return new Provider(new ProviderSettings("a", signing, URI.create("http://localhost:1/v1"),
                List.of(keys), List.of(), enabled, 1, TimeoutSettings.DEFAULT,
                PoolSettings.DEFAULT, UpstreamTlsSettings.DEFAULT));
    }

    @Test
    void hasItsSignersPrepareAtOnce() throws UpstreamTlsException {
        provider(true);
        assertThat(signing.prepared).isEqualTo(1);
        provider(true, new KeySettings("one", 1), new KeySettings("two", 1));
        assertThat(signing.prepared).isEqualTo(3);
    }

    @Test
    void looksForNothingWhileItIsDisabled() throws UpstreamTlsException {
        provider(false);
        assertThat(signing.prepared).isZero();
    }
}
