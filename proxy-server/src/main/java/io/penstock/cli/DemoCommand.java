package io.penstock.cli;

import io.penstock.admin.AdminSettings;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.config.ConfigException;
import io.penstock.config.ConfigLoader;
import io.penstock.config.Overrides;
import io.penstock.config.Settings;
import io.penstock.log.StandardError;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.observe.ObserveSettings;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.RoutePolicy;
import io.penstock.route.RouteSettings;
import io.penstock.server.Penstock;
import io.penstock.server.Penstock.Reloaded;
import io.penstock.server.StartException;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamTlsSettings;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code penstock demo}: the proxy before two stand-in providers, the first of which fails half of
 * its calls. No key, no network, no file.
 */
@Command(name = "demo", mixinStandardHelpOptions = true,
        description = "Shows the proxy at work before two stand-in providers.")
final class DemoCommand implements Callable<Integer> {
    private static final String MODEL = "demo-model";
    private static final int UNAVAILABLE = 503;

    @Option(names = "--listen", paramLabel = "HOST:PORT",
            description = "Address to serve (default: 127.0.0.1:8080, or a free port).")
    private List<String> listen = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        Lifecycle lifecycle = new Lifecycle(); // before any port is open
        MockSettings mock = MockSettings.DEFAULT.withTtft(Duration.ofMillis(200))
                .withInterval(Duration.ofMillis(40)).withEvents(24);
        try (StandardError error = StandardError.install();
                MockServer flaky = MockServer.start(
                        mock.withName("flaky").withFail(
                                new Fault(Fault.Kind.STATUS, UNAVAILABLE), 0.5));
                MockServer steady = MockServer.start(mock.withName("steady"))) {
            String key = KeysCommand.newKey();
            Settings settings = settings(key, flaky, steady);
            try (Penstock server = start(settings)) {
                print(server, key);
                return lifecycle.run(server, null, Duration.ofSeconds(5));
            }
        } catch (StartException | ConfigException e) {
            System.err.println("penstock: " + e.getMessage());
            return e instanceof ConfigException ? Main.BAD_USAGE : Main.FAILED;
        }
    }

    private Settings settings(String key, MockServer flaky, MockServer steady)
            throws ConfigException {
        Settings base = ConfigLoader.fromEnvironment(Map.of(),
                new Overrides(listen, null, List.of())).settings();
        return new Settings(base.listen(), base.admin(),
                List.of(provider("flaky", flaky, 1), provider("steady", steady, 2)),
                List.of(new RouteSettings("smart", List.of(
                        new RouteSettings.TargetSettings("flaky", MODEL),
                        new RouteSettings.TargetSettings("steady", MODEL)), RoutePolicy.DEFAULT)),
                new AuthSettings(List.of(new ApiKeySettings("demo", KeysCommand.hash(key),
                        List.of())), false),
                base.cors(), base.limits(), base.budget(), base.prices(), base.breaker(),
                base.retry(), new ObserveSettings(null, true, true), base.shutdownGrace(), false);
    }

    private static ProviderSettings provider(String name, MockServer mock, int priority) {
        return new ProviderSettings(name, ProviderTypes.OPENAI_COMPATIBLE, URI.create(mock.url()),
                List.of(new KeySettings("sk-demo-upstream", 1)), List.of(MODEL), true, priority,
                TimeoutSettings.DEFAULT, PoolSettings.DEFAULT, UpstreamTlsSettings.DEFAULT);
    }

    /** On the usual ports where they are free, on others where they are taken. */
    private Penstock start(Settings settings) throws StartException {
        try {
            return Penstock.start(settings, Transport.auto(), 1, DemoCommand::nothingToReload);
        } catch (StartException e) {
            if (!listen.isEmpty()) {
                throw e;
            }
            var anyPort = settings.listen().get(0);
            return Penstock.start(new Settings(
                    List.of(new io.penstock.listen.ListenSettings(anyPort.host(), 0, null)),
                    new AdminSettings("127.0.0.1", 0, null), settings.providers(),
                    settings.routes(), settings.auth(), settings.cors(), settings.limits(),
                    settings.budget(),
                    settings.prices(), settings.breaker(), settings.retry(), settings.observe(),
                    settings.shutdownGrace(), false), Transport.auto(), 1,
                    DemoCommand::nothingToReload);
        }
    }

    private static Reloaded nothingToReload() {
        return new Reloaded(null, "the demo has no configuration file");
    }

    private static void print(Penstock server, String key) {
        String url = "http://" + ServeCommand.text(server.addresses().get(0));
        String admin = "http://" + ServeCommand.text(server.adminAddress());
        String ask = "-H 'content-type: application/json' -H 'authorization: Bearer " + key + "'";
        System.out.println("""
                Penstock is up:  %s/v1   (admin: %s)
                API key:         %s
                Console:         %s/console   (with the key also %s/console, to chat there)
                Providers:       flaky (fails every other call), then steady

                Stream an answer; run it twice, and see who served it in x-penstock-attempts:
                  curl -iN %s/v1/chat/completions %s -d '{"model":"demo-model","stream":true,"messages":[{"role":"user","content":"hello"}]}'

                Ask for a whole one, by a route's name:
                  curl -i %s/v1/chat/completions %s -d '{"model":"smart","messages":[{"role":"user","content":"hello"}]}'

                See how the providers are doing:
                  curl -s %s/providers -H 'authorization: Bearer %s'

                Ctrl-C ends it.""".formatted(url, admin, key, admin, url, url, ask, url,
                ask, url, key));
        System.out.flush();
    }
}
