/* SPDX-License-Identifier: MIT */
#ifndef VALUES_CALENDAR_H
#define VALUES_CALENDAR_H

#include <actrec/time.h>

/* Calendar arithmetic that <actrec/time.h> is written with. Each check answers NULL, or what is wrong in words that
 * go behind "reading a date: ". */

#define ARI_US_PER_SECOND INT64_C(1000000)
#define ARI_US_PER_DAY    INT64_C(86400000000)

const char *ari_date_compose(int64_t year, int64_t month, int64_t day, int64_t *days);
const char *ari_time_compose(int64_t hour, int64_t minute, int64_t second, int64_t microsecond, int64_t *us);

/* `us` may be outside of the day by any number of days. */
const char *ari_timestamp_compose(int64_t days, int64_t us, int64_t *out);

#endif
