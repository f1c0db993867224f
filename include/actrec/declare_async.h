/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_DECLARE_ASYNC_H
#define ACTREC_DECLARE_ASYNC_H

#include <actrec/terminal.h>

/* The asynchronous half of AR_MODEL_DECLARE; see actrec/declare.h. */

#define AR_MODEL_ASYNC_(T)                                                                                             \
    typedef struct T##_future {                                                                                        \
        ar_future *raw;                                                                                                \
    } T##_future;                                                                                                      \
    typedef struct T##_list_future {                                                                                   \
        ar_future *raw;                                                                                                \
    } T##_list_future;                                                                                                 \
    typedef void (*T##_fn)(void *arg, ar_status status, T *record, const ar_error *err);                               \
    typedef void (*T##_list_fn)(void *arg, ar_status status, T##_list list, const ar_error *err);                      \
    static inline AR_UNUSED void T##_call_(void (*fn)(void), void *arg, ar_future *future)                             \
    {                                                                                                                  \
        void *record = NULL;                                                                                           \
        ar_error error;                                                                                                \
        ar_status status = ar_record_take(future, &record, &error);                                                    \
        ((T##_fn)fn)(arg, status, (T *)record, status == AR_OK ? NULL : &error);                                       \
    }                                                                                                                  \
    static inline AR_UNUSED void T##_list_call_(void (*fn)(void), void *arg, ar_future *future)                        \
    {                                                                                                                  \
        ar_record_list raw = { NULL, 0, NULL };                                                                        \
        T##_list list;                                                                                                 \
        ar_error error;                                                                                                \
        ar_status status = ar_record_list_take(future, &raw, &error);                                                  \
        T##_list_set_(&list, &raw);                                                                                    \
        ((T##_list_fn)fn)(arg, status, list, status == AR_OK ? NULL : &error);                                         \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_await_for(T##_future *future, int64_t timeout_ms, T **out,      \
                                                                 ar_error *err)                                        \
    {                                                                                                                  \
        void *record = NULL;                                                                                           \
        ar_status status =                                                                                             \
            ar_record_await(future != NULL ? &future->raw : NULL, timeout_ms, out != NULL ? &record : NULL, err);      \
        if (out != NULL)                                                                                               \
            *out = (T *)record;                                                                                        \
        return status;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_await(T##_future *future, T **out, ar_error *err)               \
    {                                                                                                                  \
        return T##_await_for(future, -1, out, err);                                                                    \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_list_await_for(T##_list_future *future, int64_t timeout_ms,     \
                                                                      T##_list *out, ar_error *err)                    \
    {                                                                                                                  \
        ar_record_list list = { NULL, 0, NULL };                                                                       \
        ar_status status =                                                                                             \
            ar_record_list_await(future != NULL ? &future->raw : NULL, timeout_ms, out != NULL ? &list : NULL, err);   \
        T##_list_set_(out, &list);                                                                                     \
        return status;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_list_await(T##_list_future *future, T##_list *out,              \
                                                                  ar_error *err)                                       \
    {                                                                                                                  \
        return T##_list_await_for(future, -1, out, err);                                                               \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_then(T##_future *future, ar_executor *executor, T##_fn fn,      \
                                                            void *arg, ar_error *err)                                  \
    {                                                                                                                  \
        return ar_future_then_with(future != NULL ? &future->raw : NULL, executor, T##_call_, (void (*)(void))fn, arg, \
                                   err);                                                                               \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_list_then(T##_list_future *future, ar_executor *executor,       \
                                                                 T##_list_fn fn, void *arg, ar_error *err)             \
    {                                                                                                                  \
        return ar_future_then_with(future != NULL ? &future->raw : NULL, executor, T##_list_call_, (void (*)(void))fn, \
                                   arg, err);                                                                          \
    }                                                                                                                  \
    static inline AR_UNUSED T##_future T##_find_one_async(ar_db *db, ar_key key)                                       \
    {                                                                                                                  \
        T##_future future;                                                                                             \
        future.raw = ar_record_find_one_async(db, &T##_model, &key);                                                   \
        return future;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED T##_future T##_find_for_update_async(ar_db *db, ar_key key)                                \
    {                                                                                                                  \
        T##_future future;                                                                                             \
        future.raw = ar_record_find_for_update_async(db, &T##_model, &key);                                            \
        return future;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED T##_list_future T##_find_many_async(ar_db *db, const ar_key *keys, size_t count)           \
    {                                                                                                                  \
        T##_list_future future;                                                                                        \
        future.raw = ar_record_find_many_async(db, &T##_model, keys, count);                                           \
        return future;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_save_async(ar_db *db, T *record)                                               \
    {                                                                                                                  \
        return ar_record_save_async(db, &T##_model, record);                                                           \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_upsert_async(ar_db *db, T *record)                                             \
    {                                                                                                                  \
        return ar_record_upsert_async(db, &T##_model, record);                                                         \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_delete_async(ar_db *db, T *record)                                             \
    {                                                                                                                  \
        return ar_record_delete_async(db, &T##_model, record);                                                         \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_refresh_async(ar_db *db, T *record)                                            \
    {                                                                                                                  \
        return ar_record_refresh_async(db, &T##_model, record);                                                        \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_insert_async(ar_db *db, T *plain)                                              \
    {                                                                                                                  \
        return ar_record_insert_async(db, &T##_model, plain);                                                          \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_update_async(ar_db *db, T *plain)                                              \
    {                                                                                                                  \
        return ar_record_update_async(db, &T##_model, plain);                                                          \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_insert_many_async(ar_db *db, T *rows, size_t count)                            \
    {                                                                                                                  \
        return ar_record_insert_many_async(db, &T##_model, rows, count);                                               \
    }                                                                                                                  \
    static inline AR_UNUSED T##_future T##_one_async(ar_query *query)                                                  \
    {                                                                                                                  \
        T##_future future;                                                                                             \
        future.raw = ar_query_one_async(query, &T##_model);                                                            \
        return future;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED T##_future T##_first_async(ar_query *query)                                                \
    {                                                                                                                  \
        T##_future future;                                                                                             \
        future.raw = ar_query_first_async(query, &T##_model);                                                          \
        return future;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED T##_list_future T##_all_async(ar_query *query)                                             \
    {                                                                                                                  \
        T##_list_future future;                                                                                        \
        future.raw = ar_query_all_async(query, &T##_model);                                                            \
        return future;                                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED ar_done T##_stream_async(ar_query *query, ar_executor *executor, T##_row_fn fn, void *arg) \
    {                                                                                                                  \
        return ar_query_stream_async(query, &T##_model, executor, T##_row_call_, (void (*)(void))fn, arg);             \
    }

#endif
