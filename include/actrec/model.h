/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_MODEL_H
#define ACTREC_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/bind.h>
#include <actrec/constraint.h>

AR_BEGIN_DECLS

/* A model says how a plain struct lies in a table. It is constant data, made by AR_MODEL_DEFINE in one .c file, and
 * checked when it is first used with a database: a model that makes no sense answers AR_E_INVALID then, with a
 * message that says what is wrong with it. It stays where it is for as long as any database that it was used with. */

/* What a column is; any number of them, or-ed together. */
enum {
    AR_PRIMARY_KEY = 1 << 0, /* of the key, of 1 to 4 columns; a model without one is a row type: to read and insert */
    AR_AUTO = 1 << 1,        /* numbered by the database when it is 0 at insert: an integer, the whole key */
    AR_NOT_NULL = 1 << 2,
    AR_UNIQUE = 1 << 3,
    AR_CREATED_AT = 1 << 4, /* a timestamp; set to now at insert, unless it is set to something else than zero */
    AR_UPDATED_AT = 1 << 5, /* a timestamp; set to now at each insert and update */
    AR_IGNORE = 1 << 6,     /* not a column at all: neither read nor written */
    AR_VERSION = 1 << 7,    /* int32_t or int64_t: each update adds 1, and is AR_E_STALE when the row has another */
    AR_DELETED_AT =
        1 << 8,         /* an ar_opt_timestamp: a delete sets it to now; queries and finds do not see the row then */
    AR_TENANT = 1 << 9, /* of whom the row is: see ar_scope_options.tenant */
    AR_GENERATED = 1 << 10, /* by the table, of `.sql`, stored: never written, read back after insert and update */
    AR_VIRTUAL = 1 << 11,   /* with AR_GENERATED: computed when it is read, not stored */
    AR_DATABASE_DEFAULT = 1 << 12, /* zero at insert (0, false, NULL): left to the table's default, and read back */
    AR_UUID_V4 = 1 << 13,          /* an ar_uuid: made here when it is zero at insert, of random bits */
    AR_UUID_V7 = 1 << 14,          /* likewise, of the time and random bits, so that they grow */
    AR_DERIVED = 1 << 15           /* no column of the table but `.sql`, an expression: read, never written */
};

/* What an element of a model's list is. All but columns have the flag AR_IGNORE, and their description in `extra`. */
typedef enum ar_entry {
    AR_ENTRY_COLUMN = 0,
    AR_ENTRY_INDEX,     /* an ar_index: AR_INDEX, AR_UNIQUE_INDEX */
    AR_ENTRY_CHECK,     /* an ar_check: AR_CHECK */
    AR_ENTRY_RELATION,  /* an ar_relation: AR_BELONGS_TO, AR_HAS_ONE, AR_HAS_MANY, AR_MANY_TO_MANY */
    AR_ENTRY_VALIDATOR, /* an ar_validator: AR_VALIDATE */
    AR_ENTRY_EVENT,     /* an ar_event: AR_BEFORE_INSERT … */
    AR_ENTRY_OPTIONS    /* an ar_model_options: AR_OPTIONS */
} ar_entry;

typedef struct ar_rules ar_rules;

typedef struct ar_column {
    const char *member;
    size_t offset; /* bytes, in the struct */
    size_t size;   /* bytes, of the member */
    ar_kind kind;
    uint32_t flags;          /* behind the kind: what AR_COLUMN is given after the member starts here */
    const char *name;        /* of the column; NULL: as the member */
    const char *default_sql; /* the DEFAULT clause of the table, an SQL expression; NULL: none */
    ar_entry entry;
    const void *extra;              /* of what is no column */
    const char *sql;                /* AR_GENERATED, AR_DERIVED: the expression */
    const ar_reference *references; /* the foreign key that the column is: AR_REFERENCES; NULL: it is none */
    ar_action on_delete, on_update; /* with references */
    const char *check_sql;          /* a condition that each row meets, SQL without arguments; NULL: none */
    const ar_rules *rules;          /* AR_RULES, see actrec/validation.h; NULL: none */
} ar_column;

/* How the columns of a query that is not the model's own are matched to those of the model. */
typedef enum ar_match {
    AR_MATCH_SOME = 0, /* by name; those without a counterpart are left out, or zero */
    AR_MATCH_NAMES,    /* by name, one to one: anything else is AR_E_INVALID */
    AR_MATCH_POSITIONS /* by position, whatever their names: as many as the model has, else AR_E_INVALID */
} ar_match;

/* What holds for a whole model: AR_OPTIONS. */
typedef struct ar_model_options {
    const char *schema; /* of the table: PostgreSQL's schema, MySQL's database, SQLite's attached one; NULL: none */
    bool read_only;     /* a view, say: all that writes or creates a table is AR_E_UNSUPPORTED */
    ar_match match;
    const char *default_scope; /* a condition, SQL without arguments, that finds and queries have; NULL: none */
} ar_model_options;

struct ar_model {
    size_t struct_size; /* sizeof(ar_model) */
    const char *name;   /* of the C type */
    const char *table;
    size_t record_size; /* bytes */
    size_t record_alignment;
    const ar_column *columns;
    size_t column_size; /* bytes from one column to the next */
    size_t column_count;
};

AR_END_DECLS

