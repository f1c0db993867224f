/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_ROW_H
#define ACTREC_ROW_H

#include <actrec/model.h>
#include <actrec/rows.h>
#include <actrec/terminal.h>

AR_BEGIN_DECLS

/* Rows without a model: any SELECT into a plain struct, or one untyped row after the other.
 *
 *     typedef struct Stat { const char *department; int64_t people; double salary; } Stat;
 *     AR_ROW_DEFINE(Stat, AR_COLUMN(Stat, department), AR_COLUMN(Stat, people), AR_COLUMN(Stat, salary));
 *
 *     Stat_list stats;
 *     s = Stat_all(ar_sql(db, "select department, count(*) as people, avg(salary) as salary from …"), &stats, &err);
 *
 * AR_ROW_DEFINE stands in one .c file, AR_ROW_DECLARE(Stat) in a header where others use it too. Columns are matched
 * to members by name (that of the member, or .name), one to one: a member without a column and a column without a member are
 * AR_E_INVALID, before the first row. AR_ROW_DEFINE_BY_POSITION takes the columns in the order of its list, whatever their
 * names; it is for C alone. A value that its member cannot hold is AR_E_TYPE. There are T_one, T_first, T_all and T_stream, which are described
 * in actrec/terminal.h, T_free and T_list_free, all but those with _async too, T_await, T_then … */
#define AR_ROW_DEFINE(T, ...)                                                                                        \
    AR_ROW_DECLARE(T);                                                                                               \
    AR_MODEL_DEFINE(T, "rows of " #T " ", AR_OPTIONS(T, .schema = NULL, .read_only = true, .match = AR_MATCH_NAMES), \
                    __VA_ARGS__)
#define AR_ROW_DEFINE_BY_POSITION(T, ...) \
    AR_ROW_DECLARE(T);                    \
    AR_MODEL_DEFINE(T, "rows of " #T " ", \
                    AR_OPTIONS(T, .schema = NULL, .read_only = true, .match = AR_MATCH_POSITIONS), __VA_ARGS__)

