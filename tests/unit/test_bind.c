/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/key.h>

#include "orm/bind.h"

typedef enum Color { RED, GREEN = 7 } Color;

static void check_integer(ar_value value, int64_t expected)
{
    assert_true(value.type == AR_TYPE_INT16 || value.type == AR_TYPE_INT32 || value.type == AR_TYPE_INT64);
    assert_int_equal(value.as.integer, expected);
}

static void integers_of_every_width(void **state)
{
    (void)state;
    const int constant = -3;
    check_integer(ar_bind((char)'a'), 'a');
    check_integer(ar_bind((signed char)-128), -128);
    check_integer(ar_bind((unsigned char)255), 255);
    check_integer(ar_bind((short)SHRT_MIN), SHRT_MIN);
    check_integer(ar_bind((unsigned short)USHRT_MAX), USHRT_MAX);
    check_integer(ar_bind(INT_MIN), INT_MIN);
    check_integer(ar_bind(UINT_MAX), UINT_MAX);
    check_integer(ar_bind(LONG_MIN), LONG_MIN);
    check_integer(ar_bind(LLONG_MIN), LLONG_MIN);
    check_integer(ar_bind((unsigned long)LONG_MAX), LONG_MAX);
    check_integer(ar_bind((unsigned long long)LLONG_MAX), LLONG_MAX);
    check_integer(ar_bind(constant), -3);
    check_integer(ar_bind(GREEN), 7);
    Color color = GREEN;
    check_integer(ar_bind(color), 7);
    check_integer(ar_bind(sizeof(int32_t)), 4);
}

static void numbers_above_the_largest_are_refused(void **state)
{
    (void)state;
    ar_error err;
    ar_value value = ar_bind(ULLONG_MAX);
    assert_int_equal(ari_value_check(&value, "x", &err), AR_E_INVALID);
    value = ar_bind((unsigned long)LONG_MAX + 1);
    assert_int_equal(ari_value_check(&value, "x", &err), AR_E_INVALID);
    value = ar_bind((unsigned long long)LLONG_MAX);
    assert_int_equal(ari_value_check(&value, "x", &err), AR_OK);
}

static void the_other_types(void **state)
{
    (void)state;
    char array[8] = "abc";
    char *pointer = array;
    assert_int_equal(ar_bind((bool)true).type, AR_TYPE_BOOL);
    assert_true(ar_bind((bool)true).as.boolean);
    assert_int_equal(ar_bind(true).type, AR_TYPE_INT32); /* an int in C11 */
    assert_int_equal(ar_bind(1.5f).type, AR_TYPE_FLOAT);
    assert_int_equal(ar_bind(1.5).type, AR_TYPE_DOUBLE);
    assert_int_equal(ar_bind("abc").as.text.length, 3);
    assert_int_equal(ar_bind(array).as.text.length, 3);
    assert_ptr_equal(ar_bind(pointer).as.text.data, array);
    assert_int_equal(ar_bind(((ar_text){ "a\0b", 3 })).as.text.length, 3);
    assert_int_equal(ar_bind(((ar_bytes){ array, 0 })).type, AR_TYPE_BYTES);
    assert_int_equal(ar_bind(((ar_json){ "{}", 2 })).type, AR_TYPE_JSON);
    assert_int_equal(ar_bind((ar_timestamp){ 5 }).as.timestamp.us, 5);
    assert_int_equal(ar_bind((ar_date){ 6 }).as.date.days, 6);
    assert_int_equal(ar_bind((ar_time){ 7 }).as.time.us, 7);
    assert_int_equal(ar_bind((ar_decimal){ .low = 8 }).as.decimal.low, 8);
    assert_int_equal(ar_bind((ar_uuid){ { 9 } }).as.uuid.bytes[0], 9);
    assert_int_equal(ar_bind(((ar_opt_int16){ true, 10 })).as.integer, 10);
    assert_int_equal(ar_bind(((ar_opt_uuid){ .has = true, .value = { { 11 } } })).as.uuid.bytes[0], 11);
    ar_value value = ar_bind(12);
    assert_int_equal(ar_bind(value).as.integer, 12);
}

