package io.penstock.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {
    @ParameterizedTest
    @CsvSource({"gpt-4o,gpt-4o,true", "gpt-4o,gpt-4o-mini,false", "gpt-4o,GPT-4o,false",
        "gpt-*,gpt-4o,true", "gpt-*,gpt-,true", "gpt-*,xgpt-4,false", "*,anything,true",
        "*,'',true",
        "*-mini,gpt-4o-mini,true", "*-mini,gpt-4o-minis,false", "a*b*c,aXbYc,true",
        "a*b*c,acb,false", "gpt.4*,gptx4o,false", "a\\Eb*,a\\Ebc,true", "(a|b)*,ax,false",
        "a*,'a\nb',true", "*a*a*b,aaab,true", "**,x,true",
        "a*a,a,false", "*ab*ab,abab,true", "*ab*ab,ab,false", "'','',true", "'',a,false",
        "a,'',false"})
    void starsStandForAnyRunOfCharacters(String glob, String name, boolean matches) {
        assertThat(new Glob(glob).matches(name)).isEqualTo(matches);
        assertThat(new Glob(glob)).hasToString(glob);
    }

    @Test
    void isNotKeptBusyByALongName() {
        assertTimeoutPreemptively(Duration.ofSeconds(20), () ->
                assertThat(new Glob("*a".repeat(20) + "b").matches("a".repeat(16 * 1024)))
                        .isFalse());
    }
}
