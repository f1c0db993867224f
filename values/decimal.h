/* SPDX-License-Identifier: MIT */
#ifndef VALUES_DECIMAL_H
#define VALUES_DECIMAL_H

#include "values/coefficient.h"

/* What the decimal*.c files share. */

/* AR_E_INVALID for a NULL `out` or an operand that is not valid. `doing` opens the message: "adding decimals". */
ar_status ari_decimal_check(const char *doing, ar_decimal a, ar_decimal b, const ar_decimal *out, ar_error *err);

/* AR_E_TYPE: the result takes more than 38 digits. */
ar_status ari_decimal_too_long(const char *doing, ar_error *err);

/* Long division: the digit that comes next, *rest * 10 / divisor; what is left goes to `*rest`. Both are below 2^127
 * and `*rest` is below `divisor`, so that twice either fits, which ten times would not: 10 r = 2 (4 r + r). */
unsigned ari_wide_next_digit(ari_wide *rest, ari_wide divisor);

#endif
