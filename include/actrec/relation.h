/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_RELATION_H
#define ACTREC_RELATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/arguments.h>
#include <actrec/error.h>
#include <actrec/model.h>

AR_BEGIN_DECLS

/* Records of one model that belong to those of another. The struct has a member for each relation, and the model's
 * list says what it is:
 *
 *     typedef struct Post Post;
 *     typedef struct User { int64_t id; const char *name; AR_MANY(Post) posts; } User;
 *     struct Post { int64_t id; ar_opt_int64 user_id; const char *title; AR_ONE(User) author; };
 *
 *     AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name),
 *         AR_HAS_MANY(User, posts, Post, user_id, .inverse = AR_INVERSE(Post, author)));
 *
 * A relation is not read by itself: actrec/eager.h loads it, with a query or for records that are there. What is
 * loaded belongs to the record that it was loaded for: it goes when that is freed, or loaded again, or when the list or
 * the scope of that goes. ar_record_keep keeps with a record all that was loaded for it; a record that was loaded for
 * another is kept without the way back to that, which then is not loaded. A save, a refresh and an insert neither look
 * at relations nor change them. */

/* How a loaded relation lies in its member: the library's own. */
typedef struct ar_related {
    size_t count;
    const void *hold;
    uint32_t flags;
} ar_related;

/* What a relation is; belongs_to: this model has the column of the other's key; the others: that has this one's. */
typedef enum ar_relation_kind {
    AR_RELATION_BELONGS_TO = 1,
    AR_RELATION_HAS_ONE,
    AR_RELATION_HAS_MANY,
    AR_RELATION_MANY_TO_MANY
} ar_relation_kind;

/* What a delete of a record does, before, to the rows that it has, in the same transaction. */
typedef enum ar_dependent {
    AR_DEPENDENT_NONE = 0, /* nothing: the database says what it says */
    AR_DEPENDENT_DELETE,   /* deletes them, and what depends on them; of a many-to-many: the rows between */
    AR_DEPENDENT_NULLIFY,  /* sets their column of the key to NULL */
    AR_DEPENDENT_RESTRICT  /* while there is one: AR_E_CONSTRAINT, and nothing is deleted */
} ar_dependent;

typedef struct ar_relation {
    ar_relation_kind kind;
    const ar_model *target;
    size_t foreign_key; /* where the column with the key lies: in the struct of the model that has it, likewise below */
    const ar_model *through; /* of many-to-many: the rows between the two */
    size_t through_key;      /* in `through`: the key of the target */
    ar_dependent dependent;
    size_t inverse; /* AR_INVERSE; 0: none */
    size_t check;   /* what the compiler checked */
} ar_relation;

/* Whether the relation of a member was loaded: what AR_GET_ONE and AR_GET_MANY call.
 * Owns:    nothing.
 * Threads: that of the record.
 * Blocks:  never.
 * Errors:  AR_E_NOT_LOADED; of one: AR_E_NOT_FOUND when it is loaded and there is no such row; AR_E_INVALID for NULL */
AR_API AR_NODISCARD ar_status ar_related_one(const ar_related *related, const char *member, ar_error *err);
AR_API AR_NODISCARD ar_status ar_related_many(const ar_related *related, const char *member, ar_error *err);
AR_API bool ar_related_is_loaded(const ar_related *related);

AR_END_DECLS

/* Members: another record of type T, and any number of them. */
#define AR_ONE(T)        \
    struct {             \
        T **items_;      \
        ar_related one_; \
    }
#define AR_MANY(T)        \
    struct {              \
        T **items_;       \
        ar_related many_; \
    }

/* In a model's list. `fk` is a column of the key's type (it may be optional) that refers to the primary key of the
 * other model, which has one column:
 *
 *     AR_BELONGS_TO(Post, author, User, user_id)                        Post.user_id
 *     AR_HAS_ONE(User, profile, Profile, user_id)                       Profile.user_id
 *     AR_HAS_MANY(User, posts, Post, user_id)                           Post.user_id
 *     AR_MANY_TO_MANY(Post, tags, Tag, PostTag, post_id, tag_id)        PostTag.post_id, PostTag.tag_id
 *
 * With .inverse = AR_INVERSE(Post, author) what is loaded of has_one and has_many is given its way back, and with
 * .dependent = AR_DEPENDENT_DELETE (…_NULLIFY, …_RESTRICT) a delete sees to what the record has. */
#define AR_BELONGS_TO(...) \
    AR_RELATION_PICK_(__VA_ARGS__, MORE_, MORE_, MORE_, PLAIN_, 0, 0, 0)(BELONGS_TO, one_, __VA_ARGS__)
