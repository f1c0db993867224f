/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec.h>
#include <actrec/sys/backend.h>

#include "tests/support/dialects.h"

/* How many rows are sent to engines of each kind, and where their keys come from: an engine that counts, and writes down what it was
 * asked to do. */

typedef struct Row {
    int64_t id;
    const char *text;
} Row;

AR_MODEL_DECLARE(Row);
AR_MODEL_DEFINE(Row, "rows", AR_COLUMN(Row, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Row, text));

typedef struct Small {
    int16_t id;
    const char *text;
} Small;

AR_MODEL_DECLARE(Small);
AR_MODEL_DEFINE(Small, "rows", AR_COLUMN(Small, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Small, text));

static ar_dialect dialect;
static char log_text[4096];
static int64_t next_key;
static bool backwards; /* the keys are returned the other way round */

struct ar_connection {
    ar_backend_host *host;
};

struct ar_backend_config {
    int unused;
};

static ar_status configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                           ar_error *err)
{
    static ar_backend_config config;
    (void)env;
    (void)url;
    (void)err;
    *out = &config;
    *topology = (ar_topology){ .writers = 1, .blocking = true };
    return AR_OK;
}

static void config_free(ar_backend_config *config)
{
    (void)config;
}

static ar_statement_class classify(const char *sql, size_t length)
{
    (void)sql;
    (void)length;
    return AR_STATEMENT_OTHER;
}

static ar_status open_connection(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                                 ar_connection **out, ar_error *err)
{
    static ar_connection connection;
    (void)config;
    (void)role;
    (void)err;
    connection.host = host;
    *out = &connection;
    return AR_OK;
}

/* "begin", "commit", or what an insert ends with, of how many rows, sent how. */
static void write_down(const ar_operation *operation, size_t rows)
{
    size_t used = strlen(log_text);
    const char *word = operation->kind == AR_OP_BEGIN ? "begin" : operation->kind == AR_OP_COMMIT ? "commit" : "other";
    char insert[64];
    if (operation->kind == AR_OP_EXECUTE) {
        bool returning = strstr(operation->statement->sql, "RETURNING") != NULL;
        bool arrays = strstr(operation->statement->sql, "unnest") != NULL;
        snprintf(insert, sizeof insert, "%zu%s%s%s", rows, operation->rows > 0 ? " in bulk" : "",
                 arrays ? " as arrays" : "", returning ? " returning" : "");
        word = insert;
    }
    snprintf(log_text + used, sizeof log_text - used, "%s%s", used > 0 ? " | " : "", word);
}

static void insert(ar_operation *operation)
{
    size_t given = operation->statement->parameter_count;
    size_t width = strstr(operation->statement->sql, "\"id\", \"text\")") != NULL ? 2 : 1;
    size_t rows = operation->rows > 0 ? operation->rows : given / width;
    write_down(operation, rows);
    operation->changes = (int64_t)rows;
    operation->row_id = dialect.consecutive_keys || rows == 1 ? next_key : next_key + (int64_t)rows - 1;
    for (size_t i = 0; operation->sink != NULL && i < rows; i++) {
        size_t at = backwards ? rows - 1 - i : i;
        ar_value key = { .type = AR_TYPE_INT64, .as.integer = next_key + (int64_t)at };
        ar_ignore(operation->sink->row(operation->sink_ctx, &key, 1, NULL));
    }
    next_key += (int64_t)rows;
}

static void submit(ar_connection *connection, ar_operation *batch)
{
    while (batch != NULL) {
        ar_operation *operation = batch;
        batch = batch->next;
        if (operation->kind == AR_OP_EXECUTE)
            insert(operation);
        else
            write_down(operation, 0);
        connection->host->complete(connection->host, operation, NULL);
    }
}

static bool usable(const ar_connection *connection)
{
    (void)connection;
    return true;
}

static void close_connection(ar_connection *connection)
{
    (void)connection;
}

static const ar_backend backend = {
    .struct_size = sizeof(ar_backend),
    .name = "counting",
    .schemes = (const char *const[]){ "counting", NULL },
    .dialect = &dialect,
    .configure = configure,
    .config_free = config_free,
    .classify = classify,
    .open = open_connection,
    .submit = submit,
    .usable = usable,
    .close = close_connection,
};

