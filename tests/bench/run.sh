#!/bin/sh
# The figures: tests/bench/run.sh BUILD_FOLDER [calls|isolate|memory]...   (all of them by default)
# Ratios within one table hold; absolute values are this machine's. Not part of ctest.
set -eu
build=$(cd "${1:?usage: run.sh BUILD_FOLDER [calls|isolate|memory]...}" && pwd)
shift
[ $# -gt 0 ] || set -- calls isolate memory
here=$(cd "$(dirname "$0")" && pwd)
cmake --build "$build" --target bench >/dev/null
offboard=$build/offboard
bin=$build/tests/bench
people=${BENCH_PEOPLE:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
OFFBOARD_LEDGER=$work/ledger
export OFFBOARD_LEDGER

calls() {
    echo "== signed calls: offboard apply (sign, ledger, read, verify) and a bare curl_multi program"
    "$bin/bench_calls" "$offboard" "$bin/bench_bare" "${BENCH_CALLS:-10000}" "$work"
}

isolate() {
    echo "== calls to find the culprits among 10,000: the splitter by itself"
    "$bin/bench_split"
    echo "== and 20 poisoned accounts among 10,000 through offboard apply"
    for seed in 1 2 3; do
        rm -f "$work"/*
        "$offboard" sim --people 10000 --leavers "$work/l.csv" --leavers-count 10000 \
            --seed $seed --faults meeting:poison=20 --log "$work/log" --state-out "$work/state" -- \
            "$offboard" apply "$here/delete.lua" --input leavers="$work/l.csv" --yes --quiet \
            >/dev/null 2>&1 || true
        "$bin/bench_isolate" "$work/log" "$work/l.csv" "$work/state" 100
    done
}

memory() {
    echo "== a run over $people people (the simulator's own memory is not in it)"
    for policy in delete three; do
        rm -f "$work"/*
        "$offboard" sim --people "$people" --leavers "$work/l.csv" --leavers-count "$people" -- \
            sh -c '"$1/bench_used" "$2.lua: plan" "$0" plan "$3/$2.lua" --input leavers="$4/l.csv" --quiet
                   "$1/bench_used" "$2.lua: apply" "$0" apply latest --yes --quiet
                   "$1/bench_used" "$2.lua: export --json" "$0" export 1 --json' \
            "$offboard" "$bin" "$policy" "$here" "$work"
    done
}

for part in "$@"; do
    case $part in
    calls | isolate | memory) "$part" ;;
    *) echo "run.sh: unknown part: $part" >&2 && exit 64 ;;
    esac
done
