/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

/* What differs between models and tables. */

typedef enum Shade { DARK, LIGHT } Shade;

typedef struct Owner {
    ar_uuid id;
    const char *name;
} Owner;

/* Every type, and everything that a model can declare. */
typedef struct Whole {
    int64_t id;
    bool flag;
    int16_t small;
    int32_t medium;
    float single;
    double real;
    const char *string;
    ar_text text;
    ar_bytes bytes;
    ar_json json;
    ar_timestamp timestamp;
    ar_date date;
    ar_time time;
    ar_decimal decimal;
    ar_uuid owner;
    Shade shade;
    ar_opt_bool maybe;
    ar_opt_decimal perhaps;
    const char *code;
    int32_t twice;
    ar_timestamp made;
} Whole;

typedef struct Pair {
    const char *left;
    int64_t right;
    ar_bytes data;
} Pair;

/* What the table of Pair is compared with. */
typedef struct Other {
    const char *left;
    int32_t right;
    ar_opt_int64 added;
    const char *owner;
} Other;

typedef struct Nowhere {
    int16_t id;
} Nowhere;

AR_MODEL_DECLARE(Owner);
AR_MODEL_DECLARE(Whole);
AR_MODEL_DECLARE(Pair);
AR_MODEL_DECLARE(Other);
AR_MODEL_DECLARE(Nowhere);
AR_MODEL_DEFINE(Owner, "owners", AR_COLUMN(Owner, id, AR_PRIMARY_KEY), AR_COLUMN(Owner, name, AR_UNIQUE));
AR_MODEL_DEFINE(Whole, "Whole things", AR_COLUMN(Whole, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Whole, flag, AR_NOT_NULL, .default_sql = "true"),
                AR_COLUMN(Whole, small, 0, .default_sql = "-1"),
                AR_COLUMN(Whole, medium, AR_NOT_NULL, .default_sql = "(1 + 2)"), AR_COLUMN(Whole, single),
                AR_COLUMN(Whole, real, 0, .default_sql = "1.5"),
                AR_COLUMN(Whole, string, AR_NOT_NULL, .default_sql = "'it''s ( ::text'"), AR_COLUMN(Whole, text),
                AR_COLUMN(Whole, bytes), AR_COLUMN(Whole, json), AR_COLUMN(Whole, timestamp), AR_COLUMN(Whole, date),
                AR_COLUMN(Whole, time), AR_COLUMN(Whole, decimal, AR_NOT_NULL),
                AR_COLUMN(Whole, owner, 0, .references = AR_REFERENCES(Owner, id), .on_delete = AR_SET_NULL,
                          .on_update = AR_RESTRICT),
                AR_COLUMN(Whole, shade, 0, .check_sql = "shade >= 0"), AR_COLUMN(Whole, maybe),
                AR_COLUMN(Whole, perhaps), AR_COLUMN(Whole, code, AR_UNIQUE | AR_NOT_NULL, .name = "the code"),
                AR_COLUMN(Whole, twice, AR_GENERATED, .sql = "medium * 2"),
                AR_COLUMN(Whole, made, AR_CREATED_AT, .default_sql = "CURRENT_TIMESTAMP"),
                AR_INDEX(Whole, "whole by text", text, small), AR_UNIQUE_INDEX(Whole, "whole_unique", medium, bytes),
                AR_CHECK(Whole, "whole_check", "medium IN (1, 2, 3) OR small BETWEEN 1 AND 2"));
AR_MODEL_DEFINE(Pair, "pairs", AR_COLUMN(Pair, left, AR_PRIMARY_KEY), AR_COLUMN(Pair, right, AR_PRIMARY_KEY),
                AR_COLUMN(Pair, data, 0), AR_INDEX(Pair, "pairs_one", right), AR_INDEX(Pair, "pairs_two", right));
