/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fixture.h"

/* Migrators that die, meet others, lose their lock or are given what they cannot run. The other processes are this
 * program again, told by AR_MIGRATE_AS what to do with the database AR_MIGRATE_URL; they say that they got there by a byte
 * on their output. */

extern char **environ;

static ar_status say_and_hang(ar_db *handle, void *arg, ar_error *error)
{
    ar_status status = ar_query_exec(ar_sql(handle, "insert into things values (2)"), NULL, error);
    (void)arg;
    if (status != AR_OK || write(STDOUT_FILENO, "x", 1) != 1)
        return ar_error_set(error, AR_E_IO, "the other process is not there");
    for (;;)
        pause();
}

static ar_status insert_three(ar_db *handle, void *arg, ar_error *error)
{
    (void)arg;
    return ar_query_exec(ar_sql(handle, "insert into things values (3)"), NULL, error);
}

#define CREATE_THINGS                                                                                                \
    {                                                                                                                \
        .version = 1, .name = "create",                                                                              \
        .up = "CREATE TABLE things (id INT PRIMARY KEY); INSERT INTO things VALUES (1)", .down = "DROP TABLE things" \
    }

static const ar_migration hanging[] = { CREATE_THINGS,
                                        { .version = 2,
                                          .name = "hang",
                                          .up = "INSERT INTO things VALUES (10); INSERT INTO things VALUES (11)",
                                          .up_fn = say_and_hang } };
static const ar_migration steps[] = {
    CREATE_THINGS,
    { .version = 2,
      .name = "hang",
      .up = "INSERT INTO things VALUES (10); INSERT INTO things VALUES (11)",
      .up_fn = insert_three },
    { .version = 3, .name = "others", .up = "CREATE TABLE others (id INT)", .down = "DROP TABLE others" },
};

/* The other process. */
static int migrate_as(const char *what)
{
    ar_db *own = NULL;
    ar_error error;
    ar_status status = ar_db_open(getenv("AR_MIGRATE_URL"), NULL, &own, &error);
    bool hangs = strcmp(what, "hang") == 0;
    if (status == AR_OK)
        status = ar_migrate_up(own, hangs ? hanging : steps, hangs ? 2 : 3, AR_MIGRATE_LATEST, NULL, NULL, &error);
    if (status != AR_OK)
        (void)fprintf(stderr, "%s\n", error.message);
    ar_db_close(&own);
    return status == AR_OK ? 0 : 1;
}

