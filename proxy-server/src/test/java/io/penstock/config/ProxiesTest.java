package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.upstream.ProxySettings;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxiesTest {
    private static final ProxySettings CORP = new ProxySettings("proxy.corp", 3128, false, null);

    @TempDir
    Path directory;

    private final Map<String, String> environment = new HashMap<>();

    private ConfigFixture file(String baseUrl, String more) {
        return new ConfigFixture(directory, """
                providers:
                  - name: p
                    type: vllm
                    base_url: "%s"
                    %s
                """.formatted(baseUrl, more)).with(environment);
    }

    private ProxySettings proxyOf(String baseUrl) throws Exception {
        return file(baseUrl, "").settings().providers().get(0).proxy();
    }

    @Test
    void goesDirectlyWhereNothingIsSaid() throws Exception {
        environment.put("HTTPS_PROXY", " ");

        assertThat(proxyOf("https://api.example")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"})
    void goesByTheVariableOfTheScheme(String variable) throws Exception {
        environment.put(variable, "http://proxy.corp:3128/");

        assertThat(proxyOf("https://api.example")).isEqualTo(CORP);
        assertThat(proxyOf("http://api.example"))
                .isEqualTo(variable.toUpperCase().startsWith("ALL") ? CORP : null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP_PROXY", "http_proxy"})
    void goesByAnotherForPlainHttp(String variable) throws Exception {
        environment.put(variable, "http://proxy.corp:3128");
        environment.put("https_proxy", "http://other:1");

        assertThat(proxyOf("http://api.example:8000/v1")).isEqualTo(CORP);
    }

    @Test
    void prefersTheNameInLowerCase() throws Exception {
        environment.put("HTTPS_PROXY", "http://other:1");
        environment.put("https_proxy", "proxy.corp:3128");

        assertThat(proxyOf("https://api.example")).isEqualTo(CORP);
    }

    @ParameterizedTest
    @CsvSource({
        "proxy, proxy, 80, false,",
        "http://proxy:8080, proxy, 8080, false,",
        "https://proxy, proxy, 443, true,",
        "http://u:p@proxy:1, proxy, 1, false, u:p",
        "http://me%40corp:p%3A%2Fw%25+@[::9]:1, ::9, 1, false, me@corp:p:/w%+",
        "http://u:p@my_proxy:1, my_proxy, 1, false, u:p",
        "http://token@proxy:1, proxy, 1, false, token:",
    })
    void readsTheUrl(String url, String host, int port, boolean tls, String credentials) {
        assertThat(Proxies.parse(url))
                .isEqualTo(new ProxySettings(host, port, tls, credentials));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ftp://proxy:1", "http://proxy:99999", "http://proxy:1/path",
        "http://proxy:1?q", "http://", "socks5://proxy:1080", "http://a b"})
    void takesNothingElse(String url) {
        assertThat(Proxies.parse(url)).isNull();
    }

    @Test
    void showsNoCredentials() {
        assertThat(Proxies.parse("http://me:hunter2@proxy:1")).hasToString("http://****@proxy:1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://localhost", "https://LOCALHOST:8000", "https://a.localhost",
        "https://127.0.0.1", "https://127.9.9.9:1", "https://[::1]:1", "https://[0:0:0:0:0:0:0:1]"})
    void neverGoesThroughAProxyToThisMachine(String url) throws Exception {
        environment.put("HTTPS_PROXY", "http://proxy.corp:3128");

        assertThat(proxyOf(url)).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "*                            | api.example",
        "x, *                         | api.example",
        "api.example                  | api.example",
        "API.Example.                 | api.example",
        "example                      | api.example",
        ".example                     | api.example",
        "*.example                    | api.example",
        "a.test other.test            | b.other.test",
        "api.example:443              | api.example",
        "api.example:8443             | api.example:8443",
        "my_host                      | my_host:8443",
        "10.1.2.3                     | 10.1.2.3",
        "10.0.0.0/8                   | 10.1.2.3",
        "10.1.2.0/23                  | 10.1.3.255",
        "10.1.2.3:443                 | 10.1.2.3",
        "0.0.0.0/0                    | 10.1.2.3",
        "fd00::/8                     | [fd12::1]",
        "fd12::1                      | [fd12:0:0::1]",
        "[fd12::1]:443                | [fd12::1]",
        "[fd12::1]                    | [fd12::1]",
    })
    void goesDirectlyToWhatNoProxyNames(String noProxy, String host) throws Exception {
        environment.put("HTTPS_PROXY", "http://proxy.corp:3128");
        environment.put("NO_PROXY", noProxy);

        assertThat(proxyOf("https://" + host + "/v1")).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "                             | api.example",
        "pi.example                   | api.example",
        "api.example.test             | api.example",
        "api.example:8443             | api.example",
        "api.example:443              | api.example:8443",
        "10.0.0.0/8                   | 11.1.2.3",
        "10.1.2.0/23                  | 10.1.4.0",
        "10.0.0.0/33                  | 10.1.2.3",
        "2.3                          | 10.1.2.3",
        "fd00::/8                     | [fe12::1]",
        "::/0                         | 10.1.2.3",
        "10.0.0.0/8                   | host.example",
        "., *.                        | api.example",
    })
    void goesThroughTheProxyToAllElse(String noProxy, String host) throws Exception {
        environment.put("HTTPS_PROXY", "http://proxy.corp:3128");
        environment.put("no_proxy", noProxy == null ? "" : noProxy);

        assertThat(proxyOf("https://" + host + "/v1")).isEqualTo(CORP);
    }

    @Test
    void letsAProviderSayForItself() throws Exception {
        environment.put("HTTPS_PROXY", "http://other:1");
        environment.put("NO_PROXY", "*");
        environment.put("CORP", "http://u:p@proxy.corp:3128");

        assertThat(file("https://127.0.0.1", "proxy: \"${CORP}\"").settings().providers().get(0)
                .proxy()).isEqualTo(new ProxySettings("proxy.corp", 3128, false, "u:p"));
        environment.remove("NO_PROXY");
        assertThat(file("https://api.example", "proxy: off").settings().providers().get(0)
                .proxy()).isNull();
    }

    @Test
    void saysOfAProxyThatIsNone() {
        assertThat(file("https://api.example", "proxy: http://me:hunter2@proxy:99999").mistakes())
                .containsExactly("5:5: providers[0].proxy: unexpected value, expected "
                        + "http://HOST:PORT or https://HOST:PORT, USER:PASSWORD@ before HOST if "
                        + "it wants them, or off");
        environment.put("https_proxy", "http://me:hunter2@proxy:99999");
        assertThat(file("https://api.example", "").mistakes()).containsExactly(
                "environment: https_proxy: unexpected value, expected "
                        + "http://HOST:PORT or https://HOST:PORT, USER:PASSWORD@ before HOST if "
                        + "it wants them");
    }

    @Test
    void warnsOfAProxyThatItDoesNotSpeak() throws Exception {
        environment.put("ALL_PROXY", "socks5h://me:hunter2@proxy:1080");

        assertThat(file("https://api.example", "").warnings()).containsExactly(
                "environment: ALL_PROXY: a SOCKS proxy is not used: providers are reached "
                        + "directly, expected http://HOST:PORT or https://HOST:PORT, "
                        + "USER:PASSWORD@ before HOST if it wants them");
    }
}