AR_MODEL_DEFINE(Other, "pairs", AR_COLUMN(Other, left, AR_PRIMARY_KEY),
                AR_COLUMN(Other, right, AR_NOT_NULL, .default_sql = "7"), AR_COLUMN(Other, added),
                AR_COLUMN(Other, owner, 0, .references = AR_REFERENCES(Owner, name)),
                AR_UNIQUE_INDEX(Other, "pairs_one", right), AR_INDEX(Other, "pairs_three", left, right),
                AR_CHECK(Other, "pairs_check", "right > 0"));
AR_MODEL_DEFINE(Nowhere, "nowhere", AR_COLUMN(Nowhere, id, AR_PRIMARY_KEY));

static const ar_model *const models[] = { &Owner_model, &Whole_model, &Pair_model };

static int drop_tables(void **state)
{
    (void)state;
    return ar_tables_drop_if_exists(db, models, 3, &err) == AR_OK ? 0 : -1;
}

static int create_tables(void **state)
{
    if (drop_tables(state) != 0)
        return -1;
    return ar_tables_create(db, models, 3, &err) == AR_OK ? 0 : -1;
}

static ar_schema_diff *compare(const ar_model *const *compared, size_t count)
{
    ar_schema_diff *diff = NULL;
    ok(ar_schema_compare(db, compared, count, &diff, &err));
    assert_non_null(diff);
    return diff;
}

static void what_was_created_has_none(void **state)
{
    (void)state;
    ar_schema_diff *diff = compare(models, 3);
    if (diff->count != 0)
        print_error("%s", diff->text);
    assert_int_equal(diff->count, 0);
    assert_string_equal(diff->text, "");
    ar_schema_diff_free(diff);
}

static const ar_schema_difference *find(const ar_schema_diff *diff, ar_schema_difference_kind kind, const char *name)
{
    for (size_t i = 0; i < diff->count; i++) {
        const ar_schema_difference *found = &diff->differences[i];
        bool same = name == NULL || found->name == NULL ? name == found->name : strcmp(name, found->name) == 0;
        if (found->kind == kind && same)
            return found;
    }
    return NULL;
}

static void every_difference_is_found(void **state)
{
    static const ar_model *const other[] = { &Other_model };
    static const struct expected {
        ar_schema_difference_kind kind;
        const char *name;
    } expected[] = { { AR_DIFF_COLUMN_MISSING, "added" },
                     { AR_DIFF_COLUMN_MISSING, "owner" },
                     { AR_DIFF_COLUMN_EXTRA, "data" },
                     { AR_DIFF_DEFAULT, "right" },
                     { AR_DIFF_PRIMARY_KEY, NULL },
                     { AR_DIFF_INDEX, "pairs_one" },
                     { AR_DIFF_INDEX_MISSING, "pairs_three" },
                     { AR_DIFF_INDEX_EXTRA, "pairs_two" },
                     { AR_DIFF_FOREIGN_KEY_MISSING, "owner" },
                     { AR_DIFF_CHECK_MISSING, "pairs_check" } };
    (void)state;
    ar_schema_diff *diff = compare(other, 1);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const ar_schema_difference *found = find(diff, expected[i].kind, expected[i].name);
        if (found == NULL)
            fail_msg("%d %s is not in:\n%s", expected[i].kind, expected[i].name, diff->text);
        assert_non_null(strstr(diff->text, found->text));
        assert_string_equal(found->table, "pairs");
    }
    const ar_schema_difference *key = find(diff, AR_DIFF_PRIMARY_KEY, NULL);
    assert_string_equal(key->model, "(left)");
    assert_string_equal(key->database, "(left, right)");
    const ar_schema_difference *index = find(diff, AR_DIFF_INDEX, "pairs_one");
    assert_string_equal(index->model, "UNIQUE (right)");
    assert_string_equal(index->database, "(right)");
    assert_true(fixture_on("sqlite") == (find(diff, AR_DIFF_TYPE, "right") == NULL)); /* whose integers are one type */
    ar_schema_diff_free(diff);
}

