#!/bin/sh
# Files a reader can hold in the head: over 400 lines is a warning, over 500 a failure; no C
# function over 80 lines (STYLE section 1.8).
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck disable=SC2016
find src lua \( -name '*.[ch]' -o -name '*.lua' \) -print0 | xargs -0 awk '
function over(file, lines) {
    if (lines > 500) { printf "%s: %d lines, 500 is the most\n", file, lines; bad = 1 }
    else if (lines > 400) printf "%s: %d lines, a warning\n", file, lines
}
FNR == 1 { if (file != "") over(file, last); file = FILENAME; begun = 0 }
{ last = FNR }
file ~ /\.[ch]$/ && /^\{/ { begun = FNR; head = before }
file ~ /\.[ch]$/ && /^\}/ && begun {
    if (FNR - begun > 80) { printf "%s:%d: %s: %d lines, 80 is the most\n", file, begun, head, FNR - begun; bad = 1 }
    begun = 0
}
{ before = $0 }
END { over(file, last); exit bad }'
