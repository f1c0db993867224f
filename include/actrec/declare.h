/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_DECLARE_H
#define ACTREC_DECLARE_H

#include <actrec/bulk.h>
#include <actrec/change.h>
#include <actrec/changes.h>
#include <actrec/eager.h>
#include <actrec/event.h>
#include <actrec/terminal.h>
#include <actrec/validation.h>

/* The typed calls of a model, for its header. `typedef struct User { … } User;` comes first, AR_MODEL_DEFINE goes
 * into one .c file.
 *
 *     AR_MODEL_DECLARE(User);         both families: User_save(db, user, &err) and User_save_async(db, user)
 *     AR_MODEL_DECLARE_SYNC(User);    the first alone
 *     AR_MODEL_DECLARE_ASYNC(User);   the second alone, and User_await, User_then …
 *
 * In all three: User_list, User_new, User_free, User_keep, User_is_new, User_list_free, User_query, User_validate. Every function is
 * one call of that of its name in actrec/record.h or actrec/terminal.h, where it is described. What a then is given
 * (a record, a list) is the callback's to free. Their own names end in _, so that they
 * shadow none of the program's. */
#define AR_MODEL_DECLARE(T)       AR_MODEL_TYPES_(T) AR_MODEL_SYNC_(T) AR_MODEL_ASYNC_(T) extern const ar_model T##_model
#define AR_MODEL_DECLARE_SYNC(T)  AR_MODEL_TYPES_(T) AR_MODEL_SYNC_(T) extern const ar_model T##_model
#define AR_MODEL_DECLARE_ASYNC(T) AR_MODEL_TYPES_(T) AR_MODEL_ASYNC_(T) extern const ar_model T##_model

