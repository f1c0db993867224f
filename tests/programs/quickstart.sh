#!/bin/sh
# SPDX-License-Identifier: MIT
# quickstart.sh PROGRAM URL: runs examples/quickstart on that database; it must end well and say what a reader of it is
# to see.
set -u
program=$1 url=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder" || exit 1
"$program" "$url" >output 2>&1 </dev/null
status=$?
failed=0
if [ $status -ne 0 ]; then
    echo "FAILED: it exits with $status"
    failed=1
fi
expect() {
    grep -qE -- "$1" output || { echo "FAILED: no line says: $1"; failed=1; }
}
expect '1 active user whose name starts with J'
expect 'Jane Doe'
expect 'after deleting Jane, finding her says AR_E_NOT_FOUND'
expect 'found Ann <ann@example\.com>'
expect 'found Bob <bob@example\.com>'
expect 'transferring 25\.00: AR_OK; transferring 900\.00: AR_E_VETOED, account [0-9]+ has not that much'
expect '7500'
expect '3000'
expect 'employee_count'
expect 'Engineering.* 20 '
expect '100000 readings are in the database'
[ $failed -eq 0 ] || cat output
exit $failed
