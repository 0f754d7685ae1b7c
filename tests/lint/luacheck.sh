#!/bin/sh
# Lua files pass luacheck with the allow-lists of .luacheckrc.
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v luacheck >/dev/null || { echo "luacheck is not installed"; exit 1; }
exec luacheck --quiet --no-color .luacheckrc lua scripts
