package io.penstock.exchange.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.attempt.EmbeddedCalls;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.chat.ChatCall;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.testing.EmbeddedDownstream;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TimeoutSettings;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RaceTest {
    private final EmbeddedCalls calls = new EmbeddedCalls();
    private final EmbeddedDownstream downstream = new EmbeddedDownstream();
    private final Provider provider = EmbeddedCalls.provider("p", ProviderTypes.OPENAI,
            List.of(), TimeoutSettings.DEFAULT);
    private final ChatCall call = calls.chat(EmbeddedCalls.policy(provider), true);
    private final Race race = new Race();
    private final Attempt first = attempt();
    private final Attempt second = attempt();
    private final Attempt third = attempt();

    /** One that is never started. */
    private Attempt attempt() {
        return new Attempt(new Ask(new Candidate(new TargetName("p", "m"), provider, null, 0,
                TimeoutSettings.DEFAULT, RoutePolicy.DEFAULT), null, null, Ask.Why.FIRST, false),
                call, calls.loop(), downstream, null, null, null, calls.nowNanos());
    }

    @AfterEach
    void close() {
        call.release();
        calls.finish();
        downstream.finish();
    }

    private void enterBoth() {
        race.replace(null, first);
        race.enter(second);
    }

    @Test
    void isNoRaceOfOneAlone() {
        assertThat(race.leader()).isNull();
        race.replace(null, first);
        assertThat(race.isOn()).isFalse();
        assertThat(race.leader()).isSameAs(first);
        assertThat(race.leaveToOther(first)).isFalse();
        assertThat(race.leader()).as("the last to fail").isSameAs(first);
        assertThat(race.settleOn(first)).isNull();
    }

    @Test
    void isDueAtItsTimeUnlessItIsCalledOff() {
        assertThat(race.dueInNanos(5)).isEqualTo(Deadlines.NEVER);
        race.plan(12);
        assertThat(race.dueInNanos(11)).isEqualTo(1);
        assertThat(race.dueInNanos(12)).isZero();
        race.unplan();
        assertThat(race.dueInNanos(12)).isEqualTo(Deadlines.NEVER);
    }

    @Test
    void isWonByEither() {
        enterBoth();
        assertThat(race.isOn()).isTrue();
        assertThat(race.settleOn(first)).as("has to stop").isSameAs(second);
        assertThat(race.leader()).isSameAs(first);
        assertThat(race.isOn()).isFalse();

        enterBoth();
        assertThat(race.settleOn(second)).isSameAs(first);
        assertThat(race.leader()).isSameAs(second);
        assertThat(race.second()).isNull();
    }

    @Test
    void isLeftToTheOtherByEither() {
        enterBoth();
        assertThat(race.leaveToOther(first)).isTrue();
        assertThat(race.leader()).isSameAs(second);
        assertThat(race.isOn()).isFalse();

        enterBoth();
        assertThat(race.leaveToOther(second)).isTrue();
        assertThat(race.leader()).isSameAs(first);
        assertThat(race.isOn()).isFalse();
    }

    @Test
    void keepsThePlaceOfAnAttemptThatIsMadeAnew() {
        enterBoth();
        race.replace(second, third);
        assertThat(race.leader()).isSameAs(first);
        assertThat(race.second()).isSameAs(third);
        race.replace(first, second);
        assertThat(race.leader()).isSameAs(second);
        assertThat(race.second()).isSameAs(third);
    }
}
