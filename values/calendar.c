/* SPDX-License-Identifier: MIT */
/* Days are counted in eras of 400 years, whose years begin in March, so that the leap day comes last. */
#include "values/calendar.h"

enum { days_per_era = 146097, days_to_1970 = 719468 };

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

/* What floor_divide leaves, 0 to b - 1. */
static int64_t floor_rest(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t month_length(int64_t year, int64_t month)
{
    static const int8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return lengths[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * days_per_era + day_of_era - days_to_1970;
}

static void set_date(ar_civil *civil, int64_t days)
{
    days += days_to_1970;
    int64_t era = floor_divide(days, days_per_era);
    int64_t day_of_era = days - era * days_per_era;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    civil->day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    civil->month = (int32_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    civil->year = (int32_t)(year_of_era + era * 400 + (civil->month <= 2));
}

static void set_time(ar_civil *civil, int64_t us)
{
    int64_t seconds = us / ARI_US_PER_SECOND;
    civil->hour = (int32_t)(seconds / 3600);
    civil->minute = (int32_t)(seconds / 60 % 60);
    civil->second = (int32_t)(seconds % 60);
    civil->microsecond = (int32_t)(us % ARI_US_PER_SECOND);
}

const char *ari_date_compose(int64_t year, int64_t month, int64_t day, int64_t *days)
{
    if (month < 1 || month > 12)
        return "the month is not between 1 and 12";
    if (day < 1 || day > month_length(year, month))
        return "the month has no such day";
    *days = days_from_civil(year, month, day);
    return NULL;
}

const char *ari_time_compose(int64_t hour, int64_t minute, int64_t second, int64_t microsecond, int64_t *us)
{
    if (hour < 0 || hour > 23)
        return "the hour is not between 0 and 23";
    if (minute < 0 || minute > 59)
        return "the minute is not between 0 and 59";
    if (second < 0 || second > 59)
        return "the second is not between 0 and 59";
    if (microsecond < 0 || microsecond >= ARI_US_PER_SECOND)
        return "the microsecond is not between 0 and 999999";
    *us = (hour * 3600 + minute * 60 + second) * ARI_US_PER_SECOND + microsecond;
    return NULL;
}

const char *ari_timestamp_compose(int64_t days, int64_t us, int64_t *out)
{
    static const char beyond[] = "it lies outside of the years -290308 to 294247 that a timestamp holds";
    days += floor_divide(us, ARI_US_PER_DAY);
    us = floor_rest(us, ARI_US_PER_DAY);
    /* Counted back from the end of the day where the day begins before the first timestamp but does not end there. */
    if (days < 0) {
        days++;
        us -= ARI_US_PER_DAY;
    }
    if (days > INT64_MAX / ARI_US_PER_DAY || days < INT64_MIN / ARI_US_PER_DAY)
        return beyond;
    int64_t midnight = days * ARI_US_PER_DAY;
    if (us > 0 ? midnight > INT64_MAX - us : midnight < INT64_MIN - us)
        return beyond;
    *out = midnight + us;
    return NULL;
}

ar_status ar_date_from_civil(int32_t year, int32_t month, int32_t day, ar_date *out, ar_error *err)
{
    int64_t days = 0;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "making a date: out is NULL");
    const char *problem = ari_date_compose(year, month, day, &days);
    if (problem == NULL && (days < INT32_MIN || days > INT32_MAX))
        problem = "it lies outside of the years -5877641 to 5881580 that a date holds";
    if (problem != NULL)
        return ar_error_set(err, AR_E_TYPE, "making a date: %s", problem);
    out->days = (int32_t)days;
    return AR_OK;
}

ar_status ar_time_from_civil(int32_t hour, int32_t minute, int32_t second, int32_t microsecond, ar_time *out,
                             ar_error *err)
{
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "making a time of day: out is NULL");
    const char *problem = ari_time_compose(hour, minute, second, microsecond, &out->us);
    if (problem != NULL)
        return ar_error_set(err, AR_E_TYPE, "making a time of day: %s", problem);
    return AR_OK;
}

ar_status ar_timestamp_from_civil(const ar_civil *civil, ar_timestamp *out, ar_error *err)
{
    int64_t days = 0;
    int64_t us = 0;
    if (civil == NULL || out == NULL)
        return ar_error_set(err, AR_E_INVALID, "making a timestamp: %s is NULL", civil == NULL ? "civil" : "out");
    const char *problem = ari_date_compose(civil->year, civil->month, civil->day, &days);
    if (problem == NULL)
        problem = ari_time_compose(civil->hour, civil->minute, civil->second, civil->microsecond, &us);
    if (problem == NULL)
        problem = ari_timestamp_compose(days, us, &out->us);
    if (problem != NULL)
        return ar_error_set(err, AR_E_TYPE, "making a timestamp: %s", problem);
    return AR_OK;
}

ar_civil ar_date_to_civil(ar_date date)
{
    ar_civil civil = { 0 };
    set_date(&civil, date.days);
    return civil;
}

ar_civil ar_time_to_civil(ar_time time)
{
    ar_civil civil = { 0 };
    set_time(&civil, floor_rest(time.us, ARI_US_PER_DAY));
    return civil;
}

ar_civil ar_timestamp_to_civil(ar_timestamp timestamp)
{
    ar_civil civil = { 0 };
    set_date(&civil, floor_divide(timestamp.us, ARI_US_PER_DAY));
    set_time(&civil, floor_rest(timestamp.us, ARI_US_PER_DAY));
    return civil;
}