static void run_statements(const char *sql)
{
    char one[2000];
    while (*sql != '\0') {
        const char *end = strstr(sql, ";\n");
        size_t length = end != NULL ? (size_t)(end - sql) : strlen(sql);
        assert_true(length < sizeof one);
        memcpy(one, sql, length);
        one[length] = '\0';
        ok(ar_query_exec(ar_sql_text(db, one, NULL, 0), NULL, &err));
        sql += length + (end != NULL ? 2 : 0);
    }
}

static void what_is_safe_is_mended(void **state)
{
    static const ar_model *const pair[] = { &Pair_model, &Nowhere_model };
    (void)state;
    ok(ar_query_exec(fixture_on("mysql") ? ar_sql(db, "drop index pairs_two on pairs")
                                         : ar_sql(db, "drop index pairs_two"),
                     NULL, &err));
    ok(ar_query_exec(ar_sql(db, "alter table pairs drop column data"), NULL, &err));
    ar_schema_diff *diff = compare(pair, 2);
    assert_int_equal(diff->count, 3);
    assert_non_null(find(diff, AR_DIFF_TABLE_MISSING, NULL));
    for (size_t i = 0; i < diff->count; i++) {
        assert_non_null(diff->differences[i].mend_sql);
        run_statements(diff->differences[i].mend_sql);
    }
    ar_schema_diff_free(diff);
    diff = compare(pair, 2);
    if (diff->count != 0)
        print_error("%s", diff->text);
    assert_int_equal(diff->count, 0);
    ar_schema_diff_free(diff);
    ok(ar_table_drop(db, &Nowhere_model, &err));
}

static void the_same_asynchronously(void **state)
{
    (void)state;
    ar_schema_diff *diff;
    ar_schema_diff_future future = ar_schema_compare_async(db, models, 3);
    ok(ar_schema_diff_await(&future, &diff, &err));
    assert_int_equal(diff->count, 0);
    ar_schema_diff_free(diff);
    future = ar_schema_compare_async(db, NULL, 0);
    ok(ar_schema_diff_await_for(&future, -1, &diff, &err));
    ar_schema_diff_free(diff);
}

static void bad_calls_are_answered(void **state)
{
    static const ar_model *const nothing[] = { NULL };
    (void)state;
    ar_schema_diff *diff;
    ar_schema_diff_future future = { .raw = NULL };
    fails(ar_schema_compare(NULL, models, 1, &diff, &err), AR_E_INVALID);
    fails(ar_schema_compare(db, NULL, 1, &diff, &err), AR_E_INVALID);
    fails(ar_schema_compare(db, nothing, 1, &diff, &err), AR_E_INVALID);
    fails(ar_schema_compare(db, models, 1, NULL, &err), AR_E_INVALID);
    fails(ar_schema_diff_await(&future, &diff, &err), AR_E_INVALID);
    fails(ar_schema_diff_await(NULL, &diff, &err), AR_E_INVALID);
    ar_schema_diff_free(NULL);
}

static ar_status compare_and_free(void)
{
    static const ar_model *const compared[] = { &Other_model };
    ar_schema_diff *diff;
    ar_status status = ar_schema_compare(db, compared, 1, &diff, &err);
    ar_schema_diff_free(diff);
    return status;
}

static void still_works(void)
{
    ok(compare_and_free());
}

static void a_refused_allocation_is_said(void **state)
{
    (void)state;
    fixture_each_refusal(compare_and_free, still_works);
}

#define on_tables(test) cmocka_unit_test_setup_teardown(test, create_tables, drop_tables)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        on_tables(what_was_created_has_none), on_tables(every_difference_is_found),
        on_tables(what_is_safe_is_mended),    on_tables(the_same_asynchronously),
        on_tables(bad_calls_are_answered),    on_tables(a_refused_allocation_is_said),
    };
    return fixture_run("schema_diff", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
