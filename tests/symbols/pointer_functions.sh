#!/bin/sh
# SPDX-License-Identifier: MIT
# pointer_functions.sh INCLUDE_DIR CC: the functions of the public headers that take a pointer, as C strings.
set -eu
export LC_ALL=C
include=$1 cc=$2
(cd "$include" && find . -name '*.h' | sed 's|^\./||' | sort | sed 's|.*|#include <&>|') |
    "$cc" -std=c11 -E -P -I "$include" -x c - | tr '\n' ' ' | tr ';{}' '\n\n\n' |
    grep 'visibility("default")' | grep -v 'static inline' |
    sed 's/__attribute__ *(([^()]*\(([^()]*)\)*[^()]*))//g' |
    sed -n 's/.*[ *]\(ar_[a-z0-9_]*\) *(\(.*\*.*\)) *$/"\1",/p' | sort -u
