/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_CHANGE_H
#define ACTREC_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/arguments.h>
#include <actrec/bind.h>
#include <actrec/error.h>
#include <actrec/future.h>
#include <actrec/key.h>
#include <actrec/query.h>

AR_BEGIN_DECLS

/* What one column of many rows, or of one, becomes, without reading it. The macros below make them; a misspelt member
 * does not compile. The value takes the type of the column when the query is given it; texts and bytes are borrowed
 * until then. */
typedef enum ar_change_kind {
    AR_CHANGE_SET = 1, /* = value */
    AR_CHANGE_ADD,     /* = itself + value */
    AR_CHANGE_SQL      /* = a fragment of SQL */
} ar_change_kind;

typedef struct ar_change {
    uint32_t kind; /* an ar_change_kind */
    size_t offset; /* of the member */
    const ar_model *model;
    const char *member; /* its name, for messages */
    ar_value value;
    const char *sql; /* AR_CHANGE_SQL, and the values of its placeholders */
    const ar_value *values;
    size_t value_count;
} ar_change;

static inline AR_UNUSED ar_change ar_change_of(uint32_t kind, const ar_model *model, size_t offset, const char *member,
                                               ar_value value)
{
    ar_change change;
    memset(&change, 0, sizeof change);
    change.kind = kind;
    change.model = model;
    change.offset = offset;
    change.member = member;
    change.value = value;
    return change;
}

static inline AR_UNUSED ar_change ar_change_sql(const ar_model *model, size_t offset, const char *member,
                                                const char *sql, const ar_value *values, size_t value_count)
{
    ar_change change;
    memset(&change, 0, sizeof change);
    change.kind = AR_CHANGE_SQL;
    change.model = model;
    change.offset = offset;
    change.member = member;
    change.sql = sql;
    change.values = values;
    change.value_count = value_count;
    return change;
}

/* Adds `count` changes, for ar_query_update_all: each column once. ar_query_set(q, AR_SET(User, name, "x"),
 * AR_ADD(User, views, 1)) is this.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a column of another model, one that is changed twice, SQL that
 *          ar_query_where_sql would refuse; AR_E_TYPE for a value that the column cannot have; AR_E_UNSUPPORTED for a
 *          column that is not written. */
AR_API void ar_query_set_list(ar_query *query, const ar_change *changes, size_t count);

/* Says that all rows of the table are meant: without it, and without a condition, update_all and delete_all refuse.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  none. */
AR_API void ar_query_everything(ar_query *query);

/* Makes the changes of ar_query_set in all rows of the query, in one statement; updated-at columns that are not among
 * them are set to now. *rows, which may be NULL, is how many rows there were. Records that were read before do not
 * know of it; nothing is validated, and no event runs.
 * Owns:    takes `query`.
 * Threads: the one that uses it.
 * Blocks:  until it is done, and holds; the other never.
 * Errors:  what the builders met; AR_E_INVALID for NULL, no changes, no condition (see ar_query_everything), and for a
 *          query that groups, orders, limits, selects or joins; AR_E_CLOSED; the engine's. */
AR_API AR_NODISCARD ar_status ar_query_update_all(ar_query *query, int64_t *rows, ar_error *err);
AR_API ar_int64_future ar_query_update_all_async(ar_query *query);

/* Deletes all rows of the query, in one statement.
 * Owns, Threads, Blocks, Errors: as ar_query_update_all; AR_E_INVALID too for one that was given changes. */
AR_API AR_NODISCARD ar_status ar_query_delete_all(ar_query *query, int64_t *rows, ar_error *err);
AR_API ar_int64_future ar_query_delete_all_async(ar_query *query);

/* Makes `count` changes in the row with that key, without reading it: User_change(db, ar_key(7),
 * AR_CHANGES(AR_ADD(User, views, 1)), &err).
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  until it is done, and holds; the other never.
 * Errors:  as ar_query_update_all; AR_E_NOT_FOUND when there is no such row. */
AR_API AR_NODISCARD ar_status ar_record_change(ar_db *db, const ar_model *model, const ar_key *key,
                                               const ar_change *changes, size_t count, ar_error *err);
