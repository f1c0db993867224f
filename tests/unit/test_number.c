/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "values/number.h"

static uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void assert_same_double(double a, double b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

static double read_double(const char *text)
{
    double number = -12345.0;
    if (!ari_parse_double(text, strlen(text), &number))
        fail_msg("\"%s\" was refused", text);
    return number;
}

typedef struct known_double {
    double number;
    const char *text;
} known_double;

static const known_double known[] = {
    { 0.0, "0" },
    { -0.0, "-0" },
    { 1.0, "1" },
    { -1.5, "-1.5" },
    { 0.1, "0.1" },
    { 0.5, "0.5" },
    { 1234.5678, "1234.5678" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 1.0 / 3.0, "0.3333333333333333" },
    { 100.0, "100" },
    { 1e15, "1000000000000000" },
    { 9007199254740993.0, "9007199254740992" },
    { 12345678901234568.0, "12345678901234568" },
    { 1e16, "10000000000000000" },
    { 1e17, "1e17" },
    { 1e22, "1e22" },
    { -1.25e-5, "-0.0000125" },
    { 1.25e-6, "1.25e-6" },
    { 5e-324, "5e-324" },
    { 2.2250738585072014e-308, "2.2250738585072014e-308" },
    { 1.7976931348623157e308, "1.7976931348623157e308" },
};

static void check_known_doubles(void)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[ARI_NUMBER_TEXT_SIZE];
        size_t length = ari_format_double(known[i].number, text);
        assert_string_equal(text, known[i].text);
        assert_int_equal(length, strlen(text));
        assert_same_double(read_double(text), known[i].number);
    }
}

static void check_random_doubles(void)
{
    for (int i = 0; i < 20000; i++) {
        char text[ARI_NUMBER_TEXT_SIZE];
        uint64_t bits = draw();
        double number = 0;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number))
            continue;
        assert_in_range(ari_format_double(number, text), 1, 24);
        assert_same_double(read_double(text), number);
    }
}

static void check_random_floats(void)
{
    for (int i = 0; i < 20000; i++) {
        char text[ARI_NUMBER_TEXT_SIZE];
        uint32_t bits = (uint32_t)draw();
        float number = 0;
        float back = 0;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number))
            continue;
        size_t length = ari_format_float(number, text);
        assert_in_range(length, 1, 24);
        assert_true(ari_parse_float(text, length, &back));
        assert_memory_equal(&back, &number, sizeof back);
    }
}

static void doubles_are_written_short_and_read_back(void **state)
{
    (void)state;
    check_known_doubles();
}

static void random_doubles_read_back_to_the_same_bits(void **state)
{
    (void)state;
    check_random_doubles();
}

static void random_floats_read_back_to_the_same_bits(void **state)
{
    (void)state;
    check_random_floats();
}

static void floats_are_written_short(void **state)
{
    char text[ARI_NUMBER_TEXT_SIZE];
    (void)state;
    ari_format_float(0.1F, text);
    assert_string_equal(text, "0.1");
    ari_format_float(16777216.0F, text);
    assert_string_equal(text, "16777216");
    ari_format_float(FLT_MAX, text);
    assert_string_equal(text, "3.4028235e38");
    ari_format_float(1e-45F, text);
    assert_string_equal(text, "1e-45");
}

static void what_is_no_number_has_names(void **state)
{
    char text[ARI_NUMBER_TEXT_SIZE];
    double number = 0;
    float single = 0;
    (void)state;
    assert_int_equal(ari_format_double((double)INFINITY, text), 8);
    assert_string_equal(text, "Infinity");
    assert_int_equal(ari_format_double(-(double)INFINITY, text), 9);
    assert_string_equal(text, "-Infinity");
    assert_int_equal(ari_format_float(NAN, text), 3);
    assert_string_equal(text, "NaN");
    assert_true(isnan(read_double("NaN")));
    assert_true(isnan(read_double("nan")));
    assert_true(read_double("-Infinity") < -DBL_MAX);
    assert_true(read_double("+INF") > DBL_MAX);
    assert_true(ari_parse_float("inf", 3, &single));
    assert_true(single > FLT_MAX);
    assert_false(ari_parse_double("infi", 4, &number));
    assert_false(ari_parse_double("nan(1)", 6, &number));
}

static void doubles_are_read_to_the_nearest(void **state)
{
    char text[1200];
    (void)state;
    assert_same_double(read_double("+00012.50"), 12.5);
    assert_same_double(read_double(".5"), 0.5);
    assert_same_double(read_double("5."), 5.0);
    assert_same_double(read_double("1E2"), 100.0);
    assert_same_double(read_double("1e-400"), 0.0);
    assert_same_double(read_double("-1e-400"), -0.0);
    assert_same_double(read_double("0e999999999999999999999999"), 0.0);
    assert_same_double(read_double("123456789012345678901234567890"), 123456789012345678901234567890.0);
    assert_same_double(read_double("9007199254740993"), 9007199254740992.0);
    assert_same_double(read_double("9007199254740993.0000000000000000000000000000000001"), 9007199254740994.0);
    assert_same_double(read_double("2.2250738585072011e-308"), 2.2250738585072011e-308);

    /* Just below and just above half of the smallest double. */
    assert_same_double(read_double("2.4703282292062327208e-324"), 0.0);
    assert_same_double(read_double("2.4703282292062327209e-324"), 5e-324);

    /* A tie, which goes to the even neighbour until the 1100th digit tips it over. */
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17);
    text[1100] = '\0';
    assert_same_double(read_double(text), 9007199254740992.0);
    text[1099] = '1';
    assert_same_double(read_double(text), 9007199254740994.0);
    memset(text, '0', sizeof text);
    text[0] = '1';
    memcpy(text + 1100, "e-1099", 7);
    assert_same_double(read_double(text), 1.0);
}

