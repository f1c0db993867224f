/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/postgres/classify.h"

static void are(ar_statement_class expected, const char *const *texts)
{
    for (; *texts != NULL; texts++)
        if (ari_postgres_classify(*texts, strlen(*texts)) != expected)
            fail_msg("%s: %d instead of %d", *texts, (int)ari_postgres_classify(*texts, strlen(*texts)), (int)expected);
}

static void reads_change_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = { "SELECT 1",
                                         " /* a /* nested */ comment */ -- and a line\n select 'for update'",
                                         "(SELECT 1) UNION (SELECT 2)",
                                         "VALUES (1)",
                                         "TABLE users",
                                         "SHOW search_path",
                                         "WITH x AS (SELECT 1) SELECT * FROM x",
                                         "WITH RECURSIVE x(n) AS (SELECT 1 UNION SELECT n + 1 FROM x) TABLE x",
                                         "SELECT $$ FOR UPDATE $$, $a$ ; DELETE $$ $a$, E'\\' FOR UPDATE'",
                                         "SELECT \"for\" update FROM t",
                                         "SELECT substring(a FROM 1 FOR 2)",
                                         "EXPLAIN DELETE FROM t",
                                         "EXPLAIN (COSTS off) UPDATE t SET a = 1",
                                         "SELECT 'it''s' AS \"INTO\"",
                                         NULL };
    are(AR_STATEMENT_READ, texts);
}

static void writes_and_what_locks_are_writes(void **state)
{
    (void)state;
    static const char *const texts[] = { "INSERT INTO t VALUES (1)",
                                         "update t set a = 1",
                                         "DELETE FROM t",
                                         "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
                                         "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
                                         "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
                                         "WITH x AS MATERIALIZED (UPDATE t SET a = 1 RETURNING *) TABLE x",
                                         "SELECT 1 FROM t FOR UPDATE",
                                         "SELECT 1 FROM t FOR NO KEY UPDATE SKIP LOCKED",
                                         "SELECT 1 FROM t FOR SHARE",
                                         "SELECT 1 FROM t FOR KEY SHARE",
                                         "SELECT 1 FROM (SELECT 1 FROM t FOR UPDATE) AS x",
                                         "EXPLAIN ANALYZE DELETE FROM t",
                                         "EXPLAIN (ANALYZE, BUFFERS) INSERT INTO t VALUES (1)",
                                         NULL };
    are(AR_STATEMENT_WRITE, texts);
}

static void other_classes(void **state)
{
    (void)state;
    static const char *const schema[] = { "CREATE TABLE t (a int)",    "DROP TABLE t",
                                          "ALTER TABLE t ADD b int",   "TRUNCATE t",
                                          "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO u",
                                          "SELECT 1 INTO t2",          NULL };
    static const char *const session[] = { "SET a = 1",
                                           "RESET ALL",
                                           "LISTEN x",
                                           "UNLISTEN *",
                                           "DISCARD ALL",
                                           "PREPARE p AS SELECT 1",
                                           "DEALLOCATE p",
                                           "DECLARE c CURSOR FOR SELECT 1",
                                           "CREATE TEMP TABLE t (a int)",
                                           "create or replace temporary view v as select 1",
                                           "CREATE LOCAL TEMP TABLE t (a int)",
                                           "CREATE TABLE pg_temp.t (a int)",
                                           "SELECT 1 INTO TEMP t",
                                           "SELECT set_config('a.b', 'c', false)",
                                           "SELECT pg_catalog.pg_advisory_lock(1)",
                                           NULL };
    static const char *const transaction[] = { "BEGIN",
                                               "START TRANSACTION",
                                               "COMMIT",
                                               "END",
                                               "ROLLBACK",
                                               ";abort",
                                               "SAVEPOINT a",
                                               "RELEASE a",
                                               "PREPARE TRANSACTION 'x'",
                                               "COMMIT PREPARED 'x'",
                                               NULL };
    static const char *const others[] = { "VACUUM", "ANALYZE t", "CALL p()",         "DO $$ begin end $$", "NOTIFY x",
                                          "",       "nonsense",  "COPY t FROM '/x'", "EXECUTE p",          NULL };
    are(AR_STATEMENT_SCHEMA, schema);
    are(AR_STATEMENT_SESSION, session);
    are(AR_STATEMENT_TRANSACTION, transaction);
    are(AR_STATEMENT_OTHER, others);
}

static void a_text_that_ends_in_the_middle_is_survived(void **state)
{
    (void)state;
    static const char text[] =
        "WITH a AS (SELECT E'\\'', $t$x$t$, \"q\" /* /* */ */ FROM b FOR UPDATE) -- c\n SELECT 1";
    for (size_t length = 0; length < sizeof text; length++)
        (void)ari_postgres_classify(text, length);
    assert_int_equal(ari_postgres_classify(NULL, 0), AR_STATEMENT_OTHER);
}

static void copies_of_the_client_are_told(void **state)
{
    (void)state;
    assert_true(ari_postgres_copies("COPY t FROM STDIN", 17));
    assert_true(ari_postgres_copies("copy (select 1) to stdout", 25));
    assert_false(ari_postgres_copies("COPY t FROM '/tmp/stdin'", 24));
    assert_false(ari_postgres_copies("SELECT stdin", 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_change_nothing),
        cmocka_unit_test(writes_and_what_locks_are_writes),
        cmocka_unit_test(other_classes),
        cmocka_unit_test(a_text_that_ends_in_the_middle_is_survived),
        cmocka_unit_test(copies_of_the_client_are_told),
    };
    return cmocka_run_group_tests_name("postgres_classify", tests, NULL, NULL);
}
