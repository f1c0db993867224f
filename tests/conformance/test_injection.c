/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <actrec/schema.h>

#include "tests/support/fixture.h"

/* What an application is given by others stays a value, a key, a pattern or a name, whatever it looks like. */

typedef struct Odd {
    int64_t id;
    const char *name;
    ar_text text;
    ar_bytes bytes;
    ar_json json;
    ar_opt_int16 maybe;
} Odd;

AR_MODEL_DECLARE(Odd);
AR_MODEL_DEFINE(Odd, "odds", AR_COLUMN(Odd, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Odd, name, AR_UNIQUE),
                AR_COLUMN(Odd, text), AR_COLUMN(Odd, bytes), AR_COLUMN(Odd, json), AR_COLUMN(Odd, maybe));

typedef struct Named {
    const char *name;
    const char *note;
} Named;

AR_MODEL_DECLARE(Named);
AR_MODEL_DEFINE(Named, "named", AR_COLUMN(Named, name, AR_PRIMARY_KEY), AR_COLUMN(Named, note));

/* A table and columns with every quote in their names. */
typedef struct Quoted {
    int64_t id;
    const char *value;
} Quoted;

AR_MODEL_DECLARE(Quoted);
AR_MODEL_DEFINE(Quoted, "od\"d'; drop table odds; -- `[x]",
                AR_COLUMN(Quoted, id, AR_PRIMARY_KEY, .name = "i\"d ? ?? :a"),
                AR_COLUMN(Quoted, value, 0, .name = "select \"); --"));

static const ar_model *const models[] = { &Odd_model, &Named_model, &Quoted_model };

static int64_t count_of(ar_query *query)
{
    int64_t count = -1;
    ok(ar_query_count(query, &count, &err));
    return count;
}

static const char *const injections[] = {
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "\\",
    "\\'",
    "x' or '1'='1",
    "x\" or \"1\"=\"1",
    "'; drop table odds; --",
    "1); delete from odds; --",
    "') or 1=1 --",
    "' union select name from sqlite_schema --",
    "/* open",
    "-- comment",
    "*/ drop table odds /*",
    "?",
    "??",
    "?1",
    ":name",
    "@name",
    "$1",
    "$tag$",
    "%",
    "_",
    "%s%n%s%n",
    "%00",
    "NULL",
    "\r\n",
    "\t",
    "a;b",
    "\xe2\x80\x99 or 1=1",
    "\xef\xbc\x87 or 1=1",
    "\x7f\x01\x1b[2J",
    "",
};
enum { INJECTIONS = sizeof injections / sizeof injections[0] };

/* The servers look whether it is JSON. */
static ar_json any_json(const char *text)
{
    const char *json = fixture_on("sqlite") ? text : "\"'; drop table odds; --\"";
    return (ar_json){ json, strlen(json) };
}

static void values_are_never_sql(void **state)
{
    (void)state;
    for (size_t i = 0; i < INJECTIONS; i++) {
        const char *text = injections[i];
        Odd *odd = Odd_new(), *found = NULL;
        assert_non_null(odd);
        odd->name = text;
        odd->text = (ar_text){ text, strlen(text) };
        odd->json = any_json(text);
        odd->bytes = (ar_bytes){ text, strlen(text) };
        ok(Odd_save(db, odd, &err));
        ar_query *query = Odd_query(db);
        ar_query_filter(query, AR_EQ(Odd, name, text), AR_IN(Odd, name, &text, 1), AR_BETWEEN(Odd, name, text, text));
        ar_query_where(query, "name = ? and ? = name and name in (?)", text, text, AR_LIST(&text, 1));
        ar_query_group_by(query, "id");
        ar_query_having(query, "max(name) = ? and count(*) = ?", text, 1);
        assert_int_equal(count_of(query), 1);
        int64_t changes = 0;
        ok(ar_query_exec(ar_sql(db, "update odds set maybe = 1 where name = ? or ? in (?)", text, text, "another"),
                         &changes, &err));
        assert_int_equal(changes, 1);
        query = Odd_query(db);
        ar_query_where(query, "name = ?", text);
        ok(Odd_one(query, &found, &err));
        assert_string_equal(found->name, text);
        assert_int_equal(found->text.length, strlen(text));
        assert_memory_equal(found->text.data, text, strlen(text));
        assert_memory_equal(found->json.data, odd->json.data, odd->json.length);
        assert_int_equal(found->bytes.length, strlen(text));
        assert_memory_equal(found->bytes.data, text, strlen(text));
        found->name = "changed";
        found->json = any_json(text);
        ok(Odd_save(db, found, &err));
        found->name = text;
        ok(Odd_upsert(db, found, &err));
        ok(Odd_refresh(db, found, &err));
        assert_string_equal(found->name, text);
        Odd_free(found);
        Odd_free(odd);
    }
    assert_int_equal(count_of(Odd_query(db)), INJECTIONS);
}

