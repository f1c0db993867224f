/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <actrec/time.h>

#include "values/calendar.h"
#include "values/text.h"

static const char date_form[] = "the text is not of the form YYYY-MM-DD";
static const char time_form[] = "the text is not of the form hh:mm:ss[.ffffff]";
static const char timestamp_form[] = "the text is not of the form YYYY-MM-DD hh:mm:ss[.ffffff][Z or +hh:mm]";

/* What is left to read. The takers below answer NULL, or what is wrong. */
typedef struct reader {
    const char *next;
    const char *end;
} reader;

static bool take_char(reader *in, char c)
{
    if (in->next == in->end || *in->next != c)
        return false;
    in->next++;
    return true;
}

/* `least` to `most` digits, as many as there are. */
static bool take_number(reader *in, int least, int most, int64_t *out)
{
    int64_t number = 0;
    int count = 0;
    while (count < most && in->next < in->end && *in->next >= '0' && *in->next <= '9') {
        number = number * 10 + (*in->next++ - '0');
        count++;
    }
    *out = number;
    return count >= least;
}

static const char *take_date(reader *in, int64_t *days)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    bool negative = take_char(in, '-');
    if (!negative)
        (void)take_char(in, '+');
    if (!take_number(in, 4, 7, &year) || !take_char(in, '-') || !take_number(in, 2, 2, &month) || !take_char(in, '-') ||
        !take_number(in, 2, 2, &day) || (negative && year == 0))
        return date_form;
    return ari_date_compose(negative ? -year : year, month, day, days);
}

/* The digits behind the point of the seconds. */
static const char *take_fraction(reader *in, int64_t *microsecond)
{
    const char *start = in->next;
    int64_t beyond = 0;
    if (!take_number(in, 1, 6, microsecond))
        return time_form;
    for (int64_t digits = in->next - start; digits < 6; digits++)
        *microsecond *= 10;
    while (take_number(in, 1, 1, &beyond))
        if (beyond != 0)
            return "it has parts of a microsecond, which would be lost; round it first";
    return NULL;
}

static const char *take_time(reader *in, int64_t *us)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t microsecond = 0;
    const char *problem = NULL;
    if (!take_number(in, 2, 2, &hour) || !take_char(in, ':') || !take_number(in, 2, 2, &minute))
        return time_form;
    if (take_char(in, ':')) {
        if (!take_number(in, 2, 2, &second))
            return time_form;
        if (take_char(in, '.'))
            problem = take_fraction(in, &microsecond);
    }
    return problem != NULL ? problem : ari_time_compose(hour, minute, second, microsecond, us);
}

/* The offset from UTC, microseconds. */
static const char *take_zone(reader *in, int64_t *offset)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    *offset = 0;
    if (in->next == in->end || take_char(in, 'Z') || take_char(in, 'z'))
        return NULL;
    bool negative = take_char(in, '-');
    if ((!negative && !take_char(in, '+')) || !take_number(in, 2, 2, &hour))
        return timestamp_form;
    if (take_char(in, ':')) {
        if (!take_number(in, 2, 2, &minute) || (take_char(in, ':') && !take_number(in, 2, 2, &second)))
            return timestamp_form;
    } else if (in->next != in->end && !take_number(in, 2, 2, &minute)) {
        return timestamp_form;
    }
    const char *problem = ari_time_compose(hour, minute, second, 0, offset);
    if (negative)
        *offset = -*offset;
    return problem != NULL ? "the zone's offset is not between -23:59:59 and +23:59:59" : NULL;
}

static const char *read_timestamp(reader *in, int64_t *out)
{
    int64_t days = 0;
    int64_t us = 0;
    int64_t offset = 0;
    const char *problem = take_date(in, &days);
    if (problem != NULL)
        return problem == date_form ? timestamp_form : problem;
    if (in->next != in->end) {
        if (!take_char(in, 'T') && !take_char(in, 't') && !take_char(in, ' '))
            return timestamp_form;
        if ((problem = take_time(in, &us)) != NULL || (problem = take_zone(in, &offset)) != NULL)
            return problem == time_form ? timestamp_form : problem;
        if (in->next != in->end)
            return timestamp_form;
    }
    return ari_timestamp_compose(days, us - offset, out);
}

static ar_status refuse_null(const char *what, const char *text, ar_error *err)
{
    return ar_error_set(err, AR_E_INVALID, "reading a %s: %s is NULL", what, text == NULL ? "the text" : "out");
}

