/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_ARGUMENTS_H
#define ACTREC_ARGUMENTS_H

#include <actrec/bind.h>

/* What the macros that take any number of arguments are made of. None of them needs an argument for its `...`. */

/* How many arguments there are, 1 to 32. */
#define AR_COUNT_(...)                                                                                              \
    AR_COUNT_PICK_(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, \
                   11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define AR_COUNT_PICK_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd, \
                       ee, ff, count, ...)                                                                           \
    count

#define AR_JOIN_(a, b)     AR_JOIN_NOW_(a, b)
#define AR_JOIN_NOW_(a, b) a##b

/* AR_EACH_(F, a, b, c) → F(a), F(b), F(c): 1 to 32 of them. */
#define AR_EACH_(F, ...)      AR_JOIN_(AR_EACH_, AR_COUNT_(__VA_ARGS__))(F, __VA_ARGS__)
#define AR_EACH_1(F, a)       F(a)
#define AR_EACH_2(F, a, ...)  F(a), AR_EACH_1(F, __VA_ARGS__)
#define AR_EACH_3(F, a, ...)  F(a), AR_EACH_2(F, __VA_ARGS__)
#define AR_EACH_4(F, a, ...)  F(a), AR_EACH_3(F, __VA_ARGS__)
#define AR_EACH_5(F, a, ...)  F(a), AR_EACH_4(F, __VA_ARGS__)
#define AR_EACH_6(F, a, ...)  F(a), AR_EACH_5(F, __VA_ARGS__)
#define AR_EACH_7(F, a, ...)  F(a), AR_EACH_6(F, __VA_ARGS__)
#define AR_EACH_8(F, a, ...)  F(a), AR_EACH_7(F, __VA_ARGS__)
#define AR_EACH_9(F, a, ...)  F(a), AR_EACH_8(F, __VA_ARGS__)
#define AR_EACH_10(F, a, ...) F(a), AR_EACH_9(F, __VA_ARGS__)
#define AR_EACH_11(F, a, ...) F(a), AR_EACH_10(F, __VA_ARGS__)
#define AR_EACH_12(F, a, ...) F(a), AR_EACH_11(F, __VA_ARGS__)
#define AR_EACH_13(F, a, ...) F(a), AR_EACH_12(F, __VA_ARGS__)
#define AR_EACH_14(F, a, ...) F(a), AR_EACH_13(F, __VA_ARGS__)
#define AR_EACH_15(F, a, ...) F(a), AR_EACH_14(F, __VA_ARGS__)
#define AR_EACH_16(F, a, ...) F(a), AR_EACH_15(F, __VA_ARGS__)
#define AR_EACH_17(F, a, ...) F(a), AR_EACH_16(F, __VA_ARGS__)
#define AR_EACH_18(F, a, ...) F(a), AR_EACH_17(F, __VA_ARGS__)
#define AR_EACH_19(F, a, ...) F(a), AR_EACH_18(F, __VA_ARGS__)
#define AR_EACH_20(F, a, ...) F(a), AR_EACH_19(F, __VA_ARGS__)
#define AR_EACH_21(F, a, ...) F(a), AR_EACH_20(F, __VA_ARGS__)
#define AR_EACH_22(F, a, ...) F(a), AR_EACH_21(F, __VA_ARGS__)
#define AR_EACH_23(F, a, ...) F(a), AR_EACH_22(F, __VA_ARGS__)
#define AR_EACH_24(F, a, ...) F(a), AR_EACH_23(F, __VA_ARGS__)
#define AR_EACH_25(F, a, ...) F(a), AR_EACH_24(F, __VA_ARGS__)
#define AR_EACH_26(F, a, ...) F(a), AR_EACH_25(F, __VA_ARGS__)
#define AR_EACH_27(F, a, ...) F(a), AR_EACH_26(F, __VA_ARGS__)
#define AR_EACH_28(F, a, ...) F(a), AR_EACH_27(F, __VA_ARGS__)
#define AR_EACH_29(F, a, ...) F(a), AR_EACH_28(F, __VA_ARGS__)
#define AR_EACH_30(F, a, ...) F(a), AR_EACH_29(F, __VA_ARGS__)
#define AR_EACH_31(F, a, ...) F(a), AR_EACH_30(F, __VA_ARGS__)
#define AR_EACH_32(F, a, ...) F(a), AR_EACH_31(F, __VA_ARGS__)

/* AR_VALUES_(1, "x") → an array of two values, and 2: two arguments of a call. */
#define AR_VALUES_(...) AR_VALUE_ARRAY_(AR_COUNT_(__VA_ARGS__), AR_EACH_(ar_bind, __VA_ARGS__)), AR_COUNT_(__VA_ARGS__)

/* AR_CALL_WITH_(f, handle, "literal", arguments...) is f(handle, "literal", values, count), without arguments
 * f(handle, "literal", NULL, 0). The text must be a string literal. For macros that take at least these two:
 * #define ar_x(...) AR_CALL_WITH_(ar_x_sql, __VA_ARGS__) */
#define AR_CALL_WITH_(f, ...)                                                                                       \
    AR_CALL_PICK_(__VA_ARGS__, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_,  \
                  MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, \
                  MORE_, MORE_, MORE_, MORE_, TWO_, ONE_, 0)                                                        \
    (f, __VA_ARGS__)
#define AR_CALL_PICK_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd, \
                      ee, ff, which, ...)                                                                           \
    AR_CALL_##which
#define AR_CALL_ONE_(f, handle)             f(handle)
#define AR_CALL_TWO_(f, handle, text)       f((handle), "" text "", NULL, 0)
#define AR_CALL_MORE_(f, handle, text, ...) f((handle), "" text "", AR_VALUES_(__VA_ARGS__))

#endif
