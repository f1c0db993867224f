/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <actrec/listen.h>
#include <actrec/migration.h>
#include <actrec/schema.h>

#include "tests/support/hostile.h"

/* Hostile texts in migrations, as channels and payloads of notifications, and in URLs, whose passwords no message shows. */

static const ar_model *const models[] = { &Canary_model };

/* --- migrations --- */

static ar_status up(const ar_migration *migration, const ar_migrate_options *options, bool is_async,
                    ar_migration_report **report)
{
    if (!is_async)
        return ar_migrate_up(db, migration, 1, AR_MIGRATE_LATEST, options, report, &err);
    ar_migration_future future = ar_migrate_up_async(db, migration, 1, AR_MIGRATE_LATEST, options, NULL);
    return ar_migration_await(&future, report, &err);
}

static ar_status down(const ar_migration *migration, const ar_migrate_options *options, bool is_async,
                      ar_migration_report **report)
{
    if (!is_async)
        return ar_migrate_down(db, migration, 1, 1, options, report, &err);
    ar_migration_future future = ar_migrate_down_async(db, migration, 1, 1, options, NULL);
    return ar_migration_await(&future, report, &err);
}

static void check_report(ar_migration_report *report, const char *name)
{
    assert_non_null(report); /* without memory there is none */
    assert_true(report->count == 1 && strcmp(report->steps[0].name, name) == 0 && report->steps[0].is_done);
    ar_migration_report_free(report);
}

static void drop_history(void)
{
    ok(ar_query_exec(ar_sql(db, "drop table if exists actrec_migrations"), NULL, &err));
}

static void through_migrations(const hostile *text)
{
    const ar_migration migration = { .version = 1,
                                     .name = text->text.data,
                                     .up = "create table made (id int); drop table made",
                                     .down = "create table made (id int); drop table made",
                                     .revision = text->text.data };
    bool is_async = (text - hostiles) % 2 == 1;
    ar_migration_report *report = NULL;
    if (!hostile_is_string(text))
        return;
    ar_status status = up(&migration, NULL, is_async, &report);
    named(status, text->is_utf8 && text->text.length <= 200 ? AR_OK : AR_E_INVALID);
    if (status == AR_OK) {
        check_report(report, text->text.data);
        named(up(&migration, NULL, !is_async, &report), AR_OK); /* with the same checksum */
        assert_non_null(report);
        assert_int_equal(report->count, 0);
        ar_migration_report_free(report);
        named(down(&migration, NULL, is_async, &report), AR_OK);
        check_report(report, text->text.data);
    } else {
        ar_migration_report_free(report);
    }
    drop_history();
}

/* SQL of the application's own, which makes nothing else; half of one may stay on MySQL. */
static void through_steps(const hostile *text)
{
    const ar_migration migration = { .version = 1, .name = "step", .up = text->text.data, .down = text->text.data };
    ar_migration_report *report = NULL;
    if (!hostile_is_string(text))
        return;
    ar_ignore(up(&migration, NULL, false, &report));
    ar_migration_report_free(report);
    report = NULL;
    ar_ignore(down(&migration, NULL, false, &report));
    ar_migration_report_free(report);
    drop_history();
}

/* The table of what was applied: of up to 63 bytes. */
static void through_histories(const hostile *text)
{
    const ar_migrate_options options = { .table = text->text.data };
    const ar_migration migration = { .version = 1,
                                     .name = "step",
                                     .up = "create table made (id int); drop table made" };
    const ar_column column = { .member = "version", .size = sizeof(int64_t), .kind = AR_KIND_INT64, AR_PRIMARY_KEY };
    static ar_model tables[256]; /* which stay where they are */
    static size_t used;
    ar_migration_report *report = NULL;
    if (!hostile_is_string(text))
        return;
    ar_status status = up(&migration, &options, (text - hostiles) % 2 == 1, &report);
    ar_migration_report_free(report);
    if (!text->is_utf8 || text->text.length > 63)
        named(status, AR_E_INVALID);
    ar_status resolved = (text - hostiles) % 2 == 1 ? hostile_await(ar_migrate_resolve_async(db, 1, true, &options).raw)
                                                    : ar_migrate_resolve(db, 1, true, &options, &err);
    assert_int_not_equal(resolved, AR_OK);
    if (status != AR_OK)
        return;
    assert_true(used < 256);
    static ar_column columns[1];
    columns[0] = column;
    tables[used] = (ar_model){ .struct_size = sizeof(ar_model),
                               .name = "History",
                               .table = text->text.data,
                               .record_size = sizeof(int64_t),
                               .record_alignment = _Alignof(int64_t),
                               .columns = columns,
                               .column_size = sizeof(ar_column),
                               .column_count = 1 };
    named(ar_table_drop(db, &tables[used++], &err), AR_OK);
}

