#!/bin/sh
# Runs one transcript, cases/NAME.case, in a folder of its own, and compares what happened with
# what is written there:
#
#   # a comment; the first says what the case shows
#   $ a command          run by this shell, so that variables and functions stay
#   > and its next line
#   a line of its standard output
#   ! a line of its standard error
#   = 20                 its exit code, when that is not 0
#
# Empty lines do not count. In what is expected, a line `...` stands for any number of lines and
# <*> for any text. What differs from run to run has names: <dir> the case's folder, <plan> and
# <plan8> ids, <time>, <port>, <tmp>. The words of words.sh may be used in commands.
#
#   OFFBOARD=build/offboard HOSTILE=build/tests/cli/hostile sh run.sh CASE
#
# With UPDATE=1 a case that does not fit is written anew from what happened, to be read with care.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
case=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
name=$(basename "$1" .case)
[ -r "$case" ] || { echo "$case: cannot be read"; exit 2; }
: "${OFFBOARD:?}" "${HOSTILE:?}"

dir=$(mktemp -d "${TMPDIR:-/tmp}/offboard-cli-$name-XXXXXX") || exit 2
mkdir "$dir/bin" "$dir/home" "$dir/work" "$dir/out" || exit 2
ln -s "$(realpath "$OFFBOARD")" "$dir/bin/offboard"
ln -s "$(realpath "$HOSTILE")" "$dir/bin/hostile"
ln -s "$(dirname "$(realpath "$HOSTILE")")/opened" "$dir/bin/opened"
children=
finish() {
    for pid in $children; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    [ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap finish EXIT
trap 'exit 2' INT TERM

unset OFFBOARD_CONFIG OFFBOARD_LEDGER OFFBOARD_LUA NO_COLOR XDG_CONFIG_HOME XDG_STATE_HOME
export PATH="$dir/bin:$PATH" HOME="$dir/home" TZ=UTC LC_ALL=C TERM=xterm SHELL=/bin/sh
export OFFBOARD_LEDGER="$dir/work/ledger.db"
cd "$dir/work" || exit 2
umask 022
. "$here/words.sh"

# What differs from run to run, named. The head of the chain, with which every run ends, is left
# out; verify.case is about it.
normal() {
    sed -E -e '/^head [0-9]+ [0-9a-f]{64}\r?$/d' -e 's/,"head":\{"at_ms":[^}]*\}//g' -e "s|$dir/work|<dir>|g" -e "s|$dir|<above>|g" \
        -e 's/\b[0-9a-f]{16}\b/<plan>/g' \
        -e 's/\b(show|apply|plan|approve) [0-9a-f]{8}\b/\1 <plan8>/g' \
        -e 's/\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/<time>/g' \
        -e 's/127\.0\.0\.[0-9]+:[0-9]+/127.0.0.1:<port>/g' \
        -e 's|[^ "]*/offboard-sim-[A-Za-z0-9]{6}|<tmp>|g' "$1" | tr -d '\000\r'
}

command=
run_command() {
    eval "$command" >"$dir/out/stdout" 2>"$dir/out/stderr" </dev/null
    code=$?
    normal "$dir/out/stdout"
    normal "$dir/out/stderr" | sed -e 's/^/! /' -e 's/^! $/!/'
    [ $code -eq 0 ] || echo "= $code"
}

# Into $dir/out/actual: the case again, with what happened instead of what was expected.
replay() {
    while IFS= read -r line; do
        case $line in
        '> '* | '>')
            command="$command
${line#>?}"
            [ "$line" = ">" ] && command=${command%?}
            printf '%s\n' "$line"
            continue
            ;;
        esac
        if [ -n "$command" ]; then
            run_command
            command=
        fi
        case $line in
        '$ '*)
            command=${line#\$ }
            printf '%s\n' "$line"
            ;;
        '#'* | '') printf '%s\n' "$line" ;;
        esac
    done
    [ -z "$command" ] || run_command
}
set +u # cases may be careless; the runner is not
# not in a pipe: commands change this shell
replay <"$case" >"$dir/out/actual"

if awk -f "$here/match.awk" "$case" "$dir/out/actual"; then
    exit 0
fi
diff -u --label expected --label happened "$case" "$dir/out/actual"
[ -n "${UPDATE:-}" ] && cp "$dir/out/actual" "$case"
exit 1
