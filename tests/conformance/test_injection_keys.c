/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/hostile.h"

/* Hostile texts as keys: each verb that takes one finds, locks, deletes or loads the row that has it, beside one that has
 * another, or refuses it, AR_E_TYPE. A key of a MiB is more than a server's index takes: nothing is found by it there. */

typedef struct Leaf Leaf;

typedef struct Named {
    const char *name;
    const char *note;
    ar_opt_timestamp gone_at;
    AR_MANY(Leaf) leaves;
} Named;

struct Leaf {
    int64_t id;
    const char *named;
    AR_ONE(Named) owner;
};

AR_MODEL_DECLARE(Named);
AR_MODEL_DECLARE(Leaf);
AR_MODEL_DEFINE(Named, "named", AR_COLUMN(Named, name, AR_PRIMARY_KEY), AR_COLUMN(Named, note),
                AR_COLUMN(Named, gone_at, AR_DELETED_AT), AR_HAS_MANY(Named, leaves, Leaf, named));
AR_MODEL_DEFINE(Leaf, "leaves", AR_COLUMN(Leaf, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Leaf, named),
                AR_BELONGS_TO(Leaf, owner, Named, named));

/* A key of two columns, of bytes that may be any. */
typedef struct Hashed {
    ar_text name;
    ar_bytes hash;
    const char *note;
} Hashed;

AR_MODEL_DECLARE(Hashed);
AR_MODEL_DEFINE(Hashed, "hashed", AR_COLUMN(Hashed, name, AR_PRIMARY_KEY), AR_COLUMN(Hashed, hash, AR_PRIMARY_KEY),
                AR_COLUMN(Hashed, note));

static const ar_model *const models[] = { &Canary_model, &Named_model, &Leaf_model, &Hashed_model };

/* The rows "decoy" and, when it can be a key, the text. */
static bool plant(const hostile *text)
{
    Named decoy = { .name = "decoy" }, row = { .name = text->text.data, .note = "mine" };
    ok(Named_insert(db, &decoy, &err));
    if (!text->is_utf8)
        return false;
    if (!text->is_huge || fixture_on("sqlite")) {
        answers(Named_insert(db, &row, &err), AR_OK);
        return true;
    }
    return quiet(Named_insert(db, &row, &err)) == AR_OK;
}

static void clear(void)
{
    ok(ar_query_exec(ar_sql(db, "delete from named"), NULL, &err));
    ok(ar_query_exec(ar_sql(db, "delete from leaves"), NULL, &err));
    ok(ar_query_exec(ar_sql(db, "delete from hashed"), NULL, &err));
}

static ar_status found_status(const hostile *text, bool planted)
{
    return !text->is_utf8 ? AR_E_TYPE : planted ? AR_OK : AR_E_NOT_FOUND;
}

static void check_named(const Named *found, const hostile *text)
{
    same_text(((ar_text){ found->name, strlen(found->name) }), text->text);
    assert_string_equal(found->note, "mine");
}

static ar_status await_named(ar_future *future, Named **out)
{
    void *record = NULL;
    ar_status status = ar_record_await(&future, -1, &record, &err);
    *out = record;
    return status;
}

static ar_status await_list(ar_future *future, Named_list *out)
{
    ar_record_list list = { NULL, 0, NULL };
    ar_status status = ar_record_list_await(&future, -1, &list, &err);
    *out = (Named_list){ list.items, list.count, list.raw };
    return status;
}

static void through_find_one(const hostile *text)
{
    bool planted = plant(text);
    ar_key key = ar_key(text->text);
    for (int is_async = 0; is_async < 2; is_async++) {
        Named *found = NULL, *locked = NULL;
        answers(is_async ? await_named(ar_record_find_one_async(db, &Named_model, &key), &found)
                         : Named_find_one(db, key, &found, &err),
                found_status(text, planted));
        ar_db *tx = ar_tx_begin(db, NULL);
        answers(is_async ? await_named(ar_record_find_for_update_async(tx, &Named_model, &key), &locked)
                         : Named_find_for_update(tx, key, &locked, &err),
                found_status(text, planted));
        if (planted) {
            check_named(found, text);
            check_named(locked, text);
        }
        Named_free(found);
        ok(ar_tx_rollback(&tx, &err));
    }
    clear();
}

