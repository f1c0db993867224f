/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_CONSTRAINT_H
#define ACTREC_CONSTRAINT_H

#include <stdbool.h>
#include <stddef.h>

#include <actrec/config.h>

AR_BEGIN_DECLS

typedef struct ar_model ar_model;

/* What a table keeps true besides the types of its columns, and what it is quick to look up, as they stand in the
 * declaration of a model:
 *
 *     AR_MODEL_DEFINE(Post, "posts",
 *         AR_COLUMN(Post, id, AR_PRIMARY_KEY | AR_AUTO),
 *         AR_COLUMN(Post, user_id, AR_NOT_NULL, .references = AR_REFERENCES(User, id), .on_delete = AR_CASCADE),
 *         AR_COLUMN(Post, slug, AR_NOT_NULL),
 *         AR_COLUMN(Post, stars, AR_NOT_NULL, .check_sql = "stars BETWEEN 0 AND 5"),
 *         AR_INDEX(Post, "posts_by_user", user_id, slug),
 *         AR_UNIQUE_INDEX(Post, "posts_slug", slug),
 *         AR_CHECK(Post, "posts_slug_is_short", "length(slug) < 100"));
 *
 * ar_table_create makes them. A misspelt member does not compile. */

enum { AR_MAX_INDEX_COLUMNS = 8 };

/* An index: AR_INDEX, AR_UNIQUE_INDEX. */
typedef struct ar_index {
    const char *name; /* among those of its schema, on MySQL of its table */
    bool is_unique;
    size_t count;                         /* of columns */
    size_t offsets[AR_MAX_INDEX_COLUMNS]; /* bytes, of the members in the struct */
} ar_index;

/* A condition that each row meets: AR_CHECK. */
typedef struct ar_check {
    const char *name;
    const char *sql; /* an SQL condition, without arguments */
} ar_check;

/* The column that a foreign key names: AR_REFERENCES. It is the primary key, or unique. */
typedef struct ar_reference {
    const ar_model *model;
    size_t offset; /* bytes, of the member in the struct of that model */
} ar_reference;

/* What happens to a row when the one that it references is deleted, or gets another key. */
typedef enum ar_action {
    AR_NO_ACTION = 0, /* the statement that would do so fails */
    AR_RESTRICT,      /* likewise, at once */
    AR_CASCADE,       /* it is deleted too, or gets the other key */
    AR_SET_NULL
} ar_action;

AR_END_DECLS

/* AR_INDEX(T, "name", member, …): of one to eight columns. */
#define AR_INDEX(T, index_name, ...)        AR_INDEX_OF_(T, false, index_name, __VA_ARGS__)
#define AR_UNIQUE_INDEX(T, index_name, ...) AR_INDEX_OF_(T, true, index_name, __VA_ARGS__)

#define AR_INDEX_OF_(T, unique, index_name, ...)                                                            \
    {                                                                                                       \
        .T = {                                                                                              \
            .flags = AR_IGNORE,                                                                             \
            .entry = AR_ENTRY_INDEX,                                                                        \
            .extra = &(const ar_index){ .name = "" index_name "",                                           \
                                        .is_unique = unique,                                                \
                                        .count = AR_OFFSETS_COUNT_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0), \
                                        .offsets = { AR_OFFSETS_(T, __VA_ARGS__) } }                        \
        }                                                                                                   \
    }

/* AR_CHECK(T, "name", "condition"): a literal, in the names of the columns. */
#define AR_CHECK(T, check_name, condition)                                                 \
    {                                                                                      \
        .T = {                                                                             \
            .flags = AR_IGNORE,                                                            \
            .entry = AR_ENTRY_CHECK,                                                       \
            .extra = &(const ar_check){ .name = "" check_name "", .sql = "" condition "" } \
        }                                                                                  \
    }

/* .references = AR_REFERENCES(User, id), behind AR_MODEL_DECLARE(User). */
#define AR_REFERENCES(T, m) (&(const ar_reference){ .model = &T##_model, .offset = offsetof(T, m) })

/* clang-format off */
#define AR_OFFSETS_COUNT_(a, b, c, d, e, f, g, h, n, ...) n
#define AR_OFFSETS_(T, ...) AR_OFFSETS_PICK_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)(T, __VA_ARGS__)
#define AR_OFFSETS_PICK_(a, b, c, d, e, f, g, h, n, ...) AR_OFFSETS_##n##_
#define AR_OFFSETS_1_(T, a) offsetof(T, a)
#define AR_OFFSETS_2_(T, a, ...) offsetof(T, a), AR_OFFSETS_1_(T, __VA_ARGS__)
#define AR_OFFSETS_3_(T, a, ...) offsetof(T, a), AR_OFFSETS_2_(T, __VA_ARGS__)
#define AR_OFFSETS_4_(T, a, ...) offsetof(T, a), AR_OFFSETS_3_(T, __VA_ARGS__)
#define AR_OFFSETS_5_(T, a, ...) offsetof(T, a), AR_OFFSETS_4_(T, __VA_ARGS__)
#define AR_OFFSETS_6_(T, a, ...) offsetof(T, a), AR_OFFSETS_5_(T, __VA_ARGS__)
#define AR_OFFSETS_7_(T, a, ...) offsetof(T, a), AR_OFFSETS_6_(T, __VA_ARGS__)
#define AR_OFFSETS_8_(T, a, ...) offsetof(T, a), AR_OFFSETS_7_(T, __VA_ARGS__)
/* clang-format on */

#endif
