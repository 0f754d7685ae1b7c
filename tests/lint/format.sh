#!/bin/sh
# C files are as .clang-format wants them: `clang-format -i FILE` makes them so.
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v clang-format >/dev/null || { echo "clang-format is not installed"; exit 1; }
find src tests -name node_modules -prune -o -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run -Werror
