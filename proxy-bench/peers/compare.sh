#!/usr/bin/env bash
# Measures Penstock beside nginx and HAProxy: same upstream, same load, same core, taking turns.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bench_jar=$root/proxy-bench/target/penstock-bench.jar
penstock_jar=$root/proxy-server/target/penstock.jar
all=unary,paced,flood,prompt,latency,event-latency,memory

only=$all rounds=5 duration=10s warmup=3s out= label= key=sk-bench
without="nginx-keyed penstock-uring penstock-open penstock-limits" mock="$root/bin/penstock mock"
java_options="" idle_streams=5000
declare -A builds

usage() {
    cat <<EOF
usage: compare.sh [option]…
  --only A,B        scenarios: $all
  --rounds N        rounds per scenario, the proxies taking turns (default $rounds)
  --duration D      window of a round (default $duration)
  --warmup D        load before each window (default $warmup)
  --out DIR         where the results go (default: a new directory under the system's temporary one)
  --with NAME       also measure nginx-keyed (nginx with a map of API keys), penstock-uring
                    (penstock on io_uring), penstock-open (nobody is asked for a key, no usage is
                    asked for) or penstock-limits (rates, a budget and prices, all on); repeatable
  --build NAME=DIR  also measure another checkout, built, as penstock-NAME, set up as penstock is:
                    whether a change costs anything; repeatable
  --without NAME    leave out nginx, haproxy or penstock; repeatable
  --mock COMMAND    upstream to start; takes the options of penstock mock, --varied among them
  --java "OPTIONS"  JVM options of penstock serve, beside those of bin/penstock
  --idle-streams N  streams of the memory scenario (default $idle_streams)
  --label TEXT      goes into the reports (default: the commit)
EOF
}

fail() { echo "compare.sh: $2" >&2; exit "$1"; }

while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --*) [ $# -ge 2 ] || fail 2 "$1: missing value" ;;&
        --only) only=$2 ;;
        --rounds) rounds=$2 ;;
        --duration) duration=$2 ;;
        --warmup) warmup=$2 ;;
        --out) out=$2 ;;
        --with) without=" $without "; without=${without// $2 / } ;;
        --build)
            [[ $2 =~ ^[a-z0-9]+=. ]] || fail 2 "--build $2: NAME=DIR expected"
            builds[penstock-${2%%=*}]=$(cd "${2#*=}" && pwd) ;;
        --without) without="$without $2" ;;
        --mock) mock=$2 ;;
        --java) java_options=$2 ;;
        --idle-streams) idle_streams=$2 ;;
        --label) label=$2 ;;
        *) fail 2 "$1: unknown option; try --help" ;;
    esac
    shift 2
done

for scenario in ${only//,/ }; do
    case ",$all," in *",$scenario,"*) ;; *) fail 2 "$scenario: no such scenario ($all)" ;; esac
done

has() { case " $without " in *" $1 "*) return 1 ;; *) return 0 ;; esac; }

proxies=()
for name in nginx nginx-keyed haproxy penstock penstock-uring penstock-open penstock-limits; do
    if has "$name"; then proxies+=("$name"); fi
done
for name in "${!builds[@]}"; do
    [ -x "${builds[$name]}/bin/penstock" ] || fail 1 "${builds[$name]} has no bin/penstock"
    proxies+=("$name")
done
[ ${#proxies[@]} -gt 0 ] || fail 2 "nothing left to measure"
for name in "${proxies[@]}"; do
    case $name in
        penstock*) [ -f "$penstock_jar" ] || fail 1 "$penstock_jar is missing: build it first" ;;
        *) command -v "${name%-keyed}" >/dev/null || fail 1 "$name is not installed" ;;
    esac
done
[ -f "$bench_jar" ] || fail 1 "$bench_jar is missing: build it first"

out=${out:-$(mktemp -d -t penstock-bench.XXXXXX)}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d -t penstock-peers.XXXXXX)
chmod 755 "$work"
label=${label:-$(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown)}

# --- processes: each is started in the background, and ended by its own id ---
started=()
declare -A pid port

stop_all() {
    local process
    for process in "${started[@]:+${started[@]}}"; do
        if kill -0 "$process" 2>/dev/null; then kill "$process"; fi
    done
    for process in "${started[@]:+${started[@]}}"; do
        for _ in $(seq 50); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        if kill -0 "$process" 2>/dev/null; then kill -9 "$process"; fi
        wait "$process" 2>/dev/null || true # its exit code is that of the signal
    done
    started=()
}
trap 'stop_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

