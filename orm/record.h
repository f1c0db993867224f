/* SPDX-License-Identifier: MIT */
#ifndef ORM_RECORD_H
#define ORM_RECORD_H

#include <stdalign.h>
#include <stdatomic.h>

#include <actrec/record.h>

#include "orm/db.h"
#include "values/memory.h"

/* What lies in memory before each struct that the library hands out. See orm/record.c for the layout and life of
 * records. */

typedef struct ari_record ari_record;
typedef struct ari_list ari_list;
typedef struct ari_strings ari_strings;
typedef struct ari_undone ari_undone;
struct ari_hold;

enum {
    ARI_RECORD_NEW = 1 << 0,      /* not in the database: a save inserts */
    ARI_RECORD_LISTED = 1 << 1,   /* its memory is that of a list */
    ARI_RECORD_KEPT = 1 << 2,     /* listed, and holds a reference to the list */
    ARI_RECORD_TOUCHED = 1 << 3,  /* listed, and on the list's `touched` */
    ARI_RECORD_KEYLESS = 1 << 4,  /* read without its primary key: cannot be found again */
    ARI_RECORD_PARTIAL = 1 << 5,  /* read without some of its columns, whose members are zero */
    ARI_RECORD_IN_EVENT = 1 << 15 /* what comes before a write of it is running: no other verb meanwhile */
};

struct ari_record {
    alignas(16) uint16_t magic;
    _Atomic uint16_t pins; /* what runs when transactions end keeps it in memory: see ari_record_pin */
    uint32_t flags;
    const ar_model *model;
    union {
        const ar_env *env; /* of one of its own */
        ari_list *list;    /* of a listed one */
    } home;
    _Atomic(ari_op *)
        pending; /* an asynchronous verb whose outcome was not applied yet, with a reference; see orm/apply.c */
    ari_strings *strings;   /* copies of what was assigned */
    ari_undone *undos;      /* what a rollback would give back */
    ari_record *touched;    /* the next on the list's chain */
    struct ari_hold *holds; /* what was loaded for it, of one of its own or kept; see orm/relation.c */
};

/* Texts and bytes of a record that its first block has no room for. */
struct ari_strings {
    ari_strings *next;
    const char *end;
    char bytes[];
};

/* Records that were read together: one arena, and an array of pointers to the structs. */
struct ari_list {
    ari_owned owned;
    const ar_env *env;
    atomic_size_t references; /* the holder's, and one for each record that was kept */
    ari_arena arena;
    void *items; /* T ** */
    size_t count, capacity;
    ari_record *touched;    /* records that have something to free besides the arena */
    struct ari_hold *holds; /* what was loaded for its records; see orm/relation.c */
    atomic_size_t holders;  /* of one that was loaded for others: the holds, and who loads it */
    struct ari_lazy *lazy;  /* loads for its records one by one; see orm/strict.c */
};

/* A new record or list; NULL: no memory. `room` is for texts and bytes, behind the record; *strings is where. */
ari_record *ari_record_create(const ar_env *env, const ar_model *model, size_t room, char **strings);
ari_list *ari_list_create(const ar_env *env);
ari_record *ari_list_add(ari_list *list, const ar_model *model, size_t room, char **strings);

/* Whether records of the model can be made at all; what its columns are is not looked at. */
bool ari_model_has_struct(const ar_model *model);

/* Forgets all records of a list that nobody has seen yet. */
void ari_list_clear(ari_list *list);

void ari_record_destroy(ari_record *record);

/* A record that is destroyed while it is pinned stays as it is until its last pin goes: for the events that are told how
 * its transaction ended. False: it has as many pins as it can have. Any thread may unpin. */
bool ari_record_pin(ari_record *record);
void ari_record_unpin(ari_record *record);
void ari_list_destroy(ari_list *list);

/* A reference to the memory of a list. */
void ari_list_ref(ari_list *list);
void ari_list_unref(ari_list *list);

/* The struct that the caller sees, and what the database is known to hold, in another struct of the same type, behind
 * it. */
static inline void *ari_record_struct(ari_record *record)
{
    return record + 1;
}

static inline size_t ari_record_snapshot_offset(const ar_model *model)
{
    return (model->record_size + 15) & ~(size_t)15;
}

static inline void *ari_record_snapshot(ari_record *record)
{
    return (char *)(record + 1) + ari_record_snapshot_offset(record->model);
}

/* The record whose struct that is; NULL, and `err`, when it cannot be one, or is one of another model (NULL: any). */
ari_record *ari_record_of(const void *object, const ar_model *model, const char *verb, ar_error *err);

const ar_env *ari_record_env(const ari_record *record);

/* Belongs to the scope from now on, where `db` is one. */
void ari_record_own(ari_record *record, ari_db *db);
void ari_list_own(ari_list *list, ari_db *db);

/* A block for copies of assigned strings; not the record's yet. NULL: no memory. */
ari_strings *ari_strings_create(const ar_env *env, size_t room);
void ari_record_add_strings(ari_record *record, ari_strings *strings);

/* Frees blocks that neither the members nor the snapshot point into. */
void ari_record_sweep_strings(ari_record *record);

/* Whether `at` is in a block of the record's own strings. */
bool ari_record_has_string(const ari_record *record, const void *at);

/* Puts a listed record on its list's chain, since it now has something to be freed. */
void ari_record_touch(ari_record *record);

#endif
