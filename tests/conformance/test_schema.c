/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/fixture.h"

typedef enum Colour { RED, GREEN } Colour;

typedef struct Everything {
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
    ar_uuid uuid;
    Colour colour;
    ar_opt_int64 maybe;
    char cache[16];
} Everything;

typedef struct Membership {
    const char *team;
    int64_t member;
    const char *role;
    const char *badge;
} Membership;

typedef struct Odd {
    int64_t id;
    int64_t value;
} Odd;

typedef struct Narrow {
    int16_t id;
    const char *name;
} Narrow;

AR_MODEL_DECLARE(Narrow);
AR_MODEL_DECLARE(Everything);
AR_MODEL_DECLARE(Membership);
AR_MODEL_DECLARE(Odd);
AR_MODEL_DEFINE(Everything, "everything", AR_COLUMN(Everything, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Everything, flag), AR_COLUMN(Everything, small), AR_COLUMN(Everything, medium),
                AR_COLUMN(Everything, single), AR_COLUMN(Everything, real), AR_COLUMN(Everything, string),
                AR_COLUMN(Everything, text), AR_COLUMN(Everything, bytes), AR_COLUMN(Everything, json),
                AR_COLUMN(Everything, timestamp), AR_COLUMN(Everything, date), AR_COLUMN(Everything, time),
                AR_COLUMN(Everything, decimal), AR_COLUMN(Everything, uuid), AR_COLUMN(Everything, colour),
                AR_COLUMN(Everything, maybe), AR_IGNORE(Everything, cache));
AR_MODEL_DEFINE(Membership, "member \"ships\"", AR_COLUMN(Membership, team, AR_PRIMARY_KEY),
                AR_COLUMN(Membership, member, AR_PRIMARY_KEY),
                AR_COLUMN(Membership, role, AR_NOT_NULL, .name = "the role",
                          .default_sql = "replace('guest!', '!', '?')"),
                AR_COLUMN(Membership, badge, AR_UNIQUE));
AR_MODEL_DEFINE(Narrow, "narrow", AR_COLUMN(Narrow, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Narrow, name));
AR_MODEL_DEFINE(Odd, "odd", AR_COLUMN(Odd, id, AR_PRIMARY_KEY),
                AR_COLUMN(Odd, value, 0, .default_sql = "1); drop table everything; --"));

static int drop_tables(void **state)
{
    (void)state;
    bool dropped = ar_table_drop_if_exists(db, &Everything_model, &err) == AR_OK &&
                   ar_table_drop_if_exists(db, &Membership_model, &err) == AR_OK &&
                   ar_table_drop_if_exists(db, &Narrow_model, &err) == AR_OK;
    return dropped ? 0 : -1;
}

static void every_type_has_a_column(void **state)
{
    (void)state;
    Everything_list list;
    ar_status status = ar_table_create(db, &Everything_model, &err);
    if (status != AR_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, AR_OK);
    assert_int_equal(Everything_all(Everything_query(db), &list, &err), AR_OK);
    assert_int_equal(list.count, 0);
    ar_rows *rows;
    assert_int_equal(ar_query_rows(Everything_query(db), &rows, &err), AR_OK);
    assert_int_equal(ar_rows_column_count(rows), 17);
    ar_rows_free(rows);
}

static void creating_twice_is_an_error_unless_asked_for(void **state)
{
    (void)state;
    assert_int_equal(ar_table_create(db, &Everything_model, &err), AR_OK);
    assert_int_equal(ar_table_create(db, &Everything_model, &err), AR_E_QUERY);
    assert_non_null(strstr(err.message, "everything"));
    assert_int_equal(ar_table_create_if_missing(db, &Everything_model, &err), AR_OK);
    assert_int_equal(ar_table_drop(db, &Everything_model, &err), AR_OK);
    assert_int_equal(ar_table_drop(db, &Everything_model, &err), AR_E_QUERY);
    assert_int_equal(ar_table_drop_if_exists(db, &Everything_model, &err), AR_OK);
    assert_int_equal(ar_table_create_if_missing(db, &Everything_model, &err), AR_OK);
}

static ar_status add(const char *team, ar_opt_int64 member, const char *badge)
{
    ar_query *q =
        fixture_on("mysql")
            ? ar_sql(db, "insert into `member \"ships\"` (team, member, badge) values (?, ?, ?)", team, member, badge)
            : ar_sql(db, "insert into \"member \"\"ships\"\"\" (team, member, badge) values (?, ?, ?)", team, member,
                     badge);
    return ar_query_exec(q, NULL, &err);
}