static pid_t start(const char *what, int *out)
{
    pid_t pid = -1;
    int ends[2];
    posix_spawn_file_actions_t actions;
    static char program[] = "/proc/self/exe";
    char *arguments[] = { program, NULL };
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(setenv("AR_MIGRATE_AS", what, 1), 0);
    assert_int_equal(setenv("AR_MIGRATE_URL", fixture_url(), 1), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int spawned = posix_spawn(&pid, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *out = ends[0];
    unsetenv("AR_MIGRATE_AS");
    assert_int_equal(spawned, 0);
    return pid;
}

static int status_of(pid_t pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int clean(void **state)
{
    static const char *const tables[] = { "things", "others", "actrec_migrations" };
    (void)state;
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

static bool is_shared(void)
{
    return strstr(fixture_url(), ":memory:") == NULL;
}

static void one_that_is_killed_leaves_no_lock(void **state)
{
    int out;
    char byte;
    (void)state;
    if (!is_shared())
        return;
    pid_t pid = start("hang", &out);
    assert_int_equal(read(out, &byte, 1), 1);
    close(out);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_true(WIFSIGNALED(status_of(pid)));
    ar_migration_report *report;
    if (!fixture_on("mysql")) {
        ok(ar_migrate_up(db, steps, 3, AR_MIGRATE_LATEST, NULL, &report, &err));
        assert_int_equal(report->count, 2);
        ar_migration_report_free(report);
        assert_int_equal(count_of("things"), 4);
        return;
    }
    fails(ar_migrate_up(db, steps, 3, AR_MIGRATE_LATEST, NULL, &report, &err), AR_E_INVALID);
    if (strstr(err.message, "migration 2 \"hang\" stopped half way while it was applied: 2 of its statements hold") ==
        NULL)
        fail_msg("%s", err.message);
    ar_migration_report_free(report);
    assert_int_equal(count_of("things"), 4);
    ok(ar_migrate_resolve(db, 2, true, NULL, &err));
    ok(ar_migrate_up(db, steps, 3, AR_MIGRATE_LATEST, NULL, NULL, &err));
    assert_int_equal(count_of("things"), 4);
    assert_int_equal(count_of("others"), 0);
}

static void processes_apply_each_step_once(void **state)
{
    int out[3];
    pid_t pids[3];
    (void)state;
    if (!is_shared())
        return;
    for (size_t i = 0; i < 3; i++)
        pids[i] = start("migrate", &out[i]);
    ar_status own = ar_migrate_up(db, steps, 3, AR_MIGRATE_LATEST, NULL, NULL, &err);
    for (size_t i = 0; i < 3; i++) {
        int status = status_of(pids[i]);
        close(out[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    ok(own);
    assert_int_equal(count_of("things"), 4);
    assert_int_equal(count_of("actrec_migrations"), 3);
}

static void what_was_done_before_a_failure_is_told(void **state)
{
    static const ar_migration failing[] = {
        CREATE_THINGS,
        { .version = 2,
          .name = "half",
          .up = "CREATE TABLE others (id INT); INSERT INTO others VALUES (1);\nINSERT INTO things VALUES (1); DROP "
                "TABLE things" },
        { .version = 3, .name = "never", .up = "DROP TABLE things" },
    };
    ar_migration_report *report;
    bool in_pieces = fixture_on("mysql");
    (void)state;
    fails(ar_migrate_up(db, failing, 3, AR_MIGRATE_LATEST, NULL, &report, &err), AR_E_CONSTRAINT);
    assert_int_equal(report->count, 2);
    assert_true(report->steps[0].is_done);
    assert_false(report->steps[1].is_done);
    assert_int_equal(report->steps[1].statements, 4);
    assert_int_equal(report->steps[1].statements_done, in_pieces ? 2 : 0);
    assert_string_equal(report->text, in_pieces
                                          ? "migration 1 \"create\" was applied (statements: 2)\n"
                                            "migration 2 \"half\" was not applied (statements that ran: 2 of 4)\n"
                                          : "migration 1 \"create\" was applied (statements: 2)\n"
                                            "migration 2 \"half\" was not applied (statements that ran: 0 of 4)\n");
    ar_migration_report_free(report);
    assert_int_equal(count_of("things"), 1);
    assert_int_equal(count_of("others"), in_pieces ? 1 : -1);
}

static ar_status insert_and_refuse(ar_db *handle, void *arg, ar_error *error)
{
    ar_status status = insert_three(handle, arg, error);
    return status == AR_OK ? ar_error_set(error, AR_E_VETOED, "not today") : status;
}

static void a_function_that_fails_may_have_done_something(void **state)
{
    static const ar_migration failing[] = { CREATE_THINGS,
                                            { .version = 2, .name = "veto", .up_fn = insert_and_refuse } };
    bool in_pieces = fixture_on("mysql");
    (void)state;
    fails(ar_migrate_up(db, failing, 2, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_VETOED);
    const char *expected = in_pieces ? "\"veto\" up: its function (what it did before holds): not today"
                                     : "\"veto\" up: its function (the step was rolled back): not today";
    if (strstr(err.message, expected) == NULL)
        fail_msg("%s", err.message);
    assert_int_equal(count_of("things"), in_pieces ? 2 : 1);
}

static void what_cannot_be_recorded_is_said(void **state)
{
    static const ar_migration failing[] = { CREATE_THINGS,
                                            { .version = 2,
                                              .name = "forget",
                                              .up = "INSERT INTO things VALUES (5); DROP TABLE actrec_migrations; "
                                                    "INSERT INTO things VALUES (6)" } };
    bool in_pieces = fixture_on("mysql");
    ar_migration_report *report;
    (void)state;
    fails(ar_migrate_up(db, failing, 2, AR_MIGRATE_LATEST, NULL, &report, &err), AR_E_QUERY);
    const char *expected = in_pieces
                               ? "up: counting statement 2 of 3 (those up to it hold, one more than is recorded): "
                               : "up: recording it (the step was rolled back): ";
    if (strstr(err.message, expected) == NULL)
        fail_msg("%s", err.message);
    assert_int_equal(report->steps[1].statements_done, in_pieces ? 2 : 0);
    ar_migration_report_free(report);
    assert_int_equal(count_of("things"), in_pieces ? 2 : 1);
    assert_int_equal(count_of("actrec_migrations"), in_pieces ? -1 : 1);
}

static void undoing_stops_at_the_first(void **state)
{
    ar_migration_report *report;
    (void)state;
    static const ar_migration two[] = {
        CREATE_THINGS, { .version = 2, .name = "b", .up = "CREATE TABLE others (id INT)", .down = "DROP TABLE others" }
    };
    ok(ar_migrate_up(db, two, 2, AR_MIGRATE_LATEST, NULL, NULL, &err));
    ok(ar_migrate_down(db, two, 2, 99, NULL, &report, &err));
    assert_int_equal(report->count, 2);
    ar_migration_report_free(report);
    ok(ar_migrate_down(db, two, 2, 1, NULL, &report, &err));
    assert_int_equal(report->count, 0);
    ar_migration_report_free(report);
    ok(ar_migrate_up(db, two, 2, AR_MIGRATE_LATEST, NULL, NULL, &err));
}

/* One that comes late is applied, though later versions were. */
static void a_step_that_was_left_out_is_applied(void **state)
{
    const ar_migration outer[] = { steps[0], steps[2] };
    ar_migration_report *report;
    (void)state;
    ok(ar_migrate_up(db, outer, 2, AR_MIGRATE_LATEST, NULL, NULL, &err));
    ok(ar_migrate_up(db, steps, 3, AR_MIGRATE_LATEST, NULL, &report, &err));
    assert_int_equal(report->count, 1);
    assert_int_equal(report->steps[0].version, 2);
    ar_migration_report_free(report);
    const ar_migration disordered[] = { steps[0], steps[2], steps[1] };
    fails(ar_migrate_up(db, disordered, 3, AR_MIGRATE_LATEST, NULL, NULL, &err), AR_E_INVALID);
}

static void what_cannot_be_undone_is_said_by_a_dry_run_too(void **state)
{
    static const ar_migration only_up[] = {
        CREATE_THINGS, { .version = 2, .name = "no way back", .up = "INSERT INTO things VALUES (2)" }
    };
    ar_migrate_options dry = { .dry_run = true };
    (void)state;
    ok(ar_migrate_up(db, only_up, 2, AR_MIGRATE_LATEST, NULL, NULL, &err));
    for (int i = 0; i < 2; i++) {
        fails(ar_migrate_down(db, only_up, 2, 2, i == 0 ? &dry : NULL, NULL, &err), AR_E_UNSUPPORTED);
        assert_non_null(strstr(err.message, "no way back"));
    }
    assert_int_equal(count_of("things"), 2);
}

static void a_step_cannot_end_its_transaction(void **state)
{
    static const char *const ends[] = { "COMMIT", "ROLLBACK", "/* x */ commit", "END" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char up[200] = "CREATE TABLE things (id INT); ";
        strcat(up, ends[i]);
        strcat(up, "; CREATE TABLE others (id INT)");
        ar_migration step = { .version = 1, .name = "ends", .up = up };
        ar_status status = ar_migrate_up(db, &step, 1, AR_MIGRATE_LATEST, NULL, NULL, &err);
        assert_int_not_equal(status, AR_OK);
        assert_int_equal(count_of("others"), -1);
        assert_int_equal(count_of("things"), fixture_on("mysql") ? 0 : -1);
        assert_int_equal(clean(NULL), 0);
    }
}

static void bodies_and_quotes_are_run_whole(void **state)
{
    const char *up = "CREATE TABLE things (id INT PRIMARY KEY); CREATE TABLE others (id INT, begin INT);"
                     "CREATE TRIGGER copies AFTER INSERT ON things BEGIN INSERT INTO others VALUES (NEW.id, 1);"
                     " INSERT INTO others VALUES (4, 2); END; INSERT INTO things VALUES (1)";
    if (fixture_on("postgres"))
        up = "CREATE TABLE things (id INT PRIMARY KEY); CREATE TABLE others (id INT, begin INT);"
             "CREATE FUNCTION copy() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN INSERT INTO others VALUES "
             "(NEW.id, 1);"
             " INSERT INTO others VALUES (4, 2); RETURN NEW; END; $body$;"
             "CREATE TRIGGER copies AFTER INSERT ON things FOR EACH ROW EXECUTE FUNCTION copy(); INSERT INTO things "
             "VALUES (1)";
    else if (fixture_on("mysql"))
        up = "CREATE TABLE things (id INT PRIMARY KEY); /*!40000 CREATE TABLE others (id INT, begin INT) */;"
             "CREATE TRIGGER copies AFTER INSERT ON things FOR EACH ROW IF NEW.id > 0 THEN INSERT INTO others VALUES "
             "(NEW.id, 1);"
             " INSERT INTO others VALUES (IF(NEW.id, 4, 5), 2); END IF; INSERT INTO things VALUES (1)";
    ar_migration step = { .version = 1, .name = "bodies", .up = up };
    ar_migration_report *report;
    (void)state;
    ok(ar_migrate_up(db, &step, 1, AR_MIGRATE_LATEST, NULL, &report, &err));
    assert_int_equal(report->steps[0].statements, fixture_on("postgres") ? 5 : 4);
    ar_migration_report_free(report);
    assert_int_equal(count_of("others"), 2);
}

static void the_table_may_have_any_name(void **state)
{
    ar_migrate_options options = { .table = "it's \"a\" `table`; --" };
    (void)state;
    ok(ar_migrate_up(db, steps, 1, AR_MIGRATE_LATEST, &options, NULL, &err));
    ok(ar_migrate_up(db, steps, 1, AR_MIGRATE_LATEST, &options, NULL, &err));
    ok(ar_migrate_down(db, steps, 1, 1, &options, NULL, &err));
    assert_int_equal(count_of("actrec_migrations"), -1);
    ok(ar_query_exec(fixture_on("mysql") ? ar_sql(db, "drop table `it's \"a\" ``table``; --`")
                                         : ar_sql(db, "drop table \"it's \"\"a\"\" `table`; --\""),
                     NULL, &err));
}

static ar_status lose_the_lock(ar_db *handle, void *arg, ar_error *error)
{
    int64_t id = 0;
    char sql[64];
    (void)arg;
    ar_rows *rows = NULL;
    ar_status status = ar_query_rows(
        ar_sql(handle, "select is_used_lock(sha1(concat(database(), ':', 'actrec_migrations')))"), &rows, error);
    if (status == AR_OK)
        status = ar_rows_int64(rows, 0, 0, &id, error);
    ar_rows_free(rows);
    if (status != AR_OK)
        return status;
    (void)snprintf(sql, sizeof sql, "kill connection %lld", (long long)id);
    return ar_query_exec(ar_sql_text(handle, sql, NULL, 0), NULL, error);
}

static void without_its_lock_it_stops(void **state)
{
    static const ar_migration losing[] = { CREATE_THINGS,
                                           { .version = 2, .name = "lose", .up_fn = lose_the_lock },
                                           { .version = 3, .name = "never", .up = "INSERT INTO things VALUES (3)" } };
    ar_migration_report *report;
    (void)state;
    ar_status status = ar_migrate_up(db, losing, 3, AR_MIGRATE_LATEST, NULL, &report, &err);
    assert_int_not_equal(status, AR_OK);
    if (strstr(err.message, "lock") == NULL)
        fail_msg("%s", err.message);
    assert_int_equal(report->count, 2);
    ar_migration_report_free(report);
    assert_int_equal(count_of("things"), 1);
}

#define clean_test(test) cmocka_unit_test_setup_teardown(test, clean, clean)

int main(void)
{
    const char *what = getenv("AR_MIGRATE_AS");
    if (what != NULL)
        return migrate_as(what);
    static const struct CMUnitTest tests[] = {
        clean_test(one_that_is_killed_leaves_no_lock),
        clean_test(processes_apply_each_step_once),
        clean_test(what_was_done_before_a_failure_is_told),
        clean_test(a_function_that_fails_may_have_done_something),
        clean_test(what_cannot_be_recorded_is_said),
        clean_test(undoing_stops_at_the_first),
        clean_test(a_step_that_was_left_out_is_applied),
        clean_test(what_cannot_be_undone_is_said_by_a_dry_run_too),
        clean_test(a_step_cannot_end_its_transaction),
        clean_test(bodies_and_quotes_are_run_whole),
        clean_test(the_table_may_have_any_name),
        fixture_test_setup_on("mysql", without_its_lock_it_stops, clean, clean),
    };
    return fixture_run("migration_hazards", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
