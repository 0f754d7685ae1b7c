#!/bin/sh
# Functions that are not used in src, each for a reason: `NAME  REASON  [files that may]`.
set -u
cd "$(dirname "$0")/../.." || exit 2
bad=0
code=$(mktemp) || exit 2
trap 'rm -f "$code"' EXIT
find src -name '*.[ch]' -exec awk -f tests/lint/strip.awk {} + >"$code"
[ -s "$code" ] || { echo "no source found"; exit 1; }

ban() {
    names=$1 reason=$2 except=${3:-none}
    hits=$(grep -E "(^|[^A-Za-z0-9_.>])($names)[[:space:]]*\(" "$code" | grep -vE "^($except):")
    [ -z "$hits" ] && return
    printf '%s\nbanned: %s\n\n' "$hits" "$reason"
    bad=1
}

ban 'strcpy|strcat|sprintf|vsprintf|gets' 'no bound: use struct ob_buf or snprintf'
ban 'atoi|atol|atoll|atof' 'no error: use strtoll and look at the end'
ban 'strtok|localtime|gmtime|ctime|asctime' 'hidden state: use the _r form, or base/clock.h'
ban 'assert' 'an error is reported, not fatal: ob_fail'
ban 'system|popen' 'a shell: posix_spawn with arguments'
ban 'rand|srand|random|srandom|drand48' 'use base/random.h'
ban 'alloca|setjmp|longjmp' 'not here'
ban 'lua_call|luaL_dofile|luaL_dostring|luaL_loadfile|luaL_loadstring|luaL_openlibs|luaL_newstate' \
    'Lua is entered through script/internal.h'
ban 'lua_resume' 'ob_resume() is the only caller' 'src/script/exec\.c'
ban 'lua_pcall|lua_pcallk' 'ob_pcall() is the entry' 'src/script/(exec|lib_base|state)\.c'
ban 'malloc|calloc|realloc|reallocarray|strdup|strndup' 'use base/mem.h' \
    'src/base/mem\.c|src/script/(alloc|nodes)\.c'
exit $bad
