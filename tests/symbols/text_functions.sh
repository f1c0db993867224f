#!/bin/sh
# SPDX-License-Identifier: MIT
# text_functions.sh INCLUDE_DIR CC: through what a text, a value or a name can come in, as C strings: the functions of the
# public headers that take one, or a struct with one in it, and the macros that make predicates, expressions and changes.
set -eu
export LC_ALL=C
include=$1 cc=$2
(cd "$include" && find . -name '*.h' | sed 's|^\./||' | sort | sed 's|.*|#include <&>|') |
    "$cc" -std=c11 -E -P -I "$include" -x c - | tr '\n' ' ' | tr ';{}' '\n\n\n' |
    grep 'visibility("default")' | grep -v 'static inline' |
    sed 's/__attribute__ *(([^()]*\(([^()]*)\)*[^()]*))//g' |
    sed -n 's/.*[ *]\(ar_[a-z0-9_]*\) *(\(.*\)) *$/\1 \2/p' |
    grep -E '[( ,](const char|ar_value|ar_key|ar_predicate|ar_expr|ar_change|ar_path|ar_migration|ar_model|ar_[a-z_]*options) ' |
    sed 's/\([^ ]*\).*/"\1",/' | sort -u
cat "$include/actrec/predicate.h" "$include/actrec/expression.h" "$include/actrec/change.h" "$include/actrec/bind.h" |
    sed -n 's/^#define \(AR_[A-Z_]*[A-Z]\)(.*/"\1",/p' | sort -u
