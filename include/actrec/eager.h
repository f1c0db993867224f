/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_EAGER_H
#define ACTREC_EAGER_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/future.h>
#include <actrec/key.h>
#include <actrec/relation.h>

AR_BEGIN_DECLS

/* Loading relations (actrec/relation.h): with a query, or for records that are there. It takes one statement a level,
 * of a many-to-many too, whatever the number of records; the keys go as one array where the engine has that, else as a
 * list, in several statements when there are more than 16,384. Levels of different branches are under way at the same
 * time. Any failure fails the whole, and nothing is loaded. */

typedef struct ar_query ar_query;

/* Narrows or orders what a level loads; it may not limit, group or select. Called once, inside of the call that sends
 * the query, on its thread. */
typedef void (*ar_path_fn)(ar_query *query, void *arg);

enum { AR_PATH_LENGTH = 6 };

typedef struct ar_path_step {
    const ar_model *model;
    size_t offset; /* of the relation's member */
    const char *member;
    ar_path_fn modify; /* NULL: all */
    void *arg;
} ar_path_step;

/* A way along relations: AR_PATH(User, posts, Post, comments). A misspelt member does not compile, nor does a model
 * that the member before does not lead to. */
typedef struct ar_path {
    const char *file; /* where it was written */
    int line;
    uint32_t count;
    ar_path_step steps[AR_PATH_LENGTH];
} ar_path;

static inline AR_UNUSED ar_path ar_path_of(const char *file, int line, const ar_model *model, size_t offset,
                                           const char *member)
{
    ar_path path;
    memset(&path, 0, sizeof path);
    path.file = file;
    path.line = line;
    path.count = 1;
    path.steps[0].model = model;
    path.steps[0].offset = offset;
    path.steps[0].member = member;
    return path;
}

static inline AR_UNUSED ar_path ar_path_to(ar_path path, const ar_model *model, size_t offset, const char *member)
{
    if (path.count < AR_PATH_LENGTH) {
        path.steps[path.count].model = model;
        path.steps[path.count].offset = offset;
        path.steps[path.count].member = member;
    }
    path.count++;
    return path;
}

/* The same path, whose last level `modify` narrows or orders; `arg` is borrowed until the call that sends the query
 * has returned. To do so with a level in the middle, give a path that ends there too:
 *
 *     ar_query_include(q, ar_path_by(AR_PATH(User, posts), newest_first, NULL));
 *     ar_query_include(q, AR_PATH(User, posts, Post, comments)); */
static inline AR_UNUSED ar_path ar_path_by(ar_path path, ar_path_fn modify, void *arg)
{
    if (path.count > 0 && path.count <= AR_PATH_LENGTH) {
        path.steps[path.count - 1].modify = modify;
        path.steps[path.count - 1].arg = arg;
    }
    return path;
}

/* Has the query's records come with what lies along `path`. Several paths, which may begin alike, load each level
 * once. Only T_all, T_first and T_one give records; a count takes no notice of it.
 * Owns:    nothing.
 * Threads: the one that uses it.
 * Blocks:  never.
 * Errors:  the terminal's: AR_E_INVALID for a path of another model, a level that is given two modifiers, a modifier
 *          that does more than it may, and for ends that give no such records. */
AR_API void ar_query_include(ar_query *query, ar_path path);

/* The row with that key, with what lies along `path`; User_find_one_with(db, key, path, &user, &err) is this.
 * Owns:    *out is the caller's, or the scope's when `db` is one. NULL on error.
 * Threads: any.
 * Blocks:  until the database has answered; the asynchronous one never.
 * Errors:  as ar_record_find_one and ar_query_include. */
AR_API AR_NODISCARD ar_status ar_record_find_one_with(ar_db *db, const ar_model *model, const ar_key *key, ar_path path,
                                                      void **out, ar_error *err);
AR_API ar_future *ar_record_find_one_with_async(ar_db *db, const ar_model *model, const ar_key *key, ar_path path);

/* Loads what lies along `path` for `count` records at `items` (T **) that came from the library, in one go:
 * User_load(db, user, path, &err) for one, User_list_load(db, &users, path, &err) for a list. What was loaded of the
 * path's relations before is let go of. The asynchronous ones change the records when the future is awaited; until
 * then the array may go, and records may be freed.
 * Owns:    nothing; what is loaded belongs to the records, through whatever handle it was read.
 * Threads: any, with records of their own.
 * Blocks:  until the database has answered; the asynchronous one never.
 * Errors:  AR_E_INVALID for NULL, for what is no record of the path's first model, and as ar_query_include; AR_E_BUSY
 *          while an asynchronous verb of a record is under way; AR_E_NOT_LOADED when a strict handle
 *          (ar_db_options.lazy_loads) refuses it; AR_E_CLOSED, AR_E_NO_MEMORY, the engine's. Nothing is changed. */
AR_API AR_NODISCARD ar_status ar_relation_load(ar_db *db, void *items, size_t count, ar_path path, ar_error *err);
AR_API ar_done ar_relation_load_async(ar_db *db, void *items, size_t count, ar_path path);

AR_END_DECLS

/* AR_PATH(User, posts), AR_PATH(User, posts, Post, comments) …: up to six levels. */
#define AR_PATH(...) AR_JOIN_(AR_PATH_, AR_COUNT_(__VA_ARGS__))(__VA_ARGS__)

#define AR_STEP_(T, m)  &T##_model, offsetof(T, m) + 0 * sizeof(((T *)0)->m.items_), #m
#define AR_PATH_2(T, m) ar_path_of(__FILE__, __LINE__, AR_STEP_(T, m))
#define AR_PATH_NEXT_(path, T, m, U, n) \
    ar_path_to(path, &U##_model, offsetof(U, n) + AR_LEADS_TO_(T, m, U) + 0 * sizeof(((U *)0)->n.items_), #n)
#define AR_PATH_4(T, m, ...)                    AR_PATH_NEXT_(AR_PATH_2(T, m), T, m, __VA_ARGS__)
#define AR_PATH_6(T, m, U, n, ...)              AR_PATH_NEXT_(AR_PATH_4(T, m, U, n), U, n, __VA_ARGS__)
#define AR_PATH_8(T, m, U, n, V, o, ...)        AR_PATH_NEXT_(AR_PATH_6(T, m, U, n, V, o), V, o, __VA_ARGS__)
#define AR_PATH_10(T, m, U, n, V, o, W, p, ...) AR_PATH_NEXT_(AR_PATH_8(T, m, U, n, V, o, W, p), W, p, __VA_ARGS__)
#define AR_PATH_12(T, m, U, n, V, o, W, p, X, q, ...) \
    AR_PATH_NEXT_(AR_PATH_10(T, m, U, n, V, o, W, p, X, q), X, q, __VA_ARGS__)

#endif