/* Defines `const ar_model T_model`, for the struct type T and a table:
 *
 *     AR_MODEL_DEFINE(User, "users",
 *         AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO),
 *         AR_COLUMN(User, name, AR_NOT_NULL, .name = "full_name"),
 *         AR_COLUMN(User, is_active, AR_NOT_NULL, .default_sql = "true"),
 *         AR_IGNORE(User, cache));
 *
 * A column of another model does not compile: columns are members, named T, of a union of this model's own. */
#define AR_MODEL_DEFINE(T, table_name, ...)                           \
    union T##_column_ {                                               \
        ar_column T;                                                  \
    };                                                                \
    static const union T##_column_ T##_columns_[] = { __VA_ARGS__ };  \
    const ar_model T##_model = {                                      \
        .struct_size = sizeof(ar_model),                              \
        .name = #T,                                                   \
        .table = "" table_name "",                                    \
        .record_size = sizeof(T),                                     \
        .record_alignment = _Alignof(T),                              \
        .columns = &T##_columns_[0].T,                                \
        .column_size = sizeof(union T##_column_),                     \
        .column_count = sizeof T##_columns_ / sizeof T##_columns_[0], \
    }

/* AR_COLUMN(T, member), AR_COLUMN(T, member, flags), AR_COLUMN(T, member, flags, .name = "…", .default_sql = "…"):
 * the type of the column comes from that of the member, which may be bool, int16_t, int32_t, int64_t, an enum, float,
 * double, const char *, and every type of actrec/value.h; any other, a char[32] say, does not compile. */
#define AR_COLUMN(T, ...)                                                                                              \
    AR_COLUMN_PICK_(__VA_ARGS__, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, MORE_, ONE_, 0) \
    (T, __VA_ARGS__)
#define AR_COLUMN_PICK_(a, b, c, d, e, f, g, h, i, j, k, l, which, ...) AR_COLUMN_##which
#define AR_COLUMN_ONE_(T, m)                                            AR_COLUMN_MORE_(T, m, 0)
#define AR_COLUMN_MORE_(T, m, ...)       \
    {                                    \
        .T = {                           \
            .member = #m,                \
            .offset = offsetof(T, m),    \
            .size = sizeof(((T *)0)->m), \
            .kind = AR_KIND_OF_(T, m),   \
            __VA_ARGS__                  \
        }                                \
    }

/* AR_IGNORE(T, member): a member of any type that is not a column. */
#define AR_IGNORE(T, m)                                                                                              \
    {                                                                                                                \
        .T = {.member = #m, .offset = offsetof(T, m), .size = sizeof(((T *)0)->m), .kind = AR_KIND_NONE, AR_IGNORE } \
    }

/* AR_OPTIONS(T, .schema = "sales", .read_only = true, .default_scope = "hidden = 0"): once in a model. */
#define AR_OPTIONS(T, ...)                                                                                       \
    {                                                                                                            \
        .T = {.flags = AR_IGNORE, .entry = AR_ENTRY_OPTIONS, .extra = &(const ar_model_options){ __VA_ARGS__ } } \
    }

/* The kind of a member, by a pointer to it, so that an array is not taken for a pointer. */
#define AR_KIND_OF_(T, m) \
    _Generic(&((T *)0)->m,                                                                                             \
        bool *: AR_KIND_BOOL,                                                                                          \
        short *: AR_KIND_INT16,                                                                                        \
        int *: AR_KIND_INT32,                                                                                          \
        long *: AR_KIND_LONG_,                                                                                         \
        long long *: AR_KIND_INT64,                                                                                    \
        float *: AR_KIND_FLOAT,                                                                                        \
        double *: AR_KIND_DOUBLE,                                                                                      \
        const char **: AR_KIND_STRING,                                                                                 \
        ar_text *: AR_KIND_TEXT,                                                                                       \
        ar_bytes *: AR_KIND_BYTES,                                                                                     \
        ar_json *: AR_KIND_JSON,                                                                                       \
        ar_timestamp *: AR_KIND_TIMESTAMP,                                                                             \
        ar_date *: AR_KIND_DATE,                                                                                       \
        ar_time *: AR_KIND_TIME,                                                                                       \
        ar_decimal *: AR_KIND_DECIMAL,                                                                                 \
        ar_uuid *: AR_KIND_UUID,                                                                                       \
        ar_opt_bool *: AR_KIND_OPT_BOOL,                                                                               \
        ar_opt_int16 *: AR_KIND_OPT_INT16,                                                                             \
        ar_opt_int32 *: AR_KIND_OPT_INT32,                                                                             \
        ar_opt_int64 *: AR_KIND_OPT_INT64,                                                                             \
        ar_opt_float *: AR_KIND_OPT_FLOAT,                                                                             \
        ar_opt_double *: AR_KIND_OPT_DOUBLE,                                                                           \
        ar_opt_timestamp *: AR_KIND_OPT_TIMESTAMP,                                                                     \
        ar_opt_date *: AR_KIND_OPT_DATE,                                                                               \
        ar_opt_time *: AR_KIND_OPT_TIME,                                                                               \
        ar_opt_decimal *: AR_KIND_OPT_DECIMAL,                                                                         \
        ar_opt_uuid *: AR_KIND_OPT_UUID,                                                                               \
        default: AR_KIND_OF_ENUM_(((T *)0)->m))

#endif
