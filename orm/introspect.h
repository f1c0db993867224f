/* SPDX-License-Identifier: MIT */
#ifndef ORM_INTROSPECT_H
#define ORM_INTROSPECT_H

#include <actrec/introspect.h>

#include "orm/script.h"

/* Reading a schema as a part of a script: a query for each kind of thing, in turn. */

typedef struct ari_reader {
    const ar_env *env;
    struct ari_schema *schema; /* being filled */
    ar_value names[2];         /* of the schema and the table asked for: texts of `schema`'s, or NULL */
    int stage;
} ari_reader;

/* A name that the engine cannot have is one that there is not. AR_E_NO_MEMORY; AR_E_UNSUPPORTED for an engine that tells nothing. fini frees what was not taken, also of a reader
 * that is all zero. */
ar_status ari_reader_init(ari_reader *reader, const ari_script *script, const char *schema, const char *table,
                          ar_error *err);
void ari_reader_fini(ari_reader *reader);

/* Makes the next query of the script, through `db`. False: all is read. */
bool ari_reader_query(ari_reader *reader, ari_script *script, ar_db *db);

/* Takes the rows of that query. */
ar_status ari_reader_take_rows(ari_reader *reader, const ari_script *script, ar_error *err);

/* What was read so far; the reader's. */
const ar_schema *ari_reader_schema(const ari_reader *reader);

/* Whether the checks of its tables could be told. */
bool ari_reader_knows_checks(const ari_reader *reader);

/* What was read, for ar_schema_free. */
ar_schema *ari_reader_take(ari_reader *reader);

/* The checks in the text of a table, "CREATE TABLE …", into the arena. False: no memory. */
bool ari_checks_scan(ari_arena *arena, const ar_dialect *dialect, const char *text, ar_schema_check **out,
                     size_t *count);

/* The condition in the text of an index, "CREATE INDEX … WHERE …": behind that word, or an empty text. */
const char *ari_condition_scan(const ar_dialect *dialect, const char *text);

#endif
