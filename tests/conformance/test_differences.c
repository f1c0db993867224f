/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"

/* What the engines do each in its own way, as the documents say it. */

typedef struct Thing {
    int64_t id;
    const char *name;
    ar_opt_int32 rank;
    int64_t wide;
    const char *code;
    ar_json json;
    unsigned natural;
} Thing;

AR_MODEL_DECLARE(Thing);
AR_MODEL_DEFINE(Thing, "things", AR_COLUMN(Thing, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Thing, name, AR_NOT_NULL),
                AR_COLUMN(Thing, rank), AR_COLUMN(Thing, wide), AR_COLUMN(Thing, code, AR_UNIQUE),
                AR_COLUMN(Thing, json), AR_COLUMN(Thing, natural));

static const ar_model *const models[] = { &Thing_model };

static int64_t count_of(ar_query *q)
{
    int64_t count = -1;
    ok(ar_query_count(q, &count, &err));
    return count;
}

static void nulls_are_ordered_first_but_on_postgres(void **state)
{
    (void)state;
    Thing things[] = { { .name = "a", .rank = { true, 2 } }, { .name = "b" }, { .name = "c", .rank = { true, 1 } } };
    Thing_list list;
    ok(Thing_insert_many(db, things, 3, &err));
    ar_query *q = Thing_query(db);
    ar_query_order_by(q, "rank");
    ok(Thing_all(q, &list, &err));
    bool last = fixture_on("postgres");
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[last ? 2 : 0]->name, "b");
    assert_string_equal(list.items[last ? 0 : 1]->name, "c");
    Thing_list_free(&list);
}

static void case_counts_but_in_like_on_sqlite(void **state)
{
    (void)state;
    Thing things[] = { { .name = "Ann" }, { .name = "ann" }, { .name = "ann " } };
    ok(Thing_insert_many(db, things, 3, &err));
    ar_query *q = Thing_query(db);
    ar_query_filter(q, AR_LIKE(Thing, name, "A%"));
    assert_int_equal(count_of(q), fixture_on("sqlite") ? 3 : 1);
    q = Thing_query(db);
    ar_query_filter(q, AR_EQ(Thing, name, "ann"));
    assert_int_equal(count_of(q), 1);
}

static void a_sum_beyond_64_bits_is_an_error(void **state)
{
    (void)state;
    Thing things[] = { { .name = "a", .wide = INT64_MAX }, { .name = "b", .wide = 1 } };
    ar_rows *rows = NULL;
    ok(Thing_insert_many(db, things, 2, &err));
    ar_query *q = Thing_query(db);
    ar_query_select_sum(q, "wide", "total");
    fails(ar_query_rows(q, &rows, &err), fixture_on("sqlite") ? AR_E_QUERY : AR_E_TYPE);
    assert_null(rows);
}

static void having_takes_a_group_but_on_mysql(void **state)
{
    (void)state;
    Thing_list list;
    ar_query *q = Thing_query(db);
    ar_query_having(q, "count(*) > ?", 1);
    fails(Thing_all(q, &list, &err), fixture_on("mysql") ? AR_OK : AR_E_QUERY);
    Thing_list_free(&list);
}

static void nulls_are_compared_in_the_words_of_the_engine(void **state)
{
    (void)state;
    Thing thing = { .name = "a" };
    ok(Thing_insert(db, &thing, &err));
    ar_query *q = Thing_query(db);
    if (fixture_on("sqlite"))
        ar_query_where(q, "code is ?", AR_NULL);
    else if (fixture_on("postgres"))
        ar_query_where(q, "code is not distinct from ?", AR_NULL);
    else
        ar_query_where(q, "code <=> ?", AR_NULL);
    assert_int_equal(count_of(q), 1);
}

static void a_value_in_an_expression_has_the_type_that_the_server_gives_it(void **state)
{
    (void)state;
    bool exists;
    ar_query *q = Thing_query(db);
    ar_query_where(q, "wide * 2 > ?", 1.5);
    fails(ar_query_exists(q, &exists, &err), fixture_on("postgres") ? AR_E_TYPE : AR_OK);
    if (!fixture_on("postgres"))
        return;
    q = Thing_query(db);
    ar_query_where(q, "wide * 2 > ?::float8", 1.5);
    ok(ar_query_exists(q, &exists, &err));
}