#define AR_MODEL_TYPES_(T)                                                                                          \
    extern const ar_model T##_model;                                                                                \
    typedef struct T##_list {                                                                                       \
        T **items;                                                                                                  \
        size_t count;                                                                                               \
        void *raw;                                                                                                  \
    } T##_list;                                                                                                     \
    typedef ar_status (*T##_row_fn)(void *arg_, T *row_, ar_error *err_);                                           \
    static inline AR_UNUSED ar_status T##_row_call_(void (*fn_)(void), void *arg_, void *row_, ar_error *err_)      \
    {                                                                                                               \
        return ((T##_row_fn)fn_)(arg_, (T *)row_, err_);                                                            \
    }                                                                                                               \
    static inline AR_UNUSED void T##_list_set_(T##_list *out_, const ar_record_list *list_)                         \
    {                                                                                                               \
        if (out_ != NULL) {                                                                                         \
            out_->items = (T **)list_->items;                                                                       \
            out_->count = list_->count;                                                                             \
            out_->raw = list_->raw;                                                                                 \
        }                                                                                                           \
    }                                                                                                               \
    static inline AR_UNUSED T *T##_new(void)                                                                        \
    {                                                                                                               \
        return (T *)ar_record_new(&T##_model);                                                                      \
    }                                                                                                               \
    static inline AR_UNUSED void T##_free(T *record_)                                                               \
    {                                                                                                               \
        ar_record_free(record_);                                                                                    \
    }                                                                                                               \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_keep(T *record_, ar_error *err_)                             \
    {                                                                                                               \
        return ar_record_keep(record_, err_);                                                                       \
    }                                                                                                               \
    static inline AR_UNUSED bool T##_is_new(const T *record_)                                                       \
    {                                                                                                               \
        return ar_record_is_new(record_);                                                                           \
    }                                                                                                               \
    static inline AR_UNUSED bool T##_is_changed(const T *record_)                                                   \
    {                                                                                                               \
        return ar_record_is_changed(record_);                                                                       \
    }                                                                                                               \
    static inline AR_UNUSED size_t T##_differences(const T *record_, ar_difference *out_, size_t capacity_)         \
    {                                                                                                               \
        return ar_record_differences(record_, out_, capacity_);                                                     \
    }                                                                                                               \
    static inline AR_UNUSED const T *T##_original(const T *record_)                                                 \
    {                                                                                                               \
        return (const T *)ar_record_original(record_);                                                              \
    }                                                                                                               \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_reset(T *record_, ar_error *err_)                            \
    {                                                                                                               \
        return ar_record_reset(&T##_model, record_, err_);                                                          \
    }                                                                                                               \
    static inline AR_UNUSED bool T##_has_changed_(const T *record_, size_t offset_)                                 \
    {                                                                                                               \
        return ar_record_has_changed(record_, offset_);                                                             \
    }                                                                                                               \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_reset_member_(T *record_, size_t offset_, ar_error *err_)    \
    {                                                                                                               \
        return ar_record_reset_member(&T##_model, record_, offset_, err_);                                          \
    }                                                                                                               \
    static inline AR_UNUSED void T##_list_free(T##_list *list_)                                                     \
    {                                                                                                               \
        ar_record_list gone_ = { NULL, 0, NULL };                                                                   \
        if (list_ != NULL) {                                                                                        \
            gone_.items = list_->items;                                                                             \
            gone_.count = list_->count;                                                                             \
            gone_.raw = list_->raw;                                                                                 \
            ar_record_list_free(&gone_);                                                                            \
            T##_list_set_(list_, &gone_);                                                                           \
        }                                                                                                           \
    }                                                                                                               \
    static inline AR_UNUSED ar_status T##_event_call_(void (*fn_)(void), ar_db *db_, void *record_, ar_error *err_) \
    {                                                                                                               \
        return ((ar_status(*)(ar_db *, T *, ar_error *))fn_)(db_, (T *)record_, err_);                              \
    }                                                                                                               \
    static inline AR_UNUSED ar_status T##_validator_call_(void (*fn_)(void), const void *record_,                   \
                                                          ar_failures *failures_, ar_error *err_)                   \
    {                                                                                                               \
        return ((ar_status(*)(const T *, ar_failures *, ar_error *))fn_)((const T *)record_, failures_, err_);      \
    }                                                                                                               \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_validate(const T *record_, ar_failures *failures_,           \
                                                                ar_error *err_)                                     \
    {                                                                                                               \
        return ar_record_validate(&T##_model, record_, failures_, err_);                                            \
    }                                                                                                               \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_validate_many(const T *rows_, size_t count_,                 \
                                                                     ar_failures *failures_, ar_error *err_)        \
    {                                                                                                               \
        return ar_record_validate_many(&T##_model, rows_, count_, failures_, err_);                                 \
    }                                                                                                               \
    static inline AR_UNUSED ar_query *T##_query(ar_db *db_)                                                         \
    {                                                                                                               \
        return ar_query_create(db_, &T##_model);                                                                    \
    }

#define AR_MODEL_SYNC_(T)                                                                                              \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_one(ar_db *db_, ar_key key_, T **out_, ar_error *err_)     \
    {                                                                                                                  \
        void *record_ = NULL;                                                                                          \
        ar_status status_ = ar_record_find_one(db_, &T##_model, &key_, out_ != NULL ? &record_ : NULL, err_);          \
        if (out_ != NULL)                                                                                              \
            *out_ = (T *)record_;                                                                                      \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_for_update(ar_db *db_, ar_key key_, T **out_,              \
                                                                       ar_error *err_)                                 \
    {                                                                                                                  \
        void *record_ = NULL;                                                                                          \
        ar_status status_ = ar_record_find_for_update(db_, &T##_model, &key_, out_ != NULL ? &record_ : NULL, err_);   \
        if (out_ != NULL)                                                                                              \
            *out_ = (T *)record_;                                                                                      \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_one_with(ar_db *db_, ar_key key_, ar_path path_, T **out_, \
                                                                     ar_error *err_)                                   \
    {                                                                                                                  \
        void *record_ = NULL;                                                                                          \
        ar_status status_ =                                                                                            \
            ar_record_find_one_with(db_, &T##_model, &key_, path_, out_ != NULL ? &record_ : NULL, err_);              \
        if (out_ != NULL)                                                                                              \
            *out_ = (T *)record_;                                                                                      \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_load(ar_db *db_, T *record_, ar_path path_, ar_error *err_)     \
    {                                                                                                                  \
        return ar_relation_load(db_, &record_, 1, path_, err_);                                                        \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_list_load(ar_db *db_, const T##_list *list_, ar_path path_,     \
                                                                 ar_error *err_)                                       \
    {                                                                                                                  \
        return ar_relation_load(db_, list_ != NULL ? list_->items : NULL, list_ != NULL ? list_->count : 1, path_,     \
                                err_);                                                                                 \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_many(ar_db *db_, const ar_key *keys_, size_t count_,       \
                                                                 T##_list *out_, ar_error *err_)                       \
    {                                                                                                                  \
        ar_record_list list_ = { NULL, 0, NULL };                                                                      \
        ar_status status_ = ar_record_find_many(db_, &T##_model, keys_, count_, out_ != NULL ? &list_ : NULL, err_);   \
        T##_list_set_(out_, &list_);                                                                                   \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_in_place(ar_db *db_, const ar_key *keys_, size_t count_,   \
                                                                     T##_list *out_, ar_error *err_)                   \
    {                                                                                                                  \
        ar_record_list list_ = { NULL, 0, NULL };                                                                      \
        ar_status status_ =                                                                                            \
            ar_record_find_in_place(db_, &T##_model, keys_, count_, out_ != NULL ? &list_ : NULL, err_);               \
        T##_list_set_(out_, &list_);                                                                                   \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_save(ar_db *db_, T *record_, ar_error *err_)                    \
    {                                                                                                                  \
        return ar_record_save(db_, &T##_model, record_, err_);                                                         \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_upsert(ar_db *db_, T *record_, ar_error *err_)                  \
    {                                                                                                                  \
        return ar_record_upsert(db_, &T##_model, record_, err_);                                                       \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_upsert_with(ar_db *db_, T *record_,                             \
                                                                   const ar_upsert_options *option_, ar_error *err_)   \
    {                                                                                                                  \
        return ar_record_upsert_with(db_, &T##_model, record_, option_, err_);                                         \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_delete(ar_db *db_, T *record_, ar_error *err_)                  \
    {                                                                                                                  \
        return ar_record_delete(db_, &T##_model, record_, err_);                                                       \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_hard_delete(ar_db *db_, T *record_, ar_error *err_)             \
    {                                                                                                                  \
        return ar_record_hard_delete(db_, &T##_model, record_, err_);                                                  \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_restore(ar_db *db_, T *record_, ar_error *err_)                 \
    {                                                                                                                  \
        return ar_record_restore(db_, &T##_model, record_, err_);                                                      \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_refresh(ar_db *db_, T *record_, ar_error *err_)                 \
    {                                                                                                                  \
        return ar_record_refresh(db_, &T##_model, record_, err_);                                                      \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_insert(ar_db *db_, T *plain_, ar_error *err_)                   \
    {                                                                                                                  \
        return ar_record_insert(db_, &T##_model, plain_, err_);                                                        \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_update(ar_db *db_, T *plain_, ar_error *err_)                   \
    {                                                                                                                  \
        return ar_record_update(db_, &T##_model, plain_, err_);                                                        \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_insert_many(ar_db *db_, T *rows_, size_t count_,                \
                                                                   ar_error *err_)                                     \
    {                                                                                                                  \
        return ar_record_insert_many(db_, &T##_model, rows_, count_, err_);                                            \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_change(ar_db *db_, ar_key key_, const ar_change *changes_,      \
                                                              size_t count_, ar_error *err_)                           \
    {                                                                                                                  \
        return ar_record_change(db_, &T##_model, &key_, changes_, count_, err_);                                       \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_insert_each(                                                    \
        ar_db *db_, T *rows_, size_t count_, ar_rejected_fn fn_, void *arg_, int64_t *inserted_, ar_error *err_)       \
    {                                                                                                                  \
        return ar_record_insert_each(db_, &T##_model, rows_, count_, fn_, arg_, inserted_, err_);                      \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_upsert_many(ar_db *db_, T *rows_, size_t count_,                \
                                                                   const ar_upsert_options *option_, ar_error *err_)   \
    {                                                                                                                  \
        return ar_record_upsert_many(db_, &T##_model, rows_, count_, option_, err_);                                   \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_update_many(                                                    \
        ar_db *db_, T *rows_, size_t count_, ar_members members_, int64_t *updated_, ar_error *err_)                   \
    {                                                                                                                  \
        return ar_record_update_many(db_, &T##_model, rows_, count_, &members_, updated_, err_);                       \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_save_many(ar_db *db_, T *const *records_, size_t count_,        \
                                                                 ar_error *err_)                                       \
    {                                                                                                                  \
        return ar_record_save_many(db_, &T##_model, records_, count_, err_);                                           \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_delete_many(ar_db *db_, const ar_key *keys_, size_t count_,     \
                                                                   int64_t *deleted_, ar_error *err_)                  \
    {                                                                                                                  \
        return ar_record_delete_many(db_, &T##_model, keys_, count_, deleted_, err_);                                  \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_one(ar_query *query_, T **out_, ar_error *err_)                 \
    {                                                                                                                  \
        void *record_ = NULL;                                                                                          \
        ar_status status_ = ar_query_one(query_, &T##_model, out_ != NULL ? &record_ : NULL, err_);                    \
        if (out_ != NULL)                                                                                              \
            *out_ = (T *)record_;                                                                                      \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_first(ar_query *query_, T **out_, ar_error *err_)               \
    {                                                                                                                  \
        void *record_ = NULL;                                                                                          \
        ar_status status_ = ar_query_first(query_, &T##_model, out_ != NULL ? &record_ : NULL, err_);                  \
        if (out_ != NULL)                                                                                              \
            *out_ = (T *)record_;                                                                                      \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_all(ar_query *query_, T##_list *out_, ar_error *err_)           \
    {                                                                                                                  \
        ar_record_list list_ = { NULL, 0, NULL };                                                                      \
        ar_status status_ = ar_query_all(query_, &T##_model, out_ != NULL ? &list_ : NULL, err_);                      \
        T##_list_set_(out_, &list_);                                                                                   \
        return status_;                                                                                                \
    }                                                                                                                  \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_stream(ar_query *query_, T##_row_fn fn_, void *arg_,            \
                                                              ar_error *err_)                                          \
    {                                                                                                                  \
        return ar_query_stream(query_, &T##_model, T##_row_call_, (void (*)(void))fn_, arg_, err_);                    \
    }

#include <actrec/declare_async.h>

#endif
