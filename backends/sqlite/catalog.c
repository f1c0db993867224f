/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/catalog.h"

#include <stddef.h>

/* PRAGMAs as tables (https://www.sqlite.org/pragma.html#pragfunc). table_list tells tables of all attached databases,
 * also those that SQLite keeps for itself. A table that is not in main has no text here: its sqlite_schema would have to
 * be named. The key of a rowid table that is an INTEGER is numbered by the database, with or without AUTOINCREMENT. CROSS JOIN keeps the order of tables,
 * without which the planner may put one before that whose columns it is called with. */

#define TABLES " FROM pragma_table_list AS t"
#define THESE                                          \
    " WHERE t.schema = coalesce(?, 'main')"            \
    " AND t.name = coalesce(?, t.name) COLLATE NOCASE" \
    " AND t.type IN ('table', 'view', 'virtual')"      \
    " AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"

const ar_catalog ari_sqlite_catalog = {
    .index_in_schema = true,
    .forward_references = true,
    .tables = "SELECT t.name, CASE t.type WHEN 'view' THEN 'v' ELSE 't' END,"
              " CASE t.schema WHEN 'main' THEN (SELECT sql FROM sqlite_schema AS s"
              " WHERE s.name = t.name AND s.type IN ('table', 'view')) END" TABLES THESE " ORDER BY t.name",
    .columns = "SELECT t.name, c.name, c.type, c.\"notnull\", c.dflt_value,"
               " CASE c.hidden WHEN 2 THEN 'v' WHEN 3 THEN 's' ELSE '' END,"
               " c.pk = 1 AND t.wr = 0 AND c.type = 'INTEGER' COLLATE NOCASE AND"
               " (SELECT count(*) FROM pragma_table_xinfo(t.name, t.schema) AS k WHERE k.pk > 0) = 1,"
               " c.pk" TABLES " CROSS JOIN pragma_table_xinfo(t.name, t.schema) AS c" THESE
               " AND c.hidden <> 1 ORDER BY t.name, c.cid",
    .indexes = "SELECT t.name, i.name, i.\"unique\", CASE i.origin WHEN 'pk' THEN 'p' ELSE i.origin END,"
               " CASE WHEN i.partial THEN coalesce(CASE t.schema WHEN 'main' THEN"
               " (SELECT sql FROM sqlite_schema AS s WHERE s.name = i.name AND s.type = 'index') END, '') END,"
               " c.name" TABLES " CROSS JOIN pragma_index_list(t.name, t.schema) AS i"
               " CROSS JOIN pragma_index_info(i.name, t.schema) AS c" THESE " ORDER BY t.name, i.name, c.seqno",
    .foreign_keys = "SELECT t.name, CAST(f.id AS TEXT), f.\"from\", CAST(NULL AS TEXT), f.\"table\", f.\"to\","
                    " f.on_delete, f.on_update" TABLES
                    " CROSS JOIN pragma_foreign_key_list(t.name, t.schema) AS f" THESE " ORDER BY t.name, f.id, f.seq",
};
