#!/bin/sh
# SPDX-License-Identifier: MIT
# use.sh INCLUDE_DIR FILE COMPILER: the C++ program FILE compiles.
command -v "$3" >/dev/null || { echo "$3 is not there"; exit 77; }
exec "$3" -std=c++17 -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror -fsyntax-only -I "$1" "$2"
