package io.penstock.provider;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What plugins are compiled against: {@link ProviderType}, and every public class that its methods
 * and theirs mention. A member that mentions a class of the proxy's inside is no part of it.
 */
public final class PluginApi {
    private static final String PACKAGE = ProviderType.class.getPackageName();
    private static final Set<String> OF_ALL_RECORDS = Set.of("toString", "hashCode", "equals");

    private final Set<Class<?>> classes =
            new TreeSet<>(Comparator.comparing((Class<?> each) -> each.getName()));
    private final Deque<Class<?>> open = new ArrayDeque<>();

    private PluginApi() {
        add(ProviderType.class);
        add(CredentialsMissingException.class); // thrown by signers, declared by none
        while (!open.isEmpty()) {
            Class<?> next = open.remove();
            Stream.of(next.getClasses()).forEach(this::add);
            members(next).forEach(each -> mentioned(each).forEach(this::addAll));
        }
    }

    /** Its classes, by name. */
    public static Set<Class<?>> classes() {
        return new PluginApi().classes;
    }

    /** A line a member, in order. */
    static List<String> signatures() {
        Set<String> lines = new TreeSet<>();
        for (Class<?> each : classes()) {
            lines.add(each.getName() + " " + kind(each));
            members(each).forEach(member -> lines.add(each.getName() + " " + line(member)));
        }
        return List.copyOf(lines);
    }

    /** What a class outside would have to write itself. */
    static Set<String> abstractMethods() {
        return classes().stream().filter(Class::isInterface).filter(each -> !each.isSealed())
                .flatMap(each -> Stream.of(each.getMethods()))
                .filter(method -> Modifier.isAbstract(method.getModifiers()))
                .map(method -> method.getDeclaringClass().getSimpleName() + "." + method.getName())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private void add(Class<?> found) {
        if (Modifier.isPublic(found.getModifiers()) && isOurs(found) && classes.add(found)) {
            open.add(found);
        }
    }

    private void addAll(Type type) {
        named(type).forEach(this::add);
    }

    private static boolean isOurs(Class<?> type) {
        return type.getName().startsWith("io.penstock.");
    }

    private static Stream<Object> members(Class<?> type) {
        return Stream.<Object[]>of(type.getFields(), type.getConstructors(), type.getMethods())
                .flatMap(Arrays::stream)
                .filter(member -> declaring(member) == type && !isOfAllRecords(type, member))
                .filter(member -> !(member instanceof Executable code && code.isSynthetic()))
                .filter(member -> mentioned(member).allMatch(each -> named(each)
                        .allMatch(name -> !isOurs(name)
                                || name.getPackageName().equals(PACKAGE))));
    }

    private static boolean isOfAllRecords(Class<?> type, Object member) {
        return type.isRecord() && member instanceof Method method
                && OF_ALL_RECORDS.contains(method.getName());
    }

    private static Class<?> declaring(Object member) {
        return ((java.lang.reflect.Member) member).getDeclaringClass();
    }

    private static Stream<Type> mentioned(Object member) {
        if (member instanceof Field field) {
            return Stream.of(field.getGenericType());
        }
        Executable code = (Executable) member;
        Stream<Type> others = Stream.of(code.getGenericParameterTypes(),
                code.getGenericExceptionTypes()).flatMap(Arrays::stream);
        return code instanceof Method method
                ? Stream.concat(others, Stream.of(method.getGenericReturnType())) : others;
    }

    /** The classes that a type is made of. */
    private static Stream<Class<?>> named(Type type) {
        if (type instanceof Class<?> plain) {
            return Stream.of(plain.isArray() ? plain.getComponentType() : plain);
        }
        Set<Type> parts = new LinkedHashSet<>();
        if (type instanceof ParameterizedType generic) {
            parts.add(generic.getRawType());
            parts.addAll(List.of(generic.getActualTypeArguments()));
        } else if (type instanceof GenericArrayType array) {
            parts.add(array.getGenericComponentType());
        } else if (type instanceof WildcardType wildcard) {
            parts.addAll(List.of(wildcard.getUpperBounds()));
        }
        return parts.stream().flatMap(PluginApi::named);
    }

    private static String kind(Class<?> type) {
        return type.isEnum() ? "enum" : type.isRecord() ? "record"
                : type.isSealed() ? "sealed interface"
                : type.isInterface() ? "interface" : "class";
    }

    private static String line(Object member) {
        if (member instanceof Field field) {
            return field.getGenericType().getTypeName() + " " + field.getName();
        }
        String parameters = Stream.of(((Executable) member).getGenericParameterTypes())
                .map(Type::getTypeName).collect(Collectors.joining(", ", "(", ")"));
        if (member instanceof Constructor<?>) {
            return "new" + parameters;
        }
        Method method = (Method) member;
        return (Modifier.isStatic(method.getModifiers()) ? "static " : "")
                + method.getGenericReturnType().getTypeName() + " " + method.getName() + parameters
                + thrown(method);
    }

    private static String thrown(Method method) {
        Type[] types = method.getGenericExceptionTypes();
        return types.length == 0 ? "" : " throws " + Stream.of(types).map(Type::getTypeName)
                .collect(Collectors.joining(", "));
    }
}
