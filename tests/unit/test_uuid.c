/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "values/uuid.h"

static const char lower[] = "550e8400-e29b-41d4-a716-446655440abc";
static const char upper[] = "550E8400-E29B-41D4-A716-446655440ABC";

static const ar_uuid bytes = { { 0x55, 0x0e, 0x84, 0x00, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44,
                                 0x0a, 0xbc } };

static void text_is_read_in_any_case(void **state)
{
    ar_uuid uuid;
    (void)state;
    assert_int_equal(ar_uuid_parse(lower, &uuid, NULL), AR_OK);
    assert_memory_equal(&uuid, &bytes, sizeof uuid);
    memset(&uuid, 0, sizeof uuid);
    assert_int_equal(ar_uuid_parse(upper, &uuid, NULL), AR_OK);
    assert_memory_equal(&uuid, &bytes, sizeof uuid);
    memset(&uuid, 0, sizeof uuid);
    assert_int_equal(ar_uuid_parse_n("550e8400-e29b-41d4-a716-446655440abcdef", 36, &uuid, NULL), AR_OK);
    assert_memory_equal(&uuid, &bytes, sizeof uuid);
}

static void text_is_written_in_lower_case(void **state)
{
    char text[AR_UUID_TEXT_SIZE + 1] = "";
    (void)state;
    assert_int_equal(ar_uuid_format(bytes, text, sizeof text), 36);
    assert_string_equal(text, lower);
    assert_int_equal(ar_uuid_format(bytes, text, AR_UUID_TEXT_SIZE - 1), 0);
    assert_string_equal(text, "");
    assert_int_equal(ar_uuid_format(bytes, text, AR_UUID_TEXT_SIZE), 36);
    assert_int_equal(ar_uuid_format(bytes, text, 0), 0);
    assert_string_equal(text, lower);
    assert_int_equal(ar_uuid_format(bytes, NULL, 99), 0);
}

/* Every one of the 36 bytes replaced by each of the 256 values: read exactly when it still is a UUID. */
static void every_wrong_byte_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 36; i++)
        for (int c = 0; c < 256; c++) {
            char text[37];
            ar_uuid uuid = bytes;
            ar_error err;
            bool hyphen = lower[i] == '-';
            bool good = hyphen ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            memcpy(text, lower, sizeof text);
            text[i] = (char)c;
            ar_status status = ar_uuid_parse_n(text, 36, &uuid, &err);
            assert_int_equal(status, good ? AR_OK : AR_E_TYPE);
            if (!good)
                assert_memory_equal(&uuid, &bytes, sizeof uuid);
        }
}

static void wrong_forms_are_refused(void **state)
{
    static const char *texts[] = { "",
                                   "550e8400e29b41d4a716446655440abc",
                                   "{550e8400-e29b-41d4-a716-446655440abc}",
                                   "550e8400-e29b-41d4-a716-446655440ab",
                                   "550e8400-e29b-41d4-a716-446655440abc ",
                                   "550e8400e-29b-41d4-a716-446655440abc" };
    ar_uuid uuid = bytes;
    ar_error err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(ar_uuid_parse(texts[i], &uuid, &err), AR_E_TYPE);
        assert_int_equal(err.status, AR_E_TYPE);
    }
    assert_memory_equal(&uuid, &bytes, sizeof uuid);
}

