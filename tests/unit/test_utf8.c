/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "values/host.h"
#include "values/integer.h"
#include "values/utf8.h"

static bool valid(const char *text)
{
    return ari_utf8_is_valid(text, strlen(text));
}

static void first_and_last_of_each_length_are_valid(void **state)
{
    (void)state;
    assert_true(valid(""));
    assert_true(ari_utf8_is_valid("\0", 1));
    assert_true(valid("\x01\x7f"));
    assert_true(valid("\xc2\x80\xdf\xbf"));
    assert_true(valid("\xe0\xa0\x80\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80"));
    assert_true(valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

static void what_is_too_long_a_surrogate_or_too_large_is_not(void **state)
{
    static const char *const bad[] = { "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xe0\x9f\xbf",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xed\xa0\x80",
                                       "\xed\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xff",
                                       "\xfe",
                                       "\x80",
                                       "\xbf",
                                       "\xc2",
                                       "\xc2 ",
                                       "\xe0\xa0",
                                       "\xe0\xa0 ",
                                       "\xf0\x90\x80",
                                       "\xf0\x90\x80\x7f",
                                       "\xf0\x90 \x80" };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(valid(bad[i]));
}

/* Wherever it lies in what is read eight bytes at a time; each in memory that ends with it. */
static void a_bad_byte_is_found_at_any_place(void **state)
{
    (void)state;
    for (size_t length = 1; length < 40; length++) {
        char *text = malloc(length);
        assert_non_null(text);
        memset(text, 'a', length);
        assert_true(ari_utf8_is_valid(text, length));
        for (size_t i = 0; i < length; i++) {
            text[i] = '\xc3';
            assert_false(ari_utf8_is_valid(text, length));
            text[i] = 'a';
        }
        for (size_t i = 0; i + 1 < length; i++) {
            memcpy(text + i, "\xc3\xa9", 2);
            assert_true(ari_utf8_is_valid(text, length));
            memcpy(text + i, "aa", 2);
        }
        free(text);
    }
}

static void expect_cut(const char *text, size_t size, const char *expected)
{
    char out[16] = "---------------";
    ari_utf8_copy_cut(out, size, text, strlen(text));
    assert_string_equal(out, expected);
    assert_int_equal(out[size], '-');
}

static void a_copy_is_cut_where_a_character_begins(void **state)
{
    (void)state;
    expect_cut("abc", 8, "abc");
    expect_cut("abc", 4, "abc");
    expect_cut("abcd", 4, "abc");
    expect_cut("ab\xc3\xa9", 4, "ab");
    expect_cut("ab\xc3\xa9", 5, "ab\xc3\xa9");
    expect_cut("a\xf0\x9f\x98\x80", 5, "a");
    expect_cut("\xf0\x9f\x98\x80", 2, "");
    expect_cut("abc", 1, "");
}

static void what_is_this_machine_is_known(void **state)
{
    static const char *const here[] = { "localhost", "LocalHost", "127.0.0.1", "127.255.0.3", "::1", "0:0::1" };
    static const char *const there[] = { "localhost.example", "128.0.0.1",        "10.127.0.1", "::2", "",
                                         "127.0.0.1.example", "::ffff:127.0.0.1", "127.1" };
    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        assert_true(ari_host_is_loopback(here[i]));
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
        assert_false(ari_host_is_loopback(there[i]));
}

static void integers_fit_their_types(void **state)
{
    (void)state;
    assert_true(ari_integer_fits(AR_TYPE_INT16, INT16_MIN) && ari_integer_fits(AR_TYPE_INT16, INT16_MAX));
    assert_false(ari_integer_fits(AR_TYPE_INT16, INT16_MIN - 1) || ari_integer_fits(AR_TYPE_INT16, INT16_MAX + 1));
    assert_true(ari_integer_fits(AR_TYPE_INT32, INT32_MIN) && ari_integer_fits(AR_TYPE_INT32, INT32_MAX));
    assert_false(ari_integer_fits(AR_TYPE_INT32, INT64_C(-2147483649)));
    assert_false(ari_integer_fits(AR_TYPE_INT32, INT64_C(2147483648)));
    assert_true(ari_integer_fits(AR_TYPE_ENUM, INT32_MIN) && ari_integer_fits(AR_TYPE_ENUM, UINT32_MAX));
    assert_false(ari_integer_fits(AR_TYPE_ENUM, INT64_C(-2147483649)));
    assert_false(ari_integer_fits(AR_TYPE_ENUM, INT64_C(4294967296)));
    assert_true(ari_integer_fits(AR_TYPE_INT64, INT64_MIN) && ari_integer_fits(AR_TYPE_INT64, INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_and_last_of_each_length_are_valid),
        cmocka_unit_test(what_is_too_long_a_surrogate_or_too_large_is_not),
        cmocka_unit_test(a_bad_byte_is_found_at_any_place),
        cmocka_unit_test(a_copy_is_cut_where_a_character_begins),
        cmocka_unit_test(what_is_this_machine_is_known),
        cmocka_unit_test(integers_fit_their_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
