/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/hostile.h"

/* Hostile texts as values of records: each verb that writes one keeps it as it is or refuses it, AR_E_TYPE, with nothing
 * written; and as what is validated, who a row belongs to, and what a scope carries. Keys: test_injection_keys. */

typedef struct Note {
    int64_t id;
    const char *name;
    ar_text text;
    ar_bytes bytes;
    ar_json json;
    int32_t hits;
} Note;

AR_MODEL_DECLARE(Note);
AR_MODEL_DEFINE(Note, "notes", AR_COLUMN(Note, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Note, name),
                AR_COLUMN(Note, text), AR_COLUMN(Note, bytes), AR_COLUMN(Note, json), AR_COLUMN(Note, hits));

typedef struct Rented {
    int64_t id;
    const char *tenant;
    const char *note;
} Rented;

AR_MODEL_DECLARE(Rented);
AR_MODEL_DEFINE(Rented, "rented", AR_COLUMN(Rented, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Rented, tenant, AR_TENANT | AR_NOT_NULL), AR_COLUMN(Rented, note));

typedef struct Ruled {
    int64_t id;
    const char *word;
    ar_text choice;
    ar_text brief;
} Ruled;

AR_MODEL_DECLARE(Ruled);
AR_MODEL_DEFINE(Ruled, "ruled", AR_COLUMN(Ruled, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Ruled, word, 0, .rules = AR_RULES(.pattern = "^[a-z]+$")),
                AR_COLUMN(Ruled, choice, 0, .rules = AR_RULES(.one_of = AR_ONE_OF("this", "that"))),
                AR_COLUMN(Ruled, brief, 0, .rules = AR_RULES(.min_length = 2, .max_length = 4)));

static const ar_model *const models[] = { &Canary_model, &Note_model, &Rented_model, &Ruled_model };

static const ar_text plain_text = { "plain", 5 };

static Note plain_note(void)
{
    return (Note){ .name = "plain", .text = plain_text, .json = { "{}", 2 } };
}

static int64_t count_of(ar_query *query)
{
    int64_t count = -1;
    ok(ar_query_count(query, &count, &err));
    return count;
}

static void clear_notes(void)
{
    ok(ar_query_exec(ar_sql(db, "delete from notes"), NULL, &err));
}

/* --- the verbs; each puts the row into the table, and its key into it --- */

typedef ar_status verb(Note *row, bool is_async);

static ar_status by_insert(Note *row, bool is_async)
{
    return is_async ? hostile_await(ar_record_insert_async(db, &Note_model, row).raw)
                    : ar_record_insert(db, &Note_model, row, &err);
}

static Note *record_of(const Note *row)
{
    Note *record = Note_new();
    assert_non_null(record);
    *record = *row;
    return record;
}

static ar_status by_save(Note *row, bool is_async)
{
    Note *record = record_of(row);
    ar_status status = is_async ? hostile_await(ar_record_save_async(db, &Note_model, record).raw)
                                : ar_record_save(db, &Note_model, record, &err);
    row->id = record->id;
    Note_free(record);
    return status;
}

static ar_status by_save_many(Note *row, bool is_async)
{
    Note plain = plain_note(), *records[] = { record_of(&plain), record_of(row) };
    ar_status status = is_async ? hostile_await(ar_record_save_many_async(db, &Note_model, records, 2).raw)
                                : ar_record_save_many(db, &Note_model, records, 2, &err);
    row->id = records[1]->id;
    Note_free(records[0]);
    Note_free(records[1]);
    return status;
}

static ar_status upsert_twice(Note *row, bool is_async, const ar_upsert_options *options)
{
    ar_status status = AR_OK;
    Note *record = record_of(row);
    for (int i = 0; i < 2 && status == AR_OK; i++) {
        if (options == NULL)
            status = is_async ? hostile_await(ar_record_upsert_async(db, &Note_model, record).raw)
                              : ar_record_upsert(db, &Note_model, record, &err);
        else
            status = is_async ? hostile_await(ar_record_upsert_with_async(db, &Note_model, record, options).raw)
                              : ar_record_upsert_with(db, &Note_model, record, options, &err);
    }
    row->id = record->id;
    Note_free(record);
    return status;
}

