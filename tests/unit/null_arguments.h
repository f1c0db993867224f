/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NULL_ARGUMENTS_H
#define TESTS_UNIT_NULL_ARGUMENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec.h>

#include <actrec/schema.h>

/* Every public function that takes a pointer, with NULL for each of them in turn, and with handles of what is gone: it answers what its
 * header says, with a message, and with NULL for the error too. The last test of each program compares what was called with what the
 * headers declare: test_null_records the functions that records and queries are made with, test_null_schema those of tables and migrations, test_null_arguments the others. */

static const char *const declared[] = {
#include "public_functions.inc"
};
enum { DECLARED = sizeof declared / sizeof declared[0] };

static bool covered[DECLARED];
static int complaints;
static ar_error err;
static ar_db *db;    /* open */
static ar_db *stale; /* closed */
static ar_runtime *runtime;

typedef struct Pet {
    int64_t id;
    const char *name;
} Pet;

AR_MODEL_DECLARE(Pet);
AR_MODEL_DEFINE(Pet, "pets", AR_COLUMN(Pet, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Pet, name));

/* --- How calls are checked; a complaint names the call and lets the others be made. --- */

static void cover(const char *name)
{
    for (size_t i = 0; i < DECLARED; i++) {
        if (strcmp(declared[i], name) == 0) {
            covered[i] = true;
            return;
        }
    }
    print_error("%s is no public function that takes a pointer\n", name);
    complaints++;
}

static void complain(const char *call, int line, const char *what)
{
    print_error("line %d: %s %s\n", line, call, what);
    complaints++;
}

static void check_status(const char *call, int line, ar_status got, ar_status expected)
{
    if (got != expected) {
        print_error("line %d: %s gave %s, not %s\n", line, call, ar_status_name(got), ar_status_name(expected));
        complaints++;
    }
}

static void poison_error(void)
{
    memset(&err, 0x5a, sizeof err);
}

static void check_error(const char *call, int line, ar_status got)
{
    ar_error poison;
    memset(&poison, 0x5a, sizeof poison);
    if (got == AR_OK) {
        if (memcmp(&err, &poison, sizeof err) != 0)
            complain(call, line, "touched the error of a call that went well");
    } else if (err.status != got) {
        complain(call, line, "did not fill in the error");
    } else if (err.message[0] == '\0') {
        complain(call, line, "gave no message");
    }
}

/* A call that ends with an ar_error *: made with one and without. Its arguments are evaluated twice. */
#define ANSWERS(expected, function, ...)                                            \
    do {                                                                            \
        cover(#function);                                                           \
        poison_error();                                                             \
        ar_status status_ = function(__VA_ARGS__, &err);                            \
        check_status(#function, __LINE__, status_, (expected));                     \
        check_error(#function, __LINE__, status_);                                  \
        check_status(#function, __LINE__, function(__VA_ARGS__, NULL), (expected)); \
    } while (0)

static void check_future(const char *call, int line, ar_future *future, ar_status expected)
{
    if (future == NULL) {
        complain(call, line, "gave a NULL future");
        return;
    }
    ar_done done = { future };
    poison_error();
    ar_status status = ar_done_await_for(&done, 10000, &err);
    check_status(call, line, status, expected);
    check_error(call, line, status);
    ar_future_drop(&done.raw);
}

/* A call that gives a future: a wrapper, or a bare one. */
#define COMES_TO(expected, function, ...)                                           \
    do {                                                                            \
        cover(#function);                                                           \
        check_future(#function, __LINE__, (function(__VA_ARGS__)).raw, (expected)); \
    } while (0)
#define COMES_TO_BARE(expected, function, ...)                                  \
    do {                                                                        \
        cover(#function);                                                       \
        check_future(#function, __LINE__, (function(__VA_ARGS__)), (expected)); \
    } while (0)

#define GIVES(expected, function, ...)                                \
    do {                                                              \
        cover(#function);                                             \
        if ((function(__VA_ARGS__)) != (expected))                    \
            complain(#function, __LINE__, "did not give " #expected); \
    } while (0)

#define DOES_NOTHING(function, ...) \
    do {                            \
        cover(#function);           \
        function(__VA_ARGS__);      \
    } while (0)

/* --- Fixture --- */

static int set_up(void **state)
{
    (void)state;
    complaints = 0;
    ar_runtime_options options = { .workers = 1 };
    if (ar_runtime_create(&options, &runtime, &err) != AR_OK)
        return -1;
    ar_db_options in = { .runtime = runtime };
    if (ar_db_open("sqlite::memory:", &in, &stale, &err) != AR_OK ||
        ar_db_open("sqlite::memory:", &in, &db, &err) != AR_OK || ar_table_create(db, &Pet_model, &err) != AR_OK)
        return -1;
    ar_db *closing = stale;
    ar_db_close(&closing);
    return closing == NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ar_db_close(&db);
    return ar_runtime_close(&runtime, &err) == AR_OK ? 0 : -1;
}

static void settle(void)
{
    assert_int_equal(complaints, 0);
}

static bool is_of_schemas(const char *name)
{
    return strncmp(name, "ar_schema_", 10) == 0 || strncmp(name, "ar_tables_", 10) == 0 ||
           strncmp(name, "ar_migrat", 9) == 0;
}

static bool is_of_records(const char *name)
{
    static const char *const openings[] = { "ar_record_", "ar_query_",  "ar_sql_",   "ar_rows_", "ar_table_",
                                            "ar_relat",   "ar_scalar_", "ar_pluck_", "ar_array_" };
    for (size_t i = 0; i < sizeof openings / sizeof openings[0]; i++) {
        if (strncmp(name, openings[i], strlen(openings[i])) == 0)
            return true;
    }
    return false;
}

enum { OF_OTHERS, OF_RECORDS, OF_SCHEMAS };

static void check_none_forgotten(int group)
{
    for (size_t i = 0; i < DECLARED; i++) {
        int own = is_of_schemas(declared[i]) ? OF_SCHEMAS : is_of_records(declared[i]) ? OF_RECORDS : OF_OTHERS;
        if (!covered[i] && own == group) {
            print_error("%s was not called with NULL\n", declared[i]);
            complaints++;
        }
    }
    settle();
}

#endif
