/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "backends/sqlite/sqlite.h"
#include "tests/support/fake_host.h"

typedef struct fixture {
    fake_host host;
    ar_backend_config *config;
    ar_topology topology;
    ar_error error;
    char folder[64];
    char path[128];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    fake_host_init(&f->host, &ari_sqlite_backend);
    strcpy(f->folder, "/tmp/actrec-open-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    char command[160];
    ari_sqlite_backend.config_free(f->config);
    fake_host_fini(&f->host);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static ar_status configure(fixture *f, const char *path, const char *options)
{
    ari_sqlite_backend.config_free(f->config);
    f->config = NULL;
    return fake_configure(&f->host, path, options, &f->config, &f->topology, &f->error);
}

static void must_configure(fixture *f, const char *path, const char *options)
{
    if (configure(f, path, options) != AR_OK)
        fail_msg("%s", f->error.message);
}

static ar_status try_open(fixture *f, ar_connection_role role)
{
    ar_connection *connection = NULL;
    ar_status status = ari_sqlite_backend.open(f->config, role, &f->host.base, &connection, &f->error);
    if (status == AR_OK)
        ari_sqlite_backend.close(connection);
    else
        assert_null(connection);
    return status;
}

static void assert_says(const fixture *f, const char *what)
{
    if (strstr(f->error.message, what) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", f->error.message, what);
}

static void defaults_are_wal_with_full_synchronous_and_foreign_keys(void **state)
{
    fixture *f = *state;
    must_configure(f, f->path, NULL);
    assert_int_equal(f->topology.writers, 1);
    assert_int_equal(f->topology.readers, 4);
    assert_true(f->topology.blocking);
    ar_connection *c = fake_open(&f->host, f->config, AR_ROLE_WRITER);
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA journal_mode"), "wal;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA synchronous"), "2;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA foreign_keys"), "1;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA trusted_schema"), "0;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA wal_autocheckpoint"), "1000;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA cache_size"), "-8192;");
    assert_true(ari_sqlite_backend.usable(c));
    ari_sqlite_backend.close(c);
}

static void options_reach_the_connection(void **state)
{
    fixture *f = *state;
    must_configure(f, f->path,
                   "journal_mode=TRUNCATE&synchronous=extra&cache_size_kib=512&foreign_keys=off&statement_cache=3");
    assert_int_equal(f->topology.readers, 0); /* without WAL they would stand in the writer's way */
    ar_connection *c = fake_open(&f->host, f->config, AR_ROLE_WRITER);
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA journal_mode"), "truncate;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA synchronous"), "3;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA foreign_keys"), "0;");
    assert_string_equal(fake_rows(&f->host, c, "PRAGMA cache_size"), "-512;");
    ari_sqlite_backend.close(c);
    must_configure(f, f->path, "journal_mode=delete&readers=3");
    assert_int_equal(f->topology.readers, 3);
    must_configure(f, f->path, "readers=0");
    assert_int_equal(f->topology.readers, 0);
    must_configure(f, f->path, "mode=ro&readers=64");
    assert_int_equal(f->topology.writers, 0);
    assert_int_equal(f->topology.readers, 64);
}

static void bad_options_are_refused_by_name(void **state)
{
    static const struct {
        const char *path, *options, *says;
    } cases[] = {
        { "a.db", "journal=wal", "there is no option \"journal\"" },
        { "a.db", "journal=wal", "journal_mode" },
        { "a.db", "journal_mode=off", "wal, delete, truncate, persist or memory" },
        { "a.db", "synchronous=2", "off, normal, full or extra" },
        { "a.db", "busy_timeout_ms=-1", "from 0 to" },
        { "a.db", "busy_timeout_ms=5s", "busy_timeout_ms" },
        { "a.db", "cache_size_kib=99999999999999999999", "cache_size_kib" },
        { "a.db", "readers=65", "0 to 64" },
        { "a.db", "readers=", "readers" },
        { "a.db", "mode=memory", "rwc, rw or ro" },
        { "a.db", "mode=ro&readers=0", "nobody could read" },
        { "a.db", "foreign_keys=maybe", "on or off" },
        { "a.db", "statement_cache=65537", "0 to 65536" },
        { ":memory:", "readers=1", "readers" },
        { ":memory:", "mode=ro", "mode" },
        { "", NULL, "names no file" },
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(configure(f, cases[i].path, cases[i].options), AR_E_INVALID);
        assert_says(f, cases[i].says);
    }
}

static void a_host_or_user_in_the_url_is_refused(void **state)
{
    fixture *f = *state;
    ar_url with_host = { .scheme = "sqlite", .host = "app.db", .path = "" };
    ar_url with_user = { .scheme = "sqlite", .user = "me", .password = "hush-hush", .path = "a.db" };
    assert_int_equal(ari_sqlite_backend.configure(&f->host.env, &with_host, &f->config, &f->topology, &f->error),
                     AR_E_INVALID);
    assert_says(f, "sqlite:///");
    assert_int_equal(ari_sqlite_backend.configure(&f->host.env, &with_user, &f->config, &f->topology, &f->error),
                     AR_E_INVALID);
    assert_null(strstr(f->error.message, "hush"));
}

static void memory_is_one_writer(void **state)
{
    fixture *f = *state;
    must_configure(f, ":memory:", NULL);
    assert_int_equal(f->topology.writers, 1);
    assert_int_equal(f->topology.readers, 0);
    assert_int_equal(try_open(f, AR_ROLE_READER), AR_E_INVALID);
    ar_connection *c = fake_open(&f->host, f->config, AR_ROLE_WRITER);
    assert_string_equal(fake_rows(&f->host, c, "SELECT 1"), "1;");
    ari_sqlite_backend.close(c);
}

static void a_path_that_cannot_be_opened_says_why(void **state)
{
    fixture *f = *state;
    char path[256];
    must_configure(f, f->folder, NULL);
    assert_int_equal(try_open(f, AR_ROLE_WRITER), AR_E_CONNECTION);
    assert_says(f, "it is a folder");
    snprintf(path, sizeof path, "%s/none/a.db", f->folder);
    must_configure(f, path, NULL);
    assert_int_equal(try_open(f, AR_ROLE_WRITER), AR_E_CONNECTION);
    assert_says(f, "its folder does not exist");
    must_configure(f, f->path, "mode=rw");
    assert_int_equal(try_open(f, AR_ROLE_WRITER), AR_E_CONNECTION);
    assert_says(f, "it does not exist");
    must_configure(f, f->path, "vfs=nobody");
    assert_int_equal(try_open(f, AR_ROLE_WRITER), AR_E_INVALID);
    assert_says(f, "nobody");
}

static void readers_never_create_the_file(void **state)
{
    fixture *f = *state;
    struct stat info;
    must_configure(f, f->path, NULL);
    assert_int_equal(try_open(f, AR_ROLE_READER), AR_E_CONNECTION);
    assert_says(f, "does not exist");
    assert_int_equal(stat(f->path, &info), -1);
    must_configure(f, f->path, "mode=ro");
    assert_int_equal(try_open(f, AR_ROLE_READER), AR_E_CONNECTION);
    assert_int_equal(stat(f->path, &info), -1);
    assert_int_equal(try_open(f, AR_ROLE_WRITER), AR_E_INVALID);
}

static void write_file(const char *path, const void *data, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void what_is_no_database_is_corrupt(void **state)
{
    fixture *f = *state;
    char text[2048];
    memset(text, 'x', sizeof text);
    write_file(f->path, text, sizeof text);
    must_configure(f, f->path, NULL);
    assert_int_equal(try_open(f, AR_ROLE_WRITER), AR_E_CORRUPT);
    assert_says(f, f->path);
    assert_int_equal(f->error.native_code, SQLITE_NOTADB);
    assert_int_equal(try_open(f, AR_ROLE_READER), AR_E_CORRUPT);
}

static void a_damaged_file_is_corrupt(void **state)
{
    fixture *f = *state;
    must_configure(f, f->path, "journal_mode=delete");
    ar_connection *c = fake_open(&f->host, f->config, AR_ROLE_WRITER);
    fake_rows(&f->host, c, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)");
    fake_rows(&f->host, c, "INSERT INTO t (x) VALUES ('a')");
    ari_sqlite_backend.close(c);
    FILE *file = fopen(f->path, "r+b");
    char rubbish[4096];
    memset(rubbish, 0x5a, sizeof rubbish);
    assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(rubbish, 1, sizeof rubbish, file), sizeof rubbish);
    assert_int_equal(fclose(file), 0);
    c = fake_open(&f->host, f->config, AR_ROLE_WRITER);
    fake_op *op = fake_sql(&f->host, "SELECT * FROM t");
    fake_run(&f->host, c);
    assert_int_equal(op->status, AR_E_CORRUPT);
    ari_sqlite_backend.close(c);
}

static void readers_refuse_writes_and_session_changes(void **state)
{
    fixture *f = *state;
    must_configure(f, f->path, NULL);
    ar_connection *writer = fake_open(&f->host, f->config, AR_ROLE_WRITER);
    fake_rows(&f->host, writer, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    ar_connection *reader = fake_open(&f->host, f->config, AR_ROLE_READER);
    fake_op *ops[] = { fake_sql(&f->host, "INSERT INTO t VALUES (1)"), fake_sql(&f->host, "PRAGMA query_only = 0"),
                       fake_sql(&f->host, "DROP TABLE t"), fake_kind(&f->host, AR_OP_BEGIN) };
    fake_op *disguised = fake_sql(&f->host, "INSERT INTO t VALUES (2)");
    disguised->statement.statement_class = AR_STATEMENT_READ;
    fake_op *count = fake_sql(&f->host, "SELECT count(*) FROM t");
    fake_run(&f->host, reader);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        assert_int_equal(ops[i]->status, AR_E_READ_ONLY);
    assert_int_equal(disguised->status, AR_E_INVALID);
    assert_int_equal(count->status, AR_OK);
    assert_string_equal(count->rows, "0;");
    fake_rows(&f->host, writer, "INSERT INTO t VALUES (7)");
    assert_string_equal(fake_rows(&f->host, reader, "SELECT id FROM t"), "7;");
    ari_sqlite_backend.close(reader);
    ari_sqlite_backend.close(writer);
}

static void relative_paths_survive_chdir_and_are_no_uris(void **state)
{
    fixture *f = *state;
    char before[512];
    struct stat info;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(f->folder), 0);
    must_configure(f, "file:x?mode=memory", NULL);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(try_open(f, AR_ROLE_WRITER), AR_OK);
    snprintf(f->path, sizeof f->path, "%s/file:x?mode=memory", f->folder);
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(chdir(before), 0);
}

/* In a child, as SQLite's configuration is the process's. */
static void a_sqlite_for_a_single_thread_is_refused(void **state)
{
    fixture *f = *state;
    int outcome = 0;
    pid_t child = fork();
    if (child == 0) {
        bool configured = sqlite3_shutdown() == SQLITE_OK && sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK;
        _exit(configured && configure(f, f->path, NULL) == AR_E_UNSUPPORTED && f->config == NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
}

static void an_allocation_that_fails_is_an_error(void **state)
{
    fixture *f = *state;
    for (int on = 0; on < 2; on++)
        for (size_t n = 1;; n++) {
            f->host.allocations = f->host.failures = 0;
            f->host.fail_at = n;
            f->host.fail_on = on == 1;
            ar_status status = configure(f, f->path, "vfs=unix");
            if (status == AR_OK)
                status = try_open(f, AR_ROLE_WRITER);
            f->host.fail_at = 0;
            if (f->host.failures == 0) {
                assert_int_equal(status, AR_OK);
                assert_true(n > 4);
                break;
            }
            assert_int_equal(status, AR_E_NO_MEMORY);
        }
}

static int opened;

static int count_opening(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)db, (void)message, (void)api;
    opened++;
    return SQLITE_OK;
}

static void a_connection_opens_nothing_but_itself(void **state)
{
    fixture *f = *state;
    void (*extension)(void) = (void (*)(void))count_opening;
    must_configure(f, f->path, NULL);
    ari_sqlite_backend.close(fake_open(&f->host, f->config, AR_ROLE_WRITER));
    assert_int_equal(sqlite3_auto_extension(extension), SQLITE_OK);
    opened = 0;
    ari_sqlite_backend.close(fake_open(&f->host, f->config, AR_ROLE_WRITER));
    assert_int_equal(sqlite3_cancel_auto_extension(extension), 1);
    assert_int_equal(opened, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_wal_with_full_synchronous_and_foreign_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(options_reach_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_options_are_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_host_or_user_in_the_url_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_is_one_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_path_that_cannot_be_opened_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readers_never_create_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_database_is_corrupt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_corrupt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readers_refuse_writes_and_session_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relative_paths_survive_chdir_and_are_no_uris, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sqlite_for_a_single_thread_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_allocation_that_fails_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_opens_nothing_but_itself, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
