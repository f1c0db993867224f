/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_DECLARE_H
#define ACTREC_DECLARE_H

#include <actrec/terminal.h>

/* The typed calls of a model, for its header. `typedef struct User { … } User;` comes first, AR_MODEL_DEFINE goes
 * into one .c file.
 *
 *     AR_MODEL_DECLARE(User);         both families: User_find_one(db, key, &user, &err) and User_find_one_async(db, key)
 *     AR_MODEL_DECLARE_SYNC(User);    the first alone
 *     AR_MODEL_DECLARE_ASYNC(User);   the second alone, and User_await, User_then …
 *
 * In all three: User_list, User_new, User_free, User_keep, User_is_new, User_list_free, User_query. Every function is
 * one call of that of its name in actrec/record.h or actrec/terminal.h, where it is described. What a then is given
 * (a record, a list) is the callback's to free. */
#define AR_MODEL_DECLARE(T)       AR_MODEL_TYPES_(T) AR_MODEL_SYNC_(T) AR_MODEL_ASYNC_(T) extern const ar_model T##_model
#define AR_MODEL_DECLARE_SYNC(T)  AR_MODEL_TYPES_(T) AR_MODEL_SYNC_(T) extern const ar_model T##_model
#define AR_MODEL_DECLARE_ASYNC(T) AR_MODEL_TYPES_(T) AR_MODEL_ASYNC_(T) extern const ar_model T##_model