AR_API ar_done ar_record_change_async(ar_db *db, const ar_model *model, const ar_key *key, const ar_change *changes,
                                      size_t count);

AR_END_DECLS

#define AR_CHANGE_(kind, T, m, value) ar_change_of((kind), &T##_model, offsetof(T, m), #m, (value))

/* The column becomes `value`, of any type that fits it; or NULL. */
#define AR_SET(T, m, value) AR_CHANGE_(AR_CHANGE_SET, T, m, ar_bind(value))
#define AR_SET_NULL(T, m)   AR_CHANGE_(AR_CHANGE_SET, T, m, AR_NULL)

/* `amount`, which may be negative, is added to what the row holds when the statement runs: nothing is read before, and
 * no increment of another is lost. Numbers alone compile: integers, floats, decimals. A NULL stays NULL; a sum that the
 * column cannot hold is AR_E_TYPE, or what the engine says, and changes nothing. */
#define AR_ADD(T, m, amount) AR_CHANGE_(AR_NUMERIC_(T, m) * (uint32_t)AR_CHANGE_ADD, T, m, ar_bind(amount))

/* The column becomes what SQL says: AR_SET_SQL(User, name, "upper(name)"), AR_SET_SQL(User, name, "name || ?", "!").
 * A literal, with arguments for its placeholders. Where it names a column that the same statement changes, MySQL alone
 * takes the new value when that stands before. */
#define AR_SET_SQL(T, ...)                                                                                         \
    AR_CALL_PICK_(__VA_ARGS__, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, \
                  SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_, SET_,  \
                  SET_ALONE_, SET_NOTHING_, 0)                                                                     \
    (T, __VA_ARGS__)
#define AR_CALL_SET_ALONE_(T, m, text) ar_change_sql(&T##_model, offsetof(T, m), #m, "" text "", NULL, 0)
#define AR_CALL_SET_(T, m, text, ...)  ar_change_sql(&T##_model, offsetof(T, m), #m, "" text "", AR_VALUES_(__VA_ARGS__))

/* Every type of a member that can be added to. */
#define AR_NUMERIC_TYPES_(X) \
    X(short)                 \
    X(int)                   \
    X(long)                  \
    X(long long)             \
    X(float)                 \
    X(double)                \
    X(ar_decimal)            \
    X(ar_opt_int16)          \
    X(ar_opt_int32)          \
    X(ar_opt_int64)          \
    X(ar_opt_float)          \
    X(ar_opt_double)

/* AR_CHANGES(AR_SET(User, name, "x"), …) is an array of changes, and how many: two arguments of a call. */
#ifdef __cplusplus
#define AR_NUMERIC_DEFINE_(type)                                  \
    static inline AR_UNUSED uint32_t ar_is_numeric_(const type *) \
    {                                                             \
        return 1;                                                 \
    }
AR_NUMERIC_TYPES_(AR_NUMERIC_DEFINE_)
AR_NUMERIC_DEFINE_(ar_opt_decimal)
#define AR_NUMERIC_(T, m) ar_is_numeric_(static_cast<decltype(T::m) *>(nullptr))

/* The array is a temporary that lives until the call has returned. */
template <size_t N> struct ar_changes_ {
    ar_change items[N];
};
#define AR_CHANGES(...) ar_changes_<AR_COUNT_(__VA_ARGS__)>{ { __VA_ARGS__ } }.items, AR_COUNT_(__VA_ARGS__)
#else
#define AR_NUMERIC_CASE_(type) type * : 1u,
#define AR_NUMERIC_(T, m)      _Generic(&((T *)0)->m, AR_NUMERIC_TYPES_(AR_NUMERIC_CASE_) ar_opt_decimal * : 1u)
#define AR_CHANGES(...) \
    ((const ar_change[]){ __VA_ARGS__ }), sizeof((const ar_change[]){ __VA_ARGS__ }) / sizeof(ar_change)
#endif

/* ar_query_set(q, AR_SET(User, is_active, false), AR_ADD(User, views, 1)) */
#define ar_query_set(query, ...) ar_query_set_list((query), AR_CHANGES(__VA_ARGS__))

#endif
