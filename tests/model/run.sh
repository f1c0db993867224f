#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh MODEL holds|caught [-DFLAG...]: checks MODEL.pml with these flags, every reachable state of it.
# holds: no error may be found. caught: one must be, the flags hold a mutant.
set -u
model=$(cd "$(dirname "$0")" && pwd)/$1.pml
expected=$2; shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

spin -a "$@" "$model" >spin.log 2>&1 || { cat spin.log; echo "FAILED: spin $*"; exit 1; }
# SAFETY: assertions and invalid end states (deadlock, here a lost wake-up). MEMLIM in MiB.
cc -O1 -DSAFETY -DCOLLAPSE -DMEMLIM=3000 -o pan pan.c >cc.log 2>&1 || { cat cc.log; echo "FAILED: cc pan.c"; exit 1; }
./pan -m100000 >pan.log 2>&1

states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
if [ -z "$errors" ] || grep -qiE 'search not completed|max search depth too small|out of memory' pan.log && [ "$errors" != 1 ]; then
    cat pan.log
    echo "FAILED: the search of $(basename "$model") $* did not complete"
    exit 1
fi
if [ "$expected" = holds ] && [ "$errors" -ne 0 ]; then
    cat pan.log
    spin -t -p -g "$@" "$model" 2>/dev/null | tail -60
    echo "FAILED: $(basename "$model") $* breaks; the last steps that lead there are above"
    exit 1
fi
if [ "$expected" = caught ] && [ "$errors" -eq 0 ]; then
    echo "FAILED: the mutant $* was not caught ($states states)"
    exit 1
fi
echo "$expected: $* ($states states; $(grep -E '^pan:[0-9]' pan.log | head -1))"