#define AR_HAS_ONE(...) AR_RELATION_PICK_(__VA_ARGS__, MORE_, MORE_, MORE_, PLAIN_, 0, 0, 0)(HAS_ONE, one_, __VA_ARGS__)
#define AR_HAS_MANY(...) \
    AR_RELATION_PICK_(__VA_ARGS__, MORE_, MORE_, MORE_, PLAIN_, 0, 0, 0)(HAS_MANY, many_, __VA_ARGS__)
#define AR_MANY_TO_MANY(T, m, U, ...) \
    AR_THROUGH_PICK_(__VA_ARGS__, MORE_, MORE_, MORE_, PLAIN_, 0, 0)(T, m, U, __VA_ARGS__)

#define AR_RELATION_PICK_(a, b, c, d, e, f, g, which, ...) AR_RELATION_##which
#define AR_RELATION_PLAIN_(kind, arity, T, m, U, fk)       AR_RELATION_MORE_(kind, arity, T, m, U, fk, .inverse = 0)
#define AR_RELATION_MORE_(kind_, arity, T, m, U, fk, ...)                                                          \
    AR_RELATION_ENTRY_(T, m, arity, U, .kind = AR_RELATION_##kind_, .foreign_key = AR_KEY_OF_##kind_##_(T, U, fk), \
                       __VA_ARGS__)
#define AR_KEY_OF_BELONGS_TO_(T, U, fk) offsetof(T, fk)
#define AR_KEY_OF_HAS_ONE_(T, U, fk)    offsetof(U, fk)
#define AR_KEY_OF_HAS_MANY_(T, U, fk)   offsetof(U, fk)

#define AR_THROUGH_PICK_(a, b, c, d, e, f, which, ...) AR_THROUGH_##which
#define AR_THROUGH_PLAIN_(T, m, U, J, own_key, target_key) \
    AR_THROUGH_MORE_(T, m, U, J, own_key, target_key, .inverse = 0)
#define AR_THROUGH_MORE_(T, m, U, J, own_key, target_key, ...)                                  \
    AR_RELATION_ENTRY_(T, m, many_, U, .kind = AR_RELATION_MANY_TO_MANY, .through = &J##_model, \
                       .foreign_key = offsetof(J, own_key), .through_key = offsetof(J, target_key), __VA_ARGS__)

#define AR_RELATION_ENTRY_(T, m, arity, U, ...)                                                        \
    {                                                                                                  \
        .T = {                                                                                         \
            .member = #m,                                                                              \
            .offset = offsetof(T, m),                                                                  \
            .size = sizeof(((T *)0)->m),                                                               \
            .kind = AR_KIND_NONE,                                                                      \
            .flags = AR_IGNORE,                                                                        \
            .entry = AR_ENTRY_RELATION,                                                                \
            .extra = &(const ar_relation){ .target = &U##_model,                                       \
                                           .check = sizeof(((T *)0)->m.arity) + AR_LEADS_TO_(T, m, U), \
                                           __VA_ARGS__ }                                               \
        }                                                                                              \
    }

/* The belongs_to member of T that leads back. */
#define AR_INVERSE(T, m) (offsetof(T, m) + sizeof(((T *)0)->m.one_) - sizeof(ar_related) + 1)

/* 0, when the relation T.m is of Us; else it does not compile. */
#ifdef __cplusplus
#define AR_LEADS_TO_(T, m, U) (0 * sizeof(static_cast<U **>(((T *)0)->m.items_)))
#else
#define AR_LEADS_TO_(T, m, U) _Generic(((T *)0)->m.items_, U * * : 0)
#endif

/* Reading, without I/O; each argument may be evaluated more than once.
 *
 *     User *author;    s = AR_GET_ONE(post, author, &author, &err);
 *     Post_list posts; s = AR_GET_MANY(user, posts, &posts, &err);      the user's: no Post_list_free
 *
 * Errors: as ar_related_one and ar_related_many; *out is NULL or empty then. */
#define AR_GET_ONE(record, m, out, err) \
    (*(out) = (record)->m.items_ != NULL ? (record)->m.items_[0] : NULL, ar_related_one(&(record)->m.one_, #m, (err)))
#define AR_GET_MANY(record, m, out, err)                                                           \
    ((out)->items = (record)->m.items_, (out)->count = (record)->m.many_.count, (out)->raw = NULL, \
     ar_related_many(&(record)->m.many_, #m, (err)))

#endif