/* --- notifications --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int heard;
static char heard_channel[64], heard_payload[8000];

static ar_status hear(ar_context *self, void *state, ar_message *message, ar_error *error)
{
    const ar_notification *told = message->data;
    (void)self;
    (void)state;
    (void)error;
    pthread_mutex_lock(&lock);
    (void)snprintf(heard_channel, sizeof heard_channel, "%s", told->channel);
    (void)snprintf(heard_payload, sizeof heard_payload, "%s", told->payload);
    heard++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return AR_OK;
}

static void wait_for(int count)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&lock);
    while (heard < count && late == 0)
        late = pthread_cond_timedwait(&changed, &lock, &until);
    pthread_mutex_unlock(&lock);
    assert_int_equal(late, 0);
}

static ar_actor *ear;

static int spawn_ear(void **state)
{
    (void)state;
    return ar_actor_spawn(fixture_runtime(), &(ar_actor_options){ .behaviour = hear }, &ear, &err) == AR_OK ? 0 : -1;
}

static int stop_ear(void **state)
{
    (void)state;
    ar_ignore(ar_actor_stop(ear, NULL));
    return 0;
}

static ar_status notify(ar_text channel, ar_text payload)
{
    ar_rows *rows = NULL;
    ar_status status = ar_query_rows(ar_sql(db, "select pg_notify(?, ?)", channel, payload), &rows, &err);
    ar_rows_free(rows);
    return status;
}

/* What a channel of that name answers. */
static ar_status channel_status(const hostile *text)
{
    size_t length = strlen(text->text.data);
    if (length == 0 || length > 63)
        return AR_E_INVALID;
    if (!text->is_utf8)
        return AR_E_INVALID;
    return fixture_on("postgres") ? AR_OK : AR_E_UNSUPPORTED;
}

static void through_channels(const hostile *text)
{
    const char *channel = text->text.data;
    if (!hostile_is_string(text))
        return;
    for (int is_async = 0; is_async < 2; is_async++) {
        ar_status expected = channel_status(text);
        named(is_async ? hostile_await(ar_listen_async(db, channel, ear).raw) : ar_listen(db, channel, ear, &err),
              expected);
        if (expected == AR_OK) {
            int before = heard;
            ok(notify(text->text, text->text));
            wait_for(before + 1);
            assert_string_equal(heard_channel, channel);
            assert_string_equal(heard_payload, channel);
        }
        named(is_async ? hostile_await(ar_unlisten_async(db, channel, ear).raw) : ar_unlisten(db, channel, ear, &err),
              expected);
    }
    if (fixture_on("postgres") && !text->is_huge) {
        ok(ar_listen(db, "plain", ear, &err)); /* which still works */
        int before = heard;
        answers(notify((ar_text){ "plain", 5 }, text->text), hostile_status(text));
        if (text->is_utf8) {
            wait_for(before + 1);
            assert_string_equal(heard_payload, channel);
        }
    }
}

/* --- URLs --- */

/* Every byte as %XX, between two texts; to be freed. */
static char *encoded(const char *before, const hostile *text, const char *after)
{
    size_t used = strlen(before);
    char *url = malloc(used + 3 * text->text.length + strlen(after) + 1);
    assert_non_null(url);
    memcpy(url, before, used);
    for (size_t i = 0; i < text->text.length; i++, used += 3)
        (void)snprintf(url + used, 4, "%%%02X", (unsigned)(unsigned char)text->text.data[i]);
    memcpy(url + used, after, strlen(after) + 1);
    return url;
}

