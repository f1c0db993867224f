/* SPDX-License-Identifier: MIT */
#include "orm/plan.h"

#include <assert.h>
#include <string.h>

#include "orm/behaviour.h"
#include "orm/bind.h"
#include "orm/column.h"
#include "orm/convert.h"
#include "orm/event.h"
#include "orm/fragment.h"
#include "orm/name.h"
#include "orm/relation.h"
#include "orm/statement.h"
#include "orm/validation.h"

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
    ari_plan *untenanted = atomic_load_explicit(&plan->untenanted, memory_order_acquire);
    if (untenanted != NULL)
        ari_plan_destroy(untenanted);
    ari_plan_statements_release(plan);
    for (uint32_t i = 0; i < plan->column_count; i++)
        ari_release(plan->env, (void *)(uintptr_t)plan->columns[i].expression);
    ari_release(plan->env, (void *)(uintptr_t)plan->scope);
    ari_validation_destroy(plan->validation);
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
    plan->auto_column = plan->version_column = plan->deleted_column = plan->tenant_column = -1;
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
        plan->flags |= column->flags;
        plan->own_count += (column->flags & ARI_NEVER_WRITTEN) == 0;
        if ((column->flags & ARI_NEVER_WRITTEN) == 0)
            ari_mask_add(&plan->insertable, i);
        if ((column->flags & AR_VERSION) != 0)
            plan->version_column = (int)i;
        if ((column->flags & AR_DELETED_AT) != 0)
            plan->deleted_column = (int)i;
        if ((column->flags & AR_TENANT) != 0)
            plan->tenant_column = (int)i;
        plan->has_stamps = plan->has_stamps || (column->flags & ARI_STAMPED) != 0;
    }
}

/* The text of a clause, of the plan's own. */
static ar_status keep_text(ari_clause *clause, const char **out, ar_error *err)
{
    char *text = NULL;
    size_t length;
    ar_status status = ari_clause_finish(clause, &text, &length, err);
    *out = text;
    return status;
}

static ar_status refuse_sql(const ari_plan *plan, const char *what, ar_status status, ar_error *err)
{
    ar_error why = { .message = "" };
    if (err != NULL)
        why = *err;
    return ar_error_set(err, status, "model %s: %s: %s", plan->model->name, what, why.message);
}

/* A fragment of the model, between parentheses. */
static ar_status write_fragment(ari_plan *plan, ari_clause *clause, const char *sql, const char *what, ar_error *err)
{
    ari_clause_sql(clause, "(");
    ar_status status = ari_fragment_condition(clause, plan->dialect, NULL, sql, NULL, 0, err);
    ari_clause_sql(clause, ")");
    plan->by_itself = plan->by_itself || strchr(sql, '(') != NULL;
    return status == AR_OK ? AR_OK : refuse_sql(plan, what, status, err);
}

static ar_status write_expression(ari_plan *plan, ari_plan_column *column, ari_arena *arena, ar_error *err)
{
    ari_clause clause;
    ari_clause_init_whole(&clause, plan->env, arena, plan->dialect, NULL);
    ar_status status = write_fragment(plan, &clause, column->from->sql, column->from->member, err);
    if (status == AR_OK)
        status = keep_text(&clause, &column->expression, err);
    ari_clause_fini(&clause);
    return status;
}

static ar_status write_scope(ari_plan *plan, ari_arena *arena, ar_error *err)
{
    ari_clause clause;
    ar_status status = AR_OK;
    if (plan->deleted_column < 0 && plan->options->default_scope == NULL)
        return AR_OK;
    ari_clause_init_whole(&clause, plan->env, arena, plan->dialect, NULL);
    if (plan->deleted_column >= 0) {
        ari_clause_name(&clause, plan->dialect, plan->columns[plan->deleted_column].name);
        ari_clause_sql(&clause, " IS NULL");
    }
    if (plan->options->default_scope != NULL) {
        ari_clause_sql(&clause, plan->deleted_column >= 0 ? " AND " : "");
        status = write_fragment(plan, &clause, plan->options->default_scope, "its default scope", err);
    }
    if (status == AR_OK)
        status = keep_text(&clause, &plan->scope, err);
    ari_clause_fini(&clause);
    return status;
}

