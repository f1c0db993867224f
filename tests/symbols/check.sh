#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh INCLUDE_DIR LIBACTREC_SO [CC]: what the shared library exports is what the public headers declare, no more
# and no less, and nothing but ar_.
#
# Declared is taken from the preprocessed headers: every declaration that carries the attribute of AR_API, and besides
# every extern function the compiler itself lists (gcc -aux-info), so that a prototype that lacks AR_API is found too.
set -eu
export LC_ALL=C
include=$1 library=$2 cc=${3:-gcc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

(cd "$include" && find . -name '*.h' | sed 's|^\./||' | sort | sed 's|.*|#include <&>|') >"$scratch/all.c"
echo 'extern int ari_not_empty;' >>"$scratch/all.c"

"$cc" -std=c11 -E -P -I "$include" "$scratch/all.c" | tr '\n' ' ' | tr ';{}' '\n\n\n' |
    grep 'visibility("default")' | grep -v 'static inline' |
    sed 's/__attribute__ *(([^()]*\(([^()]*)\)*[^()]*))//g; s/_Alignas *([^)]*)//g' |
    awk '{
        if (match($0, /ar_[a-z0-9_]+ *\(/)) name = substr($0, RSTART, RLENGTH)     # a function: the name before its "("
        else { name = $0; sub(/[=\[].*/, "", name); sub(/[ \t]+$/, "", name); sub(/.*[ *]/, "", name) }   # an object
        gsub(/[ (]/, "", name)
        print name
    }' | sort -u >"$scratch/declared"

if "$cc" --version | grep -qi 'free software foundation'; then
    "$cc" -std=c11 -fsyntax-only -aux-info "$scratch/aux" -I "$include" "$scratch/all.c"
    grep -F "/* $include/" "$scratch/aux" | grep ':NC \*/ extern' |
        sed 's|^/\*[^*]*\*/ ||' | grep -o 'ar[a-z]*_[A-Za-z0-9_]* (' | sed 's/ (//' | sort -u >"$scratch/prototypes" || true
    if comm -13 "$scratch/declared" "$scratch/prototypes" | grep .; then
        echo "FAILED: the functions above are declared in a public header without AR_API"
        exit 1
    fi
fi

nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' |
    grep -vE '^(_init|_fini|_edata|_end|__bss_start|__gcov.*|__llvm_.*)$' | sort -u >"$scratch/exported"

failed=0
if comm -23 "$scratch/declared" "$scratch/exported" | grep .; then
    echo "FAILED: declared with AR_API in a public header, but not exported (not defined?): the names above"
    failed=1
fi
if comm -13 "$scratch/declared" "$scratch/exported" | grep .; then
    echo "FAILED: exported, but declared in no public header: the names above"
    failed=1
fi
if grep -v '^ar_' "$scratch/exported"; then
    echo "FAILED: exported outside the ar_ name space: the names above"
    failed=1
fi
echo "$(wc -l <"$scratch/declared") declared, $(wc -l <"$scratch/exported") exported"
exit $failed
