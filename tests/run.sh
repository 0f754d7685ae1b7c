#!/bin/sh
# Everything that is tested: installs what is missing, builds with warnings as errors, runs all
# tests; then builds with AddressSanitizer and UndefinedBehaviorSanitizer and runs them again,
# but for those that say nothing new there (labels lint and once).
set -eu
cd "$(dirname "$0")/.."

sh scripts/install-deps.sh --tests

jobs=$(nproc)
begun=$(date +%s)

# round TITLE FOLDER CTEST_OPTIONS CMAKE_OPTION...
round() {
    title=$1 dir=$2 only=$3
    shift 3
    printf '\n==> %s\n' "$title"
    mkdir -p "$dir"
    log=$dir/build.log
    cmake -S . -B "$dir" -DOB_WERROR=ON -DOB_TESTS=ON "$@" >"$log" 2>&1 || {
        cat "$log"
        exit 1
    }
    cmake --build "$dir" -j "$jobs" >>"$log" 2>&1 || {
        tail -n 100 "$log"
        exit 1
    }
    printf 'built in %s, %d s so far\n' "$dir" $(($(date +%s) - begun))
    # shellcheck disable=SC2086
    ctest --test-dir "$dir" -j2 --output-on-failure $only
}

round 'all tests' build-tests '' -DCMAKE_BUILD_TYPE=RelWithDebInfo
round 'again under ASan and UBSan' build-sanitize '-LE ^(lint|once)$' \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DOB_SANITIZE=ON
printf '\nall tests passed, %d s\n' $(($(date +%s) - begun))
