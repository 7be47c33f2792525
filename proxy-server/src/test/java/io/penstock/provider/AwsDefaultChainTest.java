package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** What AWS's own library finds, in files only: there is no network here to ask. */
@Isolated // it sets properties of the process
class AwsDefaultChainTest {
    private static final List<String> PROPERTIES = List.of("aws.sharedCredentialsFile",
            "aws.configFile", "aws.disableEc2Metadata", "aws.accessKeyId",
            "aws.secretAccessKey");

    private final Map<String, String> before = new HashMap<>();

    @TempDir
    Path directory;

    @BeforeEach
    void pointToFiles() throws Exception {
        PROPERTIES.forEach(name -> before.put(name, System.getProperty(name)));
        Path credentials = directory.resolve("credentials");
        Files.writeString(credentials, "[work]\naws_access_key_id = AKIDWORK\n"
                + "aws_secret_access_key = secret\naws_session_token = temporary\n");
        Path config = directory.resolve("config");
        Files.writeString(config, "");
        System.setProperty("aws.sharedCredentialsFile", credentials.toString());
        System.setProperty("aws.configFile", config.toString());
        System.setProperty("aws.disableEc2Metadata", "true");
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }

    @AfterEach
    void restore() {
        before.forEach((name, value) -> {
            if (value == null) {
                System.clearProperty(name);
            } else {
                System.setProperty(name, value);
            }
        });
    }

    @Test
    void findsTheCredentialsOfAProfile() throws Exception {
        AwsIdentity.Found found = new AwsDefaultChain("work").find();

        assertThat(found.credentials())
                .isEqualTo(new AwsSigner.Credentials("AKIDWORK", "secret", "temporary"));
        assertThat(found.expiry()).isNull();
    }

    @Test
    void readsTheFilesAnewEachTime() throws Exception {
        new AwsDefaultChain("work").find();
        Files.writeString(directory.resolve("credentials"), "[work]\naws_access_key_id = OTHER\n"
                + "aws_secret_access_key = secret\n");

        assertThat(new AwsDefaultChain("work").find().credentials())
                .isEqualTo(new AwsSigner.Credentials("OTHER", "secret", null));
    }

    @Test
    void saysWhereItLookedInVain() {
        assertThatThrownBy(() -> new AwsDefaultChain("nobody").find())
                .isInstanceOf(CredentialsMissingException.class)
                .hasMessageStartingWith("nobody has any: System")
                .message().contains("no credentials for profile 'nobody'")
                .doesNotContain("AKIDWORK").doesNotContain("temporary");
    }
}
