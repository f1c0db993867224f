/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* Migrations: applied in order, each once, and what is said when one fails. */

static int calls;

static ar_status fill_in(ar_db *handle, void *arg, ar_error *error)
{
    calls++;
    return ar_query_exec(ar_sql(handle, "insert into things values (?, ?)", *(int *)arg, "filled"), NULL, error);
}

static ar_status refuse(ar_db *handle, void *arg, ar_error *error)
{
    (void)handle;
    (void)arg;
    return ar_error_set(error, AR_E_VETOED, "not today");
}

static int seven = 7;

static const ar_migration steps[] = {
    { .version = 1,
      .name = "create things",
      .up = "CREATE TABLE things (id INT PRIMARY KEY, name VARCHAR(20));\n -- what; is\n"
            "INSERT INTO things VALUES (1, 'a;b?');;",
      .down = "DROP TABLE things" },
    { .version = 3, .name = "fill it in", .up_fn = fill_in, .arg = &seven, .down = "DELETE FROM things WHERE id = 7" },
    { .version = 4, .name = "add a column", .up = "ALTER TABLE things ADD COLUMN size INT", .revision = "a" },
};
enum { STEPS = 3 };

static const ar_migration broken[] = {
    { .version = 1,
      .name = "breaks",
      .up = "CREATE TABLE things (id INT); CREATE TABLE others (id INT); INSERT INTO nowhere VALUES (1)",
      .down = "DROP TABLE others; DROP TABLE things" },
};

static int clean(void **state)
{
    (void)state;
    static const char *const tables[] = { "things", "others", "actrec_migrations" };
    calls = 0;
    for (size_t i = 0; i < 3; i++) {
        char sql[64] = "drop table if exists ";
        strcat(sql, tables[i]);
        if (ar_query_exec(ar_sql_text(db, sql, NULL, 0), NULL, &err) != AR_OK)
            return -1;
    }
    return 0;
}

static int64_t count_of(const char *table)
{
    char sql[64] = "select * from ";
    int64_t count = -1;
    strcat(sql, table);
    if (ar_query_count(ar_sql_text(db, sql, NULL, 0), &count, &err) != AR_OK)
        return -1;
    return count;
}

static void each_is_applied_once(void **state)
{
    ar_migration_report *report;
    (void)state;
    ok(ar_migrate_up(db, steps, STEPS, 3, NULL, &report, &err));
    assert_int_equal(report->count, 2);
    assert_int_equal(report->steps[0].version, 1);
    assert_int_equal(report->steps[0].statements, 2);
    assert_int_equal(report->steps[0].statements_done, 2);
    assert_true(report->steps[1].is_done);
    assert_non_null(strstr(report->text, "\"fill it in\" was applied"));
    ar_migration_report_free(report);
    assert_int_equal(count_of("things"), 2);
    ok(ar_migrate_up(db, steps, STEPS, AR_MIGRATE_LATEST, NULL, &report, &err));
    assert_int_equal(report->count, 1);
    ar_migration_report_free(report);
    ok(ar_migrate_up(db, steps, STEPS, AR_MIGRATE_LATEST, NULL, &report, &err));
    assert_int_equal(report->count, 0);
    assert_string_equal(report->text, "");
    ar_migration_report_free(report);
    assert_int_equal(calls, 1);
    assert_int_equal(count_of("actrec_migrations"), 3);
}

static void steps_are_undone(void **state)
{
    ar_migration_report *report;
    (void)state;
    ok(ar_migrate_up(db, steps, STEPS, 3, NULL, NULL, &err));
    ok(ar_migrate_down(db, steps, STEPS, 1, NULL, &report, &err));
    assert_int_equal(report->count, 1);
    assert_true(report->steps[0].is_down);
    ar_migration_report_free(report);
    assert_int_equal(count_of("things"), 1);
    ok(ar_migrate_down(db, steps, STEPS, 100, NULL, NULL, &err));
    assert_int_equal(count_of("things"), -1);
    ok(ar_migrate_up(db, steps, STEPS, AR_MIGRATE_LATEST, NULL, NULL, &err));
    fails(ar_migrate_down(db, steps, STEPS, 1, NULL, NULL, &err), AR_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "add a column"));
}