static void keys_constraints_and_defaults_hold(void **state)
{
    (void)state;
    Membership *found;
    ar_opt_int64 one = { .has = true, .value = 1 }, two = { .has = true, .value = 2 };
    assert_int_equal(ar_table_create(db, &Membership_model, &err), AR_OK);
    assert_int_equal(add("a", one, "x"), AR_OK);
    assert_int_equal(add("a", two, "y"), AR_OK);
    assert_int_equal(add("b", one, NULL), AR_OK);
    assert_int_equal(add("c", one, NULL), AR_OK);
    assert_int_equal(add("a", one, "z"), AR_E_CONSTRAINT);
    assert_int_equal(add("d", one, "x"), AR_E_CONSTRAINT);
    assert_int_equal(add(NULL, one, NULL), AR_E_CONSTRAINT);
    assert_int_equal(add("e", (ar_opt_int64){ .has = false }, NULL), AR_E_CONSTRAINT);
    ar_query *q = Membership_query(db);
    ar_query_filter(q, AR_EQ(Membership, team, "a"), AR_EQ(Membership, member, 1), AR_EQ(Membership, role, "guest?"));
    assert_int_equal(Membership_one(q, &found, &err), AR_OK);
    assert_string_equal(found->role, "guest?");
    Membership_free(found);
}

static void a_default_cannot_leave_its_parentheses(void **state)
{
    (void)state;
    bool exists;
    assert_int_equal(ar_table_create(db, &Everything_model, &err), AR_OK);
    assert_int_equal(ar_table_create(db, &Odd_model, &err), AR_E_INVALID);
    assert_int_equal(ar_query_exists(Everything_query(db), &exists, &err), AR_OK);
}

static void bad_calls_are_answered(void **state)
{
    (void)state;
    assert_int_equal(ar_table_create(NULL, &Everything_model, &err), AR_E_INVALID);
    assert_int_equal(ar_table_create(db, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_table_drop(NULL, &Everything_model, NULL), AR_E_INVALID);
    assert_int_equal(ar_table_drop(db, NULL, NULL), AR_E_INVALID);
    ar_db *scope = ar_scope_open(db, NULL);
    ar_db *stale = scope;
    ar_scope_close(&scope);
    assert_int_equal(ar_table_create(stale, &Everything_model, &err), AR_E_CLOSED);
    ar_done done = ar_table_create_async(stale, &Everything_model);
    assert_int_equal(ar_done_await(&done, &err), AR_E_CLOSED);
    done = ar_table_create_async(db, NULL);
    assert_int_equal(ar_done_await(&done, &err), AR_E_INVALID);
}

static void the_same_asynchronously(void **state)
{
    (void)state;
    ar_done done = ar_table_create_async(db, &Everything_model);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    done = ar_table_create_async(db, &Everything_model);
    assert_int_equal(ar_done_await(&done, &err), AR_E_QUERY);
    done = ar_table_create_if_missing_async(db, &Everything_model);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    done = ar_table_drop_async(db, &Everything_model);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    done = ar_table_drop_if_exists_async(db, &Everything_model);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
}

static void a_narrow_key_counts_up(void **state)
{
    (void)state;
    ok(ar_table_create(db, &Narrow_model, &err));
    Narrow narrow[2] = { { .name = "a" }, { .name = "b" } };
    ok(Narrow_insert(db, &narrow[0], &err));
    ok(Narrow_insert(db, &narrow[1], &err));
    assert_int_equal(narrow[0].id, 1);
    assert_int_equal(narrow[1].id, 2);
}

/* An engine that would commit is not asked to. */
static void in_a_transaction_that_it_would_end_it_is_refused(void **state)
{
    (void)state;
    bool exists;
    ok(ar_table_create(db, &Narrow_model, &err));
    ar_db *tx = ar_tx_begin(db, NULL);
    Narrow narrow = { .name = "a" };
    ok(Narrow_insert(tx, &narrow, &err));
    fails(ar_table_create(tx, &Everything_model, &err), AR_E_UNSUPPORTED);
    fails(ar_query_exec(ar_sql(tx, "alter table narrow add column more int"), NULL, &err), AR_E_UNSUPPORTED);
    ok(ar_tx_rollback(&tx, &err));
    ok(ar_query_exists(Narrow_query(db), &exists, &err));
    assert_false(exists);
    fails(ar_table_drop(db, &Everything_model, &err), AR_E_QUERY);
}

static void in_a_transaction_it_is_rolled_back(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    assert_int_equal(ar_table_create(tx, &Everything_model, &err), AR_OK);
    assert_int_equal(ar_tx_rollback(&tx, &err), AR_OK);
    assert_int_equal(ar_table_drop(db, &Everything_model, &err), AR_E_QUERY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_type_has_a_column, drop_tables),
        cmocka_unit_test_setup(creating_twice_is_an_error_unless_asked_for, drop_tables),
        cmocka_unit_test_setup(keys_constraints_and_defaults_hold, drop_tables),
        cmocka_unit_test_setup(a_default_cannot_leave_its_parentheses, drop_tables),
        cmocka_unit_test_setup(bad_calls_are_answered, drop_tables),
        cmocka_unit_test_setup(the_same_asynchronously, drop_tables),
        cmocka_unit_test_setup(a_narrow_key_counts_up, drop_tables),
        fixture_test_setup_on("sqlite postgres", in_a_transaction_it_is_rolled_back, drop_tables, NULL),
        fixture_test_setup_on("mysql", in_a_transaction_that_it_would_end_it_is_refused, drop_tables, NULL),
    };
    const ar_model *const models[] = { &Narrow_model };
    return fixture_main("schema", tests, models);
}
