/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include <actrec/decimal.h>
#include <actrec/schema.h>

#include "tests/support/fixture.h"

/* Every type of member, at its limits: what was saved is read back bit for bit, or refused. */

typedef enum Color { RED, GREEN, BLUE = 1000 } Color;
typedef enum Sign { MINUS = -1, PLUS = 1 } Sign;

typedef struct Every {
    int64_t id;
    bool flag;
    int16_t narrow;
    int32_t medium;
    int64_t wide;
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
    Color color;
    Sign sign;
    ar_opt_bool maybe_flag;
    ar_opt_int16 maybe_narrow;
    ar_opt_int32 maybe_medium;
    ar_opt_int64 maybe_wide;
    ar_opt_float maybe_single;
    ar_opt_double maybe_real;
    ar_opt_timestamp maybe_timestamp;
    ar_opt_date maybe_date;
    ar_opt_time maybe_time;
    ar_opt_decimal maybe_decimal;
    ar_opt_uuid maybe_uuid;
} Every;

AR_MODEL_DECLARE(Every);
AR_MODEL_DEFINE(Every, "everything", AR_COLUMN(Every, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Every, flag),
                AR_COLUMN(Every, narrow), AR_COLUMN(Every, medium), AR_COLUMN(Every, wide), AR_COLUMN(Every, single),
                AR_COLUMN(Every, real), AR_COLUMN(Every, string), AR_COLUMN(Every, text), AR_COLUMN(Every, bytes),
                AR_COLUMN(Every, json), AR_COLUMN(Every, timestamp), AR_COLUMN(Every, date), AR_COLUMN(Every, time),
                AR_COLUMN(Every, decimal), AR_COLUMN(Every, uuid), AR_COLUMN(Every, color), AR_COLUMN(Every, sign),
                AR_COLUMN(Every, maybe_flag), AR_COLUMN(Every, maybe_narrow), AR_COLUMN(Every, maybe_medium),
                AR_COLUMN(Every, maybe_wide), AR_COLUMN(Every, maybe_single), AR_COLUMN(Every, maybe_real),
                AR_COLUMN(Every, maybe_timestamp), AR_COLUMN(Every, maybe_date), AR_COLUMN(Every, maybe_time),
                AR_COLUMN(Every, maybe_decimal), AR_COLUMN(Every, maybe_uuid));

/* Keys of other types than integers. */
typedef struct ByText {
    const char *id;
    int32_t n;
} ByText;
AR_MODEL_DECLARE(ByText);
AR_MODEL_DEFINE(ByText, "by_text", AR_COLUMN(ByText, id, AR_PRIMARY_KEY), AR_COLUMN(ByText, n));

typedef struct ByUuid {
    ar_uuid id;
    int32_t n;
} ByUuid;
AR_MODEL_DECLARE(ByUuid);
AR_MODEL_DEFINE(ByUuid, "by_uuid", AR_COLUMN(ByUuid, id, AR_PRIMARY_KEY), AR_COLUMN(ByUuid, n));

typedef struct ByDecimal {
    ar_decimal id;
    int32_t n;
} ByDecimal;
AR_MODEL_DECLARE(ByDecimal);
AR_MODEL_DEFINE(ByDecimal, "by_decimal", AR_COLUMN(ByDecimal, id, AR_PRIMARY_KEY), AR_COLUMN(ByDecimal, n));

static const ar_model *const models[] = { &Every_model, &ByText_model, &ByUuid_model, &ByDecimal_model };

static bool same_text(const void *a, size_t a_length, const void *b, size_t b_length)
{
    if ((a == NULL) != (b == NULL))
        return false;
    return a == NULL || (a_length == b_length && memcmp(a, b, a_length) == 0);
}

#define same_member(a, b, member) assert_memory_equal(&(a)->member, &(b)->member, sizeof(a)->member)
#define same_optional(a, b, member)                                                               \
    do {                                                                                          \
        assert_int_equal((a)->member.has, (b)->member.has);                                       \
        if ((a)->member.has)                                                                      \
            assert_memory_equal(&(a)->member.value, &(b)->member.value, sizeof(a)->member.value); \
    } while (0)

static void check_decimal(const ar_decimal *a, const ar_decimal *b)
{
    assert_true(a->low == b->low && a->high == b->high && a->scale == b->scale && a->negative == b->negative);
}