static void a_dry_run_changes_nothing(void **state)
{
    ar_migration_report *report;
    ar_migrate_options dry = { .dry_run = true };
    (void)state;
    ok(ar_migrate_up(db, steps, STEPS, AR_MIGRATE_LATEST, &dry, &report, &err));
    assert_int_equal(report->count, 3);
    assert_false(report->steps[0].is_done);
    assert_non_null(strstr(report->text, "would be applied"));
    ar_migration_report_free(report);
    assert_int_equal(count_of("actrec_migrations"), -1);
    ok(ar_migrate_up(db, steps, STEPS, 1, NULL, NULL, &err));
    ok(ar_migrate_up(db, steps, STEPS, 3, &dry, &report, &err));
    assert_int_equal(report->count, 1);
    assert_int_equal(report->steps[0].version, 3);
    ar_migration_report_free(report);
    ok(ar_migrate_down(db, steps, STEPS, 9, &dry, &report, &err));
    assert_int_equal(report->count, 1);
    ar_migration_report_free(report);
    assert_int_equal(count_of("things"), 1);
}

static void a_changed_step_is_named(void **state)
{
    ar_migration changed[STEPS];
    (void)state;
    memcpy(changed, steps, sizeof steps);
    ok(ar_migrate_up(db, steps, STEPS, AR_MIGRATE_LATEST, NULL, NULL, &err));
    changed[0].up = "CREATE TABLE things (id INT)";
    fails(ar_migrate_up(db, changed, STEPS, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "create things"));
    memcpy(changed, steps, sizeof steps);
    changed[2].revision = "b";
    fails(ar_migrate_up(db, changed, STEPS, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "add a column"));
    fails(ar_migrate_up(db, steps, 2, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "add a column"));
}

