/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/declare.h>

#include "orm/hydrate.h"
#include "tests/support/counting_env.h"
#include "tests/support/dialects.h"

/* Rows into records, fed by hand. */

typedef struct Item {
    int64_t id;
    const char *name;
    ar_bytes data;
    ar_opt_int32 size;
    ar_uuid code;
    int16_t small;
} Item;
AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY), AR_COLUMN(Item, name, .name = "title"),
                AR_COLUMN(Item, data), AR_COLUMN(Item, size), AR_COLUMN(Item, code), AR_COLUMN(Item, small));

static counting_env counting;
static ari_plan *plan;
static ari_hydrate rows;
static ar_error err;

static int set_up(void **state)
{
    (void)state;
    counting_env_init(&counting);
    memset(&rows, 0, sizeof rows);
    return ari_plan_create(&counting.env, &question_dialect, NULL, &Item_model, &plan, &err) == AR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ari_hydrate_fini(&rows);
    ari_plan_destroy(plan);
    return counting.live == 0 ? 0 : -1;
}

static ar_status feed(int64_t id, const char *name)
{
    const ar_value values[] = {
        ar_bind(id),
        ar_bind(name),
        ar_bind(((ar_bytes){ "\0\1", 2 })),
        { .type = AR_TYPE_INT32, .as.integer = 9 },
        ar_bind((ar_uuid){ { 3 } }),
        { .type = AR_TYPE_INT16, .as.integer = -4 },
    };
    return ari_hydrate_sink.row(&rows, values, 6, &err);
}

static void check_item(const Item *item, int64_t id, const char *name)
{
    assert_int_equal(item->id, id);
    assert_string_equal(item->name, name);
    assert_int_equal(item->data.length, 2);
    assert_memory_equal(item->data.data, "\0\1", 2);
    assert_true(item->size.has && item->size.value == 9);
    assert_int_equal(item->code.bytes[0], 3);
    assert_int_equal(item->small, -4);
}

static void one_row_is_one_allocation(void **state)
{
    (void)state;
    void *item;
    char name[] = "Ann";
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_ONE);
    size_t before = counting.allocations;
    assert_int_equal(feed(1, name), AR_OK);
    assert_int_equal(counting.allocations, before + 1);
    memset(name, 'x', sizeof name);
    assert_int_equal(feed(2, "second"), AR_OK);
    assert_int_equal(rows.count, 2);
    assert_int_equal(ari_hydrate_take_record(&rows, &item, &err), AR_OK);
    check_item(item, 1, "Ann");
    assert_false(Item_is_new(item));
    void *none;
    assert_int_equal(ari_hydrate_take_record(&rows, &none, &err), AR_OK);
    assert_null(none);
    Item_free(item);
}

static void many_rows_are_few_allocations(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    ar_record_list list;
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_LIST);
    size_t before = counting.allocations;
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(feed(i, "some name"), AR_OK);
    assert_true(counting.allocations - before < 40);
    assert_int_equal(ari_hydrate_take_list(&rows, &list, &err), AR_OK);
    assert_int_equal(list.count, COUNT);
    Item *const *items = list.items;
    check_item(items[0], 0, "some name");
    check_item(items[COUNT - 1], COUNT - 1, "some name");
    assert_int_equal((uintptr_t)items[7] % 16, 0);
    ar_record_list_free(&list);
    assert_int_equal(ari_hydrate_take_list(&rows, &list, &err), AR_OK);
    assert_int_equal(list.count, 0);
}

static void a_restart_forgets_the_rows(void **state)
{
    (void)state;
    ar_record_list list;
    void *item;
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_LIST);
    assert_int_equal(feed(1, "a"), AR_OK);
    ari_hydrate_sink.restart(&rows);
    assert_int_equal(feed(2, "b"), AR_OK);
    assert_int_equal(ari_hydrate_take_list(&rows, &list, &err), AR_OK);
    assert_int_equal(list.count, 1);
    ar_record_list_free(&list);
    ari_hydrate_fini(&rows);
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_ONE);
    assert_int_equal(feed(1, "a"), AR_OK);
    ari_hydrate_sink.restart(&rows);
    assert_int_equal(rows.count, 0);
    assert_int_equal(feed(2, "b"), AR_OK);
    assert_int_equal(ari_hydrate_take_record(&rows, &item, &err), AR_OK);
    check_item(item, 2, "b");
    Item_free(item);
}

