/* SPDX-License-Identifier: MIT */
#ifndef ORM_PLAN_H
#define ORM_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actrec/key.h>
#include <actrec/model.h>
#include <actrec/sys/backend.h>

#include "orm/db.h"
#include "values/memory.h"

/* What is worked out once for each model on each database: its checked description, its statements. Filled lazily,
 * read without locks. A plan and its statements live as long as the database, which is longer than any operation. */
typedef struct ari_plan_cache ari_plan_cache;

ari_plan_cache *ari_plan_cache_create(const ar_env *env); /* NULL: no memory */
void ari_plan_cache_destroy(ari_plan_cache *cache);

enum { ARI_MAX_COLUMNS = 256, ARI_MAX_KEY = 4 };

/* A set of a plan's columns, by index. */
typedef struct ari_mask {
    uint64_t words[ARI_MAX_COLUMNS / 64];
} ari_mask;

static inline void ari_mask_add(ari_mask *mask, size_t index)
{
    mask->words[index / 64] |= UINT64_C(1) << (index % 64);
}

static inline void ari_mask_remove(ari_mask *mask, size_t index)
{
    mask->words[index / 64] &= ~(UINT64_C(1) << (index % 64));
}

static inline bool ari_mask_has(const ari_mask *mask, size_t index)
{
    return (mask->words[index / 64] >> (index % 64) & 1) != 0;
}

static inline bool ari_mask_is_empty(const ari_mask *mask)
{
    return (mask->words[0] | mask->words[1] | mask->words[2] | mask->words[3]) == 0;
}

typedef struct ari_plan_column {
    const char *name;      /* in the database */
    const ar_column *from; /* in the model */
    uint32_t offset;
    ar_kind kind;
    ar_type type;
    uint32_t flags;
    const char *expression; /* of a derived one, written for the dialect; NULL: it is a column of the table */
} ari_plan_column;

typedef enum ari_plan_verb {
    ARI_PLAN_INSERT = 1, /* the columns in the mask */
    ARI_PLAN_UPDATE,     /* likewise; then the key columns as parameters */
    ARI_PLAN_UPSERT,     /* likewise */
    ARI_PLAN_FIND,       /* by key; likewise below */
    ARI_PLAN_FIND_FOR_UPDATE,
    ARI_PLAN_DELETE,
    ARI_PLAN_READ,        /* by key, whether a find would see the row or not */
    ARI_PLAN_SOFT_DELETE, /* as an update, of a row that is not deleted */
    ARI_PLAN_RESTORE,     /* as an update, of one that is */
    ARI_PLAN_READ_BACK    /* the columns in the mask, by key; the AUTO key in it: of the row that was numbered last */
} ari_plan_verb;

/* Whether the verb changes columns of a row that is there. */
static inline bool ari_plan_updates(ari_plan_verb verb)
{
    return verb == ARI_PLAN_UPDATE || verb == ARI_PLAN_SOFT_DELETE || verb == ARI_PLAN_RESTORE;
}

enum { ARI_PLAN_SLOTS = 32 };
typedef struct ari_plan_statement ari_plan_statement;

typedef struct ari_plan {
    struct ari_plan *next; /* in its bucket */
    const ar_env *env;
    const ar_model *model;
    const ar_dialect *dialect;
    struct ari_statement_cache *statements;
    const ar_model_options *options;
    uint32_t flags;        /* of any of the columns */
    uint32_t column_count; /* derived ones too */
    uint32_t own_count;    /* without the derived and the generated ones */
    uint32_t key_count;    /* 0: a row type */
    uint32_t key[ARI_MAX_KEY];
    int auto_column;                   /* the AUTO key; -1: none, likewise below */
    bool key_returned;                 /* the AUTO key of a single insert comes back as a row */
    bool watched;                      /* it has rules or events */
    uint32_t events;                   /* as ari_events_find */
    struct ari_validation *validation; /* NULL: it has no rules */
    bool has_stamps;                   /* columns that writes set by themselves */
    int version_column;
    int deleted_column;
    int tenant_column;   /* -1 also when it does not matter which tenant's a row is */
    bool guarded;        /* the version or the tenant stands with the key where a row is written */
    bool by_itself;      /* a find is not run together with others */
    const char *scope;   /* what a find wants of a row besides its key, "deleted_at IS NULL AND (…)"; NULL: nothing */
    ari_mask insertable; /* what an insert sends, but for what is left to the database when it is zero */
    _Atomic(struct ari_plan *) untenanted; /* the same model, where its tenant does not matter */
    uint32_t created_count; /* created-at columns, which an upsert reads back, where the engine can; else 0 */
    size_t snapshot_offset; /* from one struct of a record to its snapshot: record_size, aligned */
    const ar_type *wanted;  /* of the columns */
    const ar_type *created_wanted;
    const uint16_t *created; /* their indices */
    _Atomic(const ar_statement *) find;
    _Atomic(const ar_statement *) find_for_update;
    _Atomic(const ar_statement *) read;
    _Atomic(const ar_statement *) delete_;
    _Atomic(ari_plan_statement *) slots[ARI_PLAN_SLOTS]; /* statements by verb and columns; each is set once */
    ari_plan_column columns[];
} ari_plan;