static void a_step_that_fails_says_where(void **state)
{
    ar_migration_report *report;
    (void)state;
    fails(ar_migrate_up(db, broken, 1, AR_MIGRATE_LATEST, NULL, &report, &err), AR_E_QUERY);
    assert_non_null(strstr(err.message, "\"breaks\" up: statement 3 of 3"));
    assert_non_null(report);
    assert_int_equal(report->count, 1);
    assert_false(report->steps[0].is_done);
    bool in_pieces = fixture_on("mysql");
    assert_int_equal(report->steps[0].statements_done, in_pieces ? 2 : 0);
    ar_migration_report_free(report);
    assert_int_equal(count_of("others"), in_pieces ? 0 : -1);
    if (!in_pieces) {
        fails(ar_migrate_resolve(db, 1, true, NULL, &err), AR_E_QUERY); /* there is not even a table */
        return;
    }
    fails(ar_migrate_up(db, broken, 1, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "stopped half way"));
    assert_non_null(strstr(err.message, "2 of its statements"));
    ok(ar_migrate_resolve(db, 1, true, NULL, &err));
    ok(ar_migrate_up(db, broken, 1, AR_MIGRATE_LATEST, NULL, NULL, &err));
    fails(ar_migrate_resolve(db, 1, false, NULL, &err), AR_E_NOT_FOUND);
    ok(ar_migrate_down(db, broken, 1, 1, NULL, NULL, &err));
    fails(ar_migrate_up(db, broken, 1, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_QUERY);
    ar_done done = ar_migrate_resolve_async(db, 1, false, NULL);
    ok(ar_done_await(&done, &err));
    assert_int_equal(count_of("actrec_migrations"), 0);
}

static void a_function_that_fails_fails_the_step(void **state)
{
    static const ar_migration vetoed[] = { { .version = 1, .name = "no", .up_fn = refuse } };
    (void)state;
    fails(ar_migrate_up(db, vetoed, 1, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_VETOED);
    assert_non_null(strstr(err.message, "not today"));
}

static void statements_with_bodies_are_not_cut(void **state)
{
    static const ar_migration trigger[] = {
        { .version = 1,
          .name = "trigger",
          .up =
              "CREATE TABLE things (id INT, name TEXT); CREATE TABLE others (id INT);"
              "CREATE TRIGGER copies AFTER INSERT ON things BEGIN INSERT INTO others VALUES (CASE new.id WHEN 1 THEN 2 "
              "ELSE 3 END); INSERT INTO others VALUES (4); END; INSERT INTO things VALUES (1, 'x')" },
    };
    (void)state;
    ok(ar_migrate_up(db, trigger, 1, AR_MIGRATE_LATEST, NULL, NULL, &err));
    assert_int_equal(count_of("others"), 2);
}

static void another_migrator_waits_or_is_told(void **state)
{
    ar_migrate_options brief = { .wait_ms = 50 };
    (void)state;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .allow_outside = true });
    if (fixture_on("postgres"))
        ok(ar_query_exec(ar_sql(tx, "select pg_advisory_xact_lock(hashtextextended('actrec_migrations', 0))"), NULL,
                         &err));
    else if (fixture_on("mysql"))
        ok(ar_query_exec(ar_sql(tx, "select get_lock(sha1(concat(database(), ':', 'actrec_migrations')), 1)"), NULL,
                         &err));
    else
        ok(ar_query_exec(ar_sql(tx, "create table others (id int)"), NULL, &err));
    ar_migration_future future = ar_migrate_up_async(db, steps, 1, AR_MIGRATE_LATEST, &brief, NULL);
    fails(ar_migration_await(&future, NULL, &err), AR_E_BUSY);
    future = ar_migrate_up_async(db, steps, 1, AR_MIGRATE_LATEST, NULL, NULL);
    ok(ar_tx_rollback(&tx, &err));
    ok(ar_migration_await(&future, NULL, &err));
    assert_int_equal(count_of("things"), 1);
}

static void two_at_once_apply_each_step_once(void **state)
{
    (void)state;
    ar_migration_future first = ar_migrate_up_async(db, steps, 1, AR_MIGRATE_LATEST, NULL, NULL);
    ar_migration_future second = ar_migrate_up_async(db, steps, 1, AR_MIGRATE_LATEST, NULL, NULL);
    ar_migration_report *one, *two;
    ok(ar_migration_await(&first, &one, &err));
    ok(ar_migration_await(&second, &two, &err));
    assert_non_null(one);
    assert_non_null(two);
    assert_int_equal(one->count + two->count, 1);
    ar_migration_report_free(one);
    ar_migration_report_free(two);
    assert_int_equal(count_of("things"), 1);
}

typedef struct kept_report {
    bool called;
    size_t count;
} kept_report;

static void keep_report(void *arg, ar_status status, ar_migration_report *report, const ar_error *error)
{
    (void)error;
    *(kept_report *)arg = (kept_report){ true, status == AR_OK && report != NULL ? report->count : 0 };
    ar_migration_report_free(report);
}

static void the_same_asynchronously(void **state)
{
    kept_report kept = { false, 0 };
    ar_cq *cq;
    (void)state;
    ok(ar_cq_create(fixture_runtime(), &cq, &err));
    ar_migration_future future = ar_migrate_up_async(db, steps, STEPS, 3, NULL, ar_cq_executor(cq));
    ok(ar_migration_then(&future, ar_cq_executor(cq), keep_report, &kept, &err));
    while (!kept.called)
        ok(ar_cq_run(cq, 1, -1, NULL, &err));
    assert_int_equal(kept.count, 2);
    ar_cq_destroy(&cq);
    future = ar_migrate_down_async(db, steps, STEPS, 2, NULL, NULL);
    ok(ar_migration_await_for(&future, -1, NULL, &err));
    assert_int_equal(count_of("things"), -1);
}

