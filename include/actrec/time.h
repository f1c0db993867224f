/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_TIME_H
#define ACTREC_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

/* Calendar and text of ar_timestamp, ar_date and ar_time: proleptic Gregorian calendar, UTC, no leap seconds, no
 * locale, no time zone database. The year before 1 is 0, the one before -1. A timestamp reaches from
 * -290308-12-21T19:59:05.224192Z to +294247-01-10T04:00:54.775807Z, a date from year -5877641 to 5881580. `out` is
 * left alone on an error. */

/* Bytes that hold any of these as text, the NUL included. */
#define AR_TIMESTAMP_TEXT_SIZE 40
#define AR_DATE_TEXT_SIZE      16
#define AR_TIME_TEXT_SIZE      16

/* A day and a time of day, taken apart. */
typedef struct ar_civil {
    int32_t year;
    int32_t month;       /* 1 to 12 */
    int32_t day;         /* 1 to 31 */
    int32_t hour;        /* 0 to 23 */
    int32_t minute;      /* 0 to 59 */
    int32_t second;      /* 0 to 59 */
    int32_t microsecond; /* 0 to 999,999 */
} ar_civil;

/* The date of a year, month and day.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULL; AR_E_TYPE for a day that is not in the calendar (30 February) or that an ar_date
 *          does not hold. */
AR_API AR_NODISCARD ar_status ar_date_from_civil(int32_t year, int32_t month, int32_t day, ar_date *out, ar_error *err);

/* The time of day of an hour, minute, second and microsecond.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULL; AR_E_TYPE for anything out of its range, 24:00 and second 60 among them. */
AR_API AR_NODISCARD ar_status ar_time_from_civil(int32_t hour, int32_t minute, int32_t second, int32_t microsecond,
                                                 ar_time *out, ar_error *err);

/* The instant at which UTC shows `civil`.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULL; AR_E_TYPE for anything out of its range, and for an instant that an ar_timestamp
 *          does not hold. */
AR_API AR_NODISCARD ar_status ar_timestamp_from_civil(const ar_civil *civil, ar_timestamp *out, ar_error *err);

/* Year, month and day of `date`; the time is midnight.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API ar_civil ar_date_to_civil(ar_date date);

/* Hour, minute, second and microsecond of `time`, modulo one day; the date is all zero.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API ar_civil ar_time_to_civil(ar_time time);

/* What UTC shows at `timestamp`.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API ar_civil ar_timestamp_to_civil(ar_timestamp timestamp);

/* Says whether `time` lies within one day.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
static inline AR_UNUSED bool ar_time_is_valid(ar_time time)
{
    return time.us >= 0 && time.us < INT64_C(86400000000);
}

/* Reads "YYYY-MM-DD". A year takes four to seven digits, with a sign before it or without.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE for any other text, for a day that is not in the calendar or that an ar_date does not hold;
 *          AR_E_INVALID for NULL. */
AR_API AR_NODISCARD ar_status ar_date_parse(const char *text, ar_date *out, ar_error *err);

/* ar_date_parse of `length` bytes that need not end with a NUL.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_date_parse. */
AR_API AR_NODISCARD ar_status ar_date_parse_n(const char *text, size_t length, ar_date *out, ar_error *err);

/* Reads "hh:mm", "hh:mm:ss" or "hh:mm:ss.ffffff". A fraction may have any number of digits, of which those beyond
 * the sixth are zero.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE for any other text, 24:00, second 60, and parts of a microsecond; AR_E_INVALID for NULL. */
AR_API AR_NODISCARD ar_status ar_time_parse(const char *text, ar_time *out, ar_error *err);

/* ar_time_parse of `length` bytes that need not end with a NUL.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_time_parse. */
AR_API AR_NODISCARD ar_status ar_time_parse_n(const char *text, size_t length, ar_time *out, ar_error *err);

/* Reads a date as ar_date_parse does, then 'T' or one space, then a time as ar_time_parse does, then a zone: 'Z',
 * "+hh", "+hhmm", "+hh:mm" or "+hh:mm:ss" ('-' likewise), or none, which is UTC. A date alone is its midnight.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE for any other text and for an instant that an ar_timestamp does not hold; AR_E_INVALID for
 *          NULL. */
AR_API AR_NODISCARD ar_status ar_timestamp_parse(const char *text, ar_timestamp *out, ar_error *err);

/* ar_timestamp_parse of `length` bytes that need not end with a NUL.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_timestamp_parse. */
AR_API AR_NODISCARD ar_status ar_timestamp_parse_n(const char *text, size_t length, ar_timestamp *out, ar_error *err);

/* Writes "YYYY-MM-DD"; a year before 0 or after 9999 has a sign and at least six digits, as ISO 8601 and JavaScript
 * write it. What is written reads back to the very same value. Returns the bytes written without the NUL;
 * AR_DATE_TEXT_SIZE always suffices.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  returns 0, and "" where `size` is not 0, when `size` is too small or `buffer` is NULL. */
AR_API size_t ar_date_format(ar_date date, char *buffer, size_t size);

/* Writes "hh:mm:ss", with ".ffffff" when there are microseconds. Returns as ar_date_format; AR_TIME_TEXT_SIZE always
 * suffices.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_date_format; 0 too for a time that is not valid. */
AR_API size_t ar_time_format(ar_time time, char *buffer, size_t size);

/* Writes ISO 8601, "YYYY-MM-DDThh:mm:ssZ", with ".ffffff" when there are microseconds. Returns as ar_date_format;
 * AR_TIMESTAMP_TEXT_SIZE always suffices.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_date_format. */
AR_API size_t ar_timestamp_format(ar_timestamp timestamp, char *buffer, size_t size);

/* Writes UTC as SQL does, "YYYY-MM-DD hh:mm:ss" without a zone; else as ar_timestamp_format.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_date_format. */
AR_API size_t ar_timestamp_format_sql(ar_timestamp timestamp, char *buffer, size_t size);

AR_END_DECLS

#endif
