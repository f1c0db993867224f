#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh BUILD_DIR CMAKE CC: installs into a folder of its own, moves it (a package must not know where it was
# installed first), then builds and runs main.c with find_package and with pkg-config, shared and static each.
set -eu
build=$1 cmake=$2 cc=$3 here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset DESTDIR

"$cmake" --install "$build" --prefix "$scratch/first" >/dev/null
mv "$scratch/first" "$scratch/prefix"
prefix=$scratch/prefix
pc=$(find "$prefix" -name actrec.pc)
libdir=$(dirname "$(dirname "$pc")")

linked_with_shared() { readelf -d "$1" | grep -q 'NEEDED.*libactrec\.so\.0'; }

echo "== find_package"
"$cmake" -S "$here" -B "$scratch/out" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" >"$scratch/log" 2>&1 &&
    "$cmake" --build "$scratch/out" >>"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
"$scratch/out/main_shared"
"$scratch/out/main_static"
linked_with_shared "$scratch/out/main_shared"
if linked_with_shared "$scratch/out/main_static"; then echo "FAILED: actrec_static linked the shared library"; exit 1; fi

echo "== pkg-config"
export PKG_CONFIG_PATH="$(dirname "$pc")"
warnings="-std=c11 -pedantic -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror"
"$cc" $warnings "$here/main.c" -o "$scratch/main_shared" $(pkg-config --cflags --libs actrec)
LD_LIBRARY_PATH=$libdir "$scratch/main_shared"
linked_with_shared "$scratch/main_shared"
# -lactrec prefers the .so; -l:libactrec.a takes the static one while the system's libraries stay shared.
"$cc" $warnings "$here/main.c" -o "$scratch/main_static" \
    $(pkg-config --static --cflags --libs actrec | sed 's/-lactrec/-l:libactrec.a/')
"$scratch/main_static"
if linked_with_shared "$scratch/main_static"; then echo "FAILED: linked the shared library"; exit 1; fi