static void nothing_is_null(void **state)
{
    (void)state;
    const char *none = NULL;
    assert_int_equal(ar_bind(none).type, AR_TYPE_NULL);
    assert_int_equal(ar_bind((char *)NULL).type, AR_TYPE_NULL);
    assert_int_equal(ar_bind(((ar_text){ NULL, 0 })).type, AR_TYPE_NULL);
    assert_int_equal(ar_bind(((ar_bytes){ NULL, 5 })).type, AR_TYPE_NULL);
    assert_int_equal(ar_bind(((ar_opt_bool){ .has = false, .value = true })).type, AR_TYPE_NULL);
    assert_int_equal(ar_bind(AR_NULL).type, AR_TYPE_NULL);
}

static void lists_know_their_items(void **state)
{
    (void)state;
    const int64_t numbers[] = { 1, -2 };
    const char *const texts[] = { "a", NULL };
    char *mutable_texts[] = { NULL };
    Color colors[] = { RED, GREEN };
    uint8_t small[] = { 200 };
    unsigned long long large[] = { ULLONG_MAX };
    ar_value mixed[] = { ar_bind(1), ar_bind("x") };
    ar_value list = AR_LIST(numbers, 2);
    assert_true(ari_value_is_list(&list));
    assert_int_equal(ari_list_count(&list), 2);
    assert_int_equal(ari_list_at(&list, 1).as.integer, -2);
    list = AR_LIST(texts, 2);
    assert_string_equal(ari_list_at(&list, 0).as.text.data, "a");
    assert_int_equal(ari_list_at(&list, 1).type, AR_TYPE_NULL);
    list = AR_LIST(mutable_texts, 1);
    assert_int_equal(ari_list_at(&list, 0).type, AR_TYPE_NULL);
    list = AR_LIST(colors, 2);
    assert_int_equal(ari_list_at(&list, 1).as.integer, 7);
    list = AR_LIST(small, 1);
    assert_int_equal(ari_list_at(&list, 0).as.integer, 200);
    list = AR_LIST(mixed, 2);
    assert_string_equal(ari_list_at(&list, 1).as.text.data, "x");
    list = AR_LIST(large, 1);
    ar_value item = ari_list_at(&list, 0);
    ar_error err;
    assert_int_equal(ari_value_check(&item, "x", &err), AR_E_INVALID);
    assert_int_equal(ari_value_check(&list, "x", &err), AR_E_INVALID);
    item = ar_bind(1);
    assert_false(ari_value_is_list(&item));
}

typedef struct call {
    const char *text;
    size_t count;
    int64_t last;
} call;

static call remember(const void *handle, const char *text, const ar_value *values, size_t count)
{
    (void)handle;
    return (call){ text, count, count > 0 ? values[count - 1].as.integer : -1 };
}

#define remember_with(...) AR_CALL_WITH_(remember, __VA_ARGS__)

static void calls_take_any_number_of_arguments(void **state)
{
    (void)state;
    call seen = remember_with(NULL, "none");
    assert_int_equal(seen.count, 0);
    assert_string_equal(seen.text, "none");
    seen = remember_with(NULL,
                         "one"
                         " more",
                         5);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last, 5);
    seen = remember_with(NULL, "x", 1, "b", 3.0, AR_NULL, (bool)1, (ar_date){ 2 }, 7);
    assert_int_equal(seen.count, 7);
    assert_int_equal(seen.last, 7);
    seen = remember_with(NULL, "x", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
                         24, 25, 26, 27, 28, 29, 30);
    assert_int_equal(seen.count, 30);
    assert_int_equal(seen.last, 30);
}

static void keys_hold_their_values(void **state)
{
    (void)state;
    ar_key key = ar_key(1);
    assert_int_equal(key.count, 1);
    ar_key keys[2];
    for (int i = 0; i < 2; i++)
        keys[i] = ar_key("x", i, (ar_uuid){ { (uint8_t)i } }, AR_NULL);
    assert_int_equal(keys[0].count, 4);
    assert_int_equal(keys[0].values[1].as.integer, 0);
    assert_int_equal(keys[1].values[2].as.uuid.bytes[0], 1);
    assert_int_equal(keys[1].values[3].type, AR_TYPE_NULL);
    assert_int_equal(ar_key(1, 2, 3, 4, 5).count, 5);
    assert_int_equal(ar_key_of(NULL, 2).count, 2);
}

