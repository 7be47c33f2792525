package io.penstock.sse;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.penstock.loop.Scratch;
import io.penstock.testing.EventModel;
import io.penstock.testing.FuzzInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Streams of events: the same events with the same data however they are cut, and those that {@link
 * EventModel} reads; an end is familiar if and only if its bytes are those that were learnt.
 */
public final class EventSplitterFuzz {
    private static final int FEW_BYTES = 48;

    private EventSplitterFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            int length = input.bytes().length;
            boolean bounded = input.chooses(0);
            int bound = bounded ? FEW_BYTES : EventSplitter.MAX_SPLIT_EVENT;
            Log whole = split(input, FuzzInput.whole(length), EventSplitter.MAX_SPLIT_EVENT);
            Log pieces = split(input, input.cuts(length), bound);
            List<EventModel> events = EventModel.of(input.bytes());
            checkSame(whole.seen, events.stream().map(EventModel::toString).toList(), "the events");
            if (bounded) {
                for (int i = 0, at = 0; i < pieces.seen.size(); i++) {
                    // Those that were too long are missing, or came in one piece all the same.
                    String event = pieces.seen.get(i);
                    if (event == null) {
                        continue;
                    }
                    while (at < whole.seen.size() && !whole.seen.get(at).equals(event)) {
                        at++;
                    }
                    check(at++ < whole.seen.size(), "an event that was not there: " + event);
                }
            } else {
                checkSame(pieces.seen, whole.seen, "in pieces");
            }
        }
    }

    private static Log split(FuzzInput input, int[] cuts, int bound) {
        ByteBuf buffer = input.buffer();
        Log log = new Log();
        EventSplitter splitter = new EventSplitter(log, new Scratch(), bound);
        splitter.reset();
        int zero = buffer.readerIndex();
        int at = zero;
        try {
            for (int cut : cuts) {
                int end = zero + cut;
                while (at < end) {
                    int seen = splitter.split(input.allocator(), buffer, at, end - at);
                    check(seen >= at && seen <= end, "beyond the piece");
                    if (splitter.isHiding()) {
                        check(splitter.hiddenStart() == seen && splitter.hiddenEnd() > seen
                                && splitter.hiddenEnd() <= end, "what is hidden");
                        at = splitter.hiddenEnd();
                    } else {
                        checkSame(splitter.isInsideEvent(), seen < end
                                || at == end && splitter.isInsideEvent(), "inside an event");
                        at = end;
                    }
                }
            }
            splitter.finish();
            check(!splitter.isInsideEvent(), "inside an event behind the end");
            return log;
        } finally {
            splitter.release();
            buffer.release();
        }
    }

    /** What the splitter gives; null for an event that was too long. */
    private static final class Log implements EventSplitter.Sink {
        private final List<String> seen = new ArrayList<>();
        private final EventData data = new EventData();
        private final FamiliarEnd end = new FamiliarEnd();
        private byte[] learnt;

        @Override
        public boolean onEvent(ByteBuf buffer, int index, int length) {
            check(length > 0, "an event of nothing");
            byte[] bytes = new byte[length];
            buffer.getBytes(index, bytes);
            data.read(buffer, index, length);
            seen.add(EventModel.text(data.isNamedError(), data.bytes(), data.length()));
            if (learnt != null) {
                int from = length - learnt.length;
                boolean same = from >= 0;
                for (int i = 0; same && i < learnt.length; i++) {
                    same = bytes[from + i] == learnt[i];
                }
                checkSame(end.isFamiliar(buffer, index, length), same, "familiar");
            }
            int size = length * 2 / 3;
            if (end.learn(buffer, index + length - size, index + length)) {
                learnt = Arrays.copyOfRange(bytes, length - size, length);
            }
            return bytes[0] != 'h'; // some are kept back
        }

        @Override
        public void onOversizedEvent() {
            seen.add(null);
        }
    }
}
