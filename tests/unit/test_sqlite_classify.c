/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/sqlite/classify.h"

typedef struct sample {
    const char *sql;
    ar_statement_class expected;
} sample;

static void check(const sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ar_statement_class got = ari_sqlite_classify(samples[i].sql, strlen(samples[i].sql));
        if (got != samples[i].expected)
            fail_msg("%s: class %d, not %d", samples[i].sql, (int)got, (int)samples[i].expected);
    }
}
#define CHECK(samples) check(samples, sizeof(samples) / sizeof(samples)[0])

static void the_first_keyword_tells(void **state)
{
    static const sample samples[] = {
        { "SELECT 1", AR_STATEMENT_READ },
        { "select 1", AR_STATEMENT_READ },
        { "VALUES (1)", AR_STATEMENT_READ },
        { "EXPLAIN DELETE FROM t", AR_STATEMENT_READ },
        { "EXPLAIN QUERY PLAN SELECT 1", AR_STATEMENT_READ },
        { "INSERT INTO t VALUES (1)", AR_STATEMENT_WRITE },
        { "Replace INTO t VALUES (1)", AR_STATEMENT_WRITE },
        { "UPDATE t SET x = 1", AR_STATEMENT_WRITE },
        { "DELETE FROM t", AR_STATEMENT_WRITE },
        { "CREATE TABLE t (x)", AR_STATEMENT_SCHEMA },
        { "CREATE UNIQUE INDEX i ON t (x)", AR_STATEMENT_SCHEMA },
        { "ALTER TABLE t ADD y", AR_STATEMENT_SCHEMA },
        { "DROP TABLE t", AR_STATEMENT_SCHEMA },
        { "PRAGMA user_version", AR_STATEMENT_SESSION },
        { "ATTACH 'a.db' AS a", AR_STATEMENT_SESSION },
        { "DETACH a", AR_STATEMENT_SESSION },
        { "BEGIN", AR_STATEMENT_TRANSACTION },
        { "COMMIT", AR_STATEMENT_TRANSACTION },
        { "END", AR_STATEMENT_TRANSACTION },
        { "ROLLBACK TO s", AR_STATEMENT_TRANSACTION },
        { "SAVEPOINT s", AR_STATEMENT_TRANSACTION },
        { "RELEASE s", AR_STATEMENT_TRANSACTION },
        { "VACUUM", AR_STATEMENT_OTHER },
        { "ANALYZE", AR_STATEMENT_OTHER },
        { "REINDEX", AR_STATEMENT_OTHER },
        { "", AR_STATEMENT_OTHER },
        { "SELECTED", AR_STATEMENT_OTHER },
        { "\"SELECT\"", AR_STATEMENT_OTHER },
        { "(SELECT 1)", AR_STATEMENT_OTHER },
    };
    (void)state;
    CHECK(samples);
}

static void comments_and_blanks_are_skipped(void **state)
{
    static const sample samples[] = {
        { " \t\n\f\r SELECT 1", AR_STATEMENT_READ },
        { " \vCOMMIT", AR_STATEMENT_TRANSACTION },
        { "\xef\xbb\xbf"
          "COMMIT",
          AR_STATEMENT_TRANSACTION },
        { " \xef\xbb\xbf;\xef\xbb\xbfPRAGMA user_version", AR_STATEMENT_SESSION },
        { "-- DELETE\nSELECT 1", AR_STATEMENT_READ },
        { "--\n--\n/**//* -- */SELECT 1", AR_STATEMENT_READ },
        { "/* /* */ DELETE FROM t", AR_STATEMENT_WRITE }, /* comments do not nest */
        { "/* SELECT 1", AR_STATEMENT_OTHER },
        { "-- SELECT 1", AR_STATEMENT_OTHER },
        { "/*/ SELECT 1 */ COMMIT", AR_STATEMENT_TRANSACTION },
        { ";; BEGIN", AR_STATEMENT_TRANSACTION },
        { "SELECT/**/1", AR_STATEMENT_READ },
        { "INSERT--\nINTO t VALUES (1)", AR_STATEMENT_WRITE },
    };
    (void)state;
    CHECK(samples);
}