next_port=21700
take_port() {
    while answers "$next_port"; do next_port=$((next_port + 1)); done
    taken=$next_port
    next_port=$((next_port + 1))
}

wait_for() { # NAME PORT PID
    for _ in $(seq 200); do
        answers "$2" && return
        kill -0 "$3" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/$1.log" >&2
    fail 1 "$1 does not answer on port $2"
}

fill() { # TEMPLATE TARGET AUTH
    sed -e "s|@DIR@|$(dirname "$2")|g" -e "s|@PORT@|${port[$name]}|g" -e "s|@KEY@|$key|g" \
        -e "s|@MOCK_PORT@|${port[mock]}|g" -e "s|@AUTH@|$3|g" "$1" >"$2"
}

start_mock() { # OPTION…
    # shellcheck disable=SC2086 # the command is split into words on purpose
    taskset -c 1 $mock --port "${port[mock]}" --varied "$@" >"$work/mock.log" 2>&1 &
    started+=($!)
    wait_for mock "${port[mock]}" $!
}

start_proxy() { # NAME
    local name=$1 dir=$work/$1
    mkdir -p "$dir"
    chmod 777 "$dir" # nginx's worker gives up its rights
    case $name in
        nginx|nginx-keyed)
            local auth=""
            [ "$name" = nginx ] || auth='if ($key_id = "") { return 401; }'
            fill "$here/nginx.conf" "$dir/nginx.conf" "$auth"
            taskset -c 0 nginx -p "$dir" -c "$dir/nginx.conf" >"$work/$name.log" 2>&1 &
            ;;
        haproxy)
            fill "$here/haproxy.cfg" "$dir/haproxy.cfg" ""
            taskset -c 0 haproxy -db -f "$dir/haproxy.cfg" >"$work/$name.log" 2>&1 &
            ;;
        penstock*)
            local transport=auto type=openai-compatible limits="" auth more=""
            [ "$name" != penstock-uring ] || transport=io_uring
            if [ "$name" = penstock-limits ]; then
                limits=', limits: {requests_per_minute: 1000000000, tokens_per_minute: 100000000000'
                limits+=', concurrent: 100000}, budget: {tokens_per_month: 1000000000000000'
                limits+=', dollars_per_month: 1000000000}'
                more='prices: {"*": {input: 1, cached_input: 0.1, output: 2}}'
            fi
            auth="auth: {keys: [{id: bench, hash: \"sha256:$(printf %s "$key" | sha256sum |
                cut -d' ' -f1)\"$limits}]}"
            if [ "$name" = penstock-open ]; then
                auth="" type=groq # which reports a stream's usage unasked
            fi
            take_port
            cat >"$dir/penstock.yaml" <<EOF
listen: [{address: "127.0.0.1:${port[$name]}"}]
admin: {address: "127.0.0.1:$taken"}
providers:
  - name: mock
    type: $type
    base_url: http://127.0.0.1:${port[mock]}/v1
    api_keys: [{value: sk-upstream}]
    models: ["*"]
    pool: {max_connections: 8192}
$auth
$more
observe: {access_log: {path: null}}
EOF
            (cd "$dir" && PENSTOCK_JAVA_OPTS=$java_options exec taskset -c 0 \
                "${builds[$name]:-$root}/bin/penstock" \
                serve -c penstock.yaml --threads 1 --transport "$transport") \
                >"$work/$name.log" 2>&1 &
            ;;
    esac
    started+=($!)
    pid[$name]=$!
    wait_for "$name" "${port[$name]}" $!
    case $name in
        nginx*) pid[$name]=$(pgrep -P "${pid[$name]}") ;; # the worker does the work
    esac
}

# An idle virtual CPU is put to sleep, and waking it costs tens of microseconds that belong to no
# proxy. These give way to everything else, and keep the CPUs awake where latency is measured.
stay_awake() {
    local cpu
    for cpu in 0 1; do
        taskset -c "$cpu" chrt --idle 0 bash -c 'while :; do :; done' &
        started+=($!)
    done
}

start_proxies() {
    local each
    for each in "${proxies[@]}"; do start_proxy "$each"; done
}

bench() { # DIRECTORY OPTION…
    local directory=$1
    shift
    taskset -c 1 java -Xmx1g -XX:+UseSerialGC -jar "$bench_jar" --key "$key" --model mock-model \
        --label "$label" --out "$directory" "$@" >"$directory/table.txt"
}