static void null_is_refused(void **state)
{
    ar_uuid uuid;
    ar_error err;
    (void)state;
    assert_int_equal(ar_uuid_parse(NULL, &uuid, &err), AR_E_INVALID);
    assert_int_equal(ar_uuid_parse(lower, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_uuid_parse_n(NULL, 36, &uuid, NULL), AR_E_INVALID);
    assert_int_equal(ar_uuid_v4(NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_uuid_v7(NULL, &err), AR_E_INVALID);
}

static void order_is_that_of_the_texts(void **state)
{
    static const char *ascending[] = { "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001",
                                       "7fffffff-ffff-ffff-ffff-ffffffffffff", "80000000-0000-0000-0000-000000000000",
                                       "ffffffff-ffff-ffff-ffff-ffffffffffff" };
    (void)state;
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            ar_uuid a;
            ar_uuid b;
            assert_int_equal(ar_uuid_parse(ascending[i], &a, NULL), AR_OK);
            assert_int_equal(ar_uuid_parse(ascending[j], &b, NULL), AR_OK);
            int order = ar_uuid_compare(a, b);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

/* An environment of which only the clock and the generator are used. */
typedef struct world {
    ar_env env;
    int64_t clock;
    ar_status status;
    uint8_t fill;
} world;

static int64_t world_clock(void *ctx)
{
    return ((world *)ctx)->clock;
}

static ar_status world_entropy(void *ctx, void *out, size_t size)
{
    world *w = ctx;
    if (w->status == AR_OK)
        memset(out, w->fill, size);
    return w->status;
}

static const ar_env *start(world *w, int64_t clock, uint8_t fill)
{
    memset(w, 0, sizeof *w);
    w->env.struct_size = sizeof w->env;
    w->env.ctx = w;
    w->env.wall_now = world_clock;
    w->env.entropy = world_entropy;
    w->clock = clock;
    w->fill = fill;
    return &w->env;
}

static void assert_uuid_text(ar_uuid uuid, const char *expected)
{
    char text[AR_UUID_TEXT_SIZE];
    ar_uuid_format(uuid, text, sizeof text);
    assert_string_equal(text, expected);
}

static void version_4_is_random_but_for_its_marks(void **state)
{
    world w;
    ar_uuid uuid;
    (void)state;
    assert_int_equal(ari_uuid_v4(start(&w, 0, 0xFF), &uuid, NULL), AR_OK);
    assert_uuid_text(uuid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_int_equal(ari_uuid_v4(start(&w, 0, 0x00), &uuid, NULL), AR_OK);
    assert_uuid_text(uuid, "00000000-0000-4000-8000-000000000000");
}

/* The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22Z is 0x017F22E279B0 milliseconds. */
static void version_7_begins_with_the_clock(void **state)
{
    world w;
    ar_uuid uuid;
    const int64_t rfc = INT64_C(0x017F22E279B0) * 1000;
    (void)state;
    assert_int_equal(ari_uuid_v7(start(&w, rfc, 0xFF), &uuid, NULL), AR_OK);
    assert_uuid_text(uuid, "017f22e2-79b0-7000-bfff-ffffffffffff");
    assert_int_equal(ari_uuid_v7(start(&w, rfc + 500, 0x00), &uuid, NULL), AR_OK);
    assert_uuid_text(uuid, "017f22e2-79b0-7800-8000-000000000000");
    assert_int_equal(ari_uuid_v7(start(&w, (INT64_C(1) << 48) * 1000 - 1, 0x00), &uuid, NULL), AR_OK);
    assert_uuid_text(uuid, "ffffffff-ffff-7ffb-8000-000000000000");
}

static void version_7_sorts_by_the_microsecond(void **state)
{
    world w;
    ar_uuid before = { { 0 } };
    (void)state;
    for (int64_t us = 0; us < 3000; us++) {
        ar_uuid uuid;
        assert_int_equal(ari_uuid_v7(start(&w, INT64_C(1700000000000000) + us, (uint8_t)(255 - us % 256)), &uuid, NULL),
                         AR_OK);
        assert_true(ar_uuid_compare(before, uuid) < 0);
        before = uuid;
    }
}

static void trouble_with_the_world_is_reported(void **state)
{
    world w;
    ar_uuid uuid = bytes;
    ar_error err;
    (void)state;
    start(&w, 0, 0);
    w.status = AR_E_IO;
    assert_int_equal(ari_uuid_v4(&w.env, &uuid, &err), AR_E_IO);
    assert_int_equal(err.status, AR_E_IO);
    assert_int_equal(ari_uuid_v7(&w.env, &uuid, &err), AR_E_IO);
    assert_int_equal(ari_uuid_v7(start(&w, -1, 0), &uuid, &err), AR_E_UNSUPPORTED);
    assert_int_equal(ari_uuid_v7(start(&w, (INT64_C(1) << 48) * 1000, 0), &uuid, &err), AR_E_UNSUPPORTED);
    assert_int_equal(err.status, AR_E_UNSUPPORTED);
    assert_memory_equal(&uuid, &bytes, sizeof uuid);
}

static void default_world_makes_different_ones(void **state)
{
    enum { count = 500 };
    static ar_uuid made[count];
    (void)state;
    for (int i = 0; i < count; i++) {
        assert_int_equal(i % 2 == 0 ? ar_uuid_v4(&made[i], NULL) : ar_uuid_v7(&made[i], NULL), AR_OK);
        assert_int_equal(made[i].bytes[6] >> 4, i % 2 == 0 ? 4 : 7);
        assert_int_equal(made[i].bytes[8] >> 6, 2);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(ar_uuid_compare(made[i], made[j]), 0);
    }
}

static void default_clock_is_in_version_7(void **state)
{
    const ar_env *env = ar_env_default();
    ar_uuid uuid;
    int64_t ms = 0;
    (void)state;
    int64_t before = env->wall_now(env->ctx) / 1000;
    assert_int_equal(ar_uuid_v7(&uuid, NULL), AR_OK);
    int64_t after = env->wall_now(env->ctx) / 1000;
    for (int i = 0; i < 6; i++)
        ms = ms * 256 + uuid.bytes[i];
    assert_true(before <= ms && ms <= after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_in_any_case),
        cmocka_unit_test(text_is_written_in_lower_case),
        cmocka_unit_test(every_wrong_byte_is_refused),
        cmocka_unit_test(wrong_forms_are_refused),
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(order_is_that_of_the_texts),
        cmocka_unit_test(version_4_is_random_but_for_its_marks),
        cmocka_unit_test(version_7_begins_with_the_clock),
        cmocka_unit_test(version_7_sorts_by_the_microsecond),
        cmocka_unit_test(trouble_with_the_world_is_reported),
        cmocka_unit_test(default_world_makes_different_ones),
        cmocka_unit_test(default_clock_is_in_version_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
