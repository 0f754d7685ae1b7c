#!/bin/sh
# Installs what offboard is built from, and with --tests what its tests need: Debian 12's own
# packages, nothing else. Asks for root only when something is missing.
set -eu

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "install-deps.sh: this is no Debian; the packages to look for are named in this file" >&2
    exit 1
fi

missing=

# need PACKAGE: installed, or noted as missing.
need() {
    case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true) in
    installed) ;;
    *) missing="$missing $1" ;;
    esac
}

# need_command COMMAND PACKAGE: a program counts from wherever it is. Somebody's own node brings
# its own npm, and Debian's would not go beside it.
need_command() {
    command -v "$1" >/dev/null || missing="$missing $2"
}

need_command cc gcc
need_command make make
need_command cmake cmake
need_command pkg-config pkg-config
need libc6-dev
need liblua5.4-dev
need lua-cjson-dev
need lua-argparse
need libcurl4-openssl-dev
need libssl-dev
need libsqlite3-dev
need libmicrohttpd-dev
need libcsv-dev

if [ "${1:-}" = --tests ]; then
    need libcmocka-dev
    need_command clang-format clang-format
    need_command luacheck lua-check
    need_command node nodejs
    need_command npm npm
    need ca-certificates # npm over HTTPS
    need_command ps procps
    need_command script bsdutils
fi

[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "install-deps.sh: missing:$missing" >&2
    echo "as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086
apt-get -qq -o=Dpkg::Use-Pty=0 install --no-install-recommends $missing >/dev/null
