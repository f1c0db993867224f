/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/decimal.h>

#define NINES "99999999999999999999999999999999999999" /* 38 of them */
#define HALF  "4999999999999999999999999999999999999"  /* a 4 and 36 nines */

static const ar_decimal mark = { .low = 4711, .scale = 3 };

static ar_decimal dec(const char *text)
{
    ar_decimal value = mark;
    ar_error err;
    if (ar_decimal_parse(text, &value, &err) != AR_OK)
        fail_msg("\"%s\": %s", text, err.message);
    return value;
}

static void assert_text(ar_decimal value, const char *text)
{
    char buffer[AR_DECIMAL_TEXT_SIZE];
    size_t length = ar_decimal_format(value, buffer, sizeof buffer);
    assert_string_equal(buffer, text);
    assert_int_equal(length, strlen(text));
    assert_true(ar_decimal_is_valid(value));
}

static void assert_same(ar_decimal a, ar_decimal b)
{
    assert_int_equal(a.low, b.low);
    assert_int_equal(a.high, b.high);
    assert_int_equal(a.scale, b.scale);
    assert_int_equal(a.negative, b.negative);
}

static uint64_t seed = UINT64_C(88172645463325252);

static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Up to `digits` digits, of all sizes, with a scale of at most `most_scale`. */
static ar_decimal draw_decimal(unsigned digits, unsigned most_scale)
{
    char text[64] = "-";
    unsigned count = (unsigned)(draw() % digits) + 1;
    for (unsigned i = 0; i < count; i++)
        text[i + 1] = (char)('0' + draw() % 10);
    text[count + 1] = '\0';
    ar_decimal value = dec(text + draw() % 2);
    value.scale = (uint8_t)(draw() % (most_scale + 1));
    return value;
}

static void text_reads_and_writes_the_same(void **state)
{
    static const char *texts[] = { "0",
                                   "0.00",
                                   "1",
                                   "-1",
                                   "1.50",
                                   "-0.05",
                                   "0.5",
                                   "10",
                                   "100.000",
                                   "18446744073709551615",
                                   "18446744073709551616",
                                   NINES,
                                   "-" NINES,
                                   "0." NINES,
                                   "-0." NINES,
                                   "0.00000000000000000000000000000000000000",
                                   "12345678901234567890.123456789012345678" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_text(dec(texts[i]), texts[i]);
}

static void scale_is_kept_as_written(void **state)
{
    static const struct {
        const char *text;
        const char *same;
        unsigned scale;
    } cases[] = { { "1.50", "1.50", 2 },
                  { "+1.5", "1.5", 1 },
                  { "1.50e1", "15.0", 1 },
                  { "15E2", "1500", 0 },
                  { "1.5e3", "1500", 0 },
                  { "1e-3", "0.001", 3 },
                  { "0e5", "0", 0 },
                  { "0.0e-3", "0.0000", 4 },
                  { "00012", "12", 0 },
                  { ".5", "0.5", 1 },
                  { "5.", "5", 0 },
                  { "-0", "0", 0 },
                  { "-0.00", "0.00", 2 },
                  { "0e99999999999999999999", "0", 0 },
                  { "1e37", "10000000000000000000000000000000000000", 0 },
                  { "1e-38", "0.00000000000000000000000000000000000001", 38 },
                  { "0000000000000000000000000000000000000000000001.0", "1.0", 1 } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_text(dec(cases[i].text), cases[i].same);
        assert_int_equal(dec(cases[i].text).scale, cases[i].scale);
    }
}

static void text_that_is_no_decimal_is_refused(void **state)
{
    static const char *texts[] = { "",
                                   " 1",
                                   "1 ",
                                   "+",
                                   "-",
                                   ".",
                                   "e1",
                                   "1e",
                                   "1,5",
                                   "1.2.3",
                                   "NaN",
                                   "Infinity",
                                   "0x1",
                                   "1_0",
                                   "--1",
                                   "1e1.5",
                                   NINES "0",
                                   "1e38",
                                   "0." NINES "0",
                                   "1e-39",
                                   "0e-39",
                                   "10" NINES,
                                   "1" NINES ".0",
                                   "1e99999999999999999999",
                                   "1e-99999999999999999999" };
    ar_error err;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ar_decimal value = mark;
        assert_int_equal(ar_decimal_parse(texts[i], &value, &err), AR_E_TYPE);
        assert_int_equal(err.status, AR_E_TYPE);
        assert_same(value, mark);
    }
}

