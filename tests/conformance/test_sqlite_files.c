/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include <actrec/schema.h>

#include "tests/support/fixture.h"
#include "tests/support/sqlite_vfs.h"

/* Files that are not there, not to be written, damaged, locked or on a full disk: the status that the headers promise, a message that
 * says which file and what to do, and a database that works again when the trouble is over. */

#define MARK "s3cr3t" /* in every value that is written; no message may show it */

typedef struct Note {
    int64_t id;
    const char *text;
} Note;

AR_MODEL_DECLARE(Note);
AR_MODEL_DEFINE(Note, "notes", AR_COLUMN(Note, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Note, text));

static ar_db *file_db; /* closed after the test when it left it open */
static sqlite3 *other; /* likewise: another process */
static char folder[64];
static char path[160];

enum { LENGTH_LIMIT = 2 << 20 };

static int limit_lengths(sqlite3 *connection, char **message, const struct sqlite3_api_routines *unused)
{
    (void)message;
    (void)unused;
    (void)sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, LENGTH_LIMIT);
    return SQLITE_OK;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/actrec-hostile-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    ar_db_close(&file_db);
    (void)sqlite3_close(other);
    other = NULL;
    sqlite_vfs_reset();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* Opens the test's file with these options of the URL. */
static ar_status open_with(const char *options)
{
    char url[512];
    snprintf(url, sizeof url, "sqlite:%s%s%s", path, options[0] != '\0' ? "?" : "", options);
    return ar_db_open(url, NULL, &file_db, &err);
}

static void check_refusal(ar_status status, ar_status expected, const char *says, const char *call, int line)
{
    fixture_check(status, expected, call, __FILE__, line);
    if (err.status != expected || strstr(err.message, says) == NULL || strstr(err.message, MARK) != NULL) {
        print_error("%s:%d: %s said \"%s\", not \"%s\"\n", __FILE__, line, call, err.message, says);
        fail();
    }
}

#define refused(call, status, says) check_refusal((call), (status), (says), #call, __LINE__)

static ar_status save(ar_db *handle, const char *text)
{
    Note note = { .text = text };
    return Note_insert(handle, &note, &err);
}

static int64_t count_notes(ar_db *handle)
{
    int64_t count = -1;
    ok(ar_query_count(Note_query(handle), &count, &err));
    return count;
}

/* A file with so many notes in it, closed. */
static void make_file_with(const char *options, int notes)
{
    ok(open_with(options));
    ok(ar_table_create(file_db, &Note_model, &err));
    for (int i = 0; i < notes; i++)
        ok(save(file_db, MARK
                " and much more, so that the notes fill a page or two before long, and the file is not too small"));
    ar_db_close(&file_db);
}

static void make_file(int notes)
{
    make_file_with("synchronous=off", notes);
}

static void overwrite(long offset, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "r+b");
    if (file == NULL)
        file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* --- Paths and URLs --- */

static void a_path_that_does_not_exist(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/no/where/a.db", folder);
    refused(open_with(""), AR_E_CONNECTION, path);
    assert_null(file_db);
    snprintf(path, sizeof path, "%s/a.db", folder);
    refused(open_with("mode=rw"), AR_E_CONNECTION, path);
    refused(open_with("mode=ro"), AR_E_CONNECTION, path);
    assert_int_equal(access(path, F_OK), -1); /* nor was it made */
}

static void a_folder_is_no_database(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s", folder);
    refused(open_with(""), AR_E_CONNECTION, "folder");
    refused(open_with("mode=ro"), AR_E_CONNECTION, "folder");
    assert_null(file_db);
}

static void a_file_is_no_folder(void **state)
{
    (void)state;
    make_file(1);
    snprintf(path, sizeof path, "%s/a.db/b.db", folder);
    refused(open_with(""), AR_E_CONNECTION, path);
}