#define AR_ROW_DECLARE(T)                                                                                             \
    extern const ar_model T##_model;                                                                                  \
    typedef struct T##_list {                                                                                         \
        T **items;                                                                                                    \
        size_t count;                                                                                                 \
        void *raw;                                                                                                    \
    } T##_list;                                                                                                       \
    typedef struct T##_future {                                                                                       \
        ar_future *raw;                                                                                               \
    } T##_future;                                                                                                     \
    typedef struct T##_list_future {                                                                                  \
        ar_future *raw;                                                                                               \
    } T##_list_future;                                                                                                \
    typedef ar_status (*T##_row_fn)(void *arg_, T *row_, ar_error *err_);                                             \
    typedef void (*T##_fn)(void *arg_, ar_status status_, T *row_, const ar_error *err_);                             \
    typedef void (*T##_list_fn)(void *arg_, ar_status status_, T##_list list_, const ar_error *err_);                 \
    static inline AR_UNUSED ar_status T##_row_call_(void (*fn_)(void), void *arg_, void *row_, ar_error *err_)        \
    {                                                                                                                 \
        return ((T##_row_fn)fn_)(arg_, (T *)row_, err_);                                                              \
    }                                                                                                                 \
    static inline AR_UNUSED void T##_list_set_(T##_list *out_, const ar_record_list *list_)                           \
    {                                                                                                                 \
        if (out_ != NULL) {                                                                                           \
            out_->items = (T **)list_->items;                                                                         \
            out_->count = list_->count;                                                                               \
            out_->raw = list_->raw;                                                                                   \
        }                                                                                                             \
    }                                                                                                                 \
    static inline AR_UNUSED void T##_free(T *row_)                                                                    \
    {                                                                                                                 \
        ar_record_free(row_);                                                                                         \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_keep(T *row_, ar_error *err_)                                  \
    {                                                                                                                 \
        return ar_record_keep(row_, err_);                                                                            \
    }                                                                                                                 \
    static inline AR_UNUSED void T##_list_free(T##_list *list_)                                                       \
    {                                                                                                                 \
        ar_record_list gone_ = { NULL, 0, NULL };                                                                     \
        if (list_ != NULL) {                                                                                          \
            gone_.items = list_->items;                                                                               \
            gone_.count = list_->count;                                                                               \
            gone_.raw = list_->raw;                                                                                   \
            ar_record_list_free(&gone_);                                                                              \
            T##_list_set_(list_, &gone_);                                                                             \
        }                                                                                                             \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_one(ar_query *query_, T **out_, ar_error *err_)                \
    {                                                                                                                 \
        void *row_ = NULL;                                                                                            \
        ar_status status_ = ar_query_one(query_, &T##_model, out_ != NULL ? &row_ : NULL, err_);                      \
        if (out_ != NULL)                                                                                             \
            *out_ = (T *)row_;                                                                                        \
        return status_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_first(ar_query *query_, T **out_, ar_error *err_)              \
    {                                                                                                                 \
        void *row_ = NULL;                                                                                            \
        ar_status status_ = ar_query_first(query_, &T##_model, out_ != NULL ? &row_ : NULL, err_);                    \
        if (out_ != NULL)                                                                                             \
            *out_ = (T *)row_;                                                                                        \
        return status_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_all(ar_query *query_, T##_list *out_, ar_error *err_)          \
    {                                                                                                                 \
        ar_record_list list_ = { NULL, 0, NULL };                                                                     \
        ar_status status_ = ar_query_all(query_, &T##_model, out_ != NULL ? &list_ : NULL, err_);                     \
        T##_list_set_(out_, &list_);                                                                                  \
        return status_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_stream(ar_query *query_, T##_row_fn fn_, void *arg_,           \
                                                              ar_error *err_)                                         \
    {                                                                                                                 \
        return ar_query_stream(query_, &T##_model, T##_row_call_, (void (*)(void))fn_, arg_, err_);                   \
    }                                                                                                                 \
    static inline AR_UNUSED T##_future T##_one_async(ar_query *query_)                                                \
    {                                                                                                                 \
        T##_future future_;                                                                                           \
        future_.raw = ar_query_one_async(query_, &T##_model);                                                         \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED T##_future T##_first_async(ar_query *query_)                                              \
    {                                                                                                                 \
        T##_future future_;                                                                                           \
        future_.raw = ar_query_first_async(query_, &T##_model);                                                       \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED T##_list_future T##_all_async(ar_query *query_)                                           \
    {                                                                                                                 \
        T##_list_future future_;                                                                                      \
        future_.raw = ar_query_all_async(query_, &T##_model);                                                         \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_stream_async(ar_query *query_, ar_executor *executor_, T##_row_fn fn_,        \
                                                     void *arg_)                                                      \
    {                                                                                                                 \
        return ar_query_stream_async(query_, &T##_model, executor_, T##_row_call_, (void (*)(void))fn_, arg_);        \
    }                                                                                                                 \
    static inline AR_UNUSED void T##_call_(void (*fn_)(void), void *arg_, ar_future *future_)                         \
    {                                                                                                                 \
        void *row_ = NULL;                                                                                            \
        ar_error error_;                                                                                              \
        ar_status status_ = ar_record_take(future_, &row_, &error_);                                                  \
        ((T##_fn)fn_)(arg_, status_, (T *)row_, status_ == AR_OK ? NULL : &error_);                                   \
    }                                                                                                                 \
    static inline AR_UNUSED void T##_list_call_(void (*fn_)(void), void *arg_, ar_future *future_)                    \
    {                                                                                                                 \
        ar_record_list raw_ = { NULL, 0, NULL };                                                                      \
        T##_list list_;                                                                                               \
        ar_error error_;                                                                                              \
        ar_status status_ = ar_record_list_take(future_, &raw_, &error_);                                             \
        T##_list_set_(&list_, &raw_);                                                                                 \
        ((T##_list_fn)fn_)(arg_, status_, list_, status_ == AR_OK ? NULL : &error_);                                  \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_await_for(T##_future *future_, int64_t timeout_ms_, T **out_,  \
                                                                 ar_error *err_)                                      \
    {                                                                                                                 \
        void *row_ = NULL;                                                                                            \
        ar_status status_ =                                                                                           \
            ar_record_await(future_ != NULL ? &future_->raw : NULL, timeout_ms_, out_ != NULL ? &row_ : NULL, err_);  \
        if (out_ != NULL)                                                                                             \
            *out_ = (T *)row_;                                                                                        \
        return status_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_await(T##_future *future_, T **out_, ar_error *err_)           \
    {                                                                                                                 \
        return T##_await_for(future_, -1, out_, err_);                                                                \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_list_await_for(T##_list_future *future_, int64_t timeout_ms_,  \
                                                                      T##_list *out_, ar_error *err_)                 \
    {                                                                                                                 \
        ar_record_list list_ = { NULL, 0, NULL };                                                                     \
        ar_status status_ = ar_record_list_await(future_ != NULL ? &future_->raw : NULL, timeout_ms_,                 \
                                                 out_ != NULL ? &list_ : NULL, err_);                                 \
        T##_list_set_(out_, &list_);                                                                                  \
        return status_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_list_await(T##_list_future *future_, T##_list *out_,           \
                                                                  ar_error *err_)                                     \
    {                                                                                                                 \
        return T##_list_await_for(future_, -1, out_, err_);                                                           \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_then(T##_future *future_, ar_executor *executor_, T##_fn fn_,  \
                                                            void *arg_, ar_error *err_)                               \
    {                                                                                                                 \
        return ar_future_then_with(future_ != NULL ? &future_->raw : NULL, executor_, T##_call_, (void (*)(void))fn_, \
                                   arg_, err_);                                                                       \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_list_then(T##_list_future *future_, ar_executor *executor_,    \
                                                                 T##_list_fn fn_, void *arg_, ar_error *err_)         \
    {                                                                                                                 \
        return ar_future_then_with(future_ != NULL ? &future_->raw : NULL, executor_, T##_list_call_,                 \
                                   (void (*)(void))fn_, arg_, err_);                                                  \
    }                                                                                                                 \
    typedef T T##_is_a_row_type_

/* Calls `fn` for each row of the query, in constant memory: some rows are in `rows` at a time, and `row` is the number of this one among them, for the getters of actrec/rows.h.
 * Anything but AR_OK ends the stream with that status and error.
 * Owns:    takes `query`; the rows are gone after the call.
 * Threads: `fn` runs on this thread, that of the other on `executor`, one row at a time.
 * Blocks:  until the last row was given; the other never.
 * Errors:  what `fn` answered; AR_E_INVALID for NULL and for SQL that does more than read; else as ar_query_rows. */
typedef ar_status (*ar_rows_row_fn)(void *arg, const ar_rows *rows, size_t row, ar_error *err);
AR_API AR_NODISCARD ar_status ar_query_rows_stream(ar_query *query, ar_rows_row_fn fn, void *arg, ar_error *err);
AR_API ar_done ar_query_rows_stream_async(ar_query *query, ar_executor *executor, ar_rows_row_fn fn, void *arg);

/* The type of a column's values: that of the first which is not NULL.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never; looks at all rows when the column is all NULL.
 * Errors:  AR_TYPE_NULL when there is none, for NULL, and for a column that is not there. */
AR_API ar_type ar_rows_column_type(const ar_rows *rows, size_t column);

/* ar_rows_value of the first column of that name.
 * Owns:    the rows own texts and bytes.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_INVALID for NULL, and for a row or column that is not there. */
AR_API AR_NODISCARD ar_status ar_rows_value_named(const ar_rows *rows, size_t row, const char *name, ar_value *out,
                                                  ar_error *err);

AR_END_DECLS

#endif
