/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_DB_H
#define TESTS_FUZZ_FUZZ_DB_H

#include <sqlite3.h>

#include <actrec.h>

#include "tests/fuzz/fuzz.h"

/* A database in memory for each input, on one runtime, with one table that has a column of every type and two rows. SQL that the
 * fuzzer makes up reaches no file, and neither runs nor grows for long. */

typedef struct Thing {
    int64_t id;
    const char *name;
    bool flag;
    int16_t small;
    int32_t number;
    float single;
    double real;
    ar_bytes bytes;
    ar_timestamp at;
    ar_date day;
    ar_time clock;
    ar_decimal money;
    ar_uuid uuid;
    ar_json json;
    ar_opt_int32 maybe;
    ar_opt_decimal maybe_money;
} Thing;

AR_MODEL_DECLARE(Thing);
AR_MODEL_DEFINE(Thing, "things", AR_COLUMN(Thing, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Thing, name),
                AR_COLUMN(Thing, flag), AR_COLUMN(Thing, small), AR_COLUMN(Thing, number), AR_COLUMN(Thing, single),
                AR_COLUMN(Thing, real), AR_COLUMN(Thing, bytes), AR_COLUMN(Thing, at), AR_COLUMN(Thing, day),
                AR_COLUMN(Thing, clock), AR_COLUMN(Thing, money), AR_COLUMN(Thing, uuid), AR_COLUMN(Thing, json),
                AR_COLUMN(Thing, maybe), AR_COLUMN(Thing, maybe_money));

static ar_runtime *fuzz_runtime;
static ar_db *fuzz_db;

static int fuzz_limit(sqlite3 *db, char **message, const struct sqlite3_api_routines *unused)
{
    (void)message;
    (void)unused;
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0); /* VACUUM INTO would write a file */
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1000000);
    return SQLITE_OK;
}

static inline void fuzz_db_initialize(void)
{
    ar_error error;
    ar_runtime_options options = { .workers = 1 };
    CLAIM(sqlite3_auto_extension((void (*)(void))fuzz_limit) == SQLITE_OK);
    (void)sqlite3_hard_heap_limit64(64 * 1024 * 1024);
    CLAIM(ar_runtime_create(&options, &fuzz_runtime, &error) == AR_OK);
}

static inline Thing fuzz_thing(void)
{
    static const unsigned char bytes[] = { 0, 1, 255 };
    Thing thing = { .name = "Ann", .flag = true, .small = -7, .number = 70000, .single = 0.5F, .real = 1e300 };
    thing.bytes = (ar_bytes){ bytes, sizeof bytes };
    thing.at.us = -1;
    thing.day.days = 20000;
    thing.clock.us = 86399999999;
    thing.money = ar_decimal_of(-12345, 2);
    thing.json = (ar_json){ "{}", 2 };
    return thing;
}

static inline void fuzz_db_open(void)
{
    ar_error error;
    ar_db_options options = { .runtime = fuzz_runtime, .timeout_ms = 200 };
    Thing things[2] = { fuzz_thing(), fuzz_thing() };
    things[1].name = NULL;
    things[1].maybe = (ar_opt_int32){ true, 5 };
    things[1].maybe_money = (ar_opt_decimal){ true, ar_decimal_of(1, 38) };
    CLAIM(ar_db_open("sqlite::memory:", &options, &fuzz_db, &error) == AR_OK);
    CLAIM(ar_table_create(fuzz_db, &Thing_model, &error) == AR_OK);
    CLAIM(Thing_insert_many(fuzz_db, things, 2, &error) == AR_OK);
}

/* A failure says what it is. */
static inline void fuzz_claim_said(ar_status status, const ar_error *error)
{
    if (status == AR_OK)
        return;
    CLAIM(error->status == status && error->message[0] != '\0');
    CLAIM(memchr(error->message, '\0', sizeof error->message) != NULL);
    CLAIM(memchr(error->column, '\0', sizeof error->column) != NULL);
    CLAIM(memchr(error->constraint, '\0', sizeof error->constraint) != NULL);
}

/* A value of any type, most often one that the library makes; `keep` is what its text lies in, for the caller to free. */
static inline ar_value fuzz_value(fuzz_input *input, char **keep)
{
    ar_value value;
    size_t length;
    memset(&value, 0, sizeof value);
    uint8_t tag = fuzz_byte(input);
    value.type = (ar_type)(tag % 18); /* two of them are none */
    if (value.type == AR_TYPE_TEXT || value.type == AR_TYPE_JSON || value.type == AR_TYPE_BYTES) {
        *keep = fuzz_line(input, &length);
        if (value.type == AR_TYPE_BYTES)
            value.as.bytes = (ar_bytes){ *keep, length };
        else
            value.as.text = (ar_text){ *keep, (tag & 0x80) != 0 ? length + 1 : length }; /* with its NUL, or without */
        return value;
    }
    if (value.type == AR_TYPE_BOOL) {
        value.as.boolean = (fuzz_byte(input) & 1) != 0;
    } else if (value.type == AR_TYPE_DECIMAL) {
        fuzz_bytes(input, &value.as.decimal.low, sizeof value.as.decimal.low);
        value.as.decimal.scale = fuzz_byte(input);
        value.as.decimal.negative = (fuzz_byte(input) & 1) != 0;
    } else if (value.type == AR_TYPE_UUID) {
        fuzz_bytes(input, &value.as.uuid, sizeof value.as.uuid);
    } else {
        fuzz_bytes(input, &value.as.integer, sizeof value.as.integer);
    }
    return value;
}

#endif