static void a_table_of_another_name_is_kept(void **state)
{
    ar_migrate_options options = { .table = "odd \"'`; name" };
    (void)state;
    ok(ar_migrate_up(db, steps, 1, AR_MIGRATE_LATEST, &options, NULL, &err));
    ok(ar_migrate_up(db, steps, 1, AR_MIGRATE_LATEST, &options, NULL, &err));
    ok(ar_migrate_down(db, steps, 1, 1, &options, NULL, &err));
    assert_int_equal(count_of("actrec_migrations"), -1);
    ok(ar_query_exec(fixture_on("mysql") ? ar_sql(db, "drop table `odd \"'``; name`")
                                         : ar_sql(db, "drop table \"odd \"\"'`; name\""),
                     NULL, &err));
}

static void bad_calls_are_answered(void **state)
{
    static const ar_migration unordered[] = { { .version = 2, .name = "a", .up = "x" },
                                              { .version = 1, .name = "b", .up = "x" } },
                              nameless[] = { { .version = 1, .up = "x" } }, empty[] = { { .version = 1, .name = "a" } };
    ar_migrate_options wrong = { .struct_size = 1 };
    ar_migration_future future = { .raw = NULL };
    (void)state;
    fails(ar_migrate_up(NULL, steps, 1, 1, NULL, NULL, &err), AR_E_INVALID);
    fails(ar_migrate_up(db, NULL, 1, 1, NULL, NULL, &err), AR_E_INVALID);
    fails(ar_migrate_up(db, unordered, 2, 1, NULL, NULL, &err), AR_E_INVALID);
    fails(ar_migrate_up(db, nameless, 1, 1, NULL, NULL, &err), AR_E_INVALID);
    fails(ar_migrate_down(db, empty, 1, 1, NULL, NULL, &err), AR_E_INVALID);
    fails(ar_migrate_up(db, steps, 1, 1, &wrong, NULL, &err), AR_E_INVALID);
    fails(ar_migration_await(&future, NULL, &err), AR_E_INVALID);
    fails(ar_migration_await(NULL, NULL, &err), AR_E_INVALID);
    ar_db *tx = ar_tx_begin(db, NULL);
    fails(ar_migrate_up(tx, steps, 1, 1, NULL, NULL, &err), AR_E_INVALID);
    ok(ar_tx_rollback(&tx, &err));
    ar_migration_report_free(NULL);
}

static ar_status migrate(void)
{
    ar_migration_report *report;
    ar_status status = ar_migrate_up(db, steps, 2, AR_MIGRATE_LATEST, NULL, &report, &err);
    ar_migration_report_free(report);
    return status;
}

static void clean_up(void)
{
    assert_int_equal(clean(NULL), 0);
}

static void a_refused_allocation_is_said(void **state)
{
    (void)state;
    fixture_each_refusal(migrate, clean_up);
}

#define clean_test(test) cmocka_unit_test_setup_teardown(test, clean, clean)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        clean_test(each_is_applied_once),
        clean_test(steps_are_undone),
        clean_test(a_dry_run_changes_nothing),
        clean_test(a_changed_step_is_named),
        clean_test(a_step_that_fails_says_where),
        clean_test(a_function_that_fails_fails_the_step),
        fixture_test_setup_on("sqlite", statements_with_bodies_are_not_cut, clean, clean),
        clean_test(another_migrator_waits_or_is_told),
        clean_test(two_at_once_apply_each_step_once),
        clean_test(the_same_asynchronously),
        clean_test(a_table_of_another_name_is_kept),
        clean_test(bad_calls_are_answered),
        clean_test(a_refused_allocation_is_said),
    };
    return fixture_run("migrations", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