static size_t length_of(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

ar_status ar_date_parse(const char *text, ar_date *out, ar_error *err)
{
    return ar_date_parse_n(text, length_of(text), out, err);
}

ar_status ar_date_parse_n(const char *text, size_t length, ar_date *out, ar_error *err)
{
    int64_t days = 0;
    if (text == NULL || out == NULL)
        return refuse_null("date", text, err);
    reader in = { text, text + length };
    const char *problem = take_date(&in, &days);
    if (problem == NULL && in.next != in.end)
        problem = date_form;
    if (problem == NULL && (days < INT32_MIN || days > INT32_MAX))
        problem = "it lies outside of the years -5877641 to 5881580 that a date holds";
    if (problem != NULL)
        return ar_error_set(err, AR_E_TYPE, "reading a date: %s", problem);
    out->days = (int32_t)days;
    return AR_OK;
}

ar_status ar_time_parse(const char *text, ar_time *out, ar_error *err)
{
    return ar_time_parse_n(text, length_of(text), out, err);
}

ar_status ar_time_parse_n(const char *text, size_t length, ar_time *out, ar_error *err)
{
    int64_t us = 0;
    if (text == NULL || out == NULL)
        return refuse_null("time of day", text, err);
    reader in = { text, text + length };
    const char *problem = take_time(&in, &us);
    if (problem == NULL && in.next != in.end)
        problem = time_form;
    if (problem != NULL)
        return ar_error_set(err, AR_E_TYPE, "reading a time of day: %s", problem);
    out->us = us;
    return AR_OK;
}

ar_status ar_timestamp_parse(const char *text, ar_timestamp *out, ar_error *err)
{
    return ar_timestamp_parse_n(text, length_of(text), out, err);
}

ar_status ar_timestamp_parse_n(const char *text, size_t length, ar_timestamp *out, ar_error *err)
{
    int64_t us = 0;
    if (text == NULL || out == NULL)
        return refuse_null("timestamp", text, err);
    reader in = { text, text + length };
    const char *problem = read_timestamp(&in, &us);
    if (problem != NULL)
        return ar_error_set(err, AR_E_TYPE, "reading a timestamp: %s", problem);
    out->us = us;
    return AR_OK;
}

/* `number` with zeros before it up to `width` digits. */
static char *put_number(char *to, int64_t number, int width)
{
    int64_t scale = 1;
    for (int i = 1; i < width || number / scale >= 10; i++)
        scale *= 10;
    for (; scale > 0; scale /= 10)
        *to++ = (char)('0' + number / scale % 10);
    return to;
}

static char *put_date(char *to, const ar_civil *civil)
{
    int64_t year = civil->year;
    if (year >= 0 && year <= 9999) {
        to = put_number(to, year, 4);
    } else {
        *to++ = year < 0 ? '-' : '+';
        to = put_number(to, year < 0 ? -year : year, 6);
    }
    *to++ = '-';
    to = put_number(to, civil->month, 2);
    *to++ = '-';
    return put_number(to, civil->day, 2);
}

static char *put_time(char *to, const ar_civil *civil)
{
    to = put_number(to, civil->hour, 2);
    *to++ = ':';
    to = put_number(to, civil->minute, 2);
    *to++ = ':';
    to = put_number(to, civil->second, 2);
    if (civil->microsecond == 0)
        return to;
    *to++ = '.';
    return put_number(to, civil->microsecond, 6);
}

size_t ar_date_format(ar_date date, char *buffer, size_t size)
{
    char text[AR_DATE_TEXT_SIZE];
    ar_civil civil = ar_date_to_civil(date);
    char *end = put_date(text, &civil);
    return ari_text_deliver(text, (size_t)(end - text), buffer, size);
}

size_t ar_time_format(ar_time time, char *buffer, size_t size)
{
    char text[AR_TIME_TEXT_SIZE];
    ar_civil civil = ar_time_to_civil(time);
    char *end = ar_time_is_valid(time) ? put_time(text, &civil) : text;
    return ari_text_deliver(text, (size_t)(end - text), buffer, size);
}

static size_t format_timestamp(ar_timestamp timestamp, char between, bool zone, char *buffer, size_t size)
{
    char text[AR_TIMESTAMP_TEXT_SIZE];
    ar_civil civil = ar_timestamp_to_civil(timestamp);
    char *end = put_date(text, &civil);
    *end++ = between;
    end = put_time(end, &civil);
    if (zone)
        *end++ = 'Z';
    return ari_text_deliver(text, (size_t)(end - text), buffer, size);
}

size_t ar_timestamp_format(ar_timestamp timestamp, char *buffer, size_t size)
{
    return format_timestamp(timestamp, 'T', true, buffer, size);
}

size_t ar_timestamp_format_sql(ar_timestamp timestamp, char *buffer, size_t size)
{
    return format_timestamp(timestamp, ' ', false, buffer, size);
}
