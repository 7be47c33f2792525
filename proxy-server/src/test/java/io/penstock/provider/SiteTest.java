package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SiteTest {
    @ParameterizedTest
    @CsvSource({
        "http://host/v1, host, -1, host",
        "http://host:8000/v1, host, 8000, host:8000",
        "http://[::1]:8000, [::1], 8000, [::1]:8000",
        "http://my_host, my_host, -1, my_host",
        "http://my_host:8000/v1, my_host, 8000, my_host:8000",
        "http://_my_host.some_net_.internal:/v1, _my_host.some_net_.internal, -1,"
                + "_my_host.some_net_.internal",
        "http://my_host:99999, my_host, 99999, my_host:99999",
    })
    void knowsHostAndPort(String url, String host, int port, String authority) {
        Site site = new Site(URI.create(url));

        assertThat(site.host()).isEqualTo(host);
        assertThat(site.port()).isEqualTo(port);
        assertThat(site.authority()).isEqualTo(authority);
    }

    @ParameterizedTest
    @CsvSource({"http://host-", "http://1.2.3.4.5", "http://me@my_host", "http://my$host_",
        "http://host:9999999999"})
    void knowsNoHostWhereThereIsNone(String url) {
        assertThat(new Site(URI.create(url)).host()).isNull();
    }
}
