#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh INCLUDE_DIR HEADER: HEADER (as written between < and >) compiles alone, and twice, as C11 and C++17, with
# every compiler that is there.
set -u
include=$1 header=$2 failed=0 tried=0
warnings="-Wall -Wextra -Wconversion -Wshadow -pedantic -Werror -fsyntax-only"

compile() {
    language=$1 standard=$2 compiler=$3; shift 3
    command -v "$compiler" >/dev/null || { echo "$compiler is not there; left out"; return; }
    tried=$((tried + 1))
    printf '#include <%s>\n#include <%s>\nextern int ari_not_empty;\n' "$header" "$header" |
        "$compiler" -x "$language" -std="$standard" $warnings "$@" -I "$include" - ||
        { echo "FAILED: <$header> alone, $compiler -std=$standard"; failed=1; }
}
for compiler in gcc clang; do compile c c11 $compiler -Wstrict-prototypes; done
for compiler in g++ clang++; do compile c++ c++17 $compiler; done
[ $tried -gt 0 ] || { echo "FAILED: no compiler found"; failed=1; }
exit $failed
