/* SPDX-License-Identifier: MIT */
#include "orm/hydrate.h"

#include <assert.h>

#include "orm/behaviour.h"
#include "orm/column.h"
#include "orm/fill.h"

/* The rows of an operation become records on the thread that runs its connection; nobody else looks at the ari_hydrate
 * until the operation is complete. Then the thread that takes the result does, and afterwards, with the last reference
 * to the operation, whoever drops that. */

enum { TAG = 0x68796472 };

void ari_hydrate_start(ari_hydrate *rows, const ar_env *env, ar_db *scope, const ari_plan *plan, uint32_t flags)
{
    *rows = (ari_hydrate){ .tag = TAG, .flags = flags, .plan = plan, .env = env, .scope = scope };
}

void ari_hydrate_init(ari_hydrate *rows, ari_db *db, ar_db *handle, const ari_plan *plan, uint32_t flags)
{
    ari_hydrate_start(rows, ari_db_env(db), ari_db_is_scope(db) ? handle : NULL, plan, flags);
}

static void forget(ari_hydrate *rows)
{
    if (rows->one != NULL)
        ari_record_destroy(rows->one);
    if (rows->list != NULL)
        ari_list_clear(rows->list);
    rows->one = NULL;
    rows->count = 0;
}

static void forget_map(ari_hydrate *rows)
{
    if (rows->map != NULL)
        ari_release(rows->env, rows->map);
    rows->map = NULL;
    rows->map_count = 0;
}

void ari_hydrate_fini(ari_hydrate *rows)
{
    if (rows->tag != TAG)
        return;
    forget(rows);
    forget_map(rows);
    if (rows->list != NULL)
        ari_list_destroy(rows->list);
    rows->list = NULL;
}

/* Engines that have run out of memory give no name. */
static uint16_t column_named(const ari_plan *plan, const char *name)
{
    if (name == NULL)
        return UINT16_MAX;
    for (uint16_t i = 0; i < plan->column_count; i++) {
        if (ari_same_name(plan->columns[i].name, name))
            return i;
    }
    for (uint16_t i = 0; i < plan->column_count; i++) {
        if (ari_same_name(plan->columns[i].from->member, name))
            return i;
    }
    return UINT16_MAX;
}

static bool takes_by_position(const ari_hydrate *rows)
{
    return rows->plan->options->match == AR_MATCH_POSITIONS;
}

/* Of a type of rows, which takes all columns or none. */
static ar_status check_match(const ari_hydrate *rows, const ar_result_column *columns, const ari_mask *seen,
                             ar_error *err)
{
    const ari_plan *plan = rows->plan;
    if (takes_by_position(rows) && rows->map_count != plan->column_count)
        return ar_error_set(err, AR_E_INVALID, "the result has %zu columns, and row type %s takes %u", rows->map_count,
                            plan->model->name, (unsigned)plan->column_count);
    for (size_t i = 0; i < rows->map_count; i++) {
        if (rows->map[i] == UINT16_MAX)
            return ar_error_set(err, AR_E_INVALID, "column \"%s\" of the result has no member in row type %s",
                                columns[i].name != NULL ? columns[i].name : "", plan->model->name);
    }
    for (uint16_t i = 0; i < plan->column_count; i++) {
        if (!ari_mask_has(seen, i))
            return ar_error_set(err, AR_E_INVALID,
                                "no column of the result is named %s, for member %s.%s; name one so with AS",
                                plan->columns[i].name, plan->model->name, plan->columns[i].from->member);
    }
    return AR_OK;
}