static ar_status by_upsert(Note *row, bool is_async)
{
    return upsert_twice(row, is_async, NULL);
}

static ar_status by_upsert_with(Note *row, bool is_async)
{
    row->id = 7;
    return upsert_twice(
        row, is_async,
        &(ar_upsert_options){ .conflict = AR_MEMBERS(Note, id), .update = AR_MEMBERS(Note, name, text, bytes, json) });
}

static ar_status by_upsert_many(Note *row, bool is_async)
{
    ar_status status = AR_OK;
    for (int i = 0; i < 2 && status == AR_OK; i++) {
        Note rows[] = { plain_note(), *row };
        rows[0].id = 7;
        rows[1].id = 8;
        status = is_async ? hostile_await(ar_record_upsert_many_async(db, &Note_model, rows, 2, NULL).raw)
                          : ar_record_upsert_many(db, &Note_model, rows, 2, NULL, &err);
        row->id = rows[1].id;
    }
    return status;
}

static ar_status by_insert_many(Note *row, bool is_async)
{
    Note rows[] = { plain_note(), *row };
    ar_status status = is_async ? hostile_await(ar_record_insert_many_async(db, &Note_model, rows, 2).raw)
                                : ar_record_insert_many(db, &Note_model, rows, 2, &err);
    row->id = rows[1].id;
    return status;
}

static void keep_rejection(void *arg, size_t index, const ar_error *error)
{
    assert_int_equal(index, 1);
    *(ar_error *)arg = *error;
}

static ar_status by_insert_each(Note *row, bool is_async)
{
    Note rows[] = { plain_note(), *row };
    ar_error rejection = { .status = AR_OK };
    int64_t inserted = 0;
    ar_int64_future future;
    if (is_async) {
        future = ar_record_insert_each_async(db, &Note_model, rows, 2, ar_runtime_executor(fixture_runtime()),
                                             keep_rejection, &rejection);
        ok(ar_int64_await(&future, &inserted, &err));
    } else {
        ok(ar_record_insert_each(db, &Note_model, rows, 2, keep_rejection, &rejection, &inserted, &err));
    }
    row->id = rows[1].id;
    err = rejection;
    assert_int_equal(inserted, rejection.status == AR_OK ? 2 : 1);
    return rejection.status;
}

/* A row to be changed. */
static void put_plain(Note *row)
{
    Note plain = plain_note();
    ok(Note_insert(db, &plain, &err));
    row->id = plain.id;
}

static ar_status by_update(Note *row, bool is_async)
{
    put_plain(row);
    return is_async ? hostile_await(ar_record_update_async(db, &Note_model, row).raw)
                    : ar_record_update(db, &Note_model, row, &err);
}

static ar_status by_update_many(Note *row, bool is_async)
{
    int64_t updated = 0;
    put_plain(row);
    return is_async ? hostile_await(ar_record_update_many_async(db, &Note_model, row, 1, NULL).raw)
                    : ar_record_update_many(db, &Note_model, row, 1, NULL, &updated, &err);
}

static ar_status by_changed_save(Note *row, bool is_async)
{
    Note *found = NULL;
    put_plain(row);
    ok(Note_find_one(db, ar_key(row->id), &found, &err));
    *found = *row;
    ar_status status = is_async ? hostile_await(Note_save_async(db, found).raw) : Note_save(db, found, &err);
    Note_free(found);
    return status;
}

