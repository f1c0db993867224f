/* SPDX-License-Identifier: MIT */
#include "orm/record.h"

#include <assert.h>

#include "orm/apply.h"
#include "orm/column.h"
#include "orm/plan.h"
#include "orm/relation.h"
#include "orm/undo.h"

/* Where records lie. The caller sees a plain struct; before it is what the library knows of it, behind it what the
 * database is known to hold (the snapshot: another such struct), and the texts and bytes that came with it:
 *
 *   of its own:  [ari_owned][ari_record][struct][snapshot][texts]         one block of its environment's
 *   of a list:              [ari_record][struct][snapshot][texts]  ...    in the arena of the list
 *
 * Texts are never changed in place, so the members and the snapshot point at the same ones. What is assigned is
 * copied, when it is saved, into ari_strings, which hang on the record until neither points into them.
 *
 * Who frees: a record of its own, its holder or the scope that owns it. A listed one goes with the list, which goes
 * when its holder has freed it and so have those of the records that were kept; before that it only frees what hangs
 * on it. A record with an operation under way is detached from it (orm/apply.c), one that a rollback would change is
 * taken out of that (orm/undo.c). One that is to be told how its transaction ends stays until then, pinned (orm/commit.c). All of this runs on the one thread that uses the record; only the references of a
 * list are counted atomically, since records that were kept may go to other threads. */

enum { MAGIC = 0x6172, MAGIC_FREED = 0x6700 };

/* ari_record.pins: how many, and whether it was destroyed by its holder. */
enum { PIN_COUNT = 0x7fff, PIN_ORPHAN = 0x8000 };

enum { OWNED_SIZE = (sizeof(ari_owned) + 15) & ~15u };

static_assert(sizeof(ari_record) % 16 == 0, "the struct behind the header must be aligned");

static ari_owned *owned_of(ari_record *record)
{
    return (ari_owned *)(void *)((char *)record - OWNED_SIZE);
}

static bool is_listed(const ari_record *record)
{
    return (record->flags & ARI_RECORD_LISTED) != 0;
}

static void free_owned_record(ari_owned *owned)
{
    ari_record_destroy((ari_record *)(void *)((char *)owned + OWNED_SIZE));
}

static void init_record(ari_record *record, const ar_model *model, uint32_t flags)
{
    size_t structs = ari_record_snapshot_offset(model) + model->record_size;
    memset(record, 0, sizeof *record + structs);
    record->magic = MAGIC;
    record->flags = flags;
    record->model = model;
}

/* Bytes of header, struct and snapshot. */
static size_t record_size(const ar_model *model)
{
    return sizeof(ari_record) + ari_record_snapshot_offset(model) + model->record_size;
}

ari_record *ari_record_create(const ar_env *env, const ar_model *model, size_t room, char **strings)
{
    size_t size = OWNED_SIZE + record_size(model);
    char *block = room <= SIZE_MAX - size ? ari_allocate(env, size + room) : NULL;
    if (block == NULL)
        return NULL;
    ari_owned *owned = (ari_owned *)(void *)block;
    ari_record *record = (ari_record *)(void *)(block + OWNED_SIZE);
    *owned = (ari_owned){ .free = free_owned_record };
    init_record(record, model, 0);
    record->home.env = env;
    if (strings != NULL)
        *strings = block + size;
    return record;
}

static void free_owned_list(ari_owned *owned)
{
    ari_list_destroy((ari_list *)(void *)owned);
}

ari_list *ari_list_create(const ar_env *env)
{
    ari_list *list = ari_allocate_zero(env, sizeof *list);
    if (list == NULL)
        return NULL;
    list->owned.free = free_owned_list;
    list->env = env;
    atomic_init(&list->references, 1);
    atomic_init(&list->holders, 1);
    ari_arena_init(&list->arena, env, 2048);
    return list;
}

static bool make_room(ari_list *list)
{
    size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
    void *items = ari_reallocate_array(list->env, list->items, capacity, sizeof(void *));
    if (items == NULL)
        return false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

ari_record *ari_list_add(ari_list *list, const ar_model *model, size_t room, char **strings)
{
    size_t size = record_size(model);
    if (list->count == list->capacity && !make_room(list))
        return NULL;
    ari_record *record = room <= SIZE_MAX - size ? ari_arena_alloc(&list->arena, size + room, 16) : NULL;
    if (record == NULL)
        return NULL;
    init_record(record, model, ARI_RECORD_LISTED);
    record->home.list = list;
    void *object = ari_record_struct(record);
    memcpy((char *)list->items + list->count * sizeof object, &object, sizeof object);
    list->count++;
    *strings = (char *)record + size;
    return record;
}

void ari_list_clear(ari_list *list)
{
    ari_arena_reset(&list->arena);
    list->count = 0;
}

static void release_strings(ari_record *record)
{
    const ar_env *env = ari_record_env(record);
    while (record->strings != NULL) {
        ari_strings *next = record->strings->next;
        ari_release(env, record->strings);
        record->strings = next;
    }
}

/* Everything that hangs on the record. */
static void strip(ari_record *record)
{
    ari_apply_detach(record);
    ari_undo_forget(record);
    release_strings(record);
    ari_holds_release(&record->holds);
}

void ari_list_ref(ari_list *list)
{
    atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed);
}

