#!/bin/sh
# SPDX-License-Identifier: MIT
# left_out.sh SOURCE_DIR CMAKE CC [LAUNCHER]: a library without any backend builds, needs no driver, says at configuration
# what it left out, and says it again when such a URL is opened.
set -eu
source=$1 cmake=$2 cc=$3 launcher=${4-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$cmake" -S "$source" -B "$scratch/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_COMPILER_LAUNCHER="$launcher" -DAR_WERROR=ON \
    -DAR_WITH_SQLITE=OFF -DAR_WITH_POSTGRES=OFF -DAR_WITH_MYSQL=OFF \
    -DAR_BUILD_TESTS=OFF -DAR_BUILD_BENCH=OFF -DAR_BUILD_EXAMPLES=OFF >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
for title in SQLite PostgreSQL MySQL/MariaDB; do
    grep "$title backend: LEFT OUT" "$scratch/log" || { echo "FAILED: nothing says that $title is left out"; exit 1; }
done
"$cmake" --build "$scratch/build" --parallel 2 >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
if readelf -d "$scratch/build/libactrec.so" | grep -E 'NEEDED.*(sqlite|libpq|maria|mysql)'; then
    echo "FAILED: libactrec.so needs a driver"
    exit 1
fi
"$cc" -std=c11 -I "$source/include" "$source/tests/package/left_out.c" -o "$scratch/left_out" \
    -L "$scratch/build" -lactrec -Wl,-rpath,"$scratch/build"
"$scratch/left_out" sqlite::memory: postgresql://localhost/db mysql://localhost/db
