#!/bin/sh
# SPDX-License-Identifier: MIT
# check_includes.sh SOURCE_DIR: checks every #include against the layers; prints file:line for each that breaks them.
#
#   orm -> pools -> actors + backends -> values -> include          an arrow = may include; nothing else may
#
# Private headers are included by their full path ("folder/x.h"), public ones as <actrec/x.h>, a driver's header in its
# backend's folder alone, nng's in actors/doorbell.c alone. bench/ and tests/ may include what they like.
cd "$1" || exit 2
find include values actors backends pools orm examples -name '*.[ch]' 2>/dev/null | sort | xargs -r awk '
BEGIN {
    may["include"]  = ""
    may["values"]   = "values"
    may["actors"]   = "values actors"
    may["backends"] = "values"                        # and the folder of the backend itself
    may["pools"]    = "values actors backends pools"
    may["orm"]      = "values pools orm"
    may["examples"] = "examples"

    driver["sqlite3\\.h|sqlite3ext\\.h"]                   = "^backends/sqlite/"
    driver["libpq-fe\\.h|libpq/.*|postgresql/.*|pg_config.*"] = "^backends/postgres/"
    driver["mysql\\.h|mysql/.*|mariadb/.*|errmsg\\.h|mysqld_error\\.h"] = "^backends/mysql/"
    driver["nng/.*"]                                       = "^actors/doorbell\\.c$"
}
function complain(what) {
    printf "%s:%d: error: %s\n", FILENAME, FNR, what
    bad = 1
}
function layer_of(path,    part) {
    split(path, part, "/")
    return part[1]
}
function check_private(path,    layer, list, n, i, own) {
    layer = layer_of(FILENAME)
    if (path !~ /\// || layer_of(path) !~ /^(values|actors|backends|pools|orm|examples)$/) {
        complain("\"" path "\": write private headers as \"folder/x.h\" and public ones as <actrec/x.h>")
        return
    }
    own = FILENAME
    sub(/[^\/]*$/, "", own)
    if (layer == "backends" && index(path, own) == 1) return
    n = split(may[layer], list, " ")
    for (i = 1; i <= n; i++) if (layer_of(path) == list[i]) return
    complain("\"" path "\": " layer "/ may not include " layer_of(path) "/")
}
function check_public(path,    d) {
    for (d in driver)
        if (path ~ ("^(" d ")$") && FILENAME !~ driver[d]) {
            complain("<" path ">: a driver header belongs to " driver[d] " alone")
            return
        }
}
/^[ \t]*#[ \t]*include/ {
    rest = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", rest)
    if (rest ~ /^"[^"]+"/)      { path = rest; sub(/^"/, "", path); sub(/".*$/, "", path); check_public(path); check_private(path) }
    else if (rest ~ /^<[^>]+>/) { path = rest; sub(/^</, "", path); sub(/>.*$/, "", path); check_public(path) }
    else complain("an #include through a macro cannot be checked; write it out")
}
END { exit bad }'