/* The SQL that the model itself has. */
static ar_status write_conditions(ari_plan *plan, ar_error *err)
{
    ari_arena arena;
    ar_status status = AR_OK;
    plan->guarded = plan->version_column >= 0 || plan->tenant_column >= 0;
    ari_arena_init(&arena, plan->env, 0);
    for (uint32_t i = 0; status == AR_OK && i < plan->column_count; i++) {
        if ((plan->columns[i].flags & AR_DERIVED) != 0)
            status = write_expression(plan, &plan->columns[i], &arena, err);
    }
    if (status == AR_OK)
        status = write_scope(plan, &arena, err);
    ari_arena_fini(&arena);
    return status;
}

ar_status ari_plan_check_writable(const ari_plan *plan, const char *verb, ar_error *err)
{
    if (!plan->options->read_only)
        return AR_OK;
    return ar_error_set(err, AR_E_UNSUPPORTED, "%s: model %s is read-only", verb, plan->model->name);
}

/* Its rules and events. */
static ar_status find_watchers(ari_plan *plan, ar_error *err)
{
    ar_status status = ari_events_find(plan->model, &plan->events, err);
    if (status == AR_OK)
        status = ari_validation_create(plan->env, plan->model, &plan->validation, err);
    plan->watched = plan->events != 0 || plan->validation != NULL;
    return status;
}

ar_status ari_plan_create(const ar_env *env, const ar_dialect *dialect, struct ari_statement_cache *statements,
                          const ar_model *model, ari_plan **out, ar_error *err)
{
    size_t columns, keys;
    ar_status status = ari_model_check(model, &columns, &keys, err);
    if (status == AR_OK)
        status = ari_names_check(model, dialect, err);
    if (status == AR_OK)
        status = ari_relations_check(model, err);
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
    plan->options = ari_model_options(model);
    fill_columns(plan, wanted, created_wanted, created);
    status = write_conditions(plan, err);
    if (status == AR_OK)
        status = find_watchers(plan, err);
    if (status == AR_OK)
        *out = plan;
    else
        ari_plan_destroy(plan);
    return status;
}

static const ari_plan *publish(_Atomic(ari_plan *) *bucket, ari_plan *made);

/* The plan of the same model for a handle of which all tenants' rows are. Made and published as plans are. */
static ar_status get_untenanted(ari_db *db, const ari_plan **plan, ar_error *err)
{
    _Atomic(ari_plan *) *place = &((ari_plan *)(uintptr_t)*plan)->untenanted;
    ari_plan *made = atomic_load_explicit(place, memory_order_acquire);
    ar_status status = AR_OK;
    if (made == NULL) {
        status = ari_plan_create(ari_db_env(db), ari_db_dialect(db), ari_db_statements(db), (*plan)->model, &made, err);
        if (status != AR_OK)
            return status;
        made->tenant_column = -1;
        made->guarded = made->version_column >= 0;
        *plan = publish(place, made);
        return AR_OK;
    }
    *plan = made;
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
    if (*out != NULL && ((*out)->tenant_column < 0 || !ari_db_all_tenants(db)))
        return AR_OK;
    if (*out != NULL)
        return get_untenanted(db, out, err);
    ar_status status = ari_plan_create(ari_db_env(db), ari_db_dialect(db), ari_db_statements(db), model, &made, err);
    if (status == AR_OK)
        *out = publish(bucket, made);
    if (status == AR_OK && (*out)->tenant_column >= 0 && ari_db_all_tenants(db))
        status = get_untenanted(db, out, err);
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

ar_status ari_plan_tenant(const ari_plan *plan, const ari_db *db, ar_value *room, const ar_value **out, ar_error *err)
{
    *out = NULL;
    if (plan->tenant_column < 0)
        return AR_OK;
    const ari_plan_column *column = &plan->columns[plan->tenant_column];
    const ar_value *given = ari_db_tenant(db);
    if (given == NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "%s: its rows are of tenants, and none was named; open a scope with .tenant, or with "
                            ".all_tenants",
                            plan->model->name);
    if (!ari_value_as(given, column->type, ARI_FROM_ARGUMENT, room))
        return ar_error_set(err, AR_E_TYPE, "column %s of %s takes %s, and the scope's tenant is %s that does not fit",
                            column->name, plan->model->table, ar_type_name(column->type), ar_type_name(given->type));
    *out = room;
    return AR_OK;
}

ar_status ari_plan_find_values(const ari_plan *plan, const ari_db *db, const ar_key *key, ar_value *values,
                               size_t *count, ar_error *err)
{
    const ar_value *tenant;
    ar_status status = ari_plan_key_values(plan, key, values, err);
    *count = plan->key_count;
    if (status != AR_OK || plan->tenant_column < 0)
        return status;
    status = ari_plan_tenant(plan, db, &values[*count], &tenant, err);
    *count += 1;
    return status;
}
