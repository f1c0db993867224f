/* SPDX-License-Identifier: MIT */
#include <actrec/join.h>

#include <stdalign.h>
#include <string.h>

#include "orm/behaviour.h"
#include "orm/column.h"
#include "orm/filter.h"
#include "orm/plan.h"
#include "orm/query.h"

static const char *kind_text(ar_join_kind kind)
{
    switch (kind) {
    case AR_INNER_JOIN: return " INNER JOIN ";
    case AR_LEFT_JOIN: return " LEFT JOIN ";
    case AR_RIGHT_JOIN: return " RIGHT JOIN ";
    case AR_FULL_JOIN: return " FULL JOIN ";
    case AR_CROSS_JOIN: return " CROSS JOIN ";
    }
    return NULL;
}

static const char *copy_alias(ar_query *query, const char *alias)
{
    if (alias == NULL || !ari_is_plain_name(alias)) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: an alias is made of letters, digits and underscores",
                               query->model->name));
        return NULL;
    }
    const char *copy = ari_arena_copy_text(&query->arena, alias, strlen(alias));
    if (copy == NULL)
        ari_query_fail_no_memory(query);
    return copy;
}

static bool is_taken(ar_query *query, const char *name)
{
    for (size_t i = 0; i < query->source_count; i++) {
        if (!ari_same_name(ari_source_name(&query->sources[i]), name))
            continue;
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: two of its tables are called \"%.64s\"; give one an alias",
                               query->model->name, name));
        return true;
    }
    return false;
}

void ar_query_alias(ar_query *query, const char *alias)
{
    if (!ari_query_is_building(query))
        return;
    const char *copy = copy_alias(query, alias);
    if (copy == NULL || is_taken(query, copy))
        return;
    query->base.alias = copy;
    query->sources[0].alias = copy;
}

static bool make_room(ar_query *query)
{
    if (query->source_count < query->source_capacity)
        return true;
    size_t capacity = query->source_capacity * 4;
    ari_source *sources = ari_arena_alloc_array(&query->arena, capacity, sizeof *sources, alignof(ari_source));
    if (sources == NULL) {
        ari_query_fail_no_memory(query);
        return false;
    }
    memcpy(sources, query->sources, query->source_count * sizeof *sources);
    query->sources = sources;
    query->source_capacity = capacity;
    return true;
}

static bool add_source(ar_query *query, const ar_model *model, const char *alias)
{
    if (query->source_count == ARI_MAX_SOURCES) {
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: it joins more than %d tables",
                               query->model->name, ARI_MAX_SOURCES - 1));
        return false;
    }
    const char *copy = alias != NULL ? copy_alias(query, alias) : NULL;
    if (alias != NULL && copy == NULL)
        return false;
    if (is_taken(query, copy != NULL ? copy : model->table) || !make_room(query))
        return false;
    query->sources[query->source_count++] = (ari_source){ .model = model, .alias = copy };
    return true;
}

static bool check_join(ar_query *query, ar_join_kind kind, const ar_model *model, const ar_predicate *on)
{
    const ar_dialect *dialect = query->dialect;
    bool missing = (kind == AR_RIGHT_JOIN && !dialect->right_join) || (kind == AR_FULL_JOIN && !dialect->full_join);
    if (missing)
        ar_ignore(ar_error_set(&query->error, AR_E_UNSUPPORTED, "building a query on %s: %s has no%sjoins",
                               query->model->name, dialect->name, kind == AR_FULL_JOIN ? " full " : " right "));
    else if (model == NULL || kind_text(kind) == NULL)
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID, "building a query on %s: %s to join is none",
                               query->model->name, model == NULL ? "the model" : "the way"));
    else if ((on == NULL) != (kind == AR_CROSS_JOIN))
        ar_ignore(ar_error_set(&query->error, AR_E_INVALID,
                               "building a query on %s: a cross join takes no condition, another one does",
                               query->model->name));
    return query->error.status == AR_OK;
}

/* A left join may find no row of the table that is joined, a right one none of those before it. */
static void mark_optional(ar_query *query, ar_join_kind kind)
{
    bool before = kind == AR_RIGHT_JOIN || kind == AR_FULL_JOIN;
    ari_source *last = &query->sources[query->source_count - 1];
    last->optional = kind == AR_LEFT_JOIN || kind == AR_FULL_JOIN;
    for (ari_source *source = query->sources; before && source != last; source++)
        source->optional = true;
}

/* --- Whether it gives one row at most --- */

/* Columns of the table that is joined last which have one value for each row of those before it. */
typedef struct fixing {
    const ari_writing *writing;
    size_t source;
    ari_mask columns; /* by their place in the model's list */
} fixing;

static void fix(fixing *self, const ar_column *column)
{
    const ar_model *model = self->writing->query->sources[self->source].model;
    size_t at = (size_t)((const char *)column - (const char *)model->columns) / model->column_size;
    if (at < ARI_MAX_COLUMNS)
        ari_mask_add(&self->columns, at);
}

static bool is_fixed(const fixing *self, const ar_model *model, const ar_column *column)
{
    size_t at = (size_t)((const char *)column - (const char *)model->columns) / model->column_size;
    return at < ARI_MAX_COLUMNS && ari_mask_has(&self->columns, at);
}