static void with_is_looked_behind(void **state)
{
    static const sample samples[] = {
        { "WITH a AS (SELECT 1) SELECT * FROM a", AR_STATEMENT_READ },
        { "WITH a AS (SELECT 1) DELETE FROM t", AR_STATEMENT_WRITE },
        { "WITH a (x, y) AS (SELECT ')', 2), b AS (VALUES (1)) INSERT INTO t SELECT * FROM a", AR_STATEMENT_WRITE },
        { "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) UPDATE t SET x = 1", AR_STATEMENT_WRITE },
        { "WITH replace AS (SELECT 1) SELECT * FROM replace", AR_STATEMENT_READ },
        { "WITH recursive AS (SELECT 1) DELETE FROM t", AR_STATEMENT_WRITE },
        { "WITH \"a)\" AS NOT MATERIALIZED (SELECT /* ) */ 1 -- )\n) DELETE FROM t", AR_STATEMENT_WRITE },
        { "WITH [a] AS MATERIALIZED (SELECT \"(\" FROM `(`) SELECT 1", AR_STATEMENT_READ },
        { "WITH a AS (SELECT ((1))) REPLACE INTO t VALUES (1)", AR_STATEMENT_WRITE },
        { "WITH a AS (SELECT 1", AR_STATEMENT_OTHER },
        { "WITH", AR_STATEMENT_OTHER },
        { "WITH a", AR_STATEMENT_OTHER },
    };
    (void)state;
    CHECK(samples);
}

static void temporary_objects_are_session_state(void **state)
{
    static const sample samples[] = {
        { "CREATE TEMP TABLE t (x)", AR_STATEMENT_SESSION },
        { "create temporary view v AS SELECT 1", AR_STATEMENT_SESSION },
        { "CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END", AR_STATEMENT_SESSION },
        { "CREATE TABLE temp.t (x)", AR_STATEMENT_SESSION },
        { "CREATE TABLE IF NOT EXISTS \"temp\".t (x)", AR_STATEMENT_SESSION },
        { "DROP TABLE TEMP . t", AR_STATEMENT_SESSION },
        { "INSERT INTO temp.t VALUES (1)", AR_STATEMENT_SESSION },
        { "INSERT OR REPLACE INTO [temp].t VALUES (1)", AR_STATEMENT_SESSION },
        { "UPDATE temp.t SET x = 1", AR_STATEMENT_SESSION },
        { "UPDATE OR IGNORE temp.t SET x = 1", AR_STATEMENT_SESSION },
        { "DELETE FROM temp/**/.t", AR_STATEMENT_SESSION },
        { "SELECT * FROM t JOIN temp.u", AR_STATEMENT_SESSION },
        { "SELECT temp.x FROM readings AS temp WHERE temp.x > 1", AR_STATEMENT_READ },
        { "UPDATE t SET temp = 1", AR_STATEMENT_WRITE },
        { "CREATE TABLE temperature (x)", AR_STATEMENT_SCHEMA },
        { "SELECT 'FROM temp.t'", AR_STATEMENT_READ },
        { "EXPLAIN PRAGMA foreign_keys = off", AR_STATEMENT_SESSION },
        { "explain /**/ query plan pragma foreign_keys = off", AR_STATEMENT_SESSION },
        { "EXPLAIN QUERY PLAN SELECT 'pragma'", AR_STATEMENT_READ },
    };
    (void)state;
    CHECK(samples);
}

static void any_rubbish_ends(void **state)
{
    static const char alphabet[] = "wWiItThH aAsS(),.;'\"`[]-/*\n?sel\x80\xff\x01";
    (void)state;
    uint32_t seed = 12345;
    char text[40];
    for (int round = 0; round < 20000; round++) {
        size_t length = 0;
        for (; length < sizeof text; length++) {
            seed = seed * 1103515245u + 12345u;
            text[length] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
            if ((seed >> 8) % 37 == 0)
                break;
        }
        ar_statement_class got = ari_sqlite_classify(text, length);
        assert_true(got >= AR_STATEMENT_READ && got <= AR_STATEMENT_OTHER);
    }
    assert_int_equal(ari_sqlite_classify(NULL, 0), AR_STATEMENT_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_keyword_tells), cmocka_unit_test(comments_and_blanks_are_skipped),
        cmocka_unit_test(with_is_looked_behind),   cmocka_unit_test(temporary_objects_are_session_state),
        cmocka_unit_test(any_rubbish_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
