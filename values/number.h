/* SPDX-License-Identifier: MIT */
#ifndef VALUES_NUMBER_H
#define VALUES_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers as text, in no locale: the point is '.', nothing is grouped, no space is skipped. The parsers take exactly
 * `length` bytes, return false for anything that is not wholly such a number or does not fit, and then leave `*out`
 * alone. */

enum { ARI_NUMBER_TEXT_SIZE = 32 };

/* The fewest of 15 to 17 digits (float: 6 to 9; subnormals: from 1) that read back to the same bits: "0.1", "1e22",
 * "-0". Infinities are "Infinity" and "-Infinity"; NaN is "NaN", its bits are lost. Return the bytes written without
 * the NUL. */
size_t ari_format_double(double number, char buffer[ARI_NUMBER_TEXT_SIZE]);
size_t ari_format_float(float number, char buffer[ARI_NUMBER_TEXT_SIZE]);
size_t ari_format_int64(int64_t number, char buffer[ARI_NUMBER_TEXT_SIZE]);

/* To the nearest, ties to even, whatever the number of digits. What rounds to infinity does not fit; what rounds to
 * zero does. "NaN", "inf" and "Infinity" are read in any case. */
bool ari_parse_double(const char *text, size_t length, double *out);
bool ari_parse_float(const char *text, size_t length, float *out);

/* "[+-]digits". */
bool ari_parse_int64(const char *text, size_t length, int64_t *out);

/* The digits of a finite `number` other than zero, fewest as above, none of them a zero at the end: |number| is the
 * number nearest to d.ddd * 10^exponent. Returns how many. */
size_t ari_double_digits(double number, char digits[17], int *exponent);

/* The parts of "[+-]digits[.digits][e[+-]digits]" with a digit on either side of the point; they point into `text`. */
typedef struct ari_number_text {
    bool negative;
    const char *integer;
    size_t integer_length;
    const char *fraction;
    size_t fraction_length;
    int64_t exponent; /* at most 10^17 either way: what is written beyond that is cut down to it */
} ari_number_text;

bool ari_number_scan(const char *text, size_t length, ari_number_text *out);

#endif