static void keys_are_never_sql(void **state)
{
    (void)state;
    Named rows[INJECTIONS];
    ar_key keys[INJECTIONS];
    Named_list list;
    for (size_t i = 0; i < INJECTIONS; i++) {
        rows[i] = (Named){ .name = injections[i], .note = injections[INJECTIONS - 1 - i] };
        keys[i] = ar_key(injections[i]);
    }
    ok(Named_insert_many(db, rows, INJECTIONS, &err));
    ok(Named_find_many(db, keys, INJECTIONS, &list, &err));
    assert_int_equal(list.count, INJECTIONS);
    for (size_t i = 0; i < INJECTIONS; i++) {
        assert_string_equal(list.items[i]->name, injections[i]);
        assert_string_equal(list.items[i]->note, injections[INJECTIONS - 1 - i]);
    }
    Named_list_free(&list);
    for (size_t i = 0; i < INJECTIONS; i++) {
        Named *found = NULL, *locked = NULL;
        ar_db *tx = ar_tx_begin(db, NULL);
        ok(Named_find_for_update(tx, keys[i], &locked, &err));
        assert_string_equal(locked->name, injections[i]);
        ok(ar_tx_rollback(&tx, &err)); /* which frees what was read in it */
        ok(Named_find_one(db, keys[i], &found, &err));
        ok(Named_delete(db, found, &err));
        Named_free(found);
        assert_int_equal(count_of(Named_query(db)), INJECTIONS - 1 - (int64_t)i);
    }
}

static void patterns_are_never_sql(void **state)
{
    (void)state;
    for (size_t i = 0; i < INJECTIONS; i++) {
        const char *text = injections[i];
        char pattern[128];
        size_t length = 0;
        for (const char *p = text; *p != '\0'; p++) { /* each character stands for itself */
            if ((unsigned char)*p < 0x80)
                pattern[length++] = '\\';
            pattern[length++] = *p;
        }
        pattern[length] = '\0';
        Odd odd = (Odd){ .name = "odd" };
        odd.name = text;
        ok(Odd_insert(db, &odd, &err));
        ar_query *query = Odd_query(db);
        ar_query_filter(query, AR_LIKE(Odd, name, pattern));
        assert_int_equal(count_of(query), 1);
        query = Odd_query(db);
        ar_query_filter(query, AR_NOT_LIKE(Odd, name, pattern));
        assert_int_equal(count_of(query), (int64_t)i);
        query = Odd_query(db);
        ar_query_filter(query, AR_LIKE(Odd, name, text)); /* as a pattern of its own: whatever it finds */
        ar_ignore(ar_query_count(query, &(int64_t){ 0 }, &err));
    }
    assert_int_equal(count_of(Odd_query(db)), INJECTIONS);
}

