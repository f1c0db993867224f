/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_TARGET_H
#define BACKENDS_SQLITE_TARGET_H

#include <sqlite3.h>

#include <actrec/sys/backend.h>

#include "backends/sqlite/tokens.h"

/* Which columns the parameters of one statement are written to, found in its text, when asked for the first time. Asked
 * in the order of the parameters. */
typedef struct ari_sqlite_targets {
    sqlite3 *db;
    const ar_statement *source;
    bool started;
    bool unclear;            /* parameters have names or numbers, or the table's name cannot be told */
    int any;                 /* does one of the table's columns lose it? 0: not looked yet, 1: yes, -1: no */
    sqlite3_stmt *positions; /* types of the table's columns by position */
    char schema[128];        /* "": not said */
    char table[512];
    ari_sqlite_tokens rest;  /* of the text, behind parameter `passed` */
    ari_sqlite_tokens names; /* of INSERT's list of columns, when `has_names` */
    bool has_names;
    int passed;
    int depth;               /* of parentheses */
    int place;               /* target.c: the clause that `rest` stands in */
    int position;            /* in a row of VALUES, or among the results of SELECT, from 0 */
    ari_sqlite_token column; /* of an assignment */
} ari_sqlite_targets;

/* Costs next to nothing as long as nothing is asked. */
static inline void ari_sqlite_targets_init(ari_sqlite_targets *targets, sqlite3 *db, const ar_statement *source)
{
    targets->db = db;
    targets->source = source;
    targets->started = false;
    targets->positions = NULL;
}

/* True when -0.0 as parameter `index`, from 1, might lose its sign where it is written. */
bool ari_sqlite_loses_minus_zero(ari_sqlite_targets *targets, int index);

void ari_sqlite_targets_fini(ari_sqlite_targets *targets);

#endif
