#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh INCLUDE_DIR FILE COMPILER: ok_*.c compiles; any other file does not, with an error on each line that is
# marked with an ERROR comment and on no other line of the file.
#
# The headers are system headers here, as they are for whoever installs them under /usr: gcc then reports an error
# in the expansion of a macro where the user wrote the macro, as clang always does. A file that says "not as system
# headers" has its errors on those lines without that.
set -u
include=$1 file=$2 compiler=$3 name=$(basename "$2")
command -v "$compiler" >/dev/null || { echo "$compiler is not there"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

how=-isystem notes='note: (in expansion of|expanded from) macro'
grep -q 'not as system headers' "$file" && how=-I notes='fatal error:'

# -c, not -fsyntax-only: gcc finds an ignored nodiscard result only after parsing.
LC_ALL=C "$compiler" -std=c11 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -fno-diagnostics-color \
    "$how" "$include" -c -o "$scratch/out.o" "$file" 2>"$scratch/errors"
status=$?

case $name in
ok_*)
    [ $status -eq 0 ] && exit 0
    cat "$scratch/errors"
    echo "FAILED: $name must compile with $compiler"
    exit 1 ;;
esac

grep -n '/\* ERROR \*/' "$file" | cut -d: -f1 >"$scratch/marked"
[ -s "$scratch/marked" ] || { echo "FAILED: $name marks no line with /* ERROR */"; exit 1; }
if [ $status -eq 0 ]; then
    echo "FAILED: $name compiles with $compiler, and must not"
    exit 1
fi
# The line is the user's when the error itself, or the expansion of the macro it stands in, is on it.
awk -v file="$file" -v notes="^[0-9]+:([0-9]+:)? $notes" '
    index($0, file ":") == 1 {
        rest = substr($0, length(file) + 2)
        if (rest ~ /^[0-9]+:([0-9]+:)? (fatal )?error:/ || rest ~ notes)
            print rest + 0
    }' "$scratch/errors" | sort -u >"$scratch/reported"
sort -u "$scratch/marked" >"$scratch/expected"
cmp -s "$scratch/expected" "$scratch/reported" && exit 0
cat "$scratch/errors"
echo "FAILED: $name with $compiler: errors expected on line(s)" $(cat "$scratch/expected") "but reported on" $(cat "$scratch/reported")
exit 1
