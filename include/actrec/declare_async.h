/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_DECLARE_ASYNC_H
#define ACTREC_DECLARE_ASYNC_H

#include <actrec/bulk.h>
#include <actrec/change.h>
#include <actrec/terminal.h>

/* The asynchronous half of AR_MODEL_DECLARE; see actrec/declare.h. */

#define AR_MODEL_ASYNC_(T)                                                                                            \
    typedef struct T##_future {                                                                                       \
        ar_future *raw;                                                                                               \
    } T##_future;                                                                                                     \
    typedef struct T##_list_future {                                                                                  \
        ar_future *raw;                                                                                               \
    } T##_list_future;                                                                                                \
    typedef void (*T##_fn)(void *arg_, ar_status status_, T *record_, const ar_error *err_);                          \
    typedef void (*T##_list_fn)(void *arg_, ar_status status_, T##_list list_, const ar_error *err_);                 \
    static inline AR_UNUSED void T##_call_(void (*fn_)(void), void *arg_, ar_future *future_)                         \
    {                                                                                                                 \
        void *record_ = NULL;                                                                                         \
        ar_error error_;                                                                                              \
        ar_status status_ = ar_record_take(future_, &record_, &error_);                                               \
        ((T##_fn)fn_)(arg_, status_, (T *)record_, status_ == AR_OK ? NULL : &error_);                                \
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
        void *record_ = NULL;                                                                                         \
        ar_status status_ = ar_record_await(future_ != NULL ? &future_->raw : NULL, timeout_ms_,                      \
                                            out_ != NULL ? &record_ : NULL, err_);                                    \
        if (out_ != NULL)                                                                                             \
            *out_ = (T *)record_;                                                                                     \
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
    static inline AR_UNUSED T##_future T##_find_one_async(ar_db *db_, ar_key key_)                                    \
    {                                                                                                                 \
        T##_future future_;                                                                                           \
        future_.raw = ar_record_find_one_async(db_, &T##_model, &key_);                                               \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED T##_future T##_find_one_with_async(ar_db *db_, ar_key key_, ar_path path_)                \
    {                                                                                                                 \
        T##_future future_;                                                                                           \
        future_.raw = ar_record_find_one_with_async(db_, &T##_model, &key_, path_);                                   \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_load_async(ar_db *db_, T *record_, ar_path path_)                             \
    {                                                                                                                 \
        return ar_relation_load_async(db_, &record_, 1, path_);                                                       \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_list_load_async(ar_db *db_, const T##_list *list_, ar_path path_)             \
    {                                                                                                                 \
        return ar_relation_load_async(db_, list_ != NULL ? list_->items : NULL, list_ != NULL ? list_->count : 1,     \
                                      path_);                                                                         \
    }                                                                                                                 \
    static inline AR_UNUSED T##_future T##_find_for_update_async(ar_db *db_, ar_key key_)                             \
    {                                                                                                                 \
        T##_future future_;                                                                                           \
        future_.raw = ar_record_find_for_update_async(db_, &T##_model, &key_);                                        \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED T##_list_future T##_find_many_async(ar_db *db_, const ar_key *keys_, size_t count_)       \
    {                                                                                                                 \
        T##_list_future future_;                                                                                      \
        future_.raw = ar_record_find_many_async(db_, &T##_model, keys_, count_);                                      \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED T##_list_future T##_find_in_place_async(ar_db *db_, const ar_key *keys_, size_t count_)   \
    {                                                                                                                 \
        T##_list_future future_;                                                                                      \
        future_.raw = ar_record_find_in_place_async(db_, &T##_model, keys_, count_);                                  \
        return future_;                                                                                               \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_save_async(ar_db *db_, T *record_)                                            \
    {                                                                                                                 \
        return ar_record_save_async(db_, &T##_model, record_);                                                        \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_upsert_async(ar_db *db_, T *record_)                                          \
    {                                                                                                                 \
        return ar_record_upsert_async(db_, &T##_model, record_);                                                      \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_upsert_with_async(ar_db *db_, T *record_, const ar_upsert_options *options_)  \
    {                                                                                                                 \
        return ar_record_upsert_with_async(db_, &T##_model, record_, options_);                                       \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_delete_async(ar_db *db_, T *record_)                                          \
    {                                                                                                                 \
        return ar_record_delete_async(db_, &T##_model, record_);                                                      \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_hard_delete_async(ar_db *db_, T *record_)                                     \
    {                                                                                                                 \
        return ar_record_hard_delete_async(db_, &T##_model, record_);                                                 \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_restore_async(ar_db *db_, T *record_)                                         \
    {                                                                                                                 \
        return ar_record_restore_async(db_, &T##_model, record_);                                                     \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_refresh_async(ar_db *db_, T *record_)                                         \
    {                                                                                                                 \
        return ar_record_refresh_async(db_, &T##_model, record_);                                                     \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_insert_async(ar_db *db_, T *plain_)                                           \
    {                                                                                                                 \
        return ar_record_insert_async(db_, &T##_model, plain_);                                                       \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_update_async(ar_db *db_, T *plain_)                                           \
    {                                                                                                                 \
        return ar_record_update_async(db_, &T##_model, plain_);                                                       \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_insert_many_async(ar_db *db_, T *rows_, size_t count_)                        \
    {                                                                                                                 \
        return ar_record_insert_many_async(db_, &T##_model, rows_, count_);                                           \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_change_async(ar_db *db_, ar_key key_, const ar_change *changes_,              \
                                                     size_t count_)                                                   \
    {                                                                                                                 \
        return ar_record_change_async(db_, &T##_model, &key_, changes_, count_);                                      \
    }                                                                                                                 \
    static inline AR_UNUSED ar_int64_future T##_insert_each_async(                                                    \
        ar_db *db_, T *rows_, size_t count_, ar_executor *executor_, ar_rejected_fn fn_, void *arg_)                  \
    {                                                                                                                 \
        return ar_record_insert_each_async(db_, &T##_model, rows_, count_, executor_, fn_, arg_);                     \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_upsert_many_async(ar_db *db_, T *rows_, size_t count_,                        \
                                                          const ar_upsert_options *options_)                          \
    {                                                                                                                 \
        return ar_record_upsert_many_async(db_, &T##_model, rows_, count_, options_);                                 \
    }                                                                                                                 \
    static inline AR_UNUSED ar_int64_future T##_update_many_async(ar_db *db_, T *rows_, size_t count_,                \
                                                                  ar_members members_)                                \
    {                                                                                                                 \
        return ar_record_update_many_async(db_, &T##_model, rows_, count_, &members_);                                \
    }                                                                                                                 \
    static inline AR_UNUSED ar_done T##_save_many_async(ar_db *db_, T *const *records_, size_t count_)                \
    {                                                                                                                 \
        return ar_record_save_many_async(db_, &T##_model, records_, count_);                                          \
    }                                                                                                                 \
    static inline AR_UNUSED ar_int64_future T##_delete_many_async(ar_db *db_, const ar_key *keys_, size_t count_)     \
    {                                                                                                                 \
        return ar_record_delete_many_async(db_, &T##_model, keys_, count_);                                           \
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
    }

#endif
