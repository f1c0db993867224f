/* SPDX-License-Identifier: MIT */
#include "backends/postgres/value.h"

#include <math.h>
#include <string.h>

#include <actrec/decimal.h>

#include "backends/postgres/wire.h"
#include "values/coefficient.h"
#include "values/number.h"

/* numeric on the wire (numeric_send and numeric_recv in numeric.c of the server): the number of digits to the base 10000, the weight of the first, the sign, the number of
 * decimal digits behind the point, and the digits, none of the first and last of them zero: each 16 bits. */

enum {
    sign_positive = 0x0000,
    sign_negative = 0x4000,
    sign_nan = 0xC000,
    sign_infinity = 0xD000,
    sign_minus_infinity = 0xF000
};
enum { head_size = 8, base = 10000, base_digits = 4 };

size_t ari_postgres_numeric_write(ar_decimal value, unsigned char *out)
{
    uint16_t digits[16];
    size_t count = 0;
    ari_wide rest = ari_wide_of(value);
    unsigned groups_behind = (value.scale + base_digits - 1U) / base_digits;
    unsigned padding = groups_behind * base_digits - value.scale; /* zeros that fill up the last group */
    ari_wide low_power = ari_power_of_ten(base_digits - padding);
    if (padding != 0) { /* the last group apart, so that nothing overflows */
        digits[count++] = (uint16_t)((unsigned)(rest % low_power) * (unsigned)ari_power_of_ten(padding));
        rest /= low_power;
    }
    for (; rest != 0; rest /= base)
        digits[count++] = (uint16_t)(rest % base);
    size_t skipped = 0;
    while (skipped < count && digits[skipped] == 0) /* at the end */
        skipped++;
    while (count > skipped && digits[count - 1] == 0) /* at the start */
        count--;
    int weight = count > skipped ? (int)count - 1 - (int)groups_behind : 0;
    ari_wire_put16(out, (uint16_t)(count - skipped));
    ari_wire_put16(out + 2, (uint16_t)(int16_t)weight);
    ari_wire_put16(out + 4, value.negative ? sign_negative : sign_positive);
    ari_wire_put16(out + 6, value.scale);
    for (size_t i = count, at = head_size; i > skipped; i--, at += 2)
        ari_wire_put16(out + at, digits[i - 1]);
    return head_size + 2 * (count - skipped);
}

typedef struct numeric {
    unsigned count;
    int weight;
    unsigned sign;
    unsigned scale;
    const char *digits;
} numeric;

static bool read_head(const char *data, size_t length, numeric *out)
{
    if (length < head_size)
        return false;
    out->count = ari_wire_get16(data);
    out->weight = (int16_t)ari_wire_get16(data + 2);
    out->sign = ari_wire_get16(data + 4);
    out->scale = ari_wire_get16(data + 6);
    out->digits = data + head_size;
    return length == head_size + 2 * (size_t)out->count;
}

static unsigned digit_at(const numeric *number, int index)
{
    return index >= 0 && index < (int)number->count ? ari_wire_get16(number->digits + 2 * (size_t)index) : 0;
}

/* The value of all groups down to the one of weight `last`; false: too large. */
static bool gather(const numeric *number, int last, ari_wide *out)
{
    ari_wide sum = 0;
    for (int weight = number->weight; weight >= last; weight--) {
        if (!ari_wide_shift(sum, base_digits, ari_wide_max(), &sum))
            return false;
        ari_wide digit = digit_at(number, number->weight - weight);
        if (digit > ari_wide_max() - sum)
            return false;
        sum += digit;
    }
    *out = sum;
    return true;
}

bool ari_postgres_numeric_read(const char *data, size_t length, ar_decimal *out)
{
    static const unsigned unit[base_digits] = { 0, 1000, 100, 10 }; /* of the digits that count */
    numeric number;
    ari_wide whole, part = 0, sum;
    if (!read_head(data, length, &number) || (number.sign != sign_positive && number.sign != sign_negative) ||
        number.scale > AR_DECIMAL_DIGITS)
        return false;
    int full = (int)(number.scale / base_digits);
    unsigned left = number.scale % base_digits; /* digits of the last group that count; the others are zero */
    if (!gather(&number, -full, &whole))
        return false;
    if (number.weight < -full && left != 0)
        whole = 0;
    if (left != 0)
        part = digit_at(&number, number.weight + full + 1) / unit[left];
    if (!ari_wide_shift(whole, left, ari_wide_max(), &sum) || part > ari_wide_max() - sum)
        return false;
    *out = ari_decimal_make(sum + part, number.scale, number.sign == sign_negative);
    return true;
}

/* More than 20 groups do not change a double but in a tie, which a last digit that is not zero breaks. */
static size_t write_digits(const numeric *number, char *text)
{
    enum { most = 20 };
    size_t at = 0;
    bool rest = false;
    unsigned count = number->count < most ? number->count : most;
    text[at++] = number->sign == sign_negative ? '-' : '+';
    for (unsigned i = 0; i < count; i++) {
        unsigned digit = digit_at(number, (int)i);
        for (unsigned power = base / 10; power > 0; power /= 10)
            text[at++] = (char)('0' + digit / power % 10);
    }
    for (unsigned i = count; i < number->count; i++)
        rest |= digit_at(number, (int)i) != 0;
    if (count == 0)
        text[at++] = '0';
    text[at++] = '.';
    text[at++] = rest ? '1' : '0';
    text[at++] = 'e';
    int exponent = count == 0 ? 0 : (number->weight - (int)count + 1) * base_digits;
    return at + ari_format_int64(exponent, text + at);
}

bool ari_postgres_numeric_to_double(const char *data, size_t length, double *out)
{
    char text[160];
    numeric number;
    if (!read_head(data, length, &number))
        return false;
    switch (number.sign) {
    case sign_nan: *out = (double)NAN; return true;
    case sign_infinity: *out = (double)INFINITY; return true;
    case sign_minus_infinity: *out = -(double)INFINITY; return true;
    default: return ari_parse_double(text, write_digits(&number, text), out);
    }
}