/* The plan of `model` on db's database, made when there is none yet. AR_E_INVALID: the model makes no sense;
 * AR_E_NO_MEMORY. */
ar_status ari_plan_get(ari_db *db, const ar_model *model, const ari_plan **out, ar_error *err);

/* AR_E_UNSUPPORTED when rows of the model are only read; `verb` names what was to be done. */
ar_status ari_plan_check_writable(const ari_plan *plan, const char *verb, ar_error *err);

/* A plan by itself, of no cache. */
ar_status ari_plan_create(const ar_env *env, const ar_dialect *dialect, struct ari_statement_cache *statements,
                          const ar_model *model, ari_plan **out, ar_error *err);
void ari_plan_destroy(ari_plan *plan);

/* The statement for a verb and, where it takes one, a set of columns (else NULL). The plan has a reference to it and
 * keeps it, unless `owned` comes back as true: then it is the caller's to unref. */
ar_status ari_plan_statement_get(const ari_plan *plan, ari_plan_verb verb, const ari_mask *mask,
                                 const ar_statement **out, bool *owned, ar_error *err);

/* Frees what ari_plan_statement_get made, when the plan goes. */
void ari_plan_statements_release(ari_plan *plan);

/* Whether many keys are given to the engine as one array; then they take no place among its parameters. */
bool ari_plan_finds_by_array(const ari_plan *plan);

/* SELECT of all columns by `key_count` keys, at least 1: of any number, where they are one array; and INSERT of `rows`
 * rows of the columns in `mask`, at least 1, with the AUTO key back where `returning`; `rows` 0: written for the
 * dialect's bulk. The caller unrefs. */
ar_status ari_plan_find_many(const ari_plan *plan, size_t key_count, const ar_statement **out, ar_error *err);
ar_status ari_plan_insert_rows(const ari_plan *plan, const ari_mask *mask, size_t rows, bool returning,
                               const ar_statement **out, ar_error *err);

/* Starts `text`, which the caller ends with ari_text_buffer_fini, with that INSERT; *parameters is how many it has. */
void ari_plan_write_insert(const ari_plan *plan, const ari_mask *mask, size_t rows, ari_text_buffer *text,
                           uint32_t *parameters);

/* "id", "name": the columns of a SELECT in the order of the plan, appended to `text` with the dialect's quotes. */

void ari_plan_select_list(const ari_plan *plan, ari_text_buffer *text);

/* What the database knows of a row that was written and its writer does not, by index, in the order in which it comes
 * back: the columns that it computes, and those that were left to it. How many. The AUTO key is not among them. */
size_t ari_plan_returned(const ari_plan *plan, ari_plan_verb verb, const ari_mask *mask, uint16_t *columns);

/* Whether they come back with the statement itself, and need not be read afterwards. */
bool ari_plan_returns(const ari_plan *plan, ari_plan_verb verb);

/* The tenant that the handle works for, in the type of the model's column; NULL and AR_OK: it does not matter.
 * AR_E_INVALID when there is none, AR_E_TYPE. */
ar_status ari_plan_tenant(const ari_plan *plan, const ari_db *db, ar_value *room, const ar_value **out, ar_error *err);

/* The values of a key, in the types of its columns. AR_E_UNSUPPORTED without a primary key, AR_E_INVALID, AR_E_TYPE.
 * */
ar_status ari_plan_key_values(const ari_plan *plan, const ar_key *key, ar_value *values, ar_error *err);

/* The parameters of a find by key: those, and the tenant where there is one; `values` has room for ARI_MAX_KEY + 1. */
ar_status ari_plan_find_values(const ari_plan *plan, const ari_db *db, const ar_key *key, ar_value *values,
                               size_t *count, ar_error *err);

/* AR_E_INVALID, saying what is wrong, for a description that makes no sense. Counts the columns and the key's. */
ar_status ari_model_check(const ar_model *model, size_t *columns, size_t *keys, ar_error *err);

#endif
