/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_VALUE_H
#define ACTREC_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/config.h>

AR_BEGIN_DECLS

/* The types of values that records hold and statements bind. In a column as ar_table_create makes it, a value of any of them
 * is stored and read back bit for bit on every engine, or refused with AR_E_TYPE (JSON text that is none: on MariaDB
 * AR_E_CONSTRAINT). In a column of another type the engine converts by its own rules, also without an error: what is bound
 * as a double may become a float in a FLOAT, an instant whole seconds in a DATETIME, a decimal of 3 places one of 2 in a
 * DECIMAL(10,2), a text shorter or longer in a CHAR(n), and JSON another text in a jsonb. docs/models.md has the list. */

/* Text of a known length, UTF-8. `data` NULL is SQL NULL. NUL inside is refused where the engine cannot keep it. */
typedef struct ar_text {
    const char *data;
    size_t length; /* bytes */
} ar_text;

/* Bytes. `data` NULL is SQL NULL; no bytes at all is a non-NULL `data` with length 0. */
typedef struct ar_bytes {
    const void *data;
    size_t length;
} ar_bytes;

/* JSON text as it was given; `data` NULL is SQL NULL (the JSON null is the text "null"). */
typedef struct ar_json {
    const char *data;
    size_t length; /* bytes */
} ar_json;

/* An instant: microseconds since 1970-01-01T00:00:00 UTC. */
typedef struct ar_timestamp {
    int64_t us;
} ar_timestamp;

/* A day of the proleptic Gregorian calendar: days since 1970-01-01. */
typedef struct ar_date {
    int32_t days;
} ar_date;

/* A time of day: microseconds since midnight, 0 to 86,399,999,999. */
typedef struct ar_time {
    int64_t us;
} ar_time;

/* An exact decimal number: (negative ? -1 : 1) * (high * 2^64 + low) / 10^scale, of at most 38 digits; scale 0 to 38. */
typedef struct ar_decimal {
    uint64_t low;
    uint64_t high;
    uint8_t scale;
    bool negative;
} ar_decimal;

typedef struct ar_uuid {
    uint8_t bytes[16]; /* in the order in which they are written */
} ar_uuid;

/* Optional values: `has` false is SQL NULL, and `value` then means nothing. */
typedef struct ar_opt_bool {
    bool has, value;
} ar_opt_bool;
typedef struct ar_opt_int16 {
    bool has;
    int16_t value;
} ar_opt_int16;
typedef struct ar_opt_int32 {
    bool has;
    int32_t value;
} ar_opt_int32;
typedef struct ar_opt_int64 {
    bool has;
    int64_t value;
} ar_opt_int64;
typedef struct ar_opt_float {
    bool has;
    float value;
} ar_opt_float;
typedef struct ar_opt_double {
    bool has;
    double value;
} ar_opt_double;
typedef struct ar_opt_timestamp {
    bool has;
    ar_timestamp value;
} ar_opt_timestamp;
typedef struct ar_opt_date {
    bool has;
    ar_date value;
} ar_opt_date;
typedef struct ar_opt_time {
    bool has;
    ar_time value;
} ar_opt_time;
typedef struct ar_opt_decimal {
    bool has;
    ar_decimal value;
} ar_opt_decimal;
typedef struct ar_opt_uuid {
    bool has;
    ar_uuid value;
} ar_opt_uuid;

/* What a value is. AR_TYPE_NULL as a wanted type means "whatever the engine has". */
typedef enum ar_type {
    AR_TYPE_NULL = 0,
    AR_TYPE_BOOL,
    AR_TYPE_INT16,
    AR_TYPE_INT32,
    AR_TYPE_INT64,
    AR_TYPE_FLOAT,
    AR_TYPE_DOUBLE,
    AR_TYPE_TEXT,
    AR_TYPE_BYTES,
    AR_TYPE_TIMESTAMP,
    AR_TYPE_DATE,
    AR_TYPE_TIME,
    AR_TYPE_DECIMAL,
    AR_TYPE_UUID,
    AR_TYPE_JSON,
    AR_TYPE_ENUM /* a C enum: an integer of 32 bits */
} ar_type;

/* One value, tagged. Text, bytes and JSON are borrowed: they live as long as the place they came from says. */
typedef struct ar_value {
    ar_type type; /* AR_TYPE_NULL is SQL NULL */
    union {
        bool boolean;
        int64_t integer; /* INT16, INT32, INT64, ENUM */
        float single;
        double real;
        ar_text text; /* TEXT and JSON; data is not NULL */
        ar_bytes bytes;
        ar_timestamp timestamp;
        ar_date date;
        ar_time time;
        ar_decimal decimal;
        ar_uuid uuid;
    } as;
} ar_value;

/* Names `type` as messages do: "int64", "text"; "?" for a number that is none.
 * Owns:    the string is static.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API const char *ar_type_name(ar_type type);

AR_END_DECLS

#endif