static void names_are_never_sql(void **state)
{
    (void)state;
    static void (*const builders[])(ar_query *, const char *) = { ar_query_order_by, ar_query_group_by,
                                                                  ar_query_select };
    static void (*const aggregates[])(ar_query *, const char *,
                                      const char *) = { ar_query_select_count, ar_query_select_sum, ar_query_select_avg,
                                                        ar_query_select_min, ar_query_select_max };
    ar_rows *rows = NULL;
    Odd odd = (Odd){ .name = "odd" };
    ok(Odd_insert(db, &odd, &err));
    for (size_t i = 0; i < INJECTIONS; i++) {
        for (size_t j = 0; j < sizeof builders / sizeof builders[0]; j++) {
            char list[128];
            ar_query *query = Odd_query(db);
            snprintf(list, sizeof list, "id, %s", injections[i]);
            builders[j](query, list);
            fails(ar_query_rows(query, &rows, &err), AR_E_INVALID);
            assert_string_not_equal(err.message, "");
        }
        for (size_t j = 0; j < sizeof aggregates / sizeof aggregates[0]; j++) {
            ar_query *query = Odd_query(db);
            aggregates[j](query, "id", injections[i]);
            if (strcmp(injections[i], "NULL") != 0 && strcmp(injections[i], "_") != 0)
                fails(ar_query_rows(query, &rows, &err), AR_E_INVALID);
            else
                ar_query_free(query);
            query = Odd_query(db);
            aggregates[j](query, injections[i], "alias");
            fails(ar_query_rows(query, &rows, &err), AR_E_INVALID);
        }
    }
    assert_int_equal(count_of(Odd_query(db)), 1);
}

static void a_keyword_may_be_an_alias(void **state)
{
    (void)state;
    static const char *const aliases[] = { "NULL", "_", "select", "order", "group", "from", "desc" };
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        ar_rows *rows = NULL;
        ar_query *query = Odd_query(db);
        ar_query_select_count(query, "*", aliases[i]);
        ar_query_order_by(query, aliases[i]);
        ok(ar_query_rows(query, &rows, &err));
        assert_string_equal(ar_rows_column_name(rows, 0), aliases[i]);
        ar_rows_free(rows);
    }
}

static void names_of_a_model_are_quoted(void **state)
{
    (void)state;
    Quoted row = { .id = 1, .value = "v" }, *found = NULL;
    ok(Quoted_insert(db, &row, &err));
    row.value = "w";
    ok(Quoted_update(db, &row, &err));
    ar_query *query = Quoted_query(db);
    ar_query_filter(query, AR_EQ(Quoted, value, "w"));
    ar_query_order_by(query, "value desc, id");
    ok(Quoted_one(query, &found, &err));
    assert_string_equal(found->value, "w");
    found->value = "x";
    ok(Quoted_upsert(db, found, &err));
    ok(Quoted_delete(db, found, &err));
    Quoted_free(found);
    query = Quoted_query(db);
    ar_query_group_by(query, "value");
    ar_query_select_max(query, "id", "most");
    assert_int_equal(count_of(query), 0);
    assert_int_equal(count_of(Odd_query(db)), 0); /* which is still there */
}

static void more_names_are_never_sql(void **state)
{
    (void)state;
    for (size_t i = 0; i < INJECTIONS; i++) {
        const char *text = injections[i];
        bool plain = strcmp(text, "NULL") == 0 || strcmp(text, "_") == 0;
        ar_query *query = Odd_query(db);
        int64_t count = 0;
        ar_query_alias(query, text);
        fails(ar_query_count(query, &count, &err), plain ? AR_OK : AR_E_INVALID);
        query = Odd_query(db);
        ar_query_join(query, AR_INNER_JOIN, Odd, text, AR_COMPARE(AR_COL(Odd, id), EQ, AR_COL_AS(text, Odd, id)));
        fails(ar_query_count(query, &count, &err), plain ? AR_OK : AR_E_INVALID);
        query = Odd_query(db);
        ar_query_filter(query, AR_AS(text, AR_EQ(Odd, id, 1)));
        fails(ar_query_count(query, &count, &err), AR_E_INVALID);
        query = Odd_query(db);
        ar_query_select_as(query, text, AR_COL(Odd, id));
        fails(ar_query_count(query, &count, &err), plain ? AR_OK : AR_E_INVALID);
        query = Odd_query(db);
        ar_query_filter(query, AR_EXISTS(Odd_query(db)), AR_COMPARE(AR_OUTER_AS(text, Odd, id), EQ, AR_VALUE(1)));
        fails(ar_query_count(query, &count, &err), AR_E_INVALID);
    }
}

