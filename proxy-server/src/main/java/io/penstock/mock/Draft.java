package io.penstock.mock;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A reply as it is to be: its head's own lines, and the parts of its body.
 *
 * @param fields header lines, each with its end, but those of framing and connection
 * @param isStream whether its length is not told beforehand, and each part comes in its own chunk
 * @param steps parts whose time is their own, each of one or more
 * @param rest parts that follow the last step at once; null cuts the reply there
 */
record Draft(int status, String fields, boolean isStream, List<List<byte[]>> steps,
        @Nullable List<byte[]> rest) {

    static Draft json(int status, String fields, Json body) {
        return whole(status, "content-type: application/json\r\n" + fields, utf8(body.toString()));
    }

    static Draft whole(int status, String fields, byte[] body) {
        return new Draft(status, fields, false, List.of(), List.of(body));
    }

    /**
     * A stream of these events, as the fault would have them.
     *
     * @param errorEvents how it ends in an error after so many events
     */
    static Draft events(EventStream events, Fault.Kind fault,
            IntFunction<List<String>> errorEvents) {
        List<List<String>> steps = events.steps();
        List<String> rest = new ArrayList<>(events.rest());
        if (events.terminator() != null && fault != Fault.Kind.NO_DONE) {
            rest.add(events.terminator());
        }
        List<List<String>> half = steps.subList(0, (steps.size() + 1) / 2);
        switch (fault) {
            case MIDSTREAM -> {
                steps = half;
                rest = null;
            }
            case ERROR_EVENT -> {
                steps = half;
                rest = errorEvents.apply(half.stream().mapToInt(List::size).sum());
            }
            case ERROR_FIRST -> {
                steps = List.of();
                rest = errorEvents.apply(0);
            }
            case MALFORMED -> steps = withBrokenEvent(steps, half.size());
            case NO_FINISH -> rest = List.of();
            case EMPTY -> {
                steps = List.of();
                rest = List.of();
            }
            default -> { }
        }
        return new Draft(200, "content-type: " + events.contentType()
                + "\r\ncache-control: no-cache\r\n", true,
                steps.stream().map(events::framed).toList(),
                rest == null ? null : events.framed(rest));
    }

    private static List<List<String>> withBrokenEvent(List<List<String>> steps, int after) {
        List<List<String>> broken = new ArrayList<>(steps);
        if (after > 0) {
            List<String> step = new ArrayList<>(steps.get(after - 1));
            String event = step.get(step.size() - 1).stripTrailing();
            step.add(event.substring(0, event.length() * 2 / 3) + "\n\n");
            broken.set(after - 1, step);
        }
        return broken;
    }

    /** The same as the fault would have its body; {@code failed} says that the call failed. */
    Draft spoiled(Fault.Kind fault, Supplier<Json> failed) {
        return switch (fault) {
            case ERROR_EVENT, ERROR_FIRST -> json(200, "", failed.get());
            case MALFORMED -> {
                byte[] body = body();
                yield whole(status, fields, first(body, body.length * 2 / 3));
            }
            case EMPTY -> whole(status, fields, new byte[0]);
            case MIDSTREAM -> isStream ? new Draft(status, fields, true,
                    steps.subList(0, (steps.size() + 1) / 2), null)
                    : this; // its writer sends half of what it promises
            default -> this;
        };
    }

    /** All that there is of it, in one. */
    byte[] body() {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        steps.forEach(step -> step.forEach(body::writeBytes));
        if (rest != null) {
            rest.forEach(body::writeBytes);
        }
        return body.toByteArray();
    }

    static byte[] first(byte[] bytes, int length) {
        return Arrays.copyOf(bytes, length);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
