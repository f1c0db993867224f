/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_SCRIPT_H
#define TESTS_FAULTS_SCRIPT_H

#include "tests/faults/ledger.h"

/* A script of operations, scene by scene, that says of each future what came of it, to a ledger. A scene may be played
 * while the connection is lost, once: writes may fail with AR_E_CONNECTION then, reads may not fail. */

typedef struct play {
    ledger *ledger;
    ar_db *db;
    const char *name; /* of this time: the accounts' tags begin with it */
} play;

enum { KNOWN_ROWS = 8 };

/* Entries of the keys 1 to KNOWN_ROWS, with the key as their value, for scenes that read. The table is empty. */
void script_prepare(ar_db *db);

typedef void (*scene)(const play *p);
void scene_writes(const play *p);      /* save, change, find, increment, delete, each awaited */
void scene_reads(const play *p);       /* find, list, count, stream, each awaited */
void scene_finds(const play *p);       /* finds by key that are fused */
void scene_selects(const play *p);     /* selects that share a Sync */
void scene_inserts(const play *p);     /* saves in flight together, finds among them */
void scene_transaction(const play *p); /* two rows or none */
void scene_tx_flight(const play *p);   /* likewise, nothing awaited before the commit */
void scene_bulk(const play *p);        /* many rows in one call */

#endif
