#!/bin/sh
# SPDX-License-Identifier: MIT
# bench.sh ACTREC_BENCH: every benchmark runs, in rounds too short for its figures to mean anything, and stands in
# build/bench.json.
set -u
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
AR_BENCH_QUICK=1 "$program" || { echo "FAILED: it exits with $?"; exit 1; }
failed=0
for name in sqlite_find_sync sqlite_find_async64 sqlite_insert_sync sqlite_insert_durable64 sqlite_insert_normal64 \
    sqlite_hydrate_10k mailbox_post mailbox_help op_bytes connection_bytes; do
    grep -qE "\"$name\": *\{\"ours\": *[0-9.e+]+, *\"floor\": *[0-9.e+]+, *\"ratio\": *[0-9.e+-]+, *\"unit\": *\"[a-z/]+\"\}" \
        build/bench.json || { echo "FAILED: no $name in build/bench.json"; failed=1; }
done
[ $failed -eq 0 ] || cat build/bench.json
exit $failed