/* Opens, and is in order when it is open. The password's message shows nothing of it. */
static ar_status opened(char *url, bool is_secret)
{
    ar_db *other = NULL;
    int64_t count = 0;
    ar_status status = ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &other, &err);
    if (is_secret)
        ar_ignore(quiet(status));
    if (status == AR_OK) {
        ok(ar_query_count(ar_sql(other, "select 1 as one"), &count, &err));
        assert_int_equal(count, 1);
    }
    ar_db_close(&other);
    free(url);
    return status;
}

/* Those that hold a text, and some that are one of a few words. */
static void through_options(const hostile *text)
{
    static const char *const texts[] = { "application_name", "timezone", "search_path", "collation", "initial_sql" };
    static const char *const words[] = { "sslmode", "charset", "statement_cache", "synchronous", "vfs", "mode" };
    char before[512];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)snprintf(before, sizeof before, "%s%c%s=", fixture_url(), strchr(fixture_url(), '?') ? '&' : '?',
                       texts[i]);
        ar_ignore(opened(encoded(before, text, ""), false));
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        (void)snprintf(before, sizeof before, "%s%c%s=", fixture_url(), strchr(fixture_url(), '?') ? '&' : '?',
                       words[i]);
        named(opened(encoded(before, text, ""), false), AR_E_INVALID);
    }
}

/* In the place of the password, the user's name, the database and the whole. */
static void through_parts(const hostile *text)
{
    const char *url = fixture_url(), *user = strstr(url, "//"), *at = strrchr(url, '@');
    char before[512];
    ar_db *other = NULL;
    assert_int_not_equal(quiet(ar_db_open(text->text.data, NULL, &other, &err)), AR_OK);
    if (user == NULL || at == NULL) { /* SQLite: a file that is not there */
        assert_int_not_equal(opened(encoded("sqlite:///nowhere/", text, "?mode=ro"), false), AR_OK);
        return;
    }
    user += 2;
    (void)snprintf(before, sizeof before, "%.*s", (int)(strchr(user, ':') + 1 - url), url);
    ar_ignore(opened(encoded(before, text, at), true));
    (void)snprintf(before, sizeof before, "%.*s", (int)(user - url), url);
    assert_int_not_equal(opened(encoded(before, text, at), false), AR_OK);
    (void)snprintf(before, sizeof before, "%.*s", (int)(strchr(at, '/') + 1 - url), url);
    assert_int_not_equal(opened(encoded(before, text, ""), false), AR_OK);
}

static const probe migrations[] = {
    { "ar_migrate_up ar_migrate_up_async ar_migrate_down ar_migrate_down_async", through_migrations },
    { "ar_migrate_up ar_migrate_down", through_steps },
    { "ar_migrate_up ar_migrate_resolve ar_migrate_resolve_async", through_histories },
};

static const probe channels[] = { { "ar_listen ar_listen_async ar_unlisten ar_unlisten_async", through_channels } };

static const probe urls[] = { { "ar_db_open", through_options }, { "ar_db_open", through_parts } };

static void what_is_migrated(void **state)
{
    (void)state;
    hostile_run_all(migrations);
}

static void what_is_listened_to(void **state)
{
    (void)state;
    hostile_run_all(channels);
}

static void what_is_opened(void **state)
{
    (void)state;
    hostile_run_all(urls);
}

static void no_entry_point_is_left_out(void **state)
{
    (void)state;
    const probe *const probes[] = { migrations, channels, urls };
    const size_t counts[] = { sizeof migrations / sizeof *migrations, sizeof channels / sizeof *channels,
                              sizeof urls / sizeof *urls };
    hostile_check_entries(ENTRIES_OF_OUTSIDE, probes, counts, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_migrated),
                                        fixture_test_setup_on(NULL, what_is_listened_to, spawn_ear, stop_ear),
                                        cmocka_unit_test(what_is_opened),
                                        cmocka_unit_test(no_entry_point_is_left_out) };
    return fixture_main("injection_outside", tests, models);
}