static void through_find_many(const hostile *text)
{
    bool planted = plant(text);
    ar_key keys[] = { ar_key("decoy"), ar_key(text->text), ar_key("nobody") };
    for (int is_async = 0; is_async < 2; is_async++) {
        Named_list list = { NULL, 0, NULL }, places = { NULL, 0, NULL };
        answers(is_async ? await_list(ar_record_find_many_async(db, &Named_model, keys, 3), &list)
                         : Named_find_many(db, keys, 3, &list, &err),
                hostile_status(text));
        answers(is_async ? await_list(ar_record_find_in_place_async(db, &Named_model, keys, 3), &places)
                         : Named_find_in_place(db, keys, 3, &places, &err),
                hostile_status(text));
        if (text->is_utf8) {
            assert_int_equal(list.count, 1 + planted);
            assert_int_equal(places.count, 3);
            assert_null(places.items[2]);
            assert_int_equal(places.items[1] != NULL, planted);
        }
        if (planted) {
            check_named(list.items[1], text);
            check_named(places.items[1], text);
        }
        Named_list_free(&list);
        Named_list_free(&places);
    }
    clear();
}

static int64_t count_of(ar_query *query)
{
    int64_t count = -1;
    ok(ar_query_count(query, &count, &err));
    return count;
}

static void through_delete_many(const hostile *text)
{
    bool planted = plant(text);
    ar_key keys[] = { ar_key("nobody"), ar_key(text->text) };
    for (int is_async = 0; is_async < 2; is_async++) {
        int64_t deleted = 0;
        ar_int64_future future;
        if (is_async) {
            future = ar_record_delete_many_async(db, &Named_model, keys, 2);
            answers(ar_int64_await(&future, &deleted, &err), hostile_status(text));
        } else {
            answers(ar_record_delete_many(db, &Named_model, keys, 2, &deleted, &err), hostile_status(text));
        }
        assert_int_equal(deleted, planted && is_async == 0);
        assert_int_equal(count_of(Named_query(db)), 1);
    }
    clear();
}

static void through_delete(const hostile *text)
{
    for (int is_async = 0; is_async < 2; is_async++) {
        Named *found = NULL;
        if (!plant(text)) {
            clear();
            return;
        }
        ok(Named_find_one(db, ar_key(text->text), &found, &err));
        answers(is_async ? hostile_await(Named_delete_async(db, found).raw) : Named_delete(db, found, &err), AR_OK);
        assert_int_equal(count_of(Named_query(db)), 1);
        answers(is_async ? hostile_await(ar_record_restore_async(db, &Named_model, found).raw)
                         : ar_record_restore(db, &Named_model, found, &err),
                AR_OK);
        assert_int_equal(count_of(Named_query(db)), 2);
        answers(is_async ? hostile_await(ar_record_hard_delete_async(db, &Named_model, found).raw)
                         : ar_record_hard_delete(db, &Named_model, found, &err),
                AR_OK);
        Named_free(found);
        ar_query *query = Named_query(db);
        ar_query_with_deleted(query);
        assert_int_equal(count_of(query), 1);
        clear();
    }
}

/* A record whose key became what it cannot be. */
static void through_changed_keys(const hostile *text)
{
    Named row = { .name = "decoy" }, *found = NULL;
    if (!hostile_is_string(text))
        return;
    ok(Named_insert(db, &row, &err));
    row.name = text->text.data;
    answers(Named_update(db, &row, &err), text->is_utf8 ? AR_E_NOT_FOUND : AR_E_TYPE);
    ok(Named_find_one(db, ar_key("decoy"), &found, &err));
    found->name = text->text.data;
    ar_ignore(quiet(Named_refresh(db, found, &err)));
    ar_ignore(quiet(Named_delete(db, found, &err)));
    Named_free(found);
    clear();
}

static void only_mine(ar_query *query, void *arg)
{
    ar_query_filter(query, AR_NE(Leaf, named, (const char *)arg));
}

static void check_leaves(const Named *named)
{
    Leaf_list leaves;
    ok(AR_GET_MANY(named, leaves, &leaves, &err));
    assert_int_equal(leaves.count, 1);
    same_text(((ar_text){ leaves.items[0]->named, strlen(leaves.items[0]->named) }),
              ((ar_text){ named->name, strlen(named->name) }));
}

