/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_VALIDATION_H
#define ACTREC_VALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/error.h>
#include <actrec/model.h>

AR_BEGIN_DECLS

/* What records must be like before they are written. Rules stand beside the column, checks of the whole record in the
 * same list:
 *
 *     AR_COLUMN(User, name, AR_NOT_NULL, .rules = AR_RULES(.required = true, .max_length = 80)),
 *     AR_COLUMN(User, age, 0, .rules = AR_RULES(.min = AR_BOUND(0), .max = AR_BOUND(150))),
 *     AR_VALIDATE(User, user_has_a_way_to_be_reached)
 *
 * Save, insert, update, upsert and insert_many check all of them, and answer AR_E_INVALID before anything is sent:
 * ar_error.column is that of the first failure, the message names them all. T_validate gives them one by one. A delete
 * checks nothing. Rules that make no sense for their column are AR_E_INVALID when the model is first used. */

/* A bound of a range: an integer or a floating-point constant, or the text of a decimal, date, time or timestamp. */
typedef struct ar_bound {
    int is; /* 0: none; 1: integer; 2: real; 3: text */
    int64_t integer;
    double real;
    const char *text;
} ar_bound;

/* AR_BOUND(18), AR_BOUND(0.5), AR_BOUND("19.99"), AR_BOUND("2000-01-01"); anything else does not compile. */
#define AR_BOUND(bound)                                                                                                  \
    {                                                                                                                    \
        .is = _Generic((bound), int: 1, long: 1, long long: 1, float: 2, double: 2, char *: 3, const char *: 3),       \
        .integer = _Generic((bound),                                                                                   \
            int: (bound), long: (bound), long long: (bound), float: 0, double: 0, char *: 0, const char *: 0),         \
        .real = _Generic((bound),                                                                                      \
            int: 0, long: 0, long long: 0, float: (bound), double: (bound), char *: 0, const char *: 0),               \
        .text = _Generic((bound), int: NULL, long: NULL, long long: NULL, float: NULL, double: NULL, char *: (bound),  \
                         const char *: (bound)) \
    }

/* AR_ONE_OF("draft", "published"), AR_ONE_OF_INTEGERS(RED, GREEN). */
typedef struct ar_integers {
    const int64_t *items;
    size_t count;
} ar_integers;

#define AR_ONE_OF(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define AR_ONE_OF_INTEGERS(...)                                       \
    (&(const ar_integers){ .items = (const int64_t[]){ __VA_ARGS__ }, \
                           .count = sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t) })

/* A rule of the application's for one column. AR_OK: it is fine. AR_E_INVALID: it is not, and err->message says in
 * which way ("is no palindrome"). Any other status ends the validation, and the verb, with that error. */
typedef ar_status (*ar_rule_fn)(const ar_value *value, ar_error *err);

/* The rules of a column; all zero: none. A value that is NULL fails `required` alone; no other rule looks at it. */
struct ar_rules {
    bool required;       /* not NULL, and no empty text or bytes; for columns that can be NULL */
    uint32_t min_length; /* Unicode characters of a text, which must be UTF-8 then; bytes of bytes; 0: any */
    uint32_t max_length; /* likewise */
    ar_bound min, max;   /* AR_BOUND, both inclusive: of numbers, decimals, dates, times, timestamps. NaN is outside */
    const char *pattern; /* a POSIX extended regular expression that is found in the text, see docs/validation.md */
    const char *const *one_of;          /* AR_ONE_OF, of texts; NULL: any */
    const ar_integers *one_of_integers; /* AR_ONE_OF_INTEGERS, of integers and enums; NULL: any */
    ar_rule_fn custom;                  /* NULL: none */
};

#define AR_RULES(...) (&(const ar_rules){ __VA_ARGS__ })

/* One way in which a record is not as it must be. */
typedef struct ar_failure {
    size_t row;          /* in the array; 0 for a single record */
    const char *column;  /* the name of the column; "" for one of the whole record */
    const char *rule;    /* "required", "min_length", …, as in ar_rules; "record": of an AR_VALIDATE */
    const char *message; /* "is required"; never holds the value */
} ar_failure;

/* All failures of a record, in the order of its columns, those of the whole record last. {0} is empty. */
typedef struct ar_failures {
    const ar_failure *items;
    size_t count;
    void *raw; /* their memory; NULL when it is empty */
} ar_failures;

/* Adds a failure, for functions given to AR_VALIDATE; `column` NULL or "" means the whole record. Texts are copied, the
 * message is cut at 255 bytes. Without memory the validation that it is part of answers AR_E_NO_MEMORY.
 * Owns:    nothing; NULL does nothing.
 * Threads: one at a time.
 * Blocks:  never.
 * Errors:  as said. */
AR_API void ar_failures_add(ar_failures *failures, const char *column, const char *format, ...) AR_PRINTF(3, 4);

/* Frees the failures and leaves the list empty; an empty one and NULL do nothing.
 * Owns:    takes the memory of *failures.
 * Threads: one at a time.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_failures_free(ar_failures *failures);

/* Checks `record`, a T * of the library's or a plain struct, as a save would, and runs no events. T_validate is this one.
 * validate_many: an array of plain structs.
 * Owns:    *failures (may be NULL) is the caller's: ar_failures_free; what was in it is not freed. It is empty but for
 *          AR_E_INVALID of a record that is not as it must be.
 * Threads: one at a time for the record.
 * Blocks:  as the application's functions do.
 * Errors:  AR_E_INVALID for a failure, for NULL, and for a model or rules that make no sense; AR_E_NO_MEMORY; what a
 *          function of the application's answered. */
AR_API AR_NODISCARD ar_status ar_record_validate(const ar_model *model, const void *record, ar_failures *failures,
                                                 ar_error *err);
AR_API AR_NODISCARD ar_status ar_record_validate_many(const ar_model *model, const void *rows, size_t count,
                                                      ar_failures *failures, ar_error *err);

/* What AR_VALIDATE makes. */
typedef struct ar_validator {
    ar_status (*call)(void (*fn)(void), const void *record, ar_failures *failures, ar_error *err);
    void (*fn)(void);
} ar_validator;

AR_END_DECLS

/* AR_VALIDATE(T, fn): `ar_status fn(const T *record, ar_failures *failures, ar_error *err)` looks at the whole record, once
 * its columns were looked at. It adds failures and answers AR_OK; or AR_E_INVALID with a message, which is one failure
 * (of err->column, when that is set). Any other status ends the verb with that error. A function of another type does
 * not compile. AR_MODEL_DECLARE(T) comes first. */
#define AR_VALIDATE(T, function)                                                                                      \
    {                                                                                                                 \
        .T = {                                                                                                        \
            .flags = AR_IGNORE,                                                                                       \
            .entry = AR_ENTRY_VALIDATOR,                                                                              \
            .extra =                                                                                                  \
                &(const ar_validator){ .call = T##_validator_call_,                                                   \
                                       .fn = _Generic(&(function), ar_status(*)(const T *, ar_failures *, ar_error *) \
                                                      : (void (*)(void))(function)) }                                 \
        }                                                                                                             \
    }

#endif