static int register_backend(void **state)
{
    ar_error err;
    (void)state;
    return ar_backend_register(&backend, &err) == AR_OK ? 0 : -1;
}

enum { MOST = 25000 };

static Row rows[MOST];

static int start(void **state)
{
    (void)state;
    log_text[0] = '\0';
    next_key = 100;
    backwards = false;
    for (size_t i = 0; i < MOST; i++)
        rows[i] = (Row){ .text = "x" };
    return 0;
}

/* Inserts that many rows as that engine does it, and checks what it was asked to do. */
static void inserts(const ar_dialect *of, size_t count, const char *expected)
{
    ar_db *db = NULL;
    ar_error err;
    dialect = *of;
    assert_int_equal(ar_db_open("counting:", NULL, &db, &err), AR_OK);
    log_text[0] = '\0';
    ar_status status = Row_insert_many(db, rows, count, &err);
    if (status != AR_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, AR_OK);
    assert_string_equal(log_text, expected);
    ar_db_close(&db);
}

static void check_keys(size_t count, int64_t first)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rows[i].id, first + (int64_t)i);
}

static void lists_come_back_in_any_order(void **state)
{
    (void)state;
    backwards = true;
    inserts(&question_dialect, 3, "3 returning");
    check_keys(3, 100);
    inserts(&question_dialect, 3, "3"); /* they have keys by now */
    start(NULL);
    inserts(&question_dialect, 300, "begin | 256 returning | 44 returning | commit");
    check_keys(300, 100);
}

static void arrays_come_back_in_their_order(void **state)
{
    (void)state;
    inserts(&dollar_dialect, 2, "2 in bulk as arrays returning");
    check_keys(2, 100);
    inserts(&dollar_dialect, 2, "2 in bulk as arrays");
    start(NULL);
    inserts(&dollar_dialect, 1, "1 returning");
    check_keys(1, 100);
    start(NULL);
    inserts(&dollar_dialect, MOST,
            "begin | 10000 in bulk as arrays returning | 10000 in bulk as arrays returning | 5000 in bulk as arrays "
            "returning | commit");
    check_keys(MOST, 100);
    start(NULL);
    backwards = true; /* a counter that counts down: they are what was returned */
    inserts(&dollar_dialect, 2, "2 in bulk as arrays returning");
    assert_int_equal(rows[0].id, 101);
    assert_int_equal(rows[1].id, 100);
}

static void rows_that_are_executed_together(void **state)
{
    (void)state;
    ar_dialect executing = question_dialect;
    executing.bulk = AR_BULK_EXECUTE;
    inserts(&executing, 5, "5 in bulk returning");
    check_keys(5, 100);
    start(NULL);
    executing.returning = false;
    executing.consecutive_keys = true;
    inserts(&executing, 5, "5 in bulk");
    check_keys(5, 100);
}

static void engines_that_return_nothing(void **state)
{
    (void)state;
    ar_dialect silent = question_dialect;
    silent.returning = false;
    inserts(&silent, 3, "begin | 1 | 1 | 1 | commit");
    check_keys(3, 100);
    inserts(&silent, 3, "3");
    start(NULL);
    silent.consecutive_keys = true;
    inserts(&silent, 300, "begin | 256 | 44 | commit");
    check_keys(300, 100);
}

static void keys_that_do_not_fit_are_told(void **state)
{
    (void)state;
    ar_db *db = NULL;
    ar_error err;
    Small two[2] = { { .text = "a" }, { .text = "b" } };
    dialect = dollar_dialect;
    next_key = INT16_MAX;
    assert_int_equal(ar_db_open("counting:", NULL, &db, &err), AR_OK);
    assert_int_equal(Small_insert_many(db, two, 2, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "32768"));
    assert_int_equal(two[0].id, 0);
    ar_db_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_come_back_in_any_order, start),
        cmocka_unit_test_setup(arrays_come_back_in_their_order, start),
        cmocka_unit_test_setup(rows_that_are_executed_together, start),
        cmocka_unit_test_setup(engines_that_return_nothing, start),
        cmocka_unit_test_setup(keys_that_do_not_fit_are_told, start),
    };
    return cmocka_run_group_tests(tests, register_backend, NULL);
}
