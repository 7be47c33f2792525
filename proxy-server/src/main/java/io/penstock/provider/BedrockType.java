package io.penstock.provider;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * AWS Bedrock, which speaks Converse, and imitates OpenAI below {@code /openai}. It is shown a key,
 * or signatures by the credentials that AWS's own programs would use.
 *
 * <p><b>Thread:</b> safe. <b>Bounds:</b> a hint in the log once a minute.
 */
final class BedrockType implements ProviderType {
    private static final Logger LOG = LoggerFactory.getLogger(BedrockType.class);
    private static final long HINT_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final String REGION = "region";
    private static final String PROFILE = "profile";
    private static final String ACCESS_KEY_ID = "access_key_id";
    private static final String SECRET_ACCESS_KEY = "secret_access_key";
    private static final String SESSION_TOKEN = "session_token";

    /** Of the service, the region behind its name: public, FIPS, China, dual stack, VPC. */
    private static final Pattern HOST = Pattern.compile("(?:.*\\.)?bedrock[a-z-]*\\.([a-z0-9-]+)"
            + "\\.(?:vpce\\.)?(?:amazonaws\\.com(?:\\.cn)?|api\\.aws)");
    private static final Pattern REGION_NAME = Pattern.compile("[a-z]{2}[a-z0-9-]{1,38}");

    /** What is wrong with whoever asks, not with what is asked for. */
    private static final Set<String> CREDENTIAL_ERRORS = Set.of("ExpiredTokenException",
            "ExpiredToken", "UnrecognizedClientException", "InvalidSignatureException",
            "InvalidClientTokenId", "MissingAuthenticationTokenException",
            "IncompleteSignatureException");

    private final Map<String, String> environment;
    private final InstantSource clock;
    private final AtomicLong hintedNanos = new AtomicLong(System.nanoTime() - HINT_NANOS);

    BedrockType() {
        this(System.getenv(), InstantSource.system());
    }

    BedrockType(Map<String, String> environment, InstantSource clock) {
        this.environment = environment;
        this.clock = clock;
    }

    @Override
    public String configName() {
        return "bedrock";
    }

    @Override
    public String defaultBaseUrl() {
        return "https://bedrock-runtime.{region}.amazonaws.com";
    }

    @Override
    public String defaultKeyEnv() {
        return "AWS_BEARER_TOKEN_BEDROCK";
    }

    @Override
    public boolean canDoWithoutKey() {
        return true;
    }

    @Override
    public List<Option> options() {
        return List.of(
                Option.text(REGION, "the region that the base URL is made of, and that requests "
                        + "are signed for unless the base URL's host names one")
                        .orEnvironment("AWS_REGION", "AWS_DEFAULT_REGION"),
                Option.text(PROFILE, "the profile in AWS's files whose credentials sign requests, "
                        + "where there is no key"),
                Option.text(ACCESS_KEY_ID, "signs requests together with `secret_access_key`, "
                        + "where there is no key, instead of what AWS's default chain finds"),
                Option.text(SECRET_ACCESS_KEY, "see `access_key_id`"),
                Option.text(SESSION_TOKEN, "belongs to temporary credentials"));
    }

    @Override
    public void check(Site site) {
        String region = site.options().text(REGION);
        if (region != null && !REGION_NAME.matcher(region).matches()) {
            throw new IllegalArgumentException("region: '" + region
                    + "' (expected: a region of AWS such as us-east-1)");
        }
        boolean id = site.options().text(ACCESS_KEY_ID) != null;
        boolean secret = site.options().text(SECRET_ACCESS_KEY) != null;
        if (id != secret) {
            throw new IllegalArgumentException((id ? SECRET_ACCESS_KEY : ACCESS_KEY_ID)
                    + ": missing (expected: both access_key_id and secret_access_key, or none)");
        }
    }

    /**
     * The region that its host names, which is the only one that it takes signatures for; else the
     * one that was said; null if none is known.
     */
    @Nullable String region(Site site) {
        Matcher host = HOST.matcher(site.host());
        if (host.matches()) {
            return host.group(1);
        }
        return site.options().text(REGION);
    }

    @Override
    public Set<Api> apis(Site site) {
        return Set.of(site.path().contains("/openai") ? Api.CHAT : Api.CONVERSE);
    }

    @Override
    public Authorization authorization(@Nullable String key, Site site) {
        if (key != null) {
            return Authorization.bearer(key);
        }
        String region = region(site);
        if (region == null) {
            throw new IllegalArgumentException("region: missing (expected: a region of AWS such "
                    + "as us-east-1, since requests without a key are signed for one)");
        }
        return Authorization.signed(new BedrockSigner(region, identity(site), clock));
    }

    /** What is at hand, else what AWS's chain comes upon. */
    private AwsIdentity identity(Site site) {
        Options options = site.options();
        String id = options.text(ACCESS_KEY_ID);
        String secret = options.text(SECRET_ACCESS_KEY);
        if (id != null && secret != null) { // both or none, as check() saw to
            return AwsIdentity.of("options", new AwsSigner.Credentials(id, secret,
                    options.text(SESSION_TOKEN)), clock);
        }
        id = variable("AWS_ACCESS_KEY_ID");
        secret = variable("AWS_SECRET_ACCESS_KEY");
        if (options.text(PROFILE) == null && id != null && secret != null) {
            return AwsIdentity.of("environment", new AwsSigner.Credentials(id, secret,
                    variable("AWS_SESSION_TOKEN")), clock);
        }
        return AwsIdentity.from("chain", new AwsDefaultChain(options.text(PROFILE)),
                AwsDefaultChain::later, clock);
    }

    private @Nullable String variable(String name) {
        String value = environment.getOrDefault(name, "").strip();
        return value.isEmpty() ? null : value;
    }

    @Override
    public boolean isLikeOpenAi() {
        return false;
    }

    @Override
    public String errorField() {
        return "x-amzn-errortype";
    }

    /**
     * A quota is called a bad request, as is a model that can only be asked by an inference
     * profile.
     */
    @Override
    public ReplyVerdict judge(int status, String body) {
        if (status == 400 && body.contains("ServiceQuotaExceededException")) {
            return ReplyVerdict.RATE_LIMITED;
        }
        if (status == 400 && body.contains("on-demand throughput")) {
            hint();
            return ReplyVerdict.FAULTY;
        }
        return ReplyVerdict.of(status, body);
    }

    private void hint() {
        long now = System.nanoTime();
        long last = hintedNanos.get();
        if (now - last >= HINT_NANOS && hintedNanos.compareAndSet(last, now)) {
            LOG.warn("bedrock_needs_inference_profile hint=\"a model can't be asked by its own id: "
                    + "name an inference profile instead, such as us.ID or global.ID\"");
        }
    }

    /** Whether an error is about whom the request comes from. */
    static boolean isAboutCredentials(String body) {
        return CREDENTIAL_ERRORS.contains(typeOf(body));
    }

    /** The first line up to a colon, behind which a URL may follow. */
    private static String typeOf(String body) {
        int end = 0;
        while (end < body.length() && Character.isLetter(body.charAt(end))) {
            end++;
        }
        return body.substring(0, end);
    }

    @Override
    public String toString() {
        return configName();
    }
}