static ar_status by_change(Note *row, bool is_async)
{
    ar_key key;
    put_plain(row);
    key = ar_key(row->id);
    const ar_change changes[] = { AR_SET(Note, name, row->name), AR_SET(Note, text, row->text),
                                  AR_SET(Note, bytes, row->bytes), AR_SET(Note, json, row->json),
                                  AR_ADD(Note, hits, 1) };
    return is_async ? hostile_await(ar_record_change_async(db, &Note_model, &key, changes, 5).raw)
                    : ar_record_change(db, &Note_model, &key, changes, 5, &err);
}

static ar_status by_change_in_sql(Note *row, bool is_async)
{
    ar_key key;
    put_plain(row);
    key = ar_key(row->id);
    const ar_change rest[] = { AR_SET(Note, bytes, row->bytes), AR_SET(Note, json, row->json) };
    const ar_change changes[] = { AR_SET_SQL(Note, name, "coalesce(?, name)", row->name),
                                  AR_SET_SQL(Note, text, "coalesce(?, text)", row->text) };
    ok(ar_record_change(db, &Note_model, &key, AR_CHANGES(AR_SET_NULL(Note, bytes)), &err));
    ar_status status = ar_record_change(db, &Note_model, &key, rest, 2, &err);
    if (status != AR_OK)
        return status;
    return is_async ? hostile_await(ar_record_change_async(db, &Note_model, &key, changes, 2).raw)
                    : ar_record_change(db, &Note_model, &key, changes, 2, &err);
}

static ar_status by_update_all(Note *row, bool is_async)
{
    ar_query *query = Note_query(db);
    put_plain(row);
    ar_query_filter(query, AR_EQ(Note, id, row->id));
    ar_query_set(query, AR_SET(Note, name, row->name), AR_SET(Note, text, row->text), AR_SET(Note, bytes, row->bytes),
                 AR_SET(Note, json, row->json));
    return is_async ? hostile_await(ar_query_update_all_async(query).raw) : ar_query_update_all(query, NULL, &err);
}

/* --- what comes of it --- */

static void check_note(const Note *row)
{
    Note *found = NULL;
    ok(Note_find_one(db, ar_key(row->id), &found, &err));
    same_text(((ar_text){ found->name, strlen(found->name) }), ((ar_text){ row->name, strlen(row->name) }));
    same_text(found->text, row->text);
    same_text(((ar_text){ found->bytes.data, found->bytes.length }), ((ar_text){ row->bytes.data, row->bytes.length }));
    same_text(((ar_text){ found->json.data, found->json.length }), ((ar_text){ row->json.data, row->json.length }));
    Note_free(found);
}

/* Nothing but what is plain. */
static void check_refused(void)
{
    Note_list list;
    ok(Note_all(Note_query(db), &list, &err));
    for (size_t i = 0; i < list.count; i++) {
        assert_string_equal(list.items[i]->name, "plain");
        same_text(list.items[i]->text, plain_text);
        same_text(((ar_text){ list.items[i]->json.data, list.items[i]->json.length }), ((ar_text){ "{}", 2 }));
    }
    Note_list_free(&list);
}

static void refuses(verb *write, Note row, bool is_async)
{
    answers(write(&row, is_async), AR_E_TYPE);
    check_refused();
    clear_notes();
}

static void writes(verb *write, const hostile *text)
{
    ar_json json = hostile_json(text, "{\"k\": \"", "\"}");
    for (int is_async = 0; is_async < 2 - text->is_huge; is_async++) {
        Note row = plain_note();
        row.bytes = (ar_bytes){ text->text.data, text->text.length };
        row.json = json;
        if (text->is_utf8) {
            row.name = text->text.data;
            row.text = text->text;
        }
        answers(write(&row, is_async), AR_OK);
        check_note(&row);
        clear_notes();
        row = plain_note();
        row.name = text->text.data;
        if (!text->is_utf8 && hostile_is_string(text))
            refuses(write, row, is_async);
        row = plain_note();
        row.text = text->text;
        if (!text->is_utf8)
            refuses(write, row, is_async);
        row = plain_note();
        row.json = (ar_json){ text->text.data, text->text.length };
        if (!text->is_utf8)
            refuses(write, row, is_async);
        row.json = (ar_json){ text->text.data, text->text.length }; /* which the servers look at */
        if (text->is_utf8 && !text->is_huge && quiet(write(&row, is_async)) == AR_OK && is_async == 0)
            check_note(&row);
        clear_notes();
    }
    free((void *)(uintptr_t)json.data);
}

