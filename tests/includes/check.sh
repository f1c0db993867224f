#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh CHECK_INCLUDES_SH: the include check finds each way to break the layers, with file and line, and lets every
# allowed include pass.
set -u
check=$1 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

try() {
    expected=$1 file=$2 include=$3
    rm -rf tree && mkdir -p "tree/$(dirname "$file")"
    printf '/* one line before */\n%s\n' "$include" >"tree/$file"
    output=$(sh "$check" tree 2>&1); status=$?
    if [ "$expected" = allowed ] && [ $status -ne 0 ]; then
        echo "FAILED: $file must be allowed: $include: $output"; failed=1
    elif [ "$expected" = refused ] && { [ $status -eq 0 ] || ! echo "$output" | grep -q "^$file:2: "; }; then
        echo "FAILED: $file must be refused at line 2: $include: $output"; failed=1
    fi
}
try allowed values/error.c       '#include "values/memory.h"'
try refused values/error.c       '#include "actors/actor.h"'
try allowed actors/actor.c       '#include "values/memory.h"'
try refused actors/actor.c       '#include "backends/sqlite/open.h"'
try refused actors/actor.c       '  #  include "pools/pool.h"'
try allowed actors/doorbell.c    '#include <nng/nng.h>'
try refused actors/actor.c       '#include <nng/protocol/pair0/pair.h>'
try refused orm/query.c          '#include <nng/nng.h>'
try allowed backends/sqlite/a.c  '#include "backends/sqlite/open.h"'
try allowed backends/sqlite/a.c  '#include <sqlite3.h>'
try refused backends/sqlite/a.c  '#include "backends/mysql/open.h"'
try refused backends/sqlite/a.c  '#include <libpq-fe.h>'
try refused backends/sqlite/a.c  '#include "actors/mailbox.h"'
try allowed pools/pool.c         '#include "actors/mailbox.h"'
try allowed pools/pool.c         '#include "backends/sqlite/backend.h"'
try refused pools/pool.c         '#include <sqlite3.h>'
try refused pools/pool.c         '#include "sqlite3.h"'
try refused pools/pool.c         '#include "orm/model.h"'
try allowed orm/query.c          '#include "pools/pool.h"'
try refused orm/query.c          '#include "actors/mailbox.h"'
try refused orm/query.c          '#include "backends/sqlite/backend.h"'
try refused orm/query.c          '#include "query.h"'
try refused orm/query.c          '#include "../pools/pool.h"'
try refused orm/query.c          '#include QUERY_HEADER'
try allowed include/actrec/x.h   '#include <actrec/error.h>'
try refused include/actrec/x.h   '#include "values/memory.h"'
try refused include/actrec/x.h   '#include <sqlite3.h>'
try refused examples/a.c         '#include "orm/query.h"'
[ $failed -eq 0 ] && echo "every way is found"
exit $failed