static void a_path_that_is_too_long(void **state)
{
    (void)state;
    enum { LONG = 6000 };
    static char url[LONG + 16];
    strcpy(url, "sqlite:/");
    memset(url + 8, 'x', LONG);
    url[LONG + 8] = '\0';
    refused(ar_db_open(url, NULL, &file_db, &err), AR_E_CONNECTION, "opening");
    assert_null(file_db);
}

static void devices_and_pipes_are_no_databases(void **state)
{
    (void)state;
    ar_status status = ar_db_open("sqlite:///dev/null", NULL, &file_db, &err);
    if (status == AR_OK) /* an empty file, as far as SQLite sees */
        ar_db_close(&file_db);
    else
        assert_string_not_equal(err.message, "");
    snprintf(path, sizeof path, "%s/socket.db", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(open_with("mode=rw") != AR_OK || (ar_db_close(&file_db), true));
}

static void urls_that_make_no_sense(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        ar_status status;
    } urls[] = {
        { "", AR_E_INVALID },
        { "a.db", AR_E_INVALID },
        { ":memory:", AR_E_INVALID },
        { "sqlite:", AR_E_INVALID },
        { "sqlite://" MARK "@/a.db", AR_E_INVALID },
        { "sqlite:a%00b.db", AR_E_INVALID },
        { "sqlite:a%zz.db", AR_E_INVALID },
        { "sqlite::memory:?mode=ro", AR_E_INVALID },
        { "sqlite::memory:?readers=2", AR_E_INVALID },
        { "sqlite::memory:?nothing=1", AR_E_INVALID },
        { "sqlite::memory:?busy_timeout_ms=-1", AR_E_INVALID },
        { "sqlite::memory:?busy_timeout_ms=99999999999999999999", AR_E_INVALID },
        { "sqlite::memory:?journal_mode=off;drop", AR_E_INVALID },
        { "sqlite::memory:?synchronous=full;%20drop%20table%20x", AR_E_INVALID },
        { "sqlite::memory:?vfs=there_is_none", AR_E_INVALID },
        { "nothing://user:" MARK "@host/name", AR_E_UNSUPPORTED },
        { "nothing://user:" MARK "@host:99999/name", AR_E_INVALID },
        { "nothing://user:" MARK "%zz@host/name", AR_E_INVALID },
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        file_db = (ar_db *)(uintptr_t)1;
        refused(ar_db_open(urls[i].url, NULL, &file_db, &err), urls[i].status, "");
        assert_string_not_equal(err.message, "");
        assert_null(file_db);
    }
}

/* --- Reading only --- */

static void check_reads_only(const char *says)
{
    Note *found = NULL;
    assert_int_equal(count_notes(file_db), 3);
    refused(save(file_db, MARK), AR_E_READ_ONLY, says);
    ok(Note_find_one(file_db, ar_key(1), &found, &err));
    found->text = MARK;
    refused(Note_save(file_db, found, &err), AR_E_READ_ONLY, says);
    refused(Note_delete(file_db, found, &err), AR_E_READ_ONLY, says);
    Note_free(found);
    refused(ar_table_drop(file_db, &Note_model, &err), AR_E_READ_ONLY, says);
    refused(ar_query_exec(ar_sql(file_db, "delete from notes where text = ?", MARK), NULL, &err), AR_E_READ_ONLY, says);
    ar_db *tx = ar_tx_begin(file_db, NULL);
    ar_status status = save(tx, MARK);
    assert_int_equal(status, AR_E_READ_ONLY);
    ar_ignore(ar_tx_rollback(&tx, NULL));
    assert_int_equal(count_notes(file_db), 3);
}

static void a_file_opened_for_reading_refuses_writes(void **state)
{
    (void)state;
    make_file(3);
    ok(open_with("mode=ro"));
    check_reads_only("read");
}

