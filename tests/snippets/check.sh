#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh SOURCE_DIR LIBACTREC_A CC [LIBRARY...]: compiles and runs every ```c block of README.md and docs/*.md.
#
# A block with a main() is a program. Any other is put into a program of tests/snippets/, which the line before the
# block names (nothing but blank lines between):
#
#     <!-- snippet: preamble=NAME -->
#
# takes tests/snippets/NAME.c and puts the block in place of the line that holds the comment SNIPPET, so the program
# decides whether the block stands inside a function or at file scope. A block with neither fails: no snippet goes
# untested. Programs run in an empty folder each, for at most 60 seconds, and must exit with 0. Errors are reported
# with the line of the document.
set -u
source=$(cd "$1" && pwd) library=$2 cc=$3; shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$source" || exit 1

set -- "$library" "$@"
documents=$(find README.md docs -name '*.md' 2>/dev/null | sort)
[ -n "$documents" ] || { echo "no README.md, no docs/*.md"; exit 0; }
awk -v scratch="$scratch" -v folder=tests/snippets '
function finish(    out, preamble, line, found) {
    out = sprintf("%s/%03d.c", scratch, ++count)
    printf "%s\t%s:%d\n", out, block_file, start >(scratch "/index")
    if (text ~ /[ \t\n]main[ \t]*\(/) {
        printf "#line %d \"%s\"\n%s", start + 1, block_file, text >out
        close(out)
        return
    }
    if (name == "") {
        printf "%s:%d: a block without main() needs <!-- snippet: preamble=NAME --> before it\n", block_file, start
        failed = 1
        return
    }
    preamble = folder "/" name ".c"
    printf "#line 1 \"%s\"\n", preamble >out
    while ((getline line <preamble) > 0) {
        if (line ~ /\/\* SNIPPET \*\//) {
            printf "#line %d \"%s\"\n%s#line 1 \"%s, after the snippet\"\n", start + 1, block_file, text, preamble >out
            found = 1
        } else
            print line >out
    }
    close(preamble)
    close(out)
    if (!found) {
        printf "%s:%d: %s is not there, or has no line with /* SNIPPET */\n", block_file, start, preamble
        failed = 1
    }
}
inside && /^[ \t]*```[ \t]*$/ { finish(); inside = 0; name = ""; next }
inside                        { text = text $0 "\n"; next }
other && /^[ \t]*```[ \t]*$/  { other = 0; next }
other                         { next }
/^[ \t]*```c[ \t]*$/          { inside = 1; text = ""; start = FNR; block_file = FILENAME; next }
/^[ \t]*```/                  { other = 1; name = ""; next }
/^<!-- snippet: preamble=[a-z0-9_]+ -->$/ { name = $0; sub(/.*=/, "", name); sub(/ .*/, "", name); next }
/[^ \t]/                      { name = "" }
END {
    if (inside) { printf "%s:%d: this block does not end\n", block_file, start; failed = 1 }
    exit failed
}' $documents || exit 1
[ -f "$scratch/index" ] || { echo "no C blocks in" $documents; exit 0; }

failed=0 passed=0
while IFS='	' read -r file place; do
    program=${file%.c}
    if ! "$cc" -std=c11 -pedantic -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror -g \
        -I "$source/include" "$file" -o "$program" "$@"; then
        echo "FAILED: $place does not compile"
        failed=$((failed + 1))
        continue
    fi
    mkdir "$program.run"
    if ! (cd "$program.run" && timeout 60 "$program" >../output 2>&1 </dev/null); then
        cat "$scratch/output"
        echo "FAILED: $place compiles, but does not run through"
        failed=$((failed + 1))
        continue
    fi
    passed=$((passed + 1))
done <"$scratch/index"
echo "$passed snippets run, $failed failed"
[ $failed -eq 0 ]
