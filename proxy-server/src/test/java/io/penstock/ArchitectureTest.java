package io.penstock;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.SimpleConditionEvent.violated;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import io.netty.channel.Channel;
import io.penstock.exchange.call.Call;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the packages to the list of the style guide: from the top down, and never across. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.penstock");

    private static final String ROOT = "io.penstock.";

    /**
     * Each line may use the lines below it; the packages of one line never use each other. A
     * sub-package that has no line of its own counts as the package that it is in.
     */
    private static final List<Set<String>> LAYERS = List.of(
            Set.of("cli"), Set.of("server"), Set.of("config"), Set.of("admin"), Set.of("observe"),
            Set.of("compare"), Set.of("exchange"), Set.of("exchange.failover"),
            Set.of("exchange.meter"), Set.of("exchange.attempt", "exchange.replay"),
            Set.of("exchange.chat", "exchange.passthrough"), Set.of("exchange.call"),
            Set.of("answer"), Set.of("fleet"),
            Set.of("listen", "auth", "limit", "route", "cache", "translate", "upstream", "relay",
                    "usage"),
            Set.of("provider"), Set.of("caller", "trace"), Set.of("http"), Set.of("log"),
            Set.of("sse", "json"), Set.of("store", "redis"), Set.of("loop", "failure"));

    private static String[] packages(Stream<String> names) {
        return names.map(name -> ROOT + name + "..").toArray(String[]::new);
    }

    /** Gives the longest name of the list that the package is or is in; empty for no such name. */
    private static Optional<String> place(JavaClass type) {
        String name = type.getPackageName() + ".";
        return LAYERS.stream().flatMap(Set::stream)
                .filter(listed -> name.startsWith(ROOT + listed + "."))
                .max(Comparator.comparingInt(String::length));
    }

    private static int line(String place) {
        int line = 0;
        while (!LAYERS.get(line).contains(place)) {
            line++;
        }
        return line;
    }

    /** Checks that nothing of {@code name} uses any of {@code others}. */
    private static void checkThat(String name, Stream<String> others) {
        noClasses().that().resideInAPackage(ROOT + name + "..")
                .should().dependOnClassesThat().resideInAnyPackage(packages(others))
                .check(CLASSES);
    }

    private static Set<String> packagesInUse() {
        return CLASSES.stream().map(JavaClass::getPackageName)
                .map(name -> name.substring("io.penstock".length()))
                .filter(name -> !name.isEmpty()).map(name -> name.substring(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("io.penstock.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void onlyTheServerBuildsCalls() {
        classes().that().areAssignableTo(Call.class).and().areNotInterfaces()
                .should().onlyBeAccessed().byClassesThat(resideInAnyPackage(
                        "io.penstock.server..", "io.penstock.exchange.chat..",
                        "io.penstock.exchange.passthrough.."))
                .check(CLASSES);
        noClasses().that().resideInAnyPackage("io.penstock.exchange",
                "io.penstock.exchange.failover..", "io.penstock.exchange.meter..",
                "io.penstock.exchange.attempt..")
                .should().dependOnClassesThat().resideInAnyPackage("io.penstock.exchange.chat..",
                        "io.penstock.exchange.passthrough..").check(CLASSES);
    }

    @Test
    void importsPointDown() {
        classes().should(new ArchCondition<>("use only lines below their own") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                place(type).ifPresent(user -> type.getDirectDependenciesFromSelf()
                        .forEach(use -> place(use.getTargetClass())
                                .filter(used -> !used.equals(user) && line(used) <= line(user))
                                .ifPresent(used -> events.add(
                                        violated(use, use.getDescription())))));
            }
        }).check(CLASSES);
    }

    @Test
    void everyPackageHasItsPlace() {
        Set<String> known = LAYERS.stream().flatMap(Set::stream).collect(Collectors.toSet());
        known.add("mock");
        known.add("translate.request"); // a half of its package, with no say in the other

        assertThat(packagesInUse()).allSatisfy(name -> assertThat(known)
                .anyMatch(listed -> (name + ".").startsWith(listed + ".")));
    }

    @Test
    void requestsAndRepliesAreTranslatedApart() {
        noClasses().that().resideInAPackage("io.penstock.translate")
                .should().dependOnClassesThat().resideInAPackage("io.penstock.translate.request")
                .check(CLASSES);
    }

    @Test
    void theMockIsAProgramOfItsOwn() {
        Set<String> allowed = Set.of("http", "json", "sse", "loop");
        checkThat("mock", LAYERS.stream().flatMap(Set::stream)
                .filter(name -> !allowed.contains(name)));
        classes().that().resideInAPackage("io.penstock.mock..")
                .should().onlyHaveDependentClassesThat().resideInAnyPackage("io.penstock.mock..",
                        "io.penstock.cli..")
                .check(CLASSES);
    }

    @Test
    void whoDecidesHasNoChannel() {
        noClasses().that().resideInAnyPackage(packages(Stream.of("auth", "limit", "route",
                "usage")))
                .should().dependOnClassesThat(resideInAPackage("io.netty.channel..")
                        .or(DescribedPredicate.describe("channels",
                                type -> type.isAssignableTo(Channel.class))))
                .check(CLASSES);
    }

    /** A state that several methods write is one that can't be followed. */
    @Test
    void onlyOneMethodWritesAState() {
        Map<String, Set<String>> writers = new TreeMap<>();
        CLASSES.stream().flatMap(type -> type.getFieldAccessesFromSelf().stream())
                .filter(access -> access.getAccessType() == JavaFieldAccess.AccessType.SET)
                .filter(access -> isState(access.getTarget().getRawType()))
                .filter(access -> !Set.of("<init>", "<clinit>")
                        .contains(access.getOrigin().getName()))
                .forEach(access -> writers.computeIfAbsent(access.getTarget().getFullName(),
                        name -> new TreeSet<>()).add(access.getOrigin().getFullName()));

        assertThat(writers).isNotEmpty()
                .allSatisfy((field, methods) -> assertThat(methods).as(field).hasSize(1));
    }

    private static boolean isState(JavaClass type) {
        return type.getSimpleName().endsWith("State") || type.getSimpleName().endsWith("Phase");
    }

    @Test
    void nobodyLogsPastSlf4j() {
        noClasses().that().doNotHaveSimpleName("SpanExport") // it silences a library that does
                .should().dependOnClassesThat().resideInAPackage("java.util.logging..")
                .check(CLASSES);
        noClasses().that(DescribedPredicate.not(resideInAnyPackage("io.penstock.cli..",
                        "io.penstock.log..")))
                .should().accessTargetWhere(DescribedPredicate.describe("is System.out or .err",
                        access -> access.getTarget().getOwner().isEquivalentTo(System.class)
                                && Set.of("out", "err").contains(access.getTarget().getName())))
                .orShould().callMethod(Throwable.class, "printStackTrace")
                .check(CLASSES);
    }

    @Test
    void everyPackageSaysWhatItIs() {
        for (String name : packagesInUse()) {
            Package described = CLASSES.stream()
                    .filter(type -> type.getPackageName().equals("io.penstock." + name))
                    .findFirst().orElseThrow().reflect().getPackage();
            assertThat(java.nio.file.Path.of("src/main/java", described.getName().split("\\."))
                    .resolve("package-info.java")).exists();
        }
    }

    @Test
    void noPackageIsADrawerForOddsAndEnds() {
        assertThat(packagesInUse()).doesNotContainAnyElementsOf(
                Arrays.asList("util", "common", "impl", "core", "misc"));
    }
}
