#!/bin/sh
# SPDX-License-Identifier: MIT
# blog.sh PROGRAM URL: runs examples/blog on that database; it must end well and say what a reader of it is to see.
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
expect 'Ann has written 2 posts'
expect '^  The mailbox is the optimiser, liked 12 times \[c, databases\]'
expect '^    somebody: Nice\.'
expect '^    Cid: How fast is it\?'
expect 'Cid has written 0 posts'
expect 'tags of a post that were not loaded: AR_E_NOT_LOADED'
expect 'A reply to Ann, by Bob, is about databases'
expect 'deleting Ann, who has posts: AR_E_CONSTRAINT'
expect 'there are 2 posts, 1 comments and 3 tags'
[ $failed -eq 0 ] || cat output
exit $failed