static void objects_load_and_store_alike(void **state)
{
    (void)state;
    for (int number = AR_KIND_BOOL; number <= AR_KIND_UINT64; number++) {
        ar_kind kind = (ar_kind)number;
        union {
            unsigned char bytes[64];
            max_align_t align;
        } object, copy;
        memset(&object, 0, sizeof object);
        memset(&copy, 0, sizeof copy);
        object.bytes[0] = 1;
        if (kind == AR_KIND_STRING || kind == AR_KIND_TEXT || kind == AR_KIND_JSON)
            memcpy(&object, &(const char *){ "" }, sizeof(char *));
        if (kind == AR_KIND_BYTES)
            memcpy(&object, &(const void *){ &object }, sizeof(void *));
        ar_value value = ari_kind_load(kind, &object);
        assert_int_equal(value.type, ari_kind_type(kind));
        assert_true(ari_kind_store(kind, &copy, &value));
        ar_value again = ari_kind_load(kind, &copy);
        assert_true(ari_value_equal(&value, &again));
        ar_value null = AR_NULL;
        assert_int_equal(ari_kind_store(kind, &copy, &null), ari_kind_is_nullable(kind));
        if (ari_kind_is_nullable(kind))
            assert_int_equal(ari_kind_load(kind, &copy).type, AR_TYPE_NULL);
    }
    assert_int_equal(ari_kind_size((ar_kind)99), 0);
    assert_int_equal(ari_kind_load(AR_KIND_NONE, NULL).type, AR_TYPE_NULL);
}

static void what_does_not_fit_is_not_stored(void **state)
{
    (void)state;
    int16_t narrow = 5;
    ar_value value = { .type = AR_TYPE_INT16, .as.integer = 70000 };
    assert_false(ari_kind_store(AR_KIND_INT16, &narrow, &value));
    assert_int_equal(narrow, 5);
    unsigned color = 5;
    value = (ar_value){ .type = AR_TYPE_ENUM, .as.integer = -1 };
    assert_false(ari_kind_store(AR_KIND_ENUM, &color, &value));
    value = ar_bind("x");
    assert_false(ari_kind_store(AR_KIND_INT16, &narrow, &value));
    assert_false(ari_kind_store(AR_KIND_NONE, &narrow, &value));
}

static void equal_is_bit_for_bit(void **state)
{
    (void)state;
    ar_value zero = ar_bind(0.0), minus_zero = ar_bind(-0.0);
    ar_value nan = { .type = AR_TYPE_DOUBLE }, other = ar_bind("ab");
    memset(&nan.as.real, 0xff, sizeof nan.as.real);
    assert_false(ari_value_equal(&zero, &minus_zero));
    assert_true(ari_value_equal(&nan, &nan));
    assert_false(ari_value_equal(&zero, &other));
    char same[] = "ab";
    ar_value copy = ar_bind(same);
    assert_true(ari_value_equal(&other, &copy));
    same[1] = 'c';
    assert_false(ari_value_equal(&other, &copy));
    ar_value one = ar_bind((ar_decimal){ .low = 1 });
    ar_value ten = ar_bind(((ar_decimal){ .low = 10, .scale = 1 }));
    assert_false(ari_value_equal(&one, &ten));
    ar_value empty = ar_bind(((ar_bytes){ "", 0 })), null = AR_NULL;
    assert_false(ari_value_equal(&empty, &null));
}

static void values_that_are_none_are_refused(void **state)
{
    (void)state;
    ar_error err;
    ar_value value = { .type = (ar_type)99 };
    assert_int_equal(ari_value_check(&value, "x", &err), AR_E_INVALID);
    value = (ar_value){ .type = AR_TYPE_TEXT, .as.text = { NULL, 3 } };
    assert_int_equal(ari_value_check(&value, "x", &err), AR_E_INVALID);
    value = (ar_value){ .type = AR_TYPE_TEXT, .as.text = { "x", (size_t)INT32_MAX + 1 } };
    assert_int_equal(ari_value_check(&value, "x", &err), AR_E_INVALID);
    value = (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { "x", SIZE_MAX } };
    assert_int_equal(ari_value_check(&value, "x", &err), AR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_every_width),
        cmocka_unit_test(numbers_above_the_largest_are_refused),
        cmocka_unit_test(the_other_types),
        cmocka_unit_test(nothing_is_null),
        cmocka_unit_test(lists_know_their_items),
        cmocka_unit_test(calls_take_any_number_of_arguments),
        cmocka_unit_test(keys_hold_their_values),
        cmocka_unit_test(objects_load_and_store_alike),
        cmocka_unit_test(what_does_not_fit_is_not_stored),
        cmocka_unit_test(equal_is_bit_for_bit),
        cmocka_unit_test(values_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
