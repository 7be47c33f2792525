package io.penstock.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.route.Route.TargetName;
import io.penstock.route.RouteSettings.TargetSettings;
import io.penstock.route.Router.Candidate;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouterTest {
    private static final RoutePolicy POLICY =
            new RoutePolicy(new HoldSettings(3, 2048, null), true);

    private final Router router = new Router(List.of(
            route("gpt-*", "b/*", "a/fixed"),
            route("gpt-4o", "a/gpt-4o-2024", "b/*"),
            route("gone", "off/x"),
            route("half", "off/x", "a/y")), List.of(
            new Candidate("c", List.of("*"), 5),
            new Candidate("a", List.of("m1", "m2"), 2),
            new Candidate("b", List.of("m2", "m3"), 1),
            new Candidate("d", List.of("m2", "*"), 1)));

    private static RouteSettings route(String model, String... targets) {
        return new RouteSettings(model, Arrays.stream(targets).map(target -> target.split("/"))
                .map(parts -> new TargetSettings(parts[0], parts[1])).toList(), POLICY);
    }

    private List<String> find(String model) {
        return router.find(model).targets().stream().map(TargetName::toString).toList();
    }

    @Test
    void findsAProviderByAGlobAmongItsModels() {
        Router globs = new Router(List.of(), List.of(
                new Router.Candidate("a", List.of("claude-*", "x"), 1),
                new Router.Candidate("b", List.of("claude-3"), 2)));

        assertThat(globs.find("claude-3").targets()).hasToString("[a/claude-3, b/claude-3]");
        assertThat(globs.find("claude-4").targets()).hasToString("[a/claude-4]");
        assertThat(globs.find("a/claude-4").targets()).hasToString("[a/claude-4]");
        assertThat(globs.find("a/gpt")).isNull();
        assertThat(globs.find("gpt")).isNull();
        assertThat(globs.models()).containsExactly("x", "claude-3");
    }

    @Test
    void prefersTheRouteOfThatVeryName() {
        assertThat(find("gpt-4o")).containsExactly("a/gpt-4o-2024", "b/gpt-4o");
        assertThat(router.find("gpt-4o").policy()).isEqualTo(POLICY);
    }

    @Test
    void takesARouteWhoseGlobMatchesNext() {
        assertThat(find("gpt-5")).containsExactly("b/gpt-5", "a/fixed");
    }

    @Test
    void takesAProviderByNameNext() {
        assertThat(find("c/m2")).containsExactly("c/m2");
        assertThat(find("c/org/model")).containsExactly("c/org/model");
        assertThat(router.find("a/m1").policy()).isEqualTo(RoutePolicy.DEFAULT);
    }

    @Test
    void asksNoProviderByNameForAModelThatItDoesNotList() {
        assertThat(find("a/unheard-of")).containsExactly("d/a/unheard-of", "c/a/unheard-of");
    }

    @Test
    void takesEveryProviderThatListsTheModelByPriority() {
        assertThat(find("m2")).containsExactly("b/m2", "d/m2", "a/m2", "c/m2");
        assertThat(find("m1")).containsExactly("d/m1", "a/m1", "c/m1");
    }

    @Test
    void countsAProviderOfAnyModelAmongThem() {
        assertThat(find("unheard-of")).containsExactly("d/unheard-of", "c/unheard-of");
        assertThat(find("a/")).containsExactly("d/a/", "c/a/");
        assertThat(find("/m1")).containsExactly("d//m1", "c//m1");
        assertThat(find("off/x")).containsExactly("d/off/x", "c/off/x");
    }

    @Test
    void findsNothingWhereNobodyServesTheModel() {
        Router strict = new Router(List.of(), List.of(new Candidate("a", List.of("m"), 1)));
        assertThat(strict.find("x")).isNull();
        assertThat(strict.find("")).isNull();
        assertThat(strict.ownerOf("x")).isNull();
        assertThat(strict.ownerOf("m")).isEqualTo("a");
    }

    @Test
    void leavesOutTargetsOfProvidersThatAreOff() {
        assertThat(find("half")).containsExactly("a/y");
        assertThat(find("gone")).containsExactly("d/gone", "c/gone"); // as if there were no route
    }

    @Test
    void remembersWhatItFound() {
        assertThat(router.find("m2")).isSameAs(router.find("m2"));
    }

    @Test
    void goesOnFindingWhenItRemembersNoMore() {
        for (int i = 0; i < Router.MAX_REMEMBERED; i++) {
            router.find("x" + i);
        }
        assertThat(find("one-more")).containsExactly("d/one-more", "c/one-more");
        assertThat(router.find("one-more")).isNotSameAs(router.find("one-more"));
    }

    @Test
    void listsNamesWithoutAStarEachOnce() {
        assertThat(router.models()).containsExactly("gpt-4o", "half", "m2", "m3", "m1");
    }

    @Test
    void knowsWhatRoutesNameBeforehand() {
        RoutePolicy session = new RoutePolicy(Strategy.WEIGHTED, Affinity.header("X-Session"),
                null, Midstream.ERROR, HoldSettings.DEFAULT, false);
        RoutePolicy user = new RoutePolicy(Strategy.WEIGHTED, Affinity.USER, null,
                Midstream.ERROR, HoldSettings.DEFAULT, false);
        TargetSettings heavy = new TargetSettings("a", "m1", new TargetTerms(7, 4096, null));
        Router some = new Router(List.of(
                new RouteSettings("x", List.of(new TargetSettings("off", "m"), heavy), session),
                new RouteSettings("y", List.of(new TargetSettings("a", "*")), session),
                new RouteSettings("z", List.of(heavy, new TargetSettings("a", "m2")), user)),
                List.of(new Candidate("a", List.of("*"), 1)));

        assertThat(some.affinityHeaders()).containsExactly("x-session");
        assertThat(some.targetsOf("a")).containsExactly("m1", "m2");
        assertThat(some.targetsOf("off")).isEmpty();
        assertThat(some.find("x").terms(0)).as("of the target that is left")
                .isEqualTo(heavy.terms());
        assertThat(some.find("x").hasWindows()).isTrue();
        assertThat(some.find("y").hasWindows()).isFalse();
    }
}