#define VERB(name)                               \
    static void through_##name(const hostile *t) \
    {                                            \
        writes(by_##name, t);                    \
    }
VERB(insert)
VERB(save)
VERB(save_many)
VERB(upsert)
VERB(upsert_with)
VERB(upsert_many)
VERB(insert_many)
VERB(insert_each)
VERB(update)
VERB(update_many)
VERB(changed_save)
VERB(change)
VERB(change_in_sql)
VERB(update_all)

/* --- records that are there --- */

static void through_refresh(const hostile *text)
{
    for (int is_async = 0; is_async < 2 && text->is_utf8; is_async++) {
        Note row = plain_note(), *found = NULL;
        ok(Note_insert(db, &row, &err));
        ok(Note_find_one(db, ar_key(row.id), &found, &err));
        ok(Note_change(db, ar_key(row.id), AR_CHANGES(AR_SET(Note, text, text->text)), &err));
        answers(is_async ? hostile_await(ar_record_refresh_async(db, &Note_model, found).raw)
                         : ar_record_refresh(db, &Note_model, found, &err),
                AR_OK);
        same_text(found->text, text->text);
        Note_free(found);
        clear_notes();
    }
}

/* What was assigned is seen as it is, before it is refused or not. */
static void through_reset(const hostile *text)
{
    Note row = plain_note(), *found = NULL;
    ar_difference difference[2];
    ok(Note_insert(db, &row, &err));
    ok(Note_find_one(db, ar_key(row.id), &found, &err));
    found->text = text->text;
    assert_int_equal(ar_record_differences(found, difference, 2), 1);
    same_text(difference[0].now.as.text, text->text);
    same_text(difference[0].before.as.text, plain_text);
    answers(ar_record_reset(&Note_model, found, &err), AR_OK);
    same_text(found->text, plain_text);
    found->text = text->text;
    answers(ar_record_reset_member(&Note_model, found, offsetof(Note, text), &err), AR_OK);
    same_text(found->text, plain_text);
    assert_false(Note_is_changed(found));
    Note_free(found);
    clear_notes();
}

static void through_rows(const hostile *text)
{
    Note row = plain_note();
    ar_rows *rows = NULL;
    const char *given = NULL;
    ar_value value;
    if (!text->is_utf8)
        return;
    row.text = text->text;
    ok(Note_insert(db, &row, &err));
    ok(ar_query_rows(ar_sql(db, "select text, ? as given from notes", text->text), &rows, &err));
    answers(ar_rows_text(rows, 0, 0, &given, &err), AR_OK);
    same_text(((ar_text){ given, strlen(given) }), text->text);
    answers(ar_rows_value(rows, 0, 1, &value, &err), AR_OK);
    same_text(value.as.text, text->text);
    ar_rows_free(rows);
    clear_notes();
}

static void through_rules(const hostile *text)
{
    Ruled ruled = { .word = hostile_is_string(text) ? text->text.data : "A",
                    .choice = text->text,
                    .brief = text->text };
    ar_failures failures = { NULL, 0, NULL };
    answers(Ruled_insert(db, &ruled, &err), AR_E_INVALID);
    answers(ar_record_validate(&Ruled_model, &ruled, &failures, &err), AR_E_INVALID);
    assert_true(failures.count >= 3);
    for (size_t i = 0; i < failures.count; i++)
        assert_null(strstr(failures.items[i].message, MARK));
    ar_failures_free(&failures);
    answers(ar_record_validate_many(&Ruled_model, &ruled, 1, &failures, &err), AR_E_INVALID);
    ar_failures_free(&failures);
    assert_int_equal(count_of(Ruled_query(db)), 0);
}

static void through_tenants(const hostile *text)
{
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(text->text) });
    ar_db *other = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind("other") });
    ar_db *all = ar_scope_open(db, &(ar_scope_options){ .all_tenants = true });
    Rented row = { .note = "x" }, *found = NULL;
    int64_t deleted = 0;
    answers(Rented_insert(scope, &row, &err), hostile_status(text));
    answers(Rented_first(Rented_query(scope), &found, &err), hostile_status(text));
    if (text->is_utf8)
        same_text(((ar_text){ found->tenant, strlen(found->tenant) }), text->text);
    assert_int_equal(count_of(Rented_query(other)), 0);
    assert_int_equal(count_of(Rented_query(all)), text->is_utf8);
    ar_query *query = Rented_query(scope);
    ar_query_everything(query);
    answers(ar_query_delete_all(query, &deleted, &err), hostile_status(text));
    assert_int_equal(deleted, text->is_utf8);
    ar_scope_close(&all);
    ar_scope_close(&other);
    ar_scope_close(&scope);
}