/* As root even a file without permission to write can be written: the file system of the tests stands for one that is mounted so. */
static void a_file_that_cannot_be_written(void **state)
{
    (void)state;
    make_file_with("journal_mode=delete&synchronous=off", 3);
    sqlite_vfs.no_write = true;
    refused(open_with("vfs=actrec-test&readers=0&journal_mode=delete"), AR_E_READ_ONLY, "mode=ro");
    assert_null(file_db);
    ok(open_with("vfs=actrec-test&mode=ro&readers=1"));
    check_reads_only("read");
    ar_db_close(&file_db);
    sqlite_vfs.no_write = false;
    ok(open_with("vfs=actrec-test&readers=0&journal_mode=delete"));
    ok(save(file_db, MARK));
}

static void a_read_only_transaction_refuses_writes(void **state)
{
    (void)state;
    make_file(3);
    ok(open_with(""));
    ar_db *tx = ar_tx_begin(file_db, &(ar_tx_options){ .read_only = true });
    assert_int_equal(count_notes(tx), 3);
    refused(save(tx, MARK), AR_E_READ_ONLY, "read");
    ok(ar_tx_rollback(&tx, &err));
    ok(save(file_db, MARK));
}

/* --- Damage --- */

static void a_file_that_is_no_database(void **state)
{
    (void)state;
    char page[4096];
    memset(page, 'x', sizeof page);
    overwrite(0, page, sizeof page);
    refused(open_with(""), AR_E_CORRUPT, path);
    refused(open_with("mode=ro"), AR_E_CORRUPT, path);
    assert_null(file_db);
}

static void an_empty_file_is_a_new_database(void **state)
{
    (void)state;
    overwrite(0, "", 0);
    ok(open_with(""));
    ok(ar_table_create(file_db, &Note_model, &err));
    ok(save(file_db, MARK));
}

static void a_header_that_is_damaged(void **state)
{
    (void)state;
    make_file(100);
    overwrite(0, "SQLite format 4", 16);
    refused(open_with(""), AR_E_CORRUPT, path);
}

static void pages_that_are_damaged(void **state)
{
    (void)state;
    char page[4096];
    Note_list list;
    Note *found = NULL;
    make_file(2000);
    memset(page, 0xa5, sizeof page);
    for (long number = 4; number < 30; number++)
        overwrite(number * 4096, page, sizeof page);
    ok(open_with("readers=1"));
    refused(Note_all(Note_query(file_db), &list, &err), AR_E_CORRUPT, "backup");
    assert_int_equal(list.count, 0);
    ar_status status = Note_find_one(file_db, ar_key(1500), &found, &err);
    assert_true(status == AR_OK || status == AR_E_CORRUPT);
    Note_free(found);
    status = ar_query_exec(ar_sql(file_db, "update notes set text = ?", MARK), NULL, &err);
    assert_int_equal(status, AR_E_CORRUPT);
    assert_null(strstr(err.message, MARK));
    int64_t one = 0;
    ar_rows *rows = NULL;
    ok(ar_query_rows(ar_sql(file_db, "select 1"), &rows, &err)); /* the connections go on */
    ok(ar_rows_int64(rows, 0, 0, &one, &err));
    ar_rows_free(rows);
}

static void a_file_that_was_cut_off(void **state)
{
    (void)state;
    Note_list list;
    make_file(2000);
    assert_int_equal(truncate(path, 6 * 4096 + 100), 0);
    ar_status status = open_with("");
    if (status == AR_OK)
        refused(Note_all(Note_query(file_db), &list, &err), AR_E_CORRUPT, "backup");
    else
        refused(status, AR_E_CORRUPT, path);
}

static void a_schema_that_is_damaged(void **state)
{
    (void)state;
    make_file(1);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other,
                     "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = 'rubbish' WHERE name = 'notes'", NULL,
                     NULL, NULL),
        SQLITE_OK);
    (void)sqlite3_close(other);
    other = NULL;
    refused(open_with(""), AR_E_CORRUPT, "");
    assert_string_not_equal(err.message, "");
}

/* --- The session of a connection --- */

