/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/mysql/backend.h"

typedef struct example {
    const char *sql;
    ar_statement_class statement_class;
} example;

static void check(const example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ar_statement_class is = ari_mysql_backend.classify(examples[i].sql, strlen(examples[i].sql));
        if (is != examples[i].statement_class)
            fail_msg("%s: %d, not %d", examples[i].sql, (int)is, (int)examples[i].statement_class);
    }
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof((examples)[0]))

static void reads(void **state)
{
    const example examples[] = {
        { "SELECT 1", AR_STATEMENT_READ },
        { "  -- why\n\tselect 1 FROM `update` -- FOR UPDATE", AR_STATEMENT_READ },
        { "# why\n(SELECT 1) UNION (SELECT 2)", AR_STATEMENT_READ },
        { "/* INSERT */ SELECT 'it\\'s FOR UPDATE', \"INTO\"", AR_STATEMENT_READ },
        { "WITH a AS (SELECT 1), b (x) AS (SELECT 2) SELECT * FROM a, b", AR_STATEMENT_READ },
        { "SHOW TABLES", AR_STATEMENT_READ },
        { "EXPLAIN SELECT 1", AR_STATEMENT_READ },
        { "VALUES (1)", AR_STATEMENT_READ },
        { "DESC t", AR_STATEMENT_READ },
        { "SELECT 1 --2", AR_STATEMENT_READ },
    };
    (void)state;
    CHECK(examples);
}

static void selects_that_do_more(void **state)
{
    const example examples[] = {
        { "SELECT * FROM t FOR UPDATE", AR_STATEMENT_WRITE },
        { "SELECT * FROM t WHERE a = 'x' LOCK IN SHARE MODE", AR_STATEMENT_WRITE },
        { "SELECT * FROM t FOR SHARE SKIP LOCKED", AR_STATEMENT_WRITE },
        { "WITH a AS (SELECT 1) SELECT * FROM a FOR UPDATE", AR_STATEMENT_WRITE },
        { "SELECT 1 INTO @x", AR_STATEMENT_SESSION },
        { "SELECT @x := 1", AR_STATEMENT_SESSION },
        { "SELECT get_lock('a', 1)", AR_STATEMENT_SESSION },
        { "SELECT 1 INTO OUTFILE '/tmp/x'", AR_STATEMENT_OTHER },
        { "SELECT 1 /*! FOR UPDATE */", AR_STATEMENT_WRITE },
        { "EXPLAIN ANALYZE SELECT 1", AR_STATEMENT_OTHER },
        { "ANALYZE UPDATE t SET a = 1", AR_STATEMENT_OTHER },
    };
    (void)state;
    CHECK(examples);
}

static void writes_and_schemas(void **state)
{
    const example examples[] = {
        { "INSERT INTO t VALUES (1)", AR_STATEMENT_WRITE },
        { "replace into t values (1)", AR_STATEMENT_WRITE },
        { "/*!40101 UPDATE t SET a = 1 */", AR_STATEMENT_WRITE },
        { "/*M!100100 DELETE FROM t */", AR_STATEMENT_WRITE },
        { "WITH a AS (SELECT 1) UPDATE t SET b = 1", AR_STATEMENT_WRITE },
        { "CREATE TABLE t (a INT)", AR_STATEMENT_SCHEMA },
        { "CREATE OR REPLACE VIEW v AS SELECT 1", AR_STATEMENT_SCHEMA },
        { "TRUNCATE t", AR_STATEMENT_SCHEMA },
        { "RENAME TABLE a TO b", AR_STATEMENT_SCHEMA },
        { "GRANT ALL ON *.* TO x", AR_STATEMENT_SCHEMA },
        { "ANALYZE TABLE t", AR_STATEMENT_SCHEMA },
        { "OPTIMIZE TABLE t", AR_STATEMENT_SCHEMA },
        { "SET PASSWORD = ''", AR_STATEMENT_SCHEMA },
    };
    (void)state;
    CHECK(examples);
}

