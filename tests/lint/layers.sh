#!/bin/sh
# Dependencies point one way (DESIGN section 6): each folder of src includes only what stands
# below it, and each outside library has one place.
set -u
cd "$(dirname "$0")/../.." || exit 2
bad=0
list=$(mktemp) || exit 2
trap 'rm -f "$list"' EXIT

fail() {
    printf '%s\n' "$1"
    bad=1
}

allowed() {
    case $1 in
    base) echo "" ;;
    sign | net | ledger) echo "base" ;;
    engine) echo "net sign ledger base" ;;
    script) echo "engine net sign ledger base" ;;
    report) echo "engine ledger base" ;;
    cli) echo "report script engine net sign ledger base" ;;
    *) echo "?" ;;
    esac
}

for dir in src/*/; do
    layer=$(basename "$dir")
    may=$(allowed "$layer")
    [ "$may" = "?" ] && fail "$dir: layers.sh does not know this folder" && continue
    # one line an include: file:line:folder
    grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' "$dir"*.[ch] /dev/null |
        sed -E 's|^([^:]*:[0-9]+):.*"([^"]*)".*|\1 \2|' |
        while read -r where what; do
            folder=${what%%/*}
            if [ "$folder" = "$what" ]; then
                echo "$where: \"$what\" needs its folder in front"
            elif [ "$folder" != "$layer" ]; then
                case " $may " in
                *" $folder "*) ;;
                *) echo "$where: src/$layer must not include \"$what\"" ;;
                esac
            fi
        done
done >"$list"
[ -s "$list" ] && fail "$(cat "$list")"

# An outside header: where it may be, and in how many files.
only() {
    pattern=$1 folder=$2 most=$3
    found=$(grep -lE "^[[:space:]]*#[[:space:]]*include[[:space:]]+[<\"]($pattern)" -r src)
    for file in $found; do
        case $file in
        "src/$folder/"*) ;;
        *) fail "$file: <$pattern> belongs into src/$folder only" ;;
        esac
    done
    # shellcheck disable=SC2086
    set -- $found
    [ "$most" = any ] || [ $# -le "$most" ] ||
        fail "<$pattern> is included by $# files, $most is the most: $*"
}
only 'lua\.h|lauxlib\.h|lualib\.h|lua_?cjson' script any
only 'curl/' net 1
only 'sqlite3\.h' ledger 1
only 'microhttpd\.h' net 1
only 'libpq-fe\.h' ledger 1
only 'csv\.h' script 1
exit $bad