/* SQLite does what a pragma says when it prepares it. */
static void a_pragma_that_is_explained_changes_no_session(void **state)
{
    (void)state;
    make_file_with("journal_mode=delete&readers=0&synchronous=off", 0);
    ok(open_with("journal_mode=delete&readers=0"));
    refused(ar_query_exec(ar_sql(file_db, "explain pragma foreign_keys = off"), NULL, &err), AR_E_INVALID, "session");
    ar_db *tx = ar_tx_begin(file_db, NULL);
    ar_ignore(ar_query_exec(ar_sql(tx, "explain pragma recursive_triggers = on"), NULL, &err));
    ok(ar_tx_rollback(&tx, &err));
    ar_rows *rows = NULL;
    int64_t foreign_keys = -1, triggers = -1;
    ok(ar_query_rows(ar_sql(file_db, "select f.foreign_keys, t.recursive_triggers from pragma_foreign_keys f, "
                                     "pragma_recursive_triggers t"),
                     &rows, &err));
    ok(ar_rows_int64(rows, 0, 0, &foreign_keys, &err));
    ok(ar_rows_int64(rows, 0, 1, &triggers, &err));
    ar_rows_free(rows);
    assert_int_equal(foreign_keys, 1);
    assert_int_equal(triggers, 0);
}

/* --- A full disk, and one that fails --- */

static void a_full_database_refuses_and_goes_on(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, 'x', sizeof text - 1);
    make_file(3);
    ok(open_with("readers=1"));
    ar_db *tx = ar_tx_begin(file_db, NULL);
    ok(ar_query_exec(ar_sql(tx, "pragma max_page_count = 10"), NULL, &err));
    ar_status status = AR_OK;
    for (int i = 0; status == AR_OK && i < 20; i++)
        status = save(tx, text);
    refused(status, AR_E_DISK_FULL, "room");
    status = save(tx, MARK);
    assert_true(status != AR_OK); /* the transaction is over */
    assert_null(strstr(err.message, MARK));
    ar_ignore(ar_tx_rollback(&tx, NULL));
    assert_int_equal(count_notes(file_db), 3);
    for (int i = 0; i < 10; i++) /* the limit went with the session of that transaction */
        ok(save(file_db, text));
    assert_int_equal(count_notes(file_db), 13);
}

static void a_full_disk_refuses_until_there_is_room(void **state)
{
    (void)state;
    static char text[20000];
    int64_t written = 0;
    memset(text, 'x', sizeof text - 1);
    ok(open_with("vfs=actrec-test&readers=0&journal_mode=delete"));
    ok(ar_table_create(file_db, &Note_model, &err));
    sqlite_vfs.capacity = 200000;
    ar_status status = AR_OK;
    while (status == AR_OK && written < 100) {
        status = save(file_db, text);
        written += status == AR_OK;
    }
    refused(status, AR_E_DISK_FULL, "room");
    assert_true(written > 1 && written < 100);
    assert_int_equal(count_notes(file_db), written);
    refused(save(file_db, text), AR_E_DISK_FULL, "room");
    sqlite_vfs.capacity = 0;
    ok(save(file_db, text));
    assert_int_equal(count_notes(file_db), written + 1);
}

static void a_disk_that_fails(void **state)
{
    (void)state;
    ok(open_with("vfs=actrec-test&readers=0&journal_mode=delete"));
    ok(ar_table_create(file_db, &Note_model, &err));
    ok(save(file_db, MARK));
    sqlite_vfs.counted = SQLITE_VFS_CHANGES;
    for (size_t n = 1; n < 50; n++) {
        sqlite_vfs.calls = 0;
        sqlite_vfs.failures = 0;
        sqlite_vfs.fail_at = n;
        ar_status status = save(file_db, MARK);
        sqlite_vfs.fail_at = 0;
        if (sqlite_vfs.failures == 0)
            break;
        if (status != AR_OK)
            refused(status, AR_E_IO, "");
        assert_true(n < 49);
    }
    sqlite_vfs.counted = 0;
    ok(save(file_db, MARK));
}