static void text_that_is_no_json_is_refused_where_the_engine_looks(void **state)
{
    (void)state;
    Thing thing = { .name = "a", .json = { "{bad", 4 } };
    fails(Thing_insert(db, &thing, &err), fixture_on("postgres") ? AR_E_TYPE
                                          : fixture_on("mysql")  ? AR_E_CONSTRAINT
                                                                 : AR_OK);
}

static void keys_and_unsigned_numbers_have_an_end_on_mysql(void **state)
{
    (void)state;
    char code[401];
    ar_status end = fixture_on("mysql") ? AR_E_TYPE : AR_OK;
    memset(code, 'x', sizeof code - 1);
    code[sizeof code - 1] = '\0';
    Thing large = { .name = "a", .natural = 2147483648U }, longer = { .name = "b", .code = code };
    fails(Thing_insert(db, &large, &err), end);
    fails(Thing_insert(db, &longer, &err), end);
    code[255] = '\0';
    longer.id = 0;
    ok(Thing_insert(db, &longer, &err));
}

/* As text. */
static const char *isolation(ar_db *on, char *out, size_t size)
{
    ar_rows *rows = NULL;
    const char *text = NULL;
    ok(ar_query_rows(fixture_on("postgres") ? ar_sql(on, "show transaction_isolation")
                                            : ar_sql(on, "select @@tx_isolation"),
                     &rows, &err));
    ok(ar_rows_text(rows, 0, 0, &text, &err));
    snprintf(out, size, "%s", text);
    ar_rows_free(rows);
    return out;
}

static void isolation_is_the_servers_or_that_of_the_initial_sql(void **state)
{
    (void)state;
    char text[32], url[1024];
    bool postgres = fixture_on("postgres");
    ar_db *other = NULL, *tx = ar_tx_begin(db, NULL);
    assert_string_equal(isolation(tx, text, sizeof text), postgres ? "read committed" : "REPEATABLE-READ");
    ok(ar_tx_rollback(&tx, &err));
    tx = ar_tx_begin(db, &(ar_tx_options){ .read_only = true });
    assert_string_equal(isolation(tx, text, sizeof text), postgres ? "repeatable read" : "REPEATABLE-READ");
    ok(ar_tx_rollback(&tx, &err));
    snprintf(url, sizeof url, "%s%cinitial_sql=%s", fixture_url(), strchr(fixture_url(), '?') != NULL ? '&' : '?',
             postgres ? "SET%20default_transaction_isolation%20%3D%20'serializable'"
                      : "SET%20SESSION%20TRANSACTION%20ISOLATION%20LEVEL%20READ%20COMMITTED");
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &other, &err));
    tx = ar_tx_begin(other, NULL);
    assert_string_equal(isolation(tx, text, sizeof text), postgres ? "serializable" : "READ-COMMITTED");
    ok(ar_tx_rollback(&tx, &err)); /* which resets the session: it ran SQL of its own */
    tx = ar_tx_begin(other, NULL);
    assert_string_equal(isolation(tx, text, sizeof text), postgres ? "serializable" : "READ-COMMITTED");
    ok(ar_tx_rollback(&tx, &err));
    ar_db_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nulls_are_ordered_first_but_on_postgres),
        cmocka_unit_test(case_counts_but_in_like_on_sqlite),
        cmocka_unit_test(a_sum_beyond_64_bits_is_an_error),
        cmocka_unit_test(having_takes_a_group_but_on_mysql),
        cmocka_unit_test(nulls_are_compared_in_the_words_of_the_engine),
        cmocka_unit_test(a_value_in_an_expression_has_the_type_that_the_server_gives_it),
        cmocka_unit_test(text_that_is_no_json_is_refused_where_the_engine_looks),
        cmocka_unit_test(keys_and_unsigned_numbers_have_an_end_on_mysql),
        fixture_test_on("postgres mysql", isolation_is_the_servers_or_that_of_the_initial_sql),
    };
    return fixture_main("differences", tests, models);
}