void ari_list_unref(ari_list *list)
{
    /* acq_rel: who frees the arena sees what the other holders did to their records before. */
    if (atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel) != 1)
        return;
    ari_holds_release(&list->holds);
    ari_arena_fini(&list->arena);
    ari_release(list->env, list->items);
    ari_release(list->env, list);
}

static void finish(ari_record *record)
{
    strip(record);
    if (!is_listed(record)) {
        const ar_env *env = record->home.env;
        record->magic = MAGIC_FREED;
        ari_release(env, owned_of(record));
    } else if ((record->flags & ARI_RECORD_KEPT) != 0) {
        record->flags &= ~(uint32_t)ARI_RECORD_KEPT;
        record->magic = MAGIC_FREED;
        ari_list_unref(record->home.list);
    }
}

bool ari_record_pin(ari_record *record)
{
    uint16_t pins = atomic_load_explicit(&record->pins, memory_order_relaxed);
    do {
        if ((pins & PIN_COUNT) == PIN_COUNT)
            return false;
    } while (!atomic_compare_exchange_weak(&record->pins, &pins, (uint16_t)(pins + 1)));
    ari_record_touch(record);
    return true;
}

void ari_record_unpin(ari_record *record)
{
    if (atomic_fetch_sub(&record->pins, 1) == (PIN_ORPHAN | 1))
        finish(record);
}

/* Whether the record goes with its last pin. */
static bool is_left_to_pins(ari_record *record)
{
    if (atomic_load(&record->pins) == 0)
        return false;
    ari_apply_detach(record);
    return (atomic_fetch_or(&record->pins, PIN_ORPHAN) & PIN_COUNT) != 0;
}

void ari_record_destroy(ari_record *record)
{
    if (!is_listed(record))
        ari_disown(owned_of(record));
    if (!is_left_to_pins(record))
        finish(record);
}

static void keep_in_memory(ari_record *record)
{
    if ((record->flags & ARI_RECORD_KEPT) != 0)
        return;
    record->flags |= ARI_RECORD_KEPT;
    atomic_fetch_add_explicit(&record->home.list->references, 1, memory_order_relaxed);
}

/* A record of a list that goes. */
static void let_go(ari_record *record)
{
    record->flags &= ~(uint32_t)ARI_RECORD_TOUCHED;
    if (atomic_load(&record->pins) == 0) {
        strip(record);
        return;
    }
    keep_in_memory(record);
    if (!is_left_to_pins(record))
        finish(record);
}

void ari_list_destroy(ari_list *list)
{
    ari_record *record = list->touched;
    list->touched = NULL;
    while (record != NULL) {
        ari_record *next = record->touched;
        let_go(record);
        record = next;
    }
    ari_disown(&list->owned);
    ari_list_unref(list);
}

ari_record *ari_record_of(const void *object, const ar_model *model, const char *verb, ar_error *err)
{
    ari_record *record = (ari_record *)(uintptr_t)object;
    if (object == NULL) {
        ar_error_set(err, AR_E_INVALID, "%s: the record is NULL", verb);
        return NULL;
    }
    record--;
    if (record->magic != MAGIC) {
        ar_error_set(err, AR_E_INVALID,
                     "%s: this is no record of the library, or a freed one; plain structs go to insert and update",
                     verb);
        return NULL;
    }
    if (model != NULL && record->model != model) {
        ar_error_set(err, AR_E_INVALID, "%s: the record is a %s, not a %s", verb, record->model->name, model->name);
        return NULL;
    }
    return record;
}

const ar_env *ari_record_env(const ari_record *record)
{
    return is_listed(record) ? record->home.list->env : record->home.env;
}

void ari_record_own(ari_record *record, ari_db *db)
{
    if (!is_listed(record))
        ari_db_own(db, owned_of(record));
}

void ari_list_own(ari_list *list, ari_db *db)
{
    ari_db_own(db, &list->owned);
}