static void errors_never_show_the_value(void **state)
{
    ar_decimal value;
    ar_error err;
    (void)state;
    assert_int_equal(ar_decimal_parse("4111x1111", &value, &err), AR_E_TYPE);
    assert_null(strstr(err.message, "4111"));
}

static void exactly_the_given_bytes_are_read(void **state)
{
    ar_decimal value;
    (void)state;
    assert_int_equal(ar_decimal_parse_n("12.345", 5, &value, NULL), AR_OK);
    assert_text(value, "12.34");
    assert_int_equal(ar_decimal_parse_n("12\0", 3, &value, NULL), AR_E_TYPE);
    assert_int_equal(ar_decimal_parse_n("", 0, &value, NULL), AR_E_TYPE);
}

static void format_needs_room_and_a_valid_value(void **state)
{
    char buffer[AR_DECIMAL_TEXT_SIZE] = "x";
    (void)state;
    assert_int_equal(ar_decimal_format(dec("-12.5"), buffer, 5), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(ar_decimal_format(dec("-12.5"), buffer, 6), 5);
    assert_string_equal(buffer, "-12.5");
    assert_int_equal(ar_decimal_format(dec("-12.5"), buffer, 0), 0);
    assert_string_equal(buffer, "-12.5");
    assert_int_equal(ar_decimal_format(dec("1"), NULL, 9), 0);
    assert_int_equal(ar_decimal_format((ar_decimal){ .low = 1, .scale = 39 }, buffer, sizeof buffer), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(ar_decimal_format(dec("-0." NINES), buffer, sizeof buffer), AR_DECIMAL_TEXT_SIZE - 1);
}

static void of_takes_coefficient_and_scale(void **state)
{
    (void)state;
    assert_text(ar_decimal_of(-150, 2), "-1.50");
    assert_text(ar_decimal_of(0, 3), "0.000");
    assert_text(ar_decimal_of(INT64_MIN, 0), "-9223372036854775808");
    assert_text(ar_decimal_from_int64(INT64_MAX), "9223372036854775807");
    assert_false(ar_decimal_is_valid(ar_decimal_of(1, 39)));
}

static void validity_is_checked(void **state)
{
    ar_decimal largest = dec(NINES);
    ar_decimal beyond = largest;
    beyond.low++;
    (void)state;
    assert_true(ar_decimal_is_valid(largest));
    assert_false(ar_decimal_is_valid(beyond));
    assert_false(ar_decimal_is_valid((ar_decimal){ .negative = true }));
    assert_true(ar_decimal_is_zero(dec("0.000")));
    assert_false(ar_decimal_is_zero(dec("0.001")));
    assert_false(ar_decimal_is_zero((ar_decimal){ .high = 1 }));
}

static void every_call_refuses_what_is_not_valid(void **state)
{
    static const ar_decimal bad[] = { { .low = 1, .scale = 39 },
                                      { .negative = true },
                                      { .high = UINT64_MAX, .low = UINT64_MAX },
                                      { .high = UINT64_MAX, .scale = 255 } };
    ar_decimal one = dec("1");
    ar_decimal out = mark;
    int64_t integer = 0;
    ar_error err;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ar_decimal_add(bad[i], one, &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_add(one, bad[i], &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_sub(one, bad[i], &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_mul(bad[i], one, &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_mul_round(one, bad[i], 2, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_div(bad[i], one, 2, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_div(one, bad[i], 2, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_rem(one, bad[i], &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_round(bad[i], 2, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
        assert_int_equal(ar_decimal_to_int64(bad[i], &integer, &err), AR_E_INVALID);
        assert_true(isnan(ar_decimal_to_double(bad[i])));
        assert_int_equal(ar_decimal_compare(bad[i], one), -ar_decimal_compare(one, bad[i]));
    }
    assert_same(out, mark);
}

static void every_call_refuses_null(void **state)
{
    ar_decimal one = dec("1");
    ar_error err;
    (void)state;
    assert_int_equal(ar_decimal_parse(NULL, &one, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_parse("1", NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_parse_n(NULL, 3, &one, NULL), AR_E_INVALID);
    assert_int_equal(ar_decimal_from_double(1, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_to_int64(one, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_add(one, one, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_sub(one, one, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_mul(one, one, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_mul_round(one, one, 0, AR_ROUND_DOWN, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_div(one, one, 0, AR_ROUND_DOWN, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_rem(one, one, NULL, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_round(one, 0, AR_ROUND_DOWN, NULL, &err), AR_E_INVALID);
}

static void scale_and_rounding_are_checked(void **state)
{
    ar_decimal one = dec("1");
    ar_decimal out = mark;
    ar_error err;
    (void)state;
    assert_int_equal(ar_decimal_round(one, 39, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_div(one, one, 39, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_mul_round(one, one, 39, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_round(one, 0, (ar_rounding)3, &out, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_div(one, one, 0, (ar_rounding)3, &out, &err), AR_E_INVALID);
    assert_int_equal(ar_decimal_mul_round(one, one, 0, (ar_rounding)3, &out, &err), AR_E_INVALID);
    assert_same(out, mark);
}

static void negate_and_abs_know_no_negative_zero(void **state)
{
    (void)state;
    assert_text(ar_decimal_negate(dec("1.5")), "-1.5");
    assert_text(ar_decimal_negate(dec("-1.5")), "1.5");
    assert_text(ar_decimal_negate(dec("0.00")), "0.00");
    assert_text(ar_decimal_abs(dec("-1.5")), "1.5");
    assert_text(ar_decimal_abs(dec("1.5")), "1.5");
}

static void compare_is_by_value(void **state)
{
    static const char *ascending[] = { "-" NINES,
                                       "-10",
                                       "-9.99",
                                       "-0." NINES,
                                       "-0.1",
                                       "0",
                                       "1e-38",
                                       "0.1",
                                       "0.2",
                                       "1",
                                       "1.0000000000000000000000000000000000001",
                                       "9.99",
                                       "10",
                                       NINES };
    const int count = sizeof ascending / sizeof ascending[0];
    (void)state;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            int order = ar_decimal_compare(dec(ascending[i]), dec(ascending[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    assert_int_equal(ar_decimal_compare(dec("1.5"), dec("1.50")), 0);
    assert_int_equal(ar_decimal_compare(dec("-2"), dec("-2.00000000000000000000000000000000000")), 0);
    assert_int_equal(ar_decimal_compare(dec("0"), dec("0.000")), 0);
}

typedef ar_status (*binary)(ar_decimal a, ar_decimal b, ar_decimal *out, ar_error *err);

typedef struct binary_case {
    binary call;
    const char *a;
    const char *b;
    const char *result; /* NULL: AR_E_TYPE */
} binary_case;

static void sums_and_products_are_exact(void **state)
{
    static const binary_case cases[] = {
        { ar_decimal_add, "1.50", "2.5", "4.00" },
        { ar_decimal_add, "0.1", "0.2", "0.3" },
        { ar_decimal_add, "-1", "1.00", "0.00" },
        { ar_decimal_add, NINES, "0", NINES },
        { ar_decimal_add, NINES, "1", NULL },
        { ar_decimal_add, "-" NINES, "-1", NULL },
        { ar_decimal_add, NINES, "0.0", NULL },
        { ar_decimal_add, "1e37", "-9999999999999999999999999999999999999.9", "0.1" },
        { ar_decimal_add, "2e37", "0.1", NULL },
        { ar_decimal_sub, "1", "1e-38", "0." NINES },
        { ar_decimal_sub, "5.0", "5", "0.0" },
        { ar_decimal_sub, "2", "3.5", "-1.5" },
        { ar_decimal_sub, "-" NINES, "1", NULL },
        { ar_decimal_sub, "0", "0.00", "0.00" },
        { ar_decimal_mul, "1.5", "-2.25", "-3.375" },
        { ar_decimal_mul, "0.00", "-3", "0.00" },
        { ar_decimal_mul, NINES, "1", NINES },
        { ar_decimal_mul, NINES, "2", NULL },
        { ar_decimal_mul, NINES, "1.00", NINES },
        { ar_decimal_mul, "0." NINES, "1.0", "0." NINES },
        { ar_decimal_mul, "0." NINES, "2.0", NULL },
        { ar_decimal_mul, "1e-38", "0.1", NULL },
        { ar_decimal_mul, "1e-38", "10.0", "0.00000000000000000000000000000000000010" },
        { ar_decimal_mul, "18446744073709551616", "18446744073709551615", NULL },
        { ar_decimal_mul, "9223372036854775808", "9223372036854775808", "85070591730234615865843651857942052864" },
        { ar_decimal_mul, "0e-38", "0e-38", "0.00000000000000000000000000000000000000" },
        { ar_decimal_rem, "7.5", "2", "1.5" },
        { ar_decimal_rem, "-7.5", "2", "-1.5" },
        { ar_decimal_rem, "7.5", "-2.00", "1.50" },
        { ar_decimal_rem, "6", "0.4", "0.0" },
        { ar_decimal_rem, NINES, "1e-38", "0.00000000000000000000000000000000000000" },
        { ar_decimal_rem, "0." NINES, NINES, "0." NINES },
        { ar_decimal_rem, "1e37", "0.00000000000000000000000000000000000007",
          "0.00000000000000000000000000000000000006" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ar_decimal out = mark;
        ar_status status = cases[i].call(dec(cases[i].a), dec(cases[i].b), &out, NULL);
        if (status != (cases[i].result != NULL ? AR_OK : AR_E_TYPE))
            fail_msg("case %zu, %s and %s: %s", i, cases[i].a, cases[i].b, ar_status_name(status));
        if (cases[i].result != NULL)
            assert_text(out, cases[i].result);
        else
            assert_same(out, mark);
    }
}

typedef struct rounding_case {
    const char *a;
    const char *b;
    uint8_t scale;
    const char *even; /* half even, half up, down; NULL: AR_E_TYPE */
    const char *up;
    const char *down;
} rounding_case;

typedef ar_status (*rounder)(ar_decimal a, ar_decimal b, uint8_t scale, ar_rounding rounding, ar_decimal *out,
                             ar_error *err);

static void check_rounding(rounder call, const rounding_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *results[] = { cases[i].even, cases[i].up, cases[i].down };
        for (int rounding = 0; rounding < 3; rounding++) {
            ar_decimal out = mark;
            ar_status status =
                call(dec(cases[i].a), dec(cases[i].b), cases[i].scale, (ar_rounding)rounding, &out, NULL);
            assert_int_equal(status, results[rounding] != NULL ? AR_OK : AR_E_TYPE);
            if (results[rounding] != NULL)
                assert_text(out, results[rounding]);
            else
                assert_same(out, mark);
        }
    }
}

static void quotients_are_rounded_once(void **state)
{
    static const rounding_case cases[] = {
        { "1", "3", 4, "0.3333", "0.3333", "0.3333" },
        { "2", "3", 4, "0.6667", "0.6667", "0.6666" },
        { "-2", "3", 0, "-1", "-1", "0" },
        { "1", "8", 2, "0.12", "0.13", "0.12" },
        { "3", "8", 2, "0.38", "0.38", "0.37" },
        { "-1", "8", 2, "-0.12", "-0.13", "-0.12" },
        { "5", "2", 0, "2", "3", "2" },
        { "7", "2", 0, "4", "4", "3" },
        { "6", "-2", 2, "-3.00", "-3.00", "-3.00" },
        { "0", "-2", 2, "0.00", "0.00", "0.00" },
        { "1.00", "4.0", 1, "0.2", "0.3", "0.2" },
        { "0.00025", "1", 3, "0.000", "0.000", "0.000" },
        { "0.0005", "1", 3, "0.000", "0.001", "0.000" },
        { "5.1", "2", 0, "3", "3", "2" },
        { "0.00050", "0.9999", 3, "0.001", "0.001", "0.000" },
        { "1", "7", 38, "0.14285714285714285714285714285714285714", "0.14285714285714285714285714285714285714",
          "0.14285714285714285714285714285714285714" },
        { NINES, "1e-38", 0, NULL, NULL, NULL },
        { NINES, NINES, 37, "1.0000000000000000000000000000000000000", "1.0000000000000000000000000000000000000",
          "1.0000000000000000000000000000000000000" },
        { "1", NINES, 38, "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001",
          "0.00000000000000000000000000000000000001" },
        { "99999999999999999999999999999999999999", "0.1", 0, NULL, NULL, NULL },
        { "999999999999999999999999999999999999.95", "1", 1, "1000000000000000000000000000000000000.0",
          "1000000000000000000000000000000000000.0", "999999999999999999999999999999999999.9" },
        { "999999999999999999999999999999999999.96", "0.01", 0, "99999999999999999999999999999999999996",
          "99999999999999999999999999999999999996", "99999999999999999999999999999999999996" },
        { NINES, "7", 1, NULL, NULL, NULL },
        { "0." NINES, "1", 37, "1.0000000000000000000000000000000000000", "1.0000000000000000000000000000000000000",
          "0.9999999999999999999999999999999999999" },
    };
    (void)state;
    check_rounding(ar_decimal_div, cases, sizeof cases / sizeof cases[0]);
}

static void products_are_rounded_once(void **state)
{
    static const rounding_case cases[] = {
        { "1.25", "1", 1, "1.2", "1.3", "1.2" },
        { "1.5", "1.5", 1, "2.2", "2.3", "2.2" },
        { "-1.5", "1.5", 1, "-2.2", "-2.3", "-2.2" },
        { "1.5", "1.5", 4, "2.2500", "2.2500", "2.2500" },
        { NINES, "0.1", 0, "10000000000000000000000000000000000000", "10000000000000000000000000000000000000",
          "9999999999999999999999999999999999999" },
        { NINES, "2", 0, NULL, NULL, NULL },
        { NINES, "1", 1, NULL, NULL, NULL },
        { "0." NINES, "0." NINES, 38, "0.99999999999999999999999999999999999998",
          "0.99999999999999999999999999999999999998", "0.99999999999999999999999999999999999998" },
        { "0." NINES, "0." NINES, 0, "1", "1", "0" },
        { "1e-38", "1e-38", 38, "0.00000000000000000000000000000000000000", "0.00000000000000000000000000000000000000",
          "0.00000000000000000000000000000000000000" },
        { "0.49999999999999999995000000000000000001", "1.0000000000000000001", 0, "1", "1", "0" },
        { "1e-38", "0.5", 38, "0.00000000000000000000000000000000000000", "0.00000000000000000000000000000000000001",
          "0.00000000000000000000000000000000000000" },
        { "1e-38", "0.50000000000000000000000000000000000001", 38, "0.00000000000000000000000000000000000001",
          "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000000" },
        { NINES, "1e-38", 0, "1", "1", "0" },
        { NINES, NINES, 0, NULL, NULL, NULL },
    };
    (void)state;
    check_rounding(ar_decimal_mul_round, cases, sizeof cases / sizeof cases[0]);
}

static ar_status round_first(ar_decimal a, ar_decimal b, uint8_t scale, ar_rounding rounding, ar_decimal *out,
                             ar_error *err)
{
    (void)b;
    return ar_decimal_round(a, scale, rounding, out, err);
}

static void rounding_goes_to_the_scale_asked_for(void **state)
{
    static const rounding_case cases[] = {
        { "1.005", "0", 2, "1.00", "1.01", "1.00" },
        { "1.015", "0", 2, "1.02", "1.02", "1.01" },
        { "-2.5", "0", 0, "-2", "-3", "-2" },
        { "-0.4", "0", 0, "0", "0", "0" },
        { "2.51", "0", 0, "3", "3", "2" },
        { "1.5", "0", 4, "1.5000", "1.5000", "1.5000" },
        { "0", "0", 38, "0.00000000000000000000000000000000000000", "0.00000000000000000000000000000000000000",
          "0.00000000000000000000000000000000000000" },
        { NINES, "0", 1, NULL, NULL, NULL },
        { "0." NINES, "0", 0, "1", "1", "0" },
        { "9." HALF, "0", 0, "9", "9", "9" },
    };
    (void)state;
    check_rounding(round_first, cases, sizeof cases / sizeof cases[0]);
}

static void division_by_zero_is_refused(void **state)
{
    ar_decimal out = mark;
    ar_error err;
    (void)state;
    assert_int_equal(ar_decimal_div(dec("1"), dec("0.00"), 2, AR_ROUND_DOWN, &out, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "zero"));
    assert_int_equal(ar_decimal_rem(dec("1"), dec("0"), &out, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "zero"));
    assert_same(out, mark);
}

static void result_may_go_to_an_operand(void **state)
{
    ar_decimal a = dec("2.5");
    (void)state;
    assert_int_equal(ar_decimal_add(a, a, &a, NULL), AR_OK);
    assert_int_equal(ar_decimal_mul(a, a, &a, NULL), AR_OK);
    assert_text(a, "25.00");
}

static void integers_come_and_go(void **state)
{
    static const char *texts[] = { "0", "-1", "9223372036854775807", "-9223372036854775808" };
    static const char *refused[] = { "9223372036854775808", "-9223372036854775809", "0.5", "-0.01", NINES };
    static const int64_t numbers[] = { 0, -1, INT64_MAX, INT64_MIN };
    int64_t out = 77;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ar_decimal_to_int64(dec(texts[i]), &out, NULL), AR_OK);
        assert_int_equal(out, numbers[i]);
        assert_text(ar_decimal_from_int64(numbers[i]), texts[i]);
    }
    assert_int_equal(ar_decimal_to_int64(dec("-3.00"), &out, NULL), AR_OK);
    assert_int_equal(out, -3);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ar_decimal_to_int64(dec(refused[i]), &out, NULL), AR_E_TYPE);
    assert_int_equal(out, -3);
}

static void doubles_come_with_the_fewest_digits(void **state)
{
    static const struct {
        double number;
        const char *text;
    } cases[] = { { 0.1, "0.1" },
                  { -0.0, "0" },
                  { -2.50, "-2.5" },
                  { 1e22, "10000000000000000000000" },
                  { 9.5e37, "95000000000000000000000000000000000000" },
                  { 1.0 / 3.0, "0.3333333333333333" },
                  { 1e-38, "0.00000000000000000000000000000000000001" } };
    static const double refused[] = { 1e38, -1e300, 1e-39, 1.5e-38, DBL_MIN };
    ar_decimal out = mark;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ar_decimal_from_double(cases[i].number, &out, NULL), AR_OK);
        assert_text(out, cases[i].text);
        assert_true(ar_decimal_to_double(out) == cases[i].number);
    }
    out = mark;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(ar_decimal_from_double(refused[i], &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_decimal_from_double((double)NAN, &out, NULL), AR_E_TYPE);
    assert_int_equal(ar_decimal_from_double(-(double)INFINITY, &out, NULL), AR_E_TYPE);
    assert_same(out, mark);
    assert_true(ar_decimal_to_double(dec("0.30000000000000000000000000000000000001")) == 0.3);
    assert_true(ar_decimal_to_double(dec(NINES)) == 1e38);
}

static void random_texts_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[AR_DECIMAL_TEXT_SIZE];
        ar_decimal value = draw_decimal(38, 38);
        ar_decimal back = mark;
        size_t length = ar_decimal_format(value, text, sizeof text);
        assert_int_equal(ar_decimal_parse_n(text, length, &back, NULL), AR_OK);
        assert_same(back, value);
    }
}

static void random_sums_come_apart_again(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        ar_decimal a = draw_decimal(20, 17);
        ar_decimal b = draw_decimal(20, 17);
        ar_decimal sum = mark;
        ar_decimal other = mark;
        assert_int_equal(ar_decimal_add(a, b, &sum, NULL), AR_OK);
        assert_int_equal(ar_decimal_add(b, a, &other, NULL), AR_OK);
        assert_same(sum, other);
        assert_int_equal(ar_decimal_sub(sum, b, &other, NULL), AR_OK);
        assert_int_equal(ar_decimal_compare(other, a), 0);
        assert_int_equal(ar_decimal_sub(sum, a, &other, NULL), AR_OK);
        assert_int_equal(ar_decimal_compare(other, b), 0);
    }
}

static void random_products_come_apart_again(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        ar_decimal a = draw_decimal(19, 19);
        ar_decimal b = draw_decimal(19, 19);
        ar_decimal product = mark;
        ar_decimal other = mark;
        assert_int_equal(ar_decimal_mul(a, b, &product, NULL), AR_OK);
        assert_int_equal(ar_decimal_mul(b, a, &other, NULL), AR_OK);
        assert_same(product, other);
        if (ar_decimal_is_zero(b))
            continue;
        assert_int_equal(ar_decimal_div(product, b, a.scale, (ar_rounding)(i % 3), &other, NULL), AR_OK);
        assert_same(other, a);
    }
}

/* a = q * b + r with |r| < |b| and q whole. */
static void random_remainders_complete_the_quotient(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        ar_decimal a = draw_decimal(18, 9);
        ar_decimal b = draw_decimal(18, 9);
        ar_decimal quotient = mark;
        ar_decimal rest = mark;
        ar_decimal whole = mark;
        if (ar_decimal_is_zero(b))
            continue;
        assert_int_equal(ar_decimal_div(a, b, 0, AR_ROUND_DOWN, &quotient, NULL), AR_OK);
        assert_int_equal(ar_decimal_rem(a, b, &rest, NULL), AR_OK);
        assert_true(ar_decimal_compare(ar_decimal_abs(rest), ar_decimal_abs(b)) < 0);
        assert_int_equal(ar_decimal_mul(quotient, b, &whole, NULL), AR_OK);
        assert_int_equal(ar_decimal_add(whole, rest, &whole, NULL), AR_OK);
        assert_int_equal(ar_decimal_compare(whole, a), 0);
    }
}

static void random_comparisons_agree_with_the_difference(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        ar_decimal a = draw_decimal(20, 17);
        ar_decimal b = i % 4 == 0 ? a : draw_decimal(20, 17);
        ar_decimal difference = mark;
        int order = ar_decimal_compare(a, b);
        assert_int_equal(ar_decimal_compare(b, a), -order);
        assert_int_equal(ar_decimal_sub(a, b, &difference, NULL), AR_OK);
        assert_int_equal(ar_decimal_is_zero(difference) ? 0 : (difference.negative ? -1 : 1), order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_reads_and_writes_the_same),
        cmocka_unit_test(scale_is_kept_as_written),
        cmocka_unit_test(text_that_is_no_decimal_is_refused),
        cmocka_unit_test(errors_never_show_the_value),
        cmocka_unit_test(exactly_the_given_bytes_are_read),
        cmocka_unit_test(format_needs_room_and_a_valid_value),
        cmocka_unit_test(of_takes_coefficient_and_scale),
        cmocka_unit_test(validity_is_checked),
        cmocka_unit_test(every_call_refuses_what_is_not_valid),
        cmocka_unit_test(every_call_refuses_null),
        cmocka_unit_test(scale_and_rounding_are_checked),
        cmocka_unit_test(negate_and_abs_know_no_negative_zero),
        cmocka_unit_test(compare_is_by_value),
        cmocka_unit_test(sums_and_products_are_exact),
        cmocka_unit_test(quotients_are_rounded_once),
        cmocka_unit_test(products_are_rounded_once),
        cmocka_unit_test(rounding_goes_to_the_scale_asked_for),
        cmocka_unit_test(division_by_zero_is_refused),
        cmocka_unit_test(result_may_go_to_an_operand),
        cmocka_unit_test(integers_come_and_go),
        cmocka_unit_test(doubles_come_with_the_fewest_digits),
        cmocka_unit_test(random_texts_read_back),
        cmocka_unit_test(random_sums_come_apart_again),
        cmocka_unit_test(random_products_come_apart_again),
        cmocka_unit_test(random_remainders_complete_the_quotient),
        cmocka_unit_test(random_comparisons_agree_with_the_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
