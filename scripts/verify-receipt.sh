#!/bin/sh
# Verifies a receipt of `offboard receipt` without offboard, with openssl (3.0 or later) and
# sha256sum only, and says what it proves. The key is the public half of the installation's
# (LEDGER.pub), from where whoever could change the ledger could not change it.
#
#   verify-receipt.sh PUBLIC_KEY RECEIPT
# Each event names the hash of one before it, up to the head, which is signed. Each row's SHA-256
# stands in the last quoted event that names the row. Sealed values (blobs "obs...") are opened with
# the quoted key of the person. It proves that this was recorded, not that nothing was afterwards.
set -u; export LC_ALL=C
[ $# -eq 2 ] && [ -r "$1" ] && [ -r "$2" ] || { echo "usage: $0 PUBLIC_KEY RECEIPT" >&2; exit 64; }
pub=$1 receipt=$2 line=0 current='' head='' ended='' row_count=0
t=$(mktemp -d) && mkdir "$t/keys" && : >"$t/events" || exit 1
trap 'rm -rf "$t"' EXIT

fail() { echo "$receipt: line $line: $1: NOT VERIFIED" >&2; exit 1; }
sha() { printf '%s' "$1" | sha256sum | cut -d ' ' -f 1; }
hex() { od -An -v -tx1 "$@" | tr -d ' \n'; }

time_text() { # of milliseconds
    awk -v t="$1" 'BEGIN { s = int(t / 1000); d = int(s / 86400) + 719468; e = int(d / 146097)
        r = d - e * 146097; y = int((r - int(r / 1460) + int(r / 36524) - int(r / 146096)) / 365)
        n = r - (365 * y + int(y / 4) - int(y / 100)); m = int((5 * n + 2) / 153)
        M = m < 10 ? m + 3 : m - 9; printf "%04d-%02d-%02dT%02d:%02d:%02dZ", y + e * 400 + (M <= 2),
        M, n - int((153 * m + 2) / 5) + 1, int(s % 86400 / 3600), int(s % 3600 / 60), s % 60 }'
}

follow() { # $1 and $2: the hashes it follows, $3: the digest of its body
    [ -z "$current" ] || [ "$1" = "$current" ] || [ "$2" = "$current" ] ||
        fail "does not follow from the line before"
    current=$(sha "$1$2$3")
}

check_head() { # $1: seq hash at_ms signature
    set -f; set -- $1; set +f
    [ $# -eq 4 ] && [ -z "$head" ] || fail "is not a head"
    [ "$2" = "$current" ] || fail "the events do not lead to this head"
    printf '%s' "$4" | openssl base64 -d -A >"$t/sig" 2>/dev/null
    [ "$(openssl base64 -A <"$t/sig")" = "$4" ] || fail "the signature is not one"
    printf 'offboard-head %s %s %s' "$1" "$2" "$3" >"$t/head"
    openssl pkeyutl -verify -pubin -inkey "$pub" -rawin -in "$t/head" -sigfile "$t/sig" >/dev/null 2>&1 ||
        fail "the head is not signed by $pub"
    head="head $1 $2, signed $(time_text "$3")"
}

value() { # $1: column, $2: its JSON; in words
    case $2 in
    '{"blob":"'*) printf '%s' "$2" | sed 's/^{"blob":"//; s/"}$//' | openssl base64 -d -A >"$t/blob" ;;
    *) printf '%s' "$2" | tr -d '\000-\037\177'
        case $1=$2 in *_ms=[1-9]*) printf ' (%s)' "$(time_text "$2")" ;; esac
        return ;;
    esac
    [ "$(hex -N3 "$t/blob")" = 6f6273 ] || { echo "$(hex "$t/blob")"; return; }
    key=$(cat "$t/keys/$((0x$(hex -j4 -N8 "$t/blob")))" 2>/dev/null)
    [ ${#key} -eq 64 ] || { printf '(sealed; its key was erased or is not in this receipt)'; return; }
    tail -c +29 "$t/blob" | openssl enc -d -aes-256-ctr -K "$key" -iv "$(hex -j12 -N16 "$t/blob")" | tr -d '\000-\037\177'
}

check_row() { # $1: the row
    place=$(printf '%s\n' "$1" | sed -n 's/^\(\["[a-z_]*",-*[0-9]*,\){".*}\]$/\1/p')
    [ -n "$place" ] || fail "is not a row"
    event=$(grep -F "$place" "$t/events" | tail -n 1)
    case $event in *"$place\"$(sha "$1")\"]"*) ;; *) fail "the row is not what an event recorded" ;; esac
    table=${place#??} table=${table%%\"*} id=${place%,} id=${id##*,} row_count=$((row_count + 1))
    case $table in
    plan) what='Decided' ;; approval) what='Approved' ;; sighting) what='Evidence: a plan named them' ;;
    run) what='Carried out' ;; step) what='To be done' ;; snapshot) what='What the cloud said before' ;;
    call) what='A call that named them' ;; person) what='What became of them' ;; *) what=$table ;;
    esac
    at=${event#*\"at_ms\":} seq=${event##*\"seq\":}
    printf '\n%s (%s %s, event %s of %s)\n' "$what" "$table" "$id" "${seq%\}}" "$(time_text "${at%%,*}")"
    # one column a line; a quote inside of a value is always escaped
    printf '%s\n' "$1" | sed 's/^[^{]*{//; s/}\]$//' | awk '{ while (match($0,
        /^,?"[a-z_]+":("([^"\\]|\\.)*"|-?[0-9]+|null|\{[^}]*\})/)) { c = substr($0, 1, RLENGTH)
        sub(/^,/, "", c); i = index(c, ":"); print substr(c, 2, i - 3), substr(c, i + 1)
        $0 = substr($0, RLENGTH + 1) } }' >"$t/columns"
    [ $table != subject ] || value key "$(sed -n 's/^key //p' "$t/columns")" >"$t/keys/$id"
    while IFS=' ' read -r name json; do
        [ $table = subject ] && [ $name != id ] || printf '  %-12s %s\n' "$name" "$(value "$name" "$json")"
    done <"$t/columns"
}

while IFS=' ' read -r kind rest; do
    line=$((line + 1))
    [ -z "$ended" ] || fail "there is more after the end"
    case $line/$kind in
    1/offboard-receipt) [ "$rest" = 1 ] || fail "this script reads receipts of version 1" ;;
    1/*) fail "is not a receipt" ;;
    */event) body=${rest#* } body=${body#* }; back=${rest#* }
        follow "${rest%% *}" "${back%% *}" "$(sha "$body")"; printf '%s\n' "$body" >>"$t/events" ;;
    */link) set -f; set -- $rest; set +f; [ $# -eq 3 ] || fail "is not a link"; follow "$1" "$2" "$3" ;;
    */head) check_head "$rest" ;;
    */row) [ -n "$head" ] || fail "a row before the head"; check_row "$rest" ;;
    */end) [ -z "$rest" ] || fail "is not an end"; ended=1 ;;
    *) fail "is not a line of a receipt" ;;
    esac
done <"$receipt" >"$t/facts"
[ -n "$ended" ] && [ $row_count -gt 0 ] || fail "the receipt is cut off"
cat "$t/facts" && printf '\nVERIFIED: %s rows, each recorded in the chain that ends with\n%s\n' "$row_count" "$head"