ari_strings *ari_strings_create(const ar_env *env, size_t room)
{
    ari_strings *strings = room <= SIZE_MAX - sizeof *strings ? ari_allocate(env, sizeof *strings + room) : NULL;
    if (strings != NULL)
        *strings = (ari_strings){ .next = NULL, .end = strings->bytes + room };
    return strings;
}

void ari_record_touch(ari_record *record)
{
    if ((record->flags & (ARI_RECORD_LISTED | ARI_RECORD_KEPT | ARI_RECORD_TOUCHED)) != ARI_RECORD_LISTED)
        return;
    record->flags |= ARI_RECORD_TOUCHED;
    record->touched = record->home.list->touched;
    record->home.list->touched = record;
}

/* The reverse, for one that no longer goes with its list. */
static void untouch(ari_record *record)
{
    ari_record **link = &record->home.list->touched;
    if ((record->flags & ARI_RECORD_TOUCHED) == 0)
        return;
    while (*link != record)
        link = &(*link)->touched;
    *link = record->touched;
    record->flags &= ~(uint32_t)ARI_RECORD_TOUCHED;
}

void ari_record_add_strings(ari_record *record, ari_strings *strings)
{
    strings->next = record->strings;
    record->strings = strings;
    ari_record_touch(record);
}

static bool is_in(const ari_strings *strings, const void *at)
{
    return (uintptr_t)at >= (uintptr_t)strings->bytes && (uintptr_t)at < (uintptr_t)strings->end;
}

bool ari_record_has_string(const ari_record *record, const void *at)
{
    for (const ari_strings *strings = record->strings; strings != NULL; strings = strings->next) {
        if (is_in(strings, at))
            return true;
    }
    return false;
}

/* Where a text or bytes member points; NULL for a member of another kind. */
static const void *pointer_of(const ar_column *column, const void *object)
{
    const char *member = (const char *)object + column->offset;
    ar_type type = ari_kind_type(column->kind);
    if (type != AR_TYPE_TEXT && type != AR_TYPE_BYTES && type != AR_TYPE_JSON)
        return NULL;
    ar_value value = ari_kind_load(column->kind, member);
    return type == AR_TYPE_BYTES ? value.as.bytes.data : value.as.text.data;
}

static bool points_into(ari_record *record, const ari_strings *strings)
{
    const ar_column *column;
    size_t cursor = 0;
    while ((column = ari_column_next(record->model, &cursor)) != NULL) {
        const void *member = pointer_of(column, ari_record_struct(record));
        const void *before = pointer_of(column, ari_record_snapshot(record));
        if ((member != NULL && is_in(strings, member)) || (before != NULL && is_in(strings, before)))
            return true;
    }
    return false;
}

void ari_record_sweep_strings(ari_record *record)
{
    ari_strings **link = &record->strings;
    if (record->undos != NULL)
        return; /* what a rollback gives back may point into any of them */
    while (*link != NULL) {
        ari_strings *strings = *link;
        if (points_into(record, strings)) {
            link = &strings->next;
            continue;
        }
        *link = strings->next;
        ari_release(ari_record_env(record), strings);
    }
}

void *ar_record_new(const ar_model *model)
{
    if (!ari_model_has_struct(model))
        return NULL; /* its columns are checked with the first verb, once a database */
    ari_record *record = ari_record_create(ar_env_default(), model, 0, NULL);
    if (record == NULL)
        return NULL;
    record->flags |= ARI_RECORD_NEW;
    return ari_record_struct(record);
}

void ar_record_free(void *record)
{
    ari_record *found = record != NULL ? ari_record_of(record, NULL, "free", NULL) : NULL;
    if (found != NULL)
        ari_record_destroy(found);
}

ar_status ar_record_keep(void *record, ar_error *err)
{
    ari_record *found = ari_record_of(record, NULL, "keep", err);
    if (found == NULL)
        return AR_E_INVALID;
    if (!is_listed(found)) {
        ari_disown(owned_of(found));
    } else if ((found->flags & ARI_RECORD_KEPT) == 0) {
        untouch(found);
        found->flags |= ARI_RECORD_KEPT;
        ari_list_ref(found->home.list);
    }
    ari_related_cut(found);
    return AR_OK;
}

bool ar_record_is_new(const void *record)
{
    const ari_record *found = record != NULL ? ari_record_of(record, NULL, "is_new", NULL) : NULL;
    return found != NULL && (found->flags & ARI_RECORD_NEW) != 0;
}

void ar_record_list_free(ar_record_list *list)
{
    if (list == NULL)
        return;
    if (list->raw != NULL)
        ari_list_destroy(list->raw);
    *list = (ar_record_list){ .items = NULL, .count = 0, .raw = NULL };
}
