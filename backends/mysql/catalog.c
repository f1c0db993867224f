/* SPDX-License-Identifier: MIT */
#include "backends/mysql/catalog.h"

#include <stddef.h>

/* From information_schema, which MariaDB and MySQL have alike but for details. The width of an integer is told by
 * MariaDB and means nothing; MySQL 8 has left it out. A foreign key without an index is given one, of its own name.
 * MariaDB tells the default NULL as such. What stands for JSON there is a LONGTEXT with a check of the column's name. */

#define EXACT(name) "CAST(" name " AS BINARY)"
#define SAME(t, u)  t ".table_name = " u ".table_name AND " EXACT(t ".table_name") " = " EXACT(u ".table_name")

/* information_schema compares names without their case, also where tables can differ in nothing else; but it looks one up by such a comparison only. */
#define THESE(t)                                                                                               \
    " WHERE " t ".table_schema = coalesce(?, DATABASE()) AND " t ".table_name = coalesce(?, " t ".table_name)" \
    " AND (@@lower_case_table_names > 0 OR (" EXACT(t ".table_schema") " = " EXACT(                            \
        "coalesce(?, DATABASE())") " AND " EXACT(t ".table_name") " = " EXACT("coalesce(?, " t ".table_name)") "))"
#define BY_TABLE(t) " ORDER BY " EXACT(t ".table_name")

static const ar_type_alias aliases[] = {
    { "boolean", "tinyint(1)" },
    { "json", "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" },
    { NULL, NULL },
};

/* Names of checks are those of a table on MariaDB, of a schema on MySQL, which tells no table there. */
#define CHECKS(same_table)                                                                                      \
    "SELECT t.table_name, t.constraint_name, c.check_clause"                                                    \
    " FROM information_schema.table_constraints AS t"                                                           \
    " JOIN information_schema.check_constraints AS c"                                                           \
    " ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name" same_table THESE( \
        "t") " AND t.constraint_type = 'CHECK'" BY_TABLE("t") ", t.constraint_name"

#define SHARED                                                                                                        \
    .inline_indexes = true, .actions_alike = true, .index_prefix = "(191)", .drop_foreign_key = " DROP FOREIGN KEY ", \
    .tables = "SELECT t.table_name, CASE WHEN t.table_type LIKE '%VIEW' THEN 'v' ELSE 't' END, NULL"                  \
              " FROM information_schema.tables AS t" THESE("t") BY_TABLE("t"),                                        \
    .columns = "SELECT c.table_name, c.column_name,"                                                                  \
               " CONCAT(CASE WHEN c.data_type IN ('smallint', 'mediumint', 'int', 'bigint')"                          \
               " THEN CONCAT(c.data_type, CASE WHEN c.column_type LIKE '%unsigned%' THEN ' unsigned' ELSE '' END)"    \
               " ELSE c.column_type END,"                                                                             \
               " CASE WHEN c.collation_name IS NULL THEN '' ELSE CONCAT(' CHARACTER SET ', c.character_set_name,"     \
               " ' COLLATE ', c.collation_name) END),"                                                                \
               " c.is_nullable = 'NO', NULLIF(c.column_default, 'NULL'),"                                             \
               " CASE WHEN c.extra LIKE '%VIRTUAL GENERATED%' THEN 'v'"                                               \
               " WHEN c.extra LIKE '%STORED GENERATED%' OR c.extra LIKE '%PERSISTENT%' THEN 's' ELSE '' END,"         \
               " c.extra LIKE '%auto_increment%',"                                                                    \
               " COALESCE((SELECT s.seq_in_index FROM information_schema.statistics AS s"                             \
               " WHERE s.table_schema = c.table_schema AND " SAME(                                                    \
                   "s", "c") " AND s.index_name = 'PRIMARY' AND s.column_name = c.column_name), 0)"                   \
                             " FROM information_schema.columns AS c" THESE("c") BY_TABLE("c") ", c.ordinal_position", \
    .indexes = "SELECT s.table_name, s.index_name, s.non_unique = 0,"                                                 \
               " CASE WHEN s.index_name = 'PRIMARY' THEN 'p'"                                                         \
               " WHEN EXISTS (SELECT 1 FROM information_schema.referential_constraints AS r"                          \
               " WHERE r.constraint_schema = s.table_schema AND " SAME(                                               \
                   "r", "s") " AND r.constraint_name = s.index_name) THEN 'f' ELSE 'c' END,"                          \
                             " NULL, s.column_name"                                                                   \
                             " FROM information_schema.statistics AS s" THESE("s")                                    \
                                 BY_TABLE("s") ", s.index_name, s.seq_in_index",                                      \
    .foreign_keys =                                                                                                   \
        "SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema,"                           \
        " k.referenced_table_name, k.referenced_column_name, r.delete_rule, r.update_rule"                            \
        " FROM information_schema.key_column_usage AS k"                                                              \
        " JOIN information_schema.referential_constraints AS r"                                                       \
        " ON r.constraint_schema = k.constraint_schema AND " SAME(                                                    \
            "r",                                                                                                      \
            "k") " AND r.constraint_name = k.constraint_name" THESE("k") " AND k.referenced_table_name IS NOT "       \
                                                                         "NULL" BY_TABLE("k") ", k.constraint_name, " \
                                                                                              "k.ordinal_position",   \
    .type_aliases = aliases, .lock = "SELECT GET_LOCK(SHA1(CONCAT(DATABASE(), ':', ?)), ?)", .lock_waits = true,      \
    .unlock = "SELECT RELEASE_LOCK(SHA1(CONCAT(DATABASE(), ':', ?)))",                                                \
    .lock_held = "SELECT COALESCE(IS_USED_LOCK(SHA1(CONCAT(DATABASE(), ':', ?))) = CONNECTION_ID(), 0)",

const ar_catalog ari_mysql_catalog = { SHARED.checks = CHECKS(" AND " SAME("c", "t")) };
const ar_catalog ari_mysql8_catalog = { SHARED.checks = CHECKS("") };