static ar_status begin(void *ctx, const ar_result_column *columns, size_t count, ar_error *err)
{
    ari_hydrate *rows = ctx;
    ari_mask seen = { { 0 } };
    size_t found_count = 0, own_count = 0; /* own: those that are written */
    if ((rows->flags & ARI_HYDRATE_BY_NAME) == 0)
        return AR_OK;
    forget_map(rows);
    rows->map = ari_allocate_array(rows->env, count, sizeof *rows->map);
    if (rows->map == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for the columns of a result");
    rows->map_count = count;
    for (size_t i = 0; i < count; i++) {
        uint16_t found = !takes_by_position(rows)       ? column_named(rows->plan, columns[i].name)
                         : i < rows->plan->column_count ? (uint16_t)i
                                                        : UINT16_MAX;
        bool first = found != UINT16_MAX && !ari_mask_has(&seen, found);
        rows->map[i] = first ? found : UINT16_MAX;
        if (first)
            ari_mask_add(&seen, found);
        found_count += first;
        own_count += first && (rows->plan->columns[found].flags & ARI_NEVER_WRITTEN) == 0;
    }
    rows->flags &= ~(uint32_t)ARI_HYDRATE_PARTIAL;
    if (own_count < rows->plan->own_count)
        rows->flags |= ARI_HYDRATE_PARTIAL;
    if (rows->plan->options->match != AR_MATCH_SOME)
        return check_match(rows, columns, &seen, err);
    if (found_count == 0)
        return ar_error_set(err, AR_E_INVALID, "none of the result's columns is one of model %s; name them with AS",
                            rows->plan->model->name);
    return AR_OK;
}

static bool lacks_key(const ari_hydrate *rows)
{
    size_t found = 0;
    if (rows->map == NULL)
        return rows->plan->key_count == 0;
    for (size_t i = 0; i < rows->map_count; i++)
        found += rows->map[i] != UINT16_MAX && (rows->plan->columns[rows->map[i]].flags & AR_PRIMARY_KEY) != 0;
    return rows->plan->key_count == 0 || found < rows->plan->key_count;
}

static ari_record *make_record(ari_hydrate *rows, size_t room, char **strings)
{
    const ar_model *model = rows->plan->model;
    if ((rows->flags & ARI_HYDRATE_LIST) == 0)
        return rows->one = ari_record_create(rows->env, model, room, strings);
    if (rows->list == NULL)
        rows->list = ari_list_create(rows->env);
    return rows->list != NULL ? ari_list_add(rows->list, model, room, strings) : NULL;
}

static ar_status add_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    ari_hydrate *rows = ctx;
    ari_row row = { .plan = rows->plan, .map = rows->map, .values = values, .count = count };
    char *strings = NULL;
    assert(rows->map != NULL ? count == rows->map_count : count == rows->plan->column_count);
    if ((rows->flags & ARI_HYDRATE_LIST) == 0 && rows->one != NULL) {
        rows->count++;
        return AR_OK;
    }
    ari_record *record = make_record(rows, ari_row_room(&row), &strings);
    if (record == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for a record of %s", rows->plan->model->name);
    void *object = ari_record_struct(record);
    ar_status status = ari_row_fill(&row, object, strings, err);
    if (status != AR_OK)
        return status;
    memcpy(ari_record_snapshot(record), object, rows->plan->model->record_size);
    if (lacks_key(rows))
        record->flags |= ARI_RECORD_KEYLESS;
    if ((rows->flags & ARI_HYDRATE_PARTIAL) != 0)
        record->flags |= ARI_RECORD_PARTIAL;
    rows->count++;
    return AR_OK;
}

static void restart(void *ctx)
{
    forget(ctx);
}

const ar_sink ari_hydrate_sink = { .begin = begin, .row = add_row, .restart = restart };

/* What was read through a scope goes to it. False: it is closed. */
static bool enter_scope(const ari_hydrate *rows, ari_db **db, ar_error *err)
{
    *db = NULL;
    if (rows->scope == NULL)
        return true;
    *db = ari_db_enter(rows->scope, err);
    return *db != NULL;
}

ar_status ari_hydrate_take_record(ari_hydrate *rows, void **out, ar_error *err)
{
    ari_db *db;
    ari_record *record = rows->one;
    *out = NULL;
    if (record == NULL)
        return AR_OK;
    if (!enter_scope(rows, &db, err))
        return AR_E_CLOSED;
    rows->one = NULL;
    if (db != NULL) {
        ari_record_own(record, db);
        ari_db_leave(db);
    }
    *out = ari_record_struct(record);
    return AR_OK;
}

ar_status ari_hydrate_take_list(ari_hydrate *rows, ar_record_list *out, ar_error *err)
{
    ari_db *db;
    ari_list *list = rows->list;
    *out = (ar_record_list){ .items = NULL, .count = 0, .raw = NULL };
    if (list == NULL || list->count == 0)
        return AR_OK;
    if (!enter_scope(rows, &db, err))
        return AR_E_CLOSED;
    rows->list = NULL;
    if (db != NULL) {
        ari_list_own(list, db);
        ari_db_leave(db);
    }
    *out = (ar_record_list){ .items = list->items, .count = list->count, .raw = list };
    return AR_OK;
}