/* At most 127 bytes; nothing of it is sent. */
static void through_traces(const hostile *text)
{
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .trace = text->text.data });
    int64_t count = 0;
    answers(ar_query_count(Note_query(scope), &count, &err), strlen(text->text.data) > 127 ? AR_E_INVALID : AR_OK);
    ar_scope_close(&scope);
}

static const probe inserts[] = {
    { "ar_record_insert ar_record_insert_async", through_insert },
    { "ar_record_new ar_record_save ar_record_save_async", through_save },
    { "ar_record_save_many ar_record_save_many_async", through_save_many },
    { "ar_record_upsert ar_record_upsert_async", through_upsert },
    { "ar_record_upsert_with ar_record_upsert_with_async", through_upsert_with },
    { "ar_record_upsert_many ar_record_upsert_many_async", through_upsert_many },
    { "ar_record_insert_many ar_record_insert_many_async", through_insert_many },
    { "ar_record_insert_each ar_record_insert_each_async", through_insert_each },
};

static const probe updates[] = {
    { "ar_record_update ar_record_update_async", through_update },
    { "ar_record_update_many ar_record_update_many_async", through_update_many },
    { "ar_record_save ar_record_save_async", through_changed_save },
    { "ar_record_change ar_record_change_async AR_SET AR_ADD", through_change },
    { "ar_record_change ar_record_change_async AR_SET_SQL AR_SET_NULL AR_CHANGES", through_change_in_sql },
    { "ar_query_set_list AR_SET", through_update_all },
};

static const probe others[] = {
    { "ar_record_refresh ar_record_refresh_async", through_refresh },
    { "ar_record_reset ar_record_reset_member", through_reset },
    { "ar_rows_value ar_rows_text", through_rows },
    { "ar_record_validate ar_record_validate_many", through_rules },
    { "ar_scope_open", through_tenants },
    { "ar_scope_open", through_traces },
};

static void what_is_inserted(void **state)
{
    (void)state;
    hostile_run_all(inserts);
}

static void what_is_updated(void **state)
{
    (void)state;
    hostile_run_all(updates);
}

static void what_else_is_done_with_values(void **state)
{
    (void)state;
    hostile_run_all(others);
}

static void no_entry_point_is_left_out(void **state)
{
    (void)state;
    const probe *const probes[] = { inserts, updates, others };
    const size_t counts[] = { sizeof inserts / sizeof *inserts, sizeof updates / sizeof *updates,
                              sizeof others / sizeof *others };
    hostile_check_entries(ENTRIES_OF_VALUES, probes, counts, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_inserted), cmocka_unit_test(what_is_updated),
                                        cmocka_unit_test(what_else_is_done_with_values),
                                        cmocka_unit_test(no_entry_point_is_left_out) };
    return fixture_main("injection_values", tests, models);
}
