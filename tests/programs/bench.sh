#!/bin/sh
# SPDX-License-Identifier: MIT
# bench.sh ACTREC_BENCH: every benchmark runs, in rounds too short for its figures to mean anything, and stands in
# build/bench.json; those of a server that is not there are said not to have been run.
set -u
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
AR_BENCH_QUICK=1 "$program" >output || { status=$?; cat output; echo "FAILED: it exits with $status"; exit 1; }
failed=0
for name in sqlite_find_sync sqlite_find_async64 sqlite_insert_sync sqlite_insert_durable64 sqlite_insert_normal64 \
    sqlite_hydrate_10k pg_find_sync pg_find_async64 pg_find_threads8 pg_select_async64 pg_insert_async64 \
    pg_insert_bulk10k pg_hydrate_10k mysql_find_sync mysql_find_async64 mysql_insert_bulk10k mysql_hydrate_10k \
    mailbox_post mailbox_help orm_build_sql op_bytes connection_bytes; do
    server=
    case $name in
    pg_*) server=${AR_TEST_POSTGRES_URL-none} ;;
    mysql_*) server=${AR_TEST_MYSQL_URL-none} ;;
    esac
    grep -qE "^$name +NOT RUN: " output && { [ "$server" = none ] || grep -qE "^$name .* left out" output; } && continue
    grep -qE "\"$name\": *\{\"ours\": *[0-9.e+]+, *\"floor\": *[0-9.e+]+, *\"ratio\": *[0-9.e+-]+, *\"unit\": *\"[a-z/]+\"\}" \
        build/bench.json || { echo "FAILED: no $name in build/bench.json"; failed=1; }
done
cat output
[ $failed -eq 0 ] || cat build/bench.json
exit $failed