static void check_equal(const Every *a, const Every *b)
{
    assert_int_equal(a->flag, b->flag);
    same_member(a, b, narrow);
    same_member(a, b, medium);
    same_member(a, b, wide);
    same_member(a, b, single);
    same_member(a, b, real);
    assert_true((a->string == NULL) == (b->string == NULL));
    if (a->string != NULL)
        assert_string_equal(a->string, b->string);
    assert_true(same_text(a->text.data, a->text.length, b->text.data, b->text.length));
    assert_true(same_text(a->bytes.data, a->bytes.length, b->bytes.data, b->bytes.length));
    assert_true(same_text(a->json.data, a->json.length, b->json.data, b->json.length));
    same_member(a, b, timestamp);
    same_member(a, b, date);
    same_member(a, b, time);
    check_decimal(&a->decimal, &b->decimal);
    same_member(a, b, uuid);
    same_member(a, b, color);
    same_member(a, b, sign);
    same_optional(a, b, maybe_flag);
    same_optional(a, b, maybe_narrow);
    same_optional(a, b, maybe_medium);
    same_optional(a, b, maybe_wide);
    same_optional(a, b, maybe_single);
    same_optional(a, b, maybe_real);
    same_optional(a, b, maybe_timestamp);
    same_optional(a, b, maybe_date);
    same_optional(a, b, maybe_time);
    assert_int_equal(a->maybe_decimal.has, b->maybe_decimal.has);
    if (a->maybe_decimal.has)
        check_decimal(&a->maybe_decimal.value, &b->maybe_decimal.value);
    same_optional(a, b, maybe_uuid);
}

/* Inserts it, reads it back by key and in a list, and by an asynchronous find. */
static void round_trip(Every *plain)
{
    Every *found;
    Every_list list;
    plain->id = 0;
    ok(Every_insert(db, plain, &err));
    ok(Every_find_one(db, ar_key(plain->id), &found, &err));
    check_equal(plain, found);
    ok(Every_save(db, found, &err)); /* nothing has changed */
    Every_free(found);
    ar_query *q = Every_query(db);
    ar_query_filter(q, AR_EQ(Every, id, plain->id));
    ok(Every_all(q, &list, &err));
    assert_int_equal(list.count, 1);
    check_equal(plain, list.items[0]);
    Every_list_free(&list);
    Every_future future = Every_find_one_async(db, ar_key(plain->id));
    ok(Every_await(&future, &found, &err));
    check_equal(plain, found);
    Every_free(found);
}

/* MySQL compares decimals of 65 digits, 30 of them behind the point. */
static ar_decimal widest(const char *all, const char *on_mysql)
{
    ar_decimal decimal;
    ok(ar_decimal_parse(fixture_on("mysql") ? on_mysql : all, &decimal, &err));
    return decimal;
}

static Every zero(void)
{
    Every plain;
    memset(&plain, 0, sizeof plain);
    return plain;
}

static void zero_and_null(void **state)
{
    (void)state;
    Every plain = zero();
    round_trip(&plain);
}

static void the_largest_of_all(void **state)
{
    (void)state;
    Every plain = zero();
    plain.flag = true;
    plain.narrow = INT16_MAX;
    plain.medium = INT32_MAX;
    plain.wide = INT64_MAX;
    plain.single = FLT_MAX;
    plain.real = DBL_MAX;
    plain.string = "na\xc3\xafve \xf0\x9f\x98\x80 'quoted' \"twice\" \\ ; -- /* ?";
    plain.text = (ar_text){ "text", 4 };
    plain.bytes = (ar_bytes){ "\0\xff\0", 3 };
    plain.json = (ar_json){ "{\"a\": [1, 2.50]}", 16 };
    plain.timestamp.us = INT64_C(253402300799999999);
    plain.date.days = 2932896;
    plain.time.us = INT64_C(86399999999);
    plain.decimal = widest("99999999999999999999999999999999999999", "99999999999999999999999999999999999");
    memset(&plain.uuid, 0xff, sizeof plain.uuid);
    plain.color = BLUE;
    plain.sign = PLUS;
    plain.maybe_flag = (ar_opt_bool){ true, true };
    plain.maybe_narrow = (ar_opt_int16){ true, INT16_MIN };
    plain.maybe_medium = (ar_opt_int32){ true, INT32_MIN };
    plain.maybe_wide = (ar_opt_int64){ true, INT64_MIN };
    plain.maybe_single = (ar_opt_float){ true, -FLT_MIN };
    plain.maybe_real = (ar_opt_double){ true, -DBL_MIN };
    plain.maybe_timestamp = (ar_opt_timestamp){ true, { 1 } };
    plain.maybe_date = (ar_opt_date){ true, { 1 } };
    plain.maybe_time = (ar_opt_time){ true, { 1 } };
    plain.maybe_decimal.has = true;
    plain.maybe_decimal.value =
        widest("-0.00000000000000000000000000000000000001", "-0.000000000000000000000000000001");
    plain.maybe_uuid = (ar_opt_uuid){ .has = true, .value = { { 0, 1, 2 } } };
    round_trip(&plain);
}

