package io.penstock.fleet;

import io.penstock.limit.SharedUse;
import io.penstock.redis.Script;
import java.util.List;

/** What is done in Redis: each script changes one key, by the server's own clock. */
final class Scripts {
    /** Beyond it, what has ended is removed, and what is new is told but not kept. */
    static final int MAX_WEATHER = 2000;

    /**
     * A bucket, as the time at which it is full again; see {@link io.penstock.limit.SharedRate}.
     * Takes (or, below zero, gives back) so many microseconds of refilling, and answers what is
     * lacking then. A third argument above zero forgives what lacks beyond it.
     */
    static final Script RATE = Script.of("""
            local t = redis.call('TIME')
            local now = t[1] * 1000000 + t[2]
            local lack = math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now)
            local forgiven = tonumber(ARGV[2])
            if forgiven > 0 then lack = math.min(lack, forgiven) end
            lack = math.min(math.max(0, lack + tonumber(ARGV[1])), 1e15)
            if lack > 0 then
              redis.call('SET', KEYS[1], string.format('%.0f', now + lack),
                  'PX', string.format('%.0f', math.ceil(lack / 1000)))
            else
              redis.call('DEL', KEYS[1])
            end
            return {lack}
            """);

    /**
     * One caller's use of one month: raises what a node says it has used itself, never lowers it,
     * and answers that and the sum of all nodes, tokens and billionths of dollars.
     */
    static final Script USE = Script.of("""
            local answer = {}
            for i, kind in ipairs({'tokens', 'dollars'}) do
              local mine = kind .. ':' .. ARGV[1]
              local known = tonumber(redis.call('HGET', KEYS[1], mine) or '0')
              local now = tonumber(ARGV[i + 1])
              if now > known then
                redis.call('HSET', KEYS[1], mine, string.format('%.0f', now))
                redis.call('HINCRBY', KEYS[1], kind, string.format('%.0f', now - known))
                redis.call('PEXPIRE', KEYS[1], ARGV[4])
                known = now
              end
              answer[#answer + 1] = known
              answer[#answer + 1] = tonumber(redis.call('HGET', KEYS[1], kind) or '0')
            end
            return answer
            """);

    /**
     * A node is there. Answers 1 if it was not known (any more), and how many there are; those that
     * have not been heard of for so many milliseconds are gone.
     */
    static final Script BEAT = Script.of("""
            local t = redis.call('TIME')
            local now = t[1] * 1000 + math.floor(t[2] / 1000)
            local isNew = redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
            redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf',
                string.format('%.0f', now - tonumber(ARGV[2])))
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
            return {isNew, redis.call('ZCARD', KEYS[1])}
            """);

    /** A node leaves. */
    static final Script LEAVE = Script.of("return {redis.call('ZREM', KEYS[1], ARGV[1])}");

    /**
     * Something rests for so many milliseconds: keeps that for later, and publishes it unless a
     * longer rest is known.
     */
    static final Script TELL_WEATHER = Script.of("""
            local t = redis.call('TIME')
            local now = t[1] * 1000 + math.floor(t[2] / 1000)
            local ends = now + tonumber(ARGV[4])
            local known = redis.call('HGET', KEYS[1], ARGV[3])
            if known and tonumber(string.match(known, '^%%d+')) >= ends then return {0} end
            if redis.call('HLEN', KEYS[1]) >= %1$d then
              local all = redis.call('HGETALL', KEYS[1])
              for i = 1, #all, 2 do
                if tonumber(string.match(all[i + 1], '^%%d+')) <= now then
                  redis.call('HDEL', KEYS[1], all[i])
                end
              end
            end
            if redis.call('HLEN', KEYS[1]) < %1$d then
              redis.call('HSET', KEYS[1], ARGV[3],
                  string.format('%%.0f', ends) .. ' ' .. ARGV[5])
              redis.call('PEXPIRE', KEYS[1], 3600000)
            end
            redis.call('PUBLISH', ARGV[1],
                ARGV[2] .. '\\t' .. ARGV[4] .. '\\t' .. ARGV[5] .. '\\t' .. ARGV[3])
            return {1}
            """.formatted(MAX_WEATHER));

    /** What rests: each as its milliseconds and what it is, as {@link #TELL_WEATHER} got it. */
    static final Script ASK_WEATHER = Script.of("""
            local t = redis.call('TIME')
            local now = t[1] * 1000 + math.floor(t[2] / 1000)
            local all = redis.call('HGETALL', KEYS[1])
            local answer = {}
            for i = 1, #all, 2 do
              local ends, word = string.match(all[i + 1], '^(%d+) (%d)$')
              if tonumber(ends) > now then
                answer[#answer + 1] = '\\t' .. string.format('%.0f', tonumber(ends) - now)
                    .. '\\t' .. word .. '\\t' .. all[i]
              end
            end
            return answer
            """);

    /** What {@link #USE} answers: what this node has told, and the sum of all nodes. */
    record Use(SharedUse.Own known, SharedUse.Own sum) {}

    private Scripts() {}

    static Use useOf(List<Object> reply) {
        return new Use(new SharedUse.Own(number(reply, 0), number(reply, 2)),
                new SharedUse.Own(number(reply, 1), number(reply, 3)));
    }

    static long number(List<Object> reply, int index) {
        return (Long) reply.get(index);
    }
}