static void text_that_is_no_double_is_refused(void **state)
{
    static const char *texts[] = { "",
                                   " ",
                                   "1 ",
                                   " 1",
                                   "+",
                                   "-",
                                   ".",
                                   "e5",
                                   "1e",
                                   "1e+",
                                   "1,5",
                                   "1.5.",
                                   "0x10",
                                   "1f",
                                   "--1",
                                   "1e5.0",
                                   "1e400",
                                   "-1e309",
                                   "1_000",
                                   "1'0",
                                   "NULL",
                                   "1e1e1",
                                   "\xB2",
                                   "1.7976931348623159e308",
                                   "1e4294967296",
                                   "1e99999999999999999999" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double number = 77.0;
        float single = 77.0F;
        if (ari_parse_double(texts[i], strlen(texts[i]), &number) ||
            ari_parse_float(texts[i], strlen(texts[i]), &single))
            fail_msg("\"%s\" was read", texts[i]);
        assert_same_double(number, 77.0);
        assert_true(single == 77.0F);
    }
    float single = 0;
    assert_false(ari_parse_float("3.5e38", 6, &single));
}

static void exactly_the_given_bytes_are_read(void **state)
{
    double number = 0;
    int64_t integer = 0;
    (void)state;
    assert_true(ari_parse_double("1.259", 4, &number));
    assert_same_double(number, 1.25);
    assert_true(ari_parse_int64("1234", 2, &integer));
    assert_int_equal(integer, 12);
    assert_false(ari_parse_double("1.5\0", 4, &number));
    assert_false(ari_parse_int64("15\0", 3, &integer));
}

static void reading_leaves_errno_alone(void **state)
{
    double number = 0;
    (void)state;
    errno = 42;
    assert_false(ari_parse_double("1.23456789012345678e350", 23, &number));
    assert_same_double(read_double("4.9406564584124654e-324"), 5e-324);
    assert_int_equal(errno, 42);
}

static void digits_come_without_zeros_at_their_end(void **state)
{
    char digits[17];
    int exponent = 0;
    (void)state;
    assert_int_equal(ari_double_digits(-1500.0, digits, &exponent), 2);
    assert_memory_equal(digits, "15", 2);
    assert_int_equal(exponent, 3);
    assert_int_equal(ari_double_digits(0.001, digits, &exponent), 1);
    assert_int_equal(exponent, -3);
}

static void integers_are_read_up_to_their_bounds(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } good[] = { { "0", 0 },
                 { "-0", 0 },
                 { "+7", 7 },
                 { "007", 7 },
                 { "9223372036854775807", INT64_MAX },
                 { "-9223372036854775808", INT64_MIN },
                 { "0000000000000000000000000000000001", 1 } };
    static const char *bad[] = { "",
                                 "+",
                                 "-",
                                 " 1",
                                 "1 ",
                                 "1.0",
                                 "1e3",
                                 "0x1",
                                 "9223372036854775808",
                                 "-9223372036854775809",
                                 "99999999999999999999",
                                 "--1",
                                 "1-" };
    char text[ARI_NUMBER_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t number = 77;
        assert_true(ari_parse_int64(good[i].text, strlen(good[i].text), &number));
        assert_int_equal(number, good[i].number);
        size_t length = ari_format_int64(number, text);
        assert_int_equal(length, strlen(text));
        assert_true(ari_parse_int64(text, length, &number));
        assert_int_equal(number, good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t number = 77;
        assert_false(ari_parse_int64(bad[i], strlen(bad[i]), &number));
        assert_int_equal(number, 77);
    }
    ari_format_int64(INT64_MIN, text);
    assert_string_equal(text, "-9223372036854775808");
}

/* Where no such locale is installed the same is asserted in the one that is set; tests run under AR_TEST_LOCALE too. */
static void a_decimal_comma_changes_nothing(void **state)
{
    static const char *locales[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8" };
    const char *set = NULL;
    char before[128];
    (void)state;
    snprintf(before, sizeof before, "%s", setlocale(LC_ALL, NULL));
    for (size_t i = 0; i < sizeof locales / sizeof locales[0] && set == NULL; i++)
        set = setlocale(LC_ALL, locales[i]);
    if (set != NULL)
        assert_string_equal(localeconv()->decimal_point, ",");
    else
        print_message("no locale with a decimal comma is installed: checking under \"%s\"\n", before);
    check_known_doubles();
    check_random_doubles();
    check_random_floats();
    double number = 0;
    assert_false(ari_parse_double("0,5", 3, &number));
    setlocale(LC_ALL, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_are_written_short_and_read_back),
        cmocka_unit_test(random_doubles_read_back_to_the_same_bits),
        cmocka_unit_test(random_floats_read_back_to_the_same_bits),
        cmocka_unit_test(floats_are_written_short),
        cmocka_unit_test(what_is_no_number_has_names),
        cmocka_unit_test(doubles_are_read_to_the_nearest),
        cmocka_unit_test(text_that_is_no_double_is_refused),
        cmocka_unit_test(exactly_the_given_bytes_are_read),
        cmocka_unit_test(reading_leaves_errno_alone),
        cmocka_unit_test(digits_come_without_zeros_at_their_end),
        cmocka_unit_test(integers_are_read_up_to_their_bounds),
        cmocka_unit_test(a_decimal_comma_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