/* Each name of a member finds its own value, or is refused. */
static void steps_into_json_are_never_sql(void **state)
{
    (void)state;
    char json[256];
    for (size_t i = 0; i < INJECTIONS; i++) {
        const char *text = injections[i];
        bool refused = text[0] == '\0' || strpbrk(text, "\"\\\r\n\t\x7f\x01\x1b") != NULL;
        snprintf(json, sizeof json, "{\"%s\": \"mine\", \"z\": \"not\"}", refused ? "x" : text);
        Odd odd = { .name = json, .json = { json, strlen(json) } };
        ok(Odd_insert(db, &odd, &err));
        const char *found = NULL;
        ar_query *query = Odd_query(db);
        ar_query_filter(query, AR_EQ(Odd, id, odd.id));
        ar_query_select_as(query, "found", AR_JSON_TEXT(AR_COL(Odd, json), text));
        bool lost = fixture_on("mysql") && text[0] == '-';
        fails(ar_query_scalar(query, &found, &err), refused ? AR_E_INVALID : lost ? AR_E_UNSUPPORTED : AR_OK);
        if (!refused && !lost) {
            assert_non_null(found);
            assert_string_equal(found, "mine");
            ar_array_free(found);
        }
        ok(ar_query_exec(ar_sql(db, "delete from odds"), NULL, &err));
    }
}

static void values_of_expressions_are_never_sql(void **state)
{
    (void)state;
    Odd odd = { .name = "x" };
    ok(Odd_insert(db, &odd, &err));
    for (size_t i = 0; i < INJECTIONS; i++) {
        const char *found = NULL;
        ar_query *query = Odd_query(db), *same = Odd_query(db);
        ar_query_filter(same, AR_NE(Odd, name, injections[i]));
        ar_query_select(same, "name");
        ar_query_filter(query, AR_IN_QUERY(Odd, name, same),
                        AR_NOT_ILIKE(Odd, name, strchr(injections[i], 92) ? "y" : injections[i]),
                        AR_NOT_SAME(Odd, name, injections[i]));
        ar_query_order_by(query, "name, id");
        ar_query_select_as(
            query, "found",
            AR_COALESCE(AR_CASE(AR_WHEN(AR_VALUE(injections[i]), AR_EQ(Odd, name, "x"))), AR_COL(Odd, name)));
        ar_status status = ar_query_scalar(query, &found, &err);
        if (strcmp(injections[i], "%") == 0 || strcmp(injections[i], "_") == 0) {
            assert_int_equal(status, AR_E_NOT_FOUND); /* they are patterns */
            continue;
        }
        ok(status);
        assert_string_equal(found, injections[i]);
        ar_array_free(found);
    }
    assert_int_equal(count_of(Odd_query(db)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_never_sql),
        cmocka_unit_test(keys_are_never_sql),
        cmocka_unit_test(patterns_are_never_sql),
        cmocka_unit_test(names_are_never_sql),
        cmocka_unit_test(a_keyword_may_be_an_alias),
        cmocka_unit_test(names_of_a_model_are_quoted),
        cmocka_unit_test(more_names_are_never_sql),
        cmocka_unit_test(steps_into_json_are_never_sql),
        cmocka_unit_test(values_of_expressions_are_never_sql),
    };
    return fixture_main("injection", tests, models);
}
