#!/bin/sh
# From a fresh clone to a finished run: installs what is needed, builds, and takes 25 leavers out of
# 300 people through three simulated clouds over HTTPS. Two of the 25 are poisoned: their clouds
# refuse them, whatever else stands in the same call. Nothing leaves this machine.
set -eu

leavers=25
poisoned=2

# ---- inside of `offboard sim`, where OFFBOARD_CONFIG names the simulated clouds ----

# How many people each cloud has.
counts() {
    for cloud in meeting desktops studio; do
        printf '%s %d\n' "$cloud" "$(offboard call "$cloud" list | tail -n +2 | wc -l)"
    done
}

# The run's export has a line a person and step; here it becomes a line a person.
by_person() {
    awk -F, -v leavers="$leavers" -v poisoned="$poisoned" '
    NR == 1 { next }
    $5 == "failed" { why[$1] = $3 " " $4 ": " $6 }
    $5 == "unknown" || $5 == "pending" { unknown[$1] = 1 }
    !($1 in steps) { all++ }
    { steps[$1]++ }
    END {
        for (p in steps)
            if (p in unknown) doubt++
            else if (p in why) failed++
            else if (steps[p] == 5) out++
        printf "%d leavers: %d out of all three clouds, %d refused, %d in doubt\n", all, out,
            failed, doubt
        for (p in why) printf "  %s  %s\n", p, why[p] | "sort"
        exit !(all == leavers && failed == poisoned && out == leavers - poisoned)
    }'
}

inside() {
    counts >before
    offboard plan leavers.lua --input leavers=leavers.csv --quiet

    printf '\n==> apply latest\n'
    code=0
    offboard apply latest --yes </dev/null || code=$?
    printf 'exit %d (20 is "partial": some people could not be taken out)\n' "$code"

    printf '\n==> everyone accounted for\n'
    offboard export 1 >run.csv
    by_person <run.csv || exit 1
    counts >after
    printf '\naccounts    before  after\n'
    paste -d ' ' before after | awk -v gone=$((leavers - poisoned)) '
        { printf "%-10s  %6d  %5d\n", $1, $2, $4; wrong += $2 - $4 != gone }
        END { exit wrong > 0 }' || exit 1
    [ "$code" -eq 20 ]
}

if [ "${1:-}" = --inside ]; then
    inside
    exit
fi

# ---- outside ----

cd "$(dirname "$0")/.."
here=$PWD

printf '==> what is needed: packages of Debian\n'
sh scripts/install-deps.sh

printf '\n==> build\n'
mkdir -p build
{
    cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DOB_TESTS=OFF &&
        cmake --build build -j "$(nproc)"
} >build/build.log 2>&1 || {
    tail -n 50 build/build.log >&2
    exit 1
}
PATH=$here/build:$PATH
export PATH
offboard --version

printf '\n==> %d of 300 people leave, and %d of them are poisoned\n' "$leavers" "$poisoned"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
cp scripts/leavers.lua "$tmp"
cd "$tmp"
export OFFBOARD_LEDGER="$tmp/ledger.db"
offboard sim --https --people 300 --leavers leavers.csv --leavers-count "$leavers" \
    --faults meeting:poison=1,desktops:poison=1 -- sh "$here/scripts/demo.sh" --inside || {
    echo "demo.sh: the run did not end as it should" >&2
    exit 1
}

cat <<TEXT

The two that were refused are named with the cloud's own words, and the other
$((leavers - poisoned)) went on without them. A run that leaves somebody behind ends with exit 20,
so that a timer or a pipeline sees it; the demo expects that, and is done.
Next: README.md, and build/offboard new leavers
TEXT