static void sessions_transactions_and_others(void **state)
{
    const example examples[] = {
        { "SET @x = 1", AR_STATEMENT_SESSION },
        { "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", AR_STATEMENT_SESSION },
        { "USE other", AR_STATEMENT_SESSION },
        { "CREATE TEMPORARY TABLE t (a INT)", AR_STATEMENT_SESSION },
        { "CREATE OR REPLACE TEMPORARY TABLE t (a INT)", AR_STATEMENT_SESSION },
        { "DROP TEMPORARY TABLE t", AR_STATEMENT_SESSION },
        { "HANDLER t OPEN", AR_STATEMENT_SESSION },
        { "START TRANSACTION", AR_STATEMENT_TRANSACTION },
        { "BEGIN", AR_STATEMENT_TRANSACTION },
        { "BEGIN WORK", AR_STATEMENT_TRANSACTION },
        { "COMMIT", AR_STATEMENT_TRANSACTION },
        { "rollback", AR_STATEMENT_TRANSACTION },
        { "SAVEPOINT a", AR_STATEMENT_TRANSACTION },
        { "XA START 'a'", AR_STATEMENT_TRANSACTION },
        { "SET autocommit = 0", AR_STATEMENT_TRANSACTION },
        { "SET @a = 1, @@session.autocommit = 0", AR_STATEMENT_TRANSACTION },
        { "BEGIN NOT ATOMIC SELECT 1; END", AR_STATEMENT_OTHER },
        { "CALL p()", AR_STATEMENT_OTHER },
        { "DO SLEEP(1)", AR_STATEMENT_OTHER },
        { "LOAD DATA INFILE 'x' INTO TABLE t", AR_STATEMENT_OTHER },
        { "KILL 5", AR_STATEMENT_OTHER },
        { "", AR_STATEMENT_OTHER },
        { "/* not closed", AR_STATEMENT_OTHER },
        { "'", AR_STATEMENT_OTHER },
    };
    (void)state;
    CHECK(examples);
}

/* They commit what is open, or run a text that may. */
static void what_commits_by_itself(void **state)
{
    const example examples[] = {
        { "LOCK TABLES t WRITE", AR_STATEMENT_TRANSACTION },
        { "lock table t read", AR_STATEMENT_TRANSACTION },
        { "/*!40000 LOCK */ TABLES t WRITE", AR_STATEMENT_TRANSACTION },
        { "UNLOCK TABLES", AR_STATEMENT_TRANSACTION },
        { "BACKUP STAGE START", AR_STATEMENT_TRANSACTION },
        { "FLUSH TABLES WITH READ LOCK", AR_STATEMENT_TRANSACTION },
        { "FLUSH TABLES t FOR EXPORT", AR_STATEMENT_TRANSACTION },
        { "FLUSH STATUS", AR_STATEMENT_SCHEMA },
        { "PREPARE p FROM 'SELECT 1'", AR_STATEMENT_TRANSACTION },
        { "EXECUTE p", AR_STATEMENT_TRANSACTION },
        { "EXECUTE IMMEDIATE 'COMMIT'", AR_STATEMENT_TRANSACTION },
        { "SET DEFAULT ROLE NONE", AR_STATEMENT_SCHEMA },
        { "SET STATEMENT max_statement_time = 1 FOR COMMIT", AR_STATEMENT_TRANSACTION },
        { "set statement a = 1, b = 'FOR SELECT' for lock tables t write", AR_STATEMENT_TRANSACTION },
        { "SET STATEMENT a = (SELECT 1 FOR UPDATE) FOR EXECUTE IMMEDIATE 'COMMIT'", AR_STATEMENT_TRANSACTION },
        { "SET STATEMENT a = 1 FOR SET STATEMENT b = 2 FOR COMMIT", AR_STATEMENT_TRANSACTION },
        { "SET STATEMENT a = 1 FOR SET autocommit = 0", AR_STATEMENT_TRANSACTION },
        { "SET STATEMENT a = 1 FOR CREATE TABLE t (a INT)", AR_STATEMENT_SCHEMA },
        { "SET STATEMENT a = 1 FOR WITH b AS (SELECT 1) UPDATE t SET a = 1", AR_STATEMENT_WRITE },
        { "SET STATEMENT a = 1 FOR SELECT * FROM t FOR UPDATE", AR_STATEMENT_WRITE },
        { "SET STATEMENT a = 1 FOR SELECT 1", AR_STATEMENT_READ },
        { "SET STATEMENT a = 1 FOR CALL p()", AR_STATEMENT_OTHER },
        { "SET STATEMENT a = 1 FOR", AR_STATEMENT_OTHER },
        { "SET STATEMENT a = 1", AR_STATEMENT_SESSION },
    };
    (void)state;
    CHECK(examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(selects_that_do_more),
        cmocka_unit_test(writes_and_schemas),
        cmocka_unit_test(sessions_transactions_and_others),
        cmocka_unit_test(what_commits_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