static void rows_that_nobody_takes_are_freed(void **state)
{
    (void)state;
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_LIST);
    assert_int_equal(feed(1, "a"), AR_OK);
    ari_hydrate_fini(&rows);
    ari_hydrate_fini(&rows);
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_ONE);
    assert_int_equal(feed(1, "a"), AR_OK);
}

static void columns_are_matched_by_name(void **state)
{
    (void)state;
    const ar_result_column columns[] = {
        { "unknown", NULL }, { "TITLE", NULL }, { "size", NULL }, { "title", NULL }, { "code", NULL }
    };
    const char code[16] = { 7 };
    const ar_value values[] = { ar_bind(1.5), ar_bind("Ann"), ar_bind(INT64_C(5)), ar_bind("not this"),
                                ar_bind(((ar_bytes){ code, 16 })) };
    void *taken;
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_ONE | ARI_HYDRATE_BY_NAME);
    assert_int_equal(ari_hydrate_sink.begin(&rows, columns, 5, &err), AR_OK);
    assert_int_equal(ari_hydrate_sink.begin(&rows, columns, 5, &err), AR_OK);
    assert_int_equal(ari_hydrate_sink.row(&rows, values, 5, &err), AR_OK);
    assert_int_equal(ari_hydrate_take_record(&rows, &taken, &err), AR_OK);
    Item *item = taken;
    assert_string_equal(item->name, "Ann");
    assert_int_equal(item->size.value, 5);
    assert_int_equal(item->code.bytes[0], 7);
    assert_int_equal(item->id, 0);
    item->name = "Bea"; /* without its key it cannot be found again; no database is needed to know that */
    Item_free(item);
    assert_int_equal(ari_hydrate_sink.begin(&rows, columns, 1, &err), AR_E_INVALID);
    const ar_result_column nameless = { NULL, NULL };
    assert_int_equal(ari_hydrate_sink.begin(&rows, &nameless, 1, &err), AR_E_INVALID);
}

static void what_does_not_fit_names_the_column(void **state)
{
    (void)state;
    const ar_result_column id = { "id", NULL }, small = { "small", NULL };
    ar_value null = AR_NULL, large = ar_bind(70000);
    ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_LIST | ARI_HYDRATE_BY_NAME);
    assert_int_equal(ari_hydrate_sink.begin(&rows, &id, 1, &err), AR_OK);
    assert_int_equal(ari_hydrate_sink.row(&rows, &null, 1, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "Item.id"));
    assert_int_equal(ari_hydrate_sink.begin(&rows, &small, 1, &err), AR_OK);
    assert_int_equal(ari_hydrate_sink.row(&rows, &large, 1, &err), AR_E_TYPE);
    assert_non_null(strstr(err.message, "small"));
    assert_null(strstr(err.message, "70000"));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        for (size_t n = 1;; n++) {
            counting.refuse_at = counting.allocations + n;
            counting.refuse_on = on == 1;
            size_t until = counting.refuse_at;
            ari_hydrate_start(&rows, &counting.env, NULL, plan, ARI_HYDRATE_LIST);
            ar_status status = AR_OK;
            for (int i = 0; i < 100 && status == AR_OK; i++)
                status = feed(i, "some name");
            bool hit = counting.allocations >= until;
            counting.refuse_at = 0;
            ari_hydrate_fini(&rows);
            assert_int_equal(status, hit ? AR_E_NO_MEMORY : AR_OK);
            if (!hit)
                break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_row_is_one_allocation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_rows_are_few_allocations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restart_forgets_the_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_that_nobody_takes_are_freed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_are_matched_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_names_the_column, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
