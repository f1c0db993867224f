/* SPDX-License-Identifier: MIT */
#include "backends/postgres/catalog.h"

#include <stddef.h>

/* From pg_catalog (chapter "System Catalogs"), which says more than information_schema and says it to every role. The
 * default of a serial column calls nextval of the sequence that belongs to it. */

#define TABLES " FROM pg_catalog.pg_class AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace"
#define THESE                                                                                                   \
    " WHERE n.nspname = coalesce(?::text, current_schema()) AND t.relname = coalesce(?::text, t.relname::text)" \
    " AND t.relkind IN ('r', 'p', 'v', 'm', 'f')"
#define ACTION(column)                                                                           \
    " CASE " column " WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'r' THEN 'RESTRICT'" \
    " WHEN 'd' THEN 'SET DEFAULT' ELSE 'NO ACTION' END"

static const ar_type_alias aliases[] = {
    { "timestamptz", "timestamp with time zone" },
    { "time", "time without time zone" },
    { NULL, NULL },
};

const ar_catalog ari_postgres_catalog = {
    .exact_names = true,
    .drop_foreign_key = " DROP CONSTRAINT ",
    .tables = "SELECT t.relname::text, CASE WHEN t.relkind IN ('v', 'm') THEN 'v' ELSE 't' END, NULL::text" TABLES THESE
              " ORDER BY t.relname",
    .columns = "SELECT t.relname::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),"
               " a.attnotnull, CASE WHEN a.attgenerated = '' AND pg_catalog.pg_get_serial_sequence("
               "quote_ident(n.nspname) || '.' || quote_ident(t.relname), a.attname) IS NULL"
               " THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END, a.attgenerated::text,"
               " pg_catalog.pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(t.relname), a.attname)"
               " IS NOT NULL,"
               " coalesce((SELECT pg_catalog.array_position(k.conkey, a.attnum) FROM pg_catalog.pg_constraint AS k"
               " WHERE k.conrelid = t.oid AND k.contype = 'p'), 0)" TABLES
               " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
               " LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum" THESE
               " ORDER BY t.relname, a.attnum",
    .indexes = "SELECT t.relname::text, i.relname::text, x.indisunique,"
               " CASE k.contype WHEN 'p' THEN 'p' WHEN 'u' THEN 'u' ELSE 'c' END,"
               " pg_catalog.pg_get_expr(x.indpred, x.indrelid), a.attname::text" TABLES
               " JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid"
               " JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid"
               " CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS p (attnum, place)"
               " LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = p.attnum AND p.attnum > 0"
               " LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.oid AND k.contype IN ('p', 'u')" THESE
               " AND p.place <= x.indnkeyatts ORDER BY t.relname, i.relname, p.place",
    .foreign_keys = "SELECT t.relname::text, k.conname::text, a.attname::text, rn.nspname::text, r.relname::text,"
                    " ra.attname::text," ACTION("k.confdeltype") "," ACTION("k.confupdtype") TABLES
    " JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f'"
    " JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid"
    " JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace"
    " CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS p (own, other, place)"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = p.own"
    " JOIN pg_catalog.pg_attribute AS ra ON ra.attrelid = r.oid AND ra.attnum = p.other" THESE
    " ORDER BY t.relname, k.conname, p.place",
    .checks = "SELECT t.relname::text, k.conname::text, pg_catalog.pg_get_expr(k.conbin, k.conrelid)" TABLES
              " JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'c'" THESE
              " ORDER BY t.relname, k.conname",
    .type_aliases = aliases,
    .lock = "SELECT 1 FROM (SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(?::text, 0))) AS l",
};
