/* SPDX-License-Identifier: MIT */
#include "orm/plan.h"

#include <assert.h>

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/convert.h"
#include "orm/statement.h"

/* Plans are found by the address of their model in a fixed table of chains that only ever grow at their heads:
 * readers follow them without a lock. Who finds none makes one and puts it there with a compare-and-swap (release,
 * which pairs with the acquire of the readers); who loses the race throws his away. They are freed with the database,
 * which outlives every operation. */

enum { BUCKETS = 64 };

struct ari_plan_cache {
    const ar_env *env;
    _Atomic(ari_plan *) buckets[BUCKETS];
};

ari_plan_cache *ari_plan_cache_create(const ar_env *env)
{
    ari_plan_cache *cache = ari_allocate_zero(env, sizeof *cache);
    if (cache != NULL)
        cache->env = env;
    return cache;
}

void ari_plan_destroy(ari_plan *plan)
{
    ari_plan_statements_release(plan);
    ari_release(plan->env, plan);
}

void ari_plan_cache_destroy(ari_plan_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        ari_plan *plan = atomic_load_explicit(&cache->buckets[i], memory_order_acquire);
        while (plan != NULL) {
            ari_plan *next = plan->next;
            ari_plan_destroy(plan);
            plan = next;
        }
    }
    ari_release(cache->env, cache);
}

static _Atomic(ari_plan *) *bucket_of(ari_plan_cache *cache, const ar_model *model)
{
    uintptr_t bits = (uintptr_t)model;
    return &cache->buckets[(bits >> 4 ^ bits >> 10) % BUCKETS];
}

static const ari_plan *find_plan(const ari_plan *plan, const ari_plan *end, const ar_model *model)
{
    for (; plan != end; plan = plan->next) {
        if (plan->model == model)
            return plan;
    }
    return NULL;
}

static void take_auto(ari_plan *plan, uint32_t index)
{
    const ar_dialect *dialect = plan->dialect;
    bool refusable = dialect->sink_undoes && ari_kind_size(plan->columns[index].kind) < sizeof(int64_t);
    plan->auto_column = (int)index;
    plan->key_returned = dialect->returning && (refusable || !dialect->row_id_is_key);
}

static void fill_columns(ari_plan *plan, ar_type *wanted, ar_type *created_wanted, uint16_t *created)
{
    const ar_column *column;
    size_t cursor = 0;
    plan->auto_column = -1;
    for (uint32_t i = 0; (column = ari_column_next(plan->model, &cursor)) != NULL; i++) {
        plan->columns[i] = (ari_plan_column){ .name = ari_column_name(column),
                                              .from = column,
                                              .offset = (uint32_t)column->offset,
                                              .kind = column->kind,
                                              .type = ari_column_type(column),
                                              .flags = column->flags };
        wanted[i] = plan->columns[i].type;
        if ((column->flags & AR_PRIMARY_KEY) != 0)
            plan->key[plan->key_count++] = i;
        if ((column->flags & AR_AUTO) != 0)
            take_auto(plan, i);
        if ((column->flags & AR_CREATED_AT) != 0 && plan->dialect->returning) {
            created_wanted[plan->created_count] = wanted[i];
            created[plan->created_count++] = (uint16_t)i;
        }
        plan->has_stamps = plan->has_stamps || (column->flags & (AR_CREATED_AT | AR_UPDATED_AT)) != 0;
    }
}

ar_status ari_plan_create(const ar_env *env, const ar_dialect *dialect, struct ari_statement_cache *statements,
                          const ar_model *model, ari_plan **out, ar_error *err)
{
    size_t columns, keys;
    ar_status status = ari_model_check(model, &columns, &keys, err);
    if (status != AR_OK)
        return status;
    size_t size = sizeof(ari_plan) + columns * sizeof(ari_plan_column);
    ari_plan *plan = ari_allocate_zero(env, size + columns * (2 * sizeof(ar_type) + sizeof(uint16_t)));
    if (plan == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for what is known of model %s", model->name);
    plan->env = env;
    plan->model = model;
    plan->dialect = dialect;
    plan->statements = statements;
    plan->column_count = (uint32_t)columns;
    ar_type *wanted = (ar_type *)(void *)((char *)plan + size);
    ar_type *created_wanted = wanted + columns;
    uint16_t *created = (uint16_t *)(void *)(created_wanted + columns);
    plan->wanted = wanted;
    plan->created_wanted = created_wanted;
    plan->created = created;
    fill_columns(plan, wanted, created_wanted, created);
    *out = plan;
    return AR_OK;
}

/* Publishes `made`, or frees it and gives the one that another thread published meanwhile. */
static const ari_plan *publish(_Atomic(ari_plan *) *bucket, ari_plan *made)
{
    ari_plan *seen = NULL;
    ari_plan *head = atomic_load_explicit(bucket, memory_order_acquire);
    for (;;) {
        const ari_plan *other = find_plan(head, seen, made->model);
        if (other != NULL) {
            ari_plan_destroy(made);
            return other;
        }
        seen = made->next = head;
        if (atomic_compare_exchange_strong_explicit(bucket, &head, made, memory_order_release, memory_order_acquire))
            return made;
    }
}

ar_status ari_plan_get(ari_db *db, const ar_model *model, const ari_plan **out, ar_error *err)
{
    _Atomic(ari_plan *) *bucket = bucket_of(ari_db_plans(db), model);
    ari_plan *made = NULL;
    *out = find_plan(atomic_load_explicit(bucket, memory_order_acquire), NULL, model);
    if (*out != NULL)
        return AR_OK;
    ar_status status = ari_plan_create(ari_db_env(db), ari_db_dialect(db), ari_db_statements(db), model, &made, err);
    if (status == AR_OK)
        *out = publish(bucket, made);
    return status;
}

static ar_status key_value(const ari_plan *plan, uint32_t index, const ar_value *given, ar_value *out, ar_error *err)
{
    const ari_plan_column *column = &plan->columns[plan->key[index]];
    ar_status status = ari_value_check(given, "a value of the key", err);
    if (status != AR_OK)
        return status;
    if (given->type == AR_TYPE_NULL)
        return ar_error_set(err, AR_E_INVALID, "the key of %s is NULL in column %s, which finds nothing",
                            plan->model->table, column->name);
    if (!ari_value_as(given, column->type, ARI_FROM_ARGUMENT, out))
        return ar_error_set(err, AR_E_TYPE, "column %s of the key of %s takes %s, and was given %s that does not fit",
                            column->name, plan->model->table, ar_type_name(column->type), ar_type_name(given->type));
    return AR_OK;
}

ar_status ari_plan_key_values(const ari_plan *plan, const ar_key *key, ar_value *values, ar_error *err)
{
    if (plan->key_count == 0)
        return ar_error_set(err, AR_E_UNSUPPORTED, "model %s has no primary key to find rows by", plan->model->name);
    if (key == NULL || key->count != plan->key_count)
        return ar_error_set(err, AR_E_INVALID, "the key of %s has %u columns, and was given %u values",
                            plan->model->table, plan->key_count, key != NULL ? key->count : 0);
    for (uint32_t i = 0; i < plan->key_count; i++) {
        ar_status status = key_value(plan, i, &key->values[i], &values[i], err);
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}
