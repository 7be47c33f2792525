package io.penstock.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class BuildTest {
    @Test
    void knowsReleaseCommitAndTime() {
        assertThat(Build.THIS.version()).matches("[0-9]+\\.[0-9]+\\.[0-9]+(-.+)?");
        assertThat(Build.THIS.commit()).matches("([0-9a-f]{12,40}(-dirty)?)|unknown");
        assertThat(Instant.parse(Build.THIS.built())).isBefore(Instant.now());
    }

    @Test
    void saysSoInOneLine() {
        assertThat(Build.THIS).hasToString(Build.THIS.version() + " (commit "
                + Build.THIS.commit() + ", built " + Build.THIS.built() + ")");
    }
}