#define AR_MODEL_TYPES_(T)                                                                                 \
    extern const ar_model T##_model;                                                                       \
    typedef struct T##_list {                                                                              \
        T **items;                                                                                         \
        size_t count;                                                                                      \
        void *raw;                                                                                         \
    } T##_list;                                                                                            \
    typedef ar_status (*T##_row_fn)(void *arg, T *row, ar_error *err);                                     \
    static inline AR_UNUSED ar_status T##_row_call_(void (*fn)(void), void *arg, void *row, ar_error *err) \
    {                                                                                                      \
        return ((T##_row_fn)fn)(arg, (T *)row, err);                                                       \
    }                                                                                                      \
    static inline AR_UNUSED void T##_list_set_(T##_list *out, const ar_record_list *list)                  \
    {                                                                                                      \
        if (out != NULL) {                                                                                 \
            out->items = (T **)list->items;                                                                \
            out->count = list->count;                                                                      \
            out->raw = list->raw;                                                                          \
        }                                                                                                  \
    }                                                                                                      \
    static inline AR_UNUSED T *T##_new(void)                                                               \
    {                                                                                                      \
        return (T *)ar_record_new(&T##_model);                                                             \
    }                                                                                                      \
    static inline AR_UNUSED void T##_free(T *record)                                                       \
    {                                                                                                      \
        ar_record_free(record);                                                                            \
    }                                                                                                      \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_keep(T *record, ar_error *err)                      \
    {                                                                                                      \
        return ar_record_keep(record, err);                                                                \
    }                                                                                                      \
    static inline AR_UNUSED bool T##_is_new(const T *record)                                               \
    {                                                                                                      \
        return ar_record_is_new(record);                                                                   \
    }                                                                                                      \
    static inline AR_UNUSED void T##_list_free(T##_list *list)                                             \
    {                                                                                                      \
        ar_record_list gone = { NULL, 0, NULL };                                                           \
        if (list != NULL) {                                                                                \
            gone.items = list->items;                                                                      \
            gone.count = list->count;                                                                      \
            gone.raw = list->raw;                                                                          \
            ar_record_list_free(&gone);                                                                    \
            T##_list_set_(list, &gone);                                                                    \
        }                                                                                                  \
    }                                                                                                      \
    static inline AR_UNUSED ar_query *T##_query(ar_db *db)                                                 \
    {                                                                                                      \
        return ar_query_create(db, &T##_model);                                                            \
    }

#define AR_MODEL_SYNC_(T)                                                                                             \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_one(ar_db *db, ar_key key, T **out, ar_error *err)        \
    {                                                                                                                 \
        void *record = NULL;                                                                                          \
        ar_status status = ar_record_find_one(db, &T##_model, &key, out != NULL ? &record : NULL, err);               \
        if (out != NULL)                                                                                              \
            *out = (T *)record;                                                                                       \
        return status;                                                                                                \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_for_update(ar_db *db, ar_key key, T **out, ar_error *err) \
    {                                                                                                                 \
        void *record = NULL;                                                                                          \
        ar_status status = ar_record_find_for_update(db, &T##_model, &key, out != NULL ? &record : NULL, err);        \
        if (out != NULL)                                                                                              \
            *out = (T *)record;                                                                                       \
        return status;                                                                                                \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_find_many(ar_db *db, const ar_key *keys, size_t count,         \
                                                                 T##_list *out, ar_error *err)                        \
    {                                                                                                                 \
        ar_record_list list = { NULL, 0, NULL };                                                                      \
        ar_status status = ar_record_find_many(db, &T##_model, keys, count, out != NULL ? &list : NULL, err);         \
        T##_list_set_(out, &list);                                                                                    \
        return status;                                                                                                \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_save(ar_db *db, T *record, ar_error *err)                      \
    {                                                                                                                 \
        return ar_record_save(db, &T##_model, record, err);                                                           \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_upsert(ar_db *db, T *record, ar_error *err)                    \
    {                                                                                                                 \
        return ar_record_upsert(db, &T##_model, record, err);                                                         \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_delete(ar_db *db, T *record, ar_error *err)                    \
    {                                                                                                                 \
        return ar_record_delete(db, &T##_model, record, err);                                                         \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_refresh(ar_db *db, T *record, ar_error *err)                   \
    {                                                                                                                 \
        return ar_record_refresh(db, &T##_model, record, err);                                                        \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_insert(ar_db *db, T *plain, ar_error *err)                     \
    {                                                                                                                 \
        return ar_record_insert(db, &T##_model, plain, err);                                                          \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_update(ar_db *db, T *plain, ar_error *err)                     \
    {                                                                                                                 \
        return ar_record_update(db, &T##_model, plain, err);                                                          \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_insert_many(ar_db *db, T *rows, size_t count, ar_error *err)   \
    {                                                                                                                 \
        return ar_record_insert_many(db, &T##_model, rows, count, err);                                               \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_one(ar_query *query, T **out, ar_error *err)                   \
    {                                                                                                                 \
        void *record = NULL;                                                                                          \
        ar_status status = ar_query_one(query, &T##_model, out != NULL ? &record : NULL, err);                        \
        if (out != NULL)                                                                                              \
            *out = (T *)record;                                                                                       \
        return status;                                                                                                \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_first(ar_query *query, T **out, ar_error *err)                 \
    {                                                                                                                 \
        void *record = NULL;                                                                                          \
        ar_status status = ar_query_first(query, &T##_model, out != NULL ? &record : NULL, err);                      \
        if (out != NULL)                                                                                              \
            *out = (T *)record;                                                                                       \
        return status;                                                                                                \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_all(ar_query *query, T##_list *out, ar_error *err)             \
    {                                                                                                                 \
        ar_record_list list = { NULL, 0, NULL };                                                                      \
        ar_status status = ar_query_all(query, &T##_model, out != NULL ? &list : NULL, err);                          \
        T##_list_set_(out, &list);                                                                                    \
        return status;                                                                                                \
    }                                                                                                                 \
    static inline AR_UNUSED AR_NODISCARD ar_status T##_stream(ar_query *query, T##_row_fn fn, void *arg,              \
                                                              ar_error *err)                                          \
    {                                                                                                                 \
        return ar_query_stream(query, &T##_model, T##_row_call_, (void (*)(void))fn, arg, err);                       \
    }

#include <actrec/declare_async.h>

#endif