static void through_relations(const hostile *text)
{
    bool planted = plant(text);
    ar_key key = ar_key(text->text);
    Leaf leaves[] = { { .named = "decoy" }, { .named = text->text.data } };
    if (planted)
        ok(Leaf_insert_many(db, leaves, 2, &err));
    for (int is_async = 0; is_async < 2; is_async++) {
        Named *found = NULL;
        ar_path path = AR_PATH(Named, leaves);
        answers(is_async ? await_named(ar_record_find_one_with_async(db, &Named_model, &key, path), &found)
                         : Named_find_one_with(db, key, path, &found, &err),
                found_status(text, planted));
        if (planted) {
            check_leaves(found);
            answers(is_async ? hostile_await(ar_relation_load_async(db, &found, 1, path).raw)
                             : ar_relation_load(db, &found, 1, path, &err),
                    AR_OK);
            check_leaves(found);
        }
        Named_free(found);
    }
    clear();
}

/* A modifier's values. */
static void through_include(const hostile *text)
{
    Named row = { .name = "decoy" };
    Named_list list;
    Leaf leaf = { .named = "decoy" };
    ar_query *query = Named_query(db);
    if (!hostile_is_string(text)) {
        ar_query_free(query);
        return;
    }
    ok(Named_insert(db, &row, &err));
    ok(Leaf_insert(db, &leaf, &err));
    ar_query_include(query, ar_path_by(AR_PATH(Named, leaves), only_mine, (void *)(uintptr_t)text->text.data));
    answers(Named_all(query, &list, &err), hostile_status(text));
    if (text->is_utf8)
        check_leaves(list.items[0]);
    Named_list_free(&list);
    clear();
}

/* Bytes may be anything, texts beside them not. */
static void through_bytes(const hostile *text)
{
    Hashed row = { .name = { "n", 1 }, .hash = { text->text.data, text->text.length }, .note = "mine" }, *found = NULL;
    Hashed decoy = { .name = { "n", 1 }, .hash = { "", 0 } };
    ok(Hashed_insert(db, &decoy, &err));
    if (quiet(Hashed_insert(db, &row, &err)) == AR_OK) {
        answers(Hashed_find_one(db, ar_key(row.name, row.hash), &found, &err), AR_OK);
        same_text(((ar_text){ found->hash.data, found->hash.length }), text->text);
        answers(Hashed_delete(db, found, &err), AR_OK);
        Hashed_free(found);
    } else {
        assert_true(text->is_huge && !fixture_on("sqlite"));
    }
    found = NULL;
    row.name = text->text;
    if (!text->is_utf8)
        answers(Hashed_insert(db, &row, &err), AR_E_TYPE);
    answers(Hashed_find_one(db, ar_key(row.name, row.hash), &found, &err), text->is_utf8 ? AR_E_NOT_FOUND : AR_E_TYPE);
    assert_int_equal(count_of(Hashed_query(db)), 1);
    clear();
}

/* What a server says of a key that is there twice has it in its detail. */
static void through_duplicates(const hostile *text)
{
    Named row = { .name = text->text.data };
    Hashed hashed = { .name = { "n", 1 }, .hash = { text->text.data, text->text.length } };
    if (plant(text))
        answers(Named_insert(db, &row, &err), AR_E_CONSTRAINT);
    if (!text->is_huge) {
        ok(Hashed_insert(db, &hashed, &err));
        answers(Hashed_insert(db, &hashed, &err), AR_E_CONSTRAINT);
        answers(Hashed_insert_many(db, &hashed, 1, &err), AR_E_CONSTRAINT);
    }
    clear();
}

static const probe probes[] = {
    { "ar_record_find_one ar_record_find_one_async ar_record_find_for_update ar_record_find_for_update_async",
      through_find_one },
    { "ar_record_find_many ar_record_find_many_async ar_record_find_in_place ar_record_find_in_place_async",
      through_find_many },
    { "ar_record_delete_many ar_record_delete_many_async", through_delete_many },
    { "ar_record_delete ar_record_delete_async ar_record_restore ar_record_restore_async ar_record_hard_delete "
      "ar_record_hard_delete_async",
      through_delete },
    { "ar_record_delete", through_changed_keys },
    { "ar_record_find_one_with ar_record_find_one_with_async ar_relation_load ar_relation_load_async",
      through_relations },
    { "ar_query_include", through_include },
    { "ar_record_find_one", through_bytes },
    { "ar_record_find_one", through_duplicates },
};

static void what_is_found_by_a_key(void **state)
{
    (void)state;
    hostile_run_all(probes);
}

static void no_entry_point_is_left_out(void **state)
{
    (void)state;
    const probe *const all[] = { probes };
    const size_t counts[] = { sizeof probes / sizeof *probes };
    hostile_check_entries(ENTRIES_OF_KEYS, all, counts, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_found_by_a_key),
                                        cmocka_unit_test(no_entry_point_is_left_out) };
    return fixture_main("injection_keys", tests, models);
}