compare() { # SCENARIO OPTION…: all proxies in turn
    local scenario=$1 endpoints=() each
    shift
    for each in "${proxies[@]}"; do
        if [ ${#endpoints[@]} -eq 0 ]; then endpoints+=(--url); else endpoints+=(--compare); fi
        endpoints+=("$each=http://127.0.0.1:${port[$each]}/v1" --pid "$each=${pid[$each]}")
    done
    mkdir -p "$out/$scenario"
    bench "$out/$scenario" "${endpoints[@]}" --rounds "$rounds" --duration "$duration" \
        --warmup "$warmup" --timeout 2m --discard 1 "$@"
    printf '\n== %s ==\n' "$scenario" | tee -a "$out/summary.txt"
    sed -n '/^Medians/,$p' "$out/$scenario/table.txt" | tee -a "$out/summary.txt"
}

resident_kib() { awk '/^VmRSS:/ {print $2}' "/proc/$1/status"; }

live_heap_kib() { # after a full collection
    jcmd "$1" GC.run >/dev/null
    jcmd "$1" GC.class_histogram | awk '/^Total/ {printf "%d", $3 / 1024}'
}

memory() { # one proxy after the other: each holds its streams while it is looked at
    local each before heap_before='' heap during loader
    printf '\n== memory: %s idle streams ==\n' "$idle_streams" | tee -a "$out/summary.txt"
    for each in "${proxies[@]}"; do
        mkdir -p "$out/memory/$each"
        before=$(resident_kib "${pid[$each]}")
        [[ $each != penstock* ]] || heap_before=$(live_heap_kib "${pid[$each]}")
        bench "$out/memory/$each" --url "$each=http://127.0.0.1:${port[$each]}/v1" --rounds 1 \
            --pid "$each=${pid[$each]}" --streams "$idle_streams" --warmup 8s --ramp 5s \
            --duration 8s --timeout 10m &
        loader=$!
        sleep 13
        during=$(resident_kib "${pid[$each]}")
        heap=''
        if [[ $each == penstock* ]]; then
            heap=$(live_heap_kib "${pid[$each]}")
            heap=$(awk "BEGIN {printf \", live heap %.2f KiB\", ($heap - $heap_before) / $idle_streams}")
        fi
        wait "$loader"
        grep -q "^calls still running at the end *$idle_streams\$" "$out/memory/$each/table.txt" \
            || fail 1 "$each did not hold $idle_streams streams: $out/memory/$each/table.txt"
        sleep 2
        awk "BEGIN {printf \"%-12s per stream: resident %.2f KiB$heap; resident %.1f MiB before, \
%.1f with, %.1f after\n\", \"$each\", ($during - $before) / $idle_streams, $before / 1024, \
$during / 1024, $(resident_kib "${pid[$each]}") / 1024}" | tee -a "$out/summary.txt"
    done
}

for name in mock "${proxies[@]}"; do
    take_port
    port[$name]=$taken
done
direct="direct=http://127.0.0.1:${port[mock]}/v1"
: >"$out/summary.txt"

for scenario in ${only//,/ }; do
    case $scenario in
        unary)
            start_mock --ttft 0ms --interval 0ms --events 16
            start_proxies
            compare unary --closed --connections 64 --prompt-bytes 900 ;;
        paced)
            start_mock --ttft 0ms --interval 20ms --events 500
            start_proxies
            compare paced --streams 1000 ;;
        flood)
            start_mock --ttft 0ms --interval 0ms --events 2000
            start_proxies
            compare flood --streams 64 ;;
        prompt)
            start_mock --ttft 0ms --interval 0ms --events 16
            start_proxies
            compare prompt --closed --connections 8 --prompt-bytes 1048576 ;;
        latency)
            start_mock --ttft 0ms --interval 0ms --events 16
            start_proxies
            stay_awake
            compare latency --rate 2000 --connections 512 --prompt-bytes 900 --direct "$direct" ;;
        event-latency)
            start_mock --ttft 0ms --interval 20ms --events 500
            start_proxies
            stay_awake
            compare event-latency --streams 200 --stamp sent_ns --direct "$direct"
            grep -q '^event delay p50' "$out/event-latency/table.txt" || echo \
                "event-latency: the mock's events carry no sent_ns, so their delay is unknown" >&2
            ;;
        memory)
            start_mock --ttft 0ms --interval 1h --events 10
            start_proxies
            memory ;;
    esac
    stop_all
done
printf '\nresults: %s\n' "$out"