static void the_smallest_of_all(void **state)
{
    (void)state;
    Every plain = zero();
    plain.narrow = INT16_MIN;
    plain.medium = INT32_MIN;
    plain.wide = INT64_MIN;
    plain.single = -FLT_MAX;
    plain.real = -DBL_MAX;
    plain.string = "";
    plain.text = (ar_text){ "", 0 };
    plain.bytes = (ar_bytes){ "", 0 };
    plain.json = (ar_json){ "null", 4 };
    plain.timestamp.us = INT64_C(-62135596800000000);
    plain.date.days = -719162;
    plain.sign = MINUS;
    plain.decimal = widest("-99999999999999999999999999999999999999", "-99999999999999999999999999999999999");
    plain.maybe_flag = (ar_opt_bool){ true, false };
    plain.maybe_narrow = (ar_opt_int16){ true, 0 };
    plain.maybe_medium = (ar_opt_int32){ true, 0 };
    plain.maybe_wide = (ar_opt_int64){ true, 0 };
    plain.maybe_single = (ar_opt_float){ true, 0 };
    plain.maybe_real = (ar_opt_double){ true, 0 };
    plain.maybe_timestamp = (ar_opt_timestamp){ true, { 0 } };
    plain.maybe_date = (ar_opt_date){ true, { 0 } };
    plain.maybe_time = (ar_opt_time){ true, { 0 } };
    plain.maybe_decimal = (ar_opt_decimal){ .has = true };
    plain.maybe_uuid = (ar_opt_uuid){ .has = true };
    round_trip(&plain);
}

static void odd_floating_point(void **state)
{
    (void)state;
    static const double doubles[] = { -0.0,     4.9406564584124654e-324, 0.1,     1e300, -INFINITY,
                                      INFINITY, 9007199254740993.0,      1.0 / 3, 5.0,   -17.0 };
    static const float floats[] = { -0.0f,    1.4e-45f,    0.1f,     1e30f, -INFINITY,
                                    INFINITY, 16777217.0f, 1.0f / 3, 5.0f,  -17.0f };
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        Every plain = zero();
        Every *found;
        plain.real = doubles[i];
        plain.single = floats[i];
        ar_status status = Every_insert(db, &plain, &err);
        if (status == AR_E_TYPE)
            continue; /* refused is fine; another value is not */
        ok(status);
        ok(Every_find_one(db, ar_key(plain.id), &found, &err));
        check_equal(&plain, found);
        Every_free(found);
    }
    Every plain = zero();
    plain.real = NAN;
    fails(Every_insert(db, &plain, &err), AR_E_TYPE);
    plain.real = 0;
    plain.single = NAN;
    fails(Every_insert(db, &plain, &err), AR_E_TYPE);
}

static void decimals_keep_their_scale(void **state)
{
    (void)state;
    static const char *const texts[] = { "1.50",  "1.5",  "0.00",
                                         "-0.10", "1000", "123456789012345678901234567890.12345678" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        Every plain = zero();
        assert_int_equal(ar_decimal_parse(texts[i], &plain.decimal, &err), AR_OK);
        round_trip(&plain);
    }
}

static void long_texts(void **state)
{
    (void)state;
    enum { LENGTH = 1 << 20 };
    char *text = test_malloc(LENGTH + 1);
    memset(text, 'x', LENGTH);
    text[LENGTH] = '\0';
    Every plain = zero();
    plain.string = text;
    plain.bytes = (ar_bytes){ text, LENGTH };
    round_trip(&plain);
    test_free(text);
}

static void what_cannot_be_kept_is_refused(void **state)
{
    (void)state;
    Every plain = zero();
    plain.text = (ar_text){ "a\0b", 3 };
    fails(Every_insert(db, &plain, &err), AR_E_TYPE);
    plain = zero();
    plain.string = "\xc3(";
    fails(Every_insert(db, &plain, &err), AR_E_TYPE);
    plain = zero();
    plain.time.us = INT64_C(86400000000);
    fails(Every_insert(db, &plain, &err), AR_E_TYPE);
    plain = zero();
    plain.decimal = (ar_decimal){ .low = UINT64_MAX, .high = UINT64_MAX };
    fails(Every_insert(db, &plain, &err), AR_E_TYPE);
    plain = zero();
    plain.bytes = (ar_bytes){ "x", (size_t)INT32_MAX + 1 };
    fails(Every_insert(db, &plain, &err), AR_E_INVALID);
    int64_t count = -1;
    ok(ar_query_count(Every_query(db), &count, &err));
    assert_int_equal(count, 0);
}

