/* SPDX-License-Identifier: MIT */
#include "tests/support/sqlite_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/sqlite/sqlite.h"

static sqlite_fixture *create(void **state)
{
    sqlite_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    fake_host_init(&f->host, &ari_sqlite_backend);
    *state = f;
    return f;
}

int sqlite_fixture_memory(void **state)
{
    sqlite_fixture *f = create(state);
    strcpy(f->path, ":memory:");
    sqlite_fixture_reopen(f, NULL);
    return 0;
}

int sqlite_fixture_file(void **state)
{
    sqlite_fixture *f = create(state);
    strcpy(f->folder, "/tmp/actrec-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
    sqlite_fixture_reopen(f, "synchronous=off");
    return 0;
}

void sqlite_fixture_close(sqlite_fixture *f)
{
    if (f->writer != NULL)
        ari_sqlite_backend.close(f->writer);
    f->writer = NULL;
    ari_sqlite_backend.config_free(f->config);
    f->config = NULL;
}

void sqlite_fixture_reopen(sqlite_fixture *f, const char *options)
{
    ar_error error;
    sqlite_fixture_close(f);
    if (fake_configure(&f->host, f->path, options, &f->config, NULL, &error) != AR_OK)
        fail_msg("%s", error.message);
    f->writer = fake_open(&f->host, f->config, AR_ROLE_WRITER);
}

int sqlite_fixture_tear_down(void **state)
{
    sqlite_fixture *f = *state;
    char command[160];
    sqlite_fixture_close(f);
    (void)sqlite3_close(f->other);
    fake_host_fini(&f->host);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    if (f->folder[0] != '\0')
        assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

void sqlite_fixture_other(sqlite_fixture *f, const char *sql)
{
    if (f->other == NULL)
        assert_int_equal(sqlite3_open(f->path, &f->other), SQLITE_OK);
    if (sqlite3_exec(f->other, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(f->other));
}

const char *sqlite_fixture_rows(sqlite_fixture *f, const char *sql)
{
    return fake_rows(&f->host, f->writer, sql);
}

void sqlite_fixture_run(sqlite_fixture *f)
{
    fake_run(&f->host, f->writer);
}

void assert_ended(const fake_op *op, ar_status status)
{
    assert_non_null(op);
    if (op->status != status)
        fail_msg("%s: ended with %s (%s), not %s", op->statement.sql, ar_status_name(op->status), op->error.message,
                 ar_status_name(status));
}

void assert_says(const char *message, const char *what)
{
    if (strstr(message, what) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", message, what);
}