static void a_value_above_the_limit_of_the_engine(void **state)
{
    (void)state;
    static char text[LENGTH_LIMIT + 10];
    memset(text, 'x', sizeof text - 1);
    ok(open_with(""));
    ok(ar_table_create(file_db, &Note_model, &err));
    refused(save(file_db, text), AR_E_TYPE, "long");
    text[1 << 20] = '\0';
    ok(save(file_db, text));
    ar_rows *rows = NULL;
    refused(ar_query_rows(ar_sql(file_db, "select text || ? || text || ? from notes", text, text), &rows, &err),
            AR_E_TYPE, "");
    assert_null(rows);
    assert_int_equal(count_notes(file_db), 1);
}

/* --- Locks --- */

static void lock(const char *sql)
{
    if (other == NULL)
        assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void a_locked_database_refuses_writes_and_goes_on_reading(void **state)
{
    (void)state;
    make_file(3);
    ok(open_with("busy_timeout_ms=20"));
    lock("BEGIN IMMEDIATE");
    refused(save(file_db, MARK), AR_E_CONFLICT, "locked");
    assert_true(err.retryable);
    assert_non_null(strstr(err.message, "busy_timeout_ms"));
    assert_int_equal(count_notes(file_db), 3);
    ar_db *tx = ar_tx_begin(file_db, NULL);
    assert_int_equal(save(tx, MARK), AR_E_CONFLICT);
    ar_ignore(ar_tx_rollback(&tx, NULL));
    lock("COMMIT");
    ok(save(file_db, MARK));
    assert_int_equal(count_notes(file_db), 4);
}

static void a_deadline_ends_the_wait_for_a_lock(void **state)
{
    (void)state;
    make_file(3);
    ok(open_with("busy_timeout_ms=600000"));
    lock("BEGIN IMMEDIATE");
    ar_db *scope = ar_scope_open(file_db, &(ar_scope_options){ .timeout_ms = 30 });
    refused(save(scope, MARK), AR_E_TIMEOUT, "");
    ar_scope_close(&scope);
    lock("COMMIT");
    ok(save(file_db, MARK));
}

static void a_file_that_is_locked_while_it_is_opened(void **state)
{
    (void)state;
    make_file(3);
    lock("PRAGMA locking_mode = exclusive; PRAGMA journal_mode = delete; BEGIN EXCLUSIVE");
    refused(open_with("busy_timeout_ms=20"), AR_E_CONFLICT, "locked");
    assert_true(err.retryable);
    assert_null(file_db);
    (void)sqlite3_close(other);
    other = NULL;
    ok(open_with("busy_timeout_ms=20"));
    assert_int_equal(count_notes(file_db), 3);
}

int main(void)
{
    sqlite_vfs_install();
    if (sqlite3_auto_extension((void (*)(void))limit_lengths) != SQLITE_OK)
        return 1;
#define on_a_file(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        on_a_file(a_path_that_does_not_exist),
        on_a_file(a_folder_is_no_database),
        on_a_file(a_file_is_no_folder),
        on_a_file(a_path_that_is_too_long),
        on_a_file(devices_and_pipes_are_no_databases),
        on_a_file(urls_that_make_no_sense),
        on_a_file(a_file_opened_for_reading_refuses_writes),
        on_a_file(a_file_that_cannot_be_written),
        on_a_file(a_read_only_transaction_refuses_writes),
        on_a_file(a_file_that_is_no_database),
        on_a_file(an_empty_file_is_a_new_database),
        on_a_file(a_header_that_is_damaged),
        on_a_file(pages_that_are_damaged),
        on_a_file(a_file_that_was_cut_off),
        on_a_file(a_schema_that_is_damaged),
        on_a_file(a_pragma_that_is_explained_changes_no_session),
        on_a_file(a_full_database_refuses_and_goes_on),
        on_a_file(a_full_disk_refuses_until_there_is_room),
        on_a_file(a_disk_that_fails),
        on_a_file(a_value_above_the_limit_of_the_engine),
        on_a_file(a_locked_database_refuses_writes_and_goes_on_reading),
        on_a_file(a_deadline_ends_the_wait_for_a_lock),
        on_a_file(a_file_that_is_locked_while_it_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