static void changes_of_every_type_are_saved(void **state)
{
    (void)state;
    Every first = zero();
    ok(Every_insert(db, &first, &err));
    Every *record;
    ok(Every_find_one(db, ar_key(first.id), &record, &err));
    record->flag = true;
    record->narrow = 1;
    record->medium = 2;
    record->wide = 3;
    record->single = 4;
    record->real = 5;
    record->string = "6";
    record->text = (ar_text){ "7", 1 };
    record->bytes = (ar_bytes){ "8", 1 };
    record->json = (ar_json){ "9", 1 };
    record->timestamp.us = 10;
    record->date.days = 11;
    record->time.us = 12;
    record->decimal = (ar_decimal){ .low = 13, .scale = 1 };
    record->uuid.bytes[0] = 14;
    record->color = GREEN;
    record->sign = PLUS;
    record->maybe_wide = (ar_opt_int64){ true, 15 };
    record->maybe_decimal = (ar_opt_decimal){ .has = true, .value = { .low = 16 } };
    Every copy = *record;
    ok(Every_save(db, record, &err));
    check_equal(&copy, record);
    ok(Every_refresh(db, record, &err));
    check_equal(&copy, record);
    record->string = NULL;
    record->text = (ar_text){ NULL, 0 };
    record->bytes = (ar_bytes){ NULL, 0 };
    record->maybe_wide.has = false;
    copy = *record;
    copy.string = NULL; /* what the record points at changes with each save and refresh */
    copy.json = (ar_json){ "9", 1 };
    ok(Every_save(db, record, &err));
    ok(Every_refresh(db, record, &err));
    check_equal(&copy, record);
    record->real = -0.0; /* another value than 5, and than 0, and none that MySQL has */
    fails(Every_save(db, record, &err), fixture_on("mysql") ? AR_E_TYPE : AR_OK);
    record->real = 0.0;
    ok(Every_save(db, record, &err));
    ok(Every_refresh(db, record, &err));
    assert_false(signbit(record->real));
    Every_free(record);
}

static void keys_of_other_types(void **state)
{
    (void)state;
    ByText by_text = { "it's \"quoted\"; drop table by_text; --", 1 }, *text;
    ok(ByText_insert(db, &by_text, &err));
    ok(ByText_find_one(db, ar_key(by_text.id), &text, &err));
    assert_int_equal(text->n, 1);
    text->n = 2;
    ok(ByText_save(db, text, &err));
    text->id = "another";
    ok(ByText_save(db, text, &err));
    fails(ByText_find_one(db, ar_key(by_text.id), &(ByText *){ NULL }, &err), AR_E_NOT_FOUND);
    ok(ByText_delete(db, text, &err));
    ByText_free(text);

    ByUuid by_uuid = { { { 1, 2, 3 } }, 1 }, *uuid;
    ok(ByUuid_insert(db, &by_uuid, &err));
    ok(ByUuid_find_one(db, ar_key(by_uuid.id), &uuid, &err));
    assert_int_equal(uuid->n, 1);
    ByUuid_free(uuid);
    ok(ByUuid_find_one(db, ar_key("01020300-0000-0000-0000-000000000000"), &uuid, &err));
    ByUuid_free(uuid);

    ByDecimal by_decimal = { { .low = 150, .scale = 2 }, 1 }, *decimal;
    ok(ByDecimal_insert(db, &by_decimal, &err));
    ok(ByDecimal_find_one(db, ar_key(((ar_decimal){ .low = 15, .scale = 1 })), &decimal, &err));
    assert_int_equal(decimal->id.scale, 2);
    ByDecimal_free(decimal);
    ByDecimal_list list;
    ar_key keys[] = { ar_key(3), ar_key(((ar_decimal){ .low = 1500, .scale = 3 })) };
    ok(ByDecimal_find_many(db, keys, 2, &list, &err));
    assert_int_equal(list.count, 1);
    ByDecimal_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_and_null),
        cmocka_unit_test(the_largest_of_all),
        cmocka_unit_test(the_smallest_of_all),
        cmocka_unit_test(odd_floating_point),
        cmocka_unit_test(decimals_keep_their_scale),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(what_cannot_be_kept_is_refused),
        cmocka_unit_test(changes_of_every_type_are_saved),
        cmocka_unit_test(keys_of_other_types),
    };
    return fixture_main("values", tests, models);
}