/* One column equals another, one of those two of the joined table, or a value. */
static void fix_by(fixing *self, const ar_predicate *predicate)
{
    const ar_expr *left = predicate->left, *right = predicate->right;
    const ar_column *columns[2];
    size_t sources[2];
    if (predicate->operation != AR_COMPARE_EQ || (left == NULL) != (right == NULL))
        return;
    if (left == NULL) {
        if (predicate->value.type != AR_TYPE_NULL &&
            ari_source_find(&self->writing->naming, predicate->model, self->writing->alias, predicate->member,
                            &sources[0], NULL) == AR_OK &&
            sources[0] == self->source &&
            (columns[0] = ari_column_by_offset(predicate->model, predicate->offset)) != NULL)
            fix(self, columns[0]);
        return;
    }
    if (left->operation != AR_EXPR_COLUMN || right->operation != AR_EXPR_COLUMN ||
        ari_expr_column(self->writing, left, &sources[0], &columns[0]) != AR_OK ||
        ari_expr_column(self->writing, right, &sources[1], &columns[1]) != AR_OK)
        return;
    if ((sources[0] == self->source) != (sources[1] == self->source))
        fix(self, columns[sources[1] == self->source]);
}

/* Its whole key is fixed, or a column of which no two rows have one value. */
static bool is_single(const fixing *self, const ar_model *model)
{
    const ar_column *column;
    size_t cursor = 0, keys = 0, fixed = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL) {
        bool known = is_fixed(self, model, column);
        if (known && (column->flags & AR_UNIQUE) != 0)
            return true;
        keys += (column->flags & AR_PRIMARY_KEY) != 0;
        fixed += known && (column->flags & AR_PRIMARY_KEY) != 0;
    }
    return keys > 0 && fixed == keys;
}

/* What stands in groups, but for those that name a table, is not looked at. */
static bool gives_one(ar_query *query, ar_join_kind kind, const ar_predicate *on, const ar_column *tenant)
{
    ari_writing writing = ari_query_writing(query, &query->scratch);
    fixing self = { .writing = &writing, .source = query->source_count - 1 };
    size_t depth = 0, named = 0; /* groups around; of them, those at the start that name a table */
    writing.err = NULL;
    if (on == NULL || kind == AR_RIGHT_JOIN || kind == AR_FULL_JOIN)
        return false;
    if (tenant != NULL)
        fix(&self, tenant);
    for (; on->operation != AR_COMPARE_END; on++) {
        bool opens = on->operation == AR_COMPARE_AS || on->operation == AR_COMPARE_AND ||
                     on->operation == AR_COMPARE_OR || on->operation == AR_COMPARE_NOT;
        if (opens && on->operation == AR_COMPARE_AS && depth == 0) {
            writing.alias = on->alias;
            named = 1;
        }
        depth += opens;
        if (on->operation == AR_COMPARE_CLOSE && depth > 0 && --depth == 0) {
            writing.alias = NULL;
            named = 0;
        }
        if (depth == named)
            fix_by(&self, on);
    }
    return is_single(&self, query->sources[self.source].model);
}

/* Rows of other tenants are not joined. */
static void write_tenant(ar_query *query, const ar_column *column, const ar_value *tenant)
{
    ari_clause_qualifier(&query->from, query->source_count - 1);
    ari_clause_name(&query->from, query->dialect, ari_column_name(column));
    ari_clause_sql(&query->from, " = ");
    ari_clause_value(&query->from, tenant);
}

static void write_on(ar_query *query, const ar_predicate *on, const ar_column *column, const ar_value *tenant)
{
    ari_writing writing = ari_query_writing(query, &query->from);
    if (on == NULL && tenant == NULL)
        return;
    ari_clause_sql(&query->from, " ON ");
    if (tenant != NULL) {
        write_tenant(query, column, tenant);
        ari_clause_sql(&query->from, on != NULL ? " AND (" : "");
    }
    if (on != NULL)
        ar_ignore(ari_predicates_write(&writing, on, SIZE_MAX));
    ari_clause_sql(&query->from, on != NULL && tenant != NULL ? ")" : "");
}

static void join(ar_query *query, ar_join_kind kind, const ar_model *model, const char *alias, const ar_predicate *on)
{
    const ar_column *column;
    const ar_value *tenant;
    if (!check_join(query, kind, model, on) || !add_source(query, model, alias) ||
        ari_filter_joined(query, model, &column, &tenant, &query->error) != AR_OK)
        return;
    mark_optional(query, kind);
    query->sources[query->source_count - 1].single = gives_one(query, kind, on, tenant != NULL ? column : NULL);
    ari_clause_sql(&query->from, kind_text(on == NULL && tenant != NULL ? AR_INNER_JOIN : kind));
    ari_clause_table(&query->from, query->dialect, model);
    if (alias != NULL) {
        ari_clause_sql(&query->from, " AS ");
        ari_clause_name(&query->from, query->dialect, alias);
    }
    write_on(query, on, column, tenant);
}

void ar_query_join_on(ar_query *query, ar_join_kind kind, const ar_model *model, const char *alias,
                      const ar_predicate *on)
{
    if (ari_query_is_building(query))
        join(query, kind, model, alias, on);
    ari_predicates_release(on, SIZE_MAX, query);
}
