/* SPDX-License-Identifier: MIT */
#include "tests/unit/null_arguments.h"

/* The calls on tables, on schemas and on migrations, with NULL and with a handle that is closed. */

static const ar_model *const several[] = { &Pet_model };
static const ar_migration step[] = { { .version = 1, .name = "nothing", .up = "SELECT 1" } };

#define TABLES(function)                                        \
    ANSWERS(AR_E_INVALID, function, NULL, several, 1);          \
    ANSWERS(AR_E_CLOSED, function, stale, several, 1);          \
    ANSWERS(AR_E_INVALID, function, db, NULL, 1);               \
    COMES_TO(AR_E_INVALID, function##_async, NULL, several, 1); \
    COMES_TO(AR_E_CLOSED, function##_async, stale, several, 1); \
    COMES_TO(AR_E_INVALID, function##_async, db, NULL, 1)

static void tables(void **state)
{
    (void)state;
    TABLES(ar_tables_create);
    TABLES(ar_tables_create_if_missing);
    TABLES(ar_tables_drop);
    TABLES(ar_tables_drop_if_exists);
    settle();
}

static void never_schema(void *arg, ar_status status, ar_schema *schema, const ar_error *error)
{
    (void)arg;
    (void)status;
    (void)schema;
    (void)error;
}

static void never_diff(void *arg, ar_status status, ar_schema_diff *diff, const ar_error *error)
{
    (void)arg;
    (void)status;
    (void)diff;
    (void)error;
}

static void never_report(void *arg, ar_status status, ar_migration_report *report, const ar_error *error)
{
    (void)arg;
    (void)status;
    (void)report;
    (void)error;
}

static void schemas(void **state)
{
    ar_schema *schema;
    ar_schema_future none = { NULL };
    ar_executor *executor = ar_runtime_executor(runtime);
    (void)state;
    ANSWERS(AR_E_INVALID, ar_schema_read, NULL, NULL, &schema);
    ANSWERS(AR_E_CLOSED, ar_schema_read, stale, NULL, &schema);
    ANSWERS(AR_E_INVALID, ar_schema_read, db, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_schema_read_async, NULL, NULL);
    COMES_TO(AR_E_CLOSED, ar_schema_read_async, stale, NULL);
    ANSWERS(AR_E_INVALID, ar_schema_await, NULL, &schema);
    ANSWERS(AR_E_INVALID, ar_schema_await, &none, &schema);
    ANSWERS(AR_E_INVALID, ar_schema_await, &none, NULL);
    ANSWERS(AR_E_INVALID, ar_schema_await_for, NULL, 0, &schema);
    ANSWERS(AR_E_INVALID, ar_schema_await_for, &none, 0, &schema);
    ANSWERS(AR_E_INVALID, ar_schema_then, NULL, executor, never_schema, NULL);
    ANSWERS(AR_E_INVALID, ar_schema_then, &none, executor, never_schema, NULL);
    GIVES(NULL, ar_schema_find, NULL, "t");
    GIVES(NULL, ar_schema_table_column, NULL, "c");
    DOES_NOTHING(ar_schema_free, NULL);
    settle();
}

static void differences(void **state)
{
    ar_schema_diff *diff;
    ar_schema_diff_future none = { NULL };
    ar_executor *executor = ar_runtime_executor(runtime);
    (void)state;
    ANSWERS(AR_E_INVALID, ar_schema_compare, NULL, several, 1, &diff);
    ANSWERS(AR_E_CLOSED, ar_schema_compare, stale, several, 1, &diff);
    ANSWERS(AR_E_INVALID, ar_schema_compare, db, NULL, 1, &diff);
    ANSWERS(AR_E_INVALID, ar_schema_compare, db, several, 1, NULL);
    COMES_TO(AR_E_INVALID, ar_schema_compare_async, NULL, several, 1);
    COMES_TO(AR_E_CLOSED, ar_schema_compare_async, stale, several, 1);
    COMES_TO(AR_E_INVALID, ar_schema_compare_async, db, NULL, 1);
    ANSWERS(AR_E_INVALID, ar_schema_diff_await, NULL, &diff);
    ANSWERS(AR_E_INVALID, ar_schema_diff_await, &none, &diff);
    ANSWERS(AR_E_INVALID, ar_schema_diff_await, &none, NULL);
    ANSWERS(AR_E_INVALID, ar_schema_diff_await_for, NULL, 0, &diff);
    ANSWERS(AR_E_INVALID, ar_schema_diff_then, NULL, executor, never_diff, NULL);
    ANSWERS(AR_E_INVALID, ar_schema_diff_then, &none, executor, never_diff, NULL);
    DOES_NOTHING(ar_schema_diff_free, NULL);
    settle();
}

static void migrations(void **state)
{
    ar_migration_future none = { NULL };
    ar_executor *executor = ar_runtime_executor(runtime);
    (void)state;
    ANSWERS(AR_E_INVALID, ar_migrate_up, NULL, step, 1, 1, NULL, NULL);
    ANSWERS(AR_E_CLOSED, ar_migrate_up, stale, step, 1, 1, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_migrate_up, db, NULL, 1, 1, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_migrate_down, NULL, step, 1, 1, NULL, NULL);
    ANSWERS(AR_E_CLOSED, ar_migrate_down, stale, step, 1, 1, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_migrate_down, db, NULL, 1, 1, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_migrate_up_async, NULL, step, 1, 1, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_migrate_up_async, db, NULL, 1, 1, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_migrate_down_async, NULL, step, 1, 1, NULL, NULL);
    COMES_TO(AR_E_INVALID, ar_migrate_down_async, db, NULL, 1, 1, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_migrate_resolve, NULL, 1, true, NULL);
    ANSWERS(AR_E_CLOSED, ar_migrate_resolve, stale, 1, true, NULL);
    COMES_TO(AR_E_INVALID, ar_migrate_resolve_async, NULL, 1, true, NULL);
    ANSWERS(AR_E_INVALID, ar_migration_await, NULL, NULL);
    ANSWERS(AR_E_INVALID, ar_migration_await, &none, NULL);
    ANSWERS(AR_E_INVALID, ar_migration_await_for, NULL, 0, NULL);
    ANSWERS(AR_E_INVALID, ar_migration_await_for, &none, 0, NULL);
    ANSWERS(AR_E_INVALID, ar_migration_then, NULL, executor, never_report, NULL);
    ANSWERS(AR_E_INVALID, ar_migration_then, &none, executor, never_report, NULL);
    DOES_NOTHING(ar_migration_report_free, NULL);
    settle();
}

static void no_function_is_forgotten(void **state)
{
    (void)state;
    check_none_forgotten(OF_SCHEMAS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(schemas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(differences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(migrations, set_up, tear_down),
        cmocka_unit_test(no_function_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
