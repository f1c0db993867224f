/* SPDX-License-Identifier: MIT */
#include "orm/expression.h"

#include <stdio.h>

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/fragment.h"
#include "orm/query.h"

/* Expressions become SQL when the builder is given them. Values become placeholders; where the server infers the type of
 * a placeholder from what stands round it, it is told. */

static ar_status invalid(const ari_writing *writing, const char *what)
{
    return ar_error_set(writing->err, AR_E_INVALID, "building a query: %s", what);
}

static bool is_of(const ari_naming *naming, const char *alias, const ar_model *model)
{
    for (size_t i = 0; i < naming->count; i++) {
        if (naming->sources[i].model == model && ari_same_name(ari_source_name(&naming->sources[i]), alias))
            return true;
    }
    return false;
}

ar_status ari_member_column(const ari_writing *writing, const char *alias, const ar_model *model, size_t offset,
                            const char *member, size_t *source, const ar_column **column)
{
    if (alias == NULL && writing->alias != NULL && is_of(&writing->naming, writing->alias, model))
        alias = writing->alias;
    ar_status status = ari_source_find(&writing->naming, model, alias, member, source, writing->err);
    if (status != AR_OK)
        return status;
    *column = ari_column_by_offset(model, offset);
    if (*column != NULL)
        return AR_OK;
    return ar_error_set(writing->err, AR_E_INVALID, "building a query: member %s of model %s is not a column", member,
                        model->name);
}

ar_status ari_expr_column(const ari_writing *writing, const ar_expr *expr, size_t *source, const ar_column **column)
{
    const char *member = expr->member != NULL ? expr->member : "?";
    return ari_member_column(writing, expr->alias, expr->model, expr->offset, member, source, column);
}

static const ar_column *column_of(const ari_writing *writing, const ar_expr *expr)
{
    const ar_column *column = NULL;
    ari_writing quiet = *writing;
    size_t source;
    quiet.err = NULL;
    if (expr->operation == AR_EXPR_OUTER)
        return expr->model != NULL ? ari_column_by_offset(expr->model, expr->offset) : NULL;
    return ari_expr_column(&quiet, expr, &source, &column) == AR_OK ? column : NULL;
}

/* Of the first of them that has one. */
static ar_type type_of_items(const ari_writing *writing, const ar_expr *items)
{
    ar_type value = AR_TYPE_NULL;
    for (const ar_expr *item = items; item != NULL && item->operation != AR_EXPR_END; item++) {
        ar_type type = ari_expr_type(writing, item);
        if (type != AR_TYPE_NULL && item->operation != AR_EXPR_VALUE)
            return type;
        if (value == AR_TYPE_NULL)
            value = type;
    }
    return value;
}

static ar_type type_of_value(const ar_value *value)
{
    return ari_value_is_list(value) || value->type > AR_TYPE_ENUM ? AR_TYPE_NULL : value->type;
}

ar_type ari_expr_type(const ari_writing *writing, const ar_expr *expr)
{
    const ar_column *column;
    switch ((ar_expr_operation)expr->operation) {
    case AR_EXPR_COLUMN:
    case AR_EXPR_OUTER:
        column = column_of(writing, expr);
        return column != NULL ? ari_column_type(column) : AR_TYPE_NULL;
    case AR_EXPR_VALUE: return type_of_value(&expr->value);
    case AR_EXPR_SQL: return expr->type <= AR_TYPE_ENUM ? expr->type : AR_TYPE_NULL;
    case AR_EXPR_SUBQUERY: return ari_subquery_type(expr->query);
    case AR_EXPR_JSON_TEXT: return AR_TYPE_TEXT;
    case AR_EXPR_JSON_NUMBER: return AR_TYPE_DOUBLE;
    case AR_EXPR_ASC:
    case AR_EXPR_DESC:
    case AR_EXPR_COALESCE:
    case AR_EXPR_CASE:
    case AR_EXPR_WHEN:
    case AR_EXPR_ELSE: return type_of_items(writing, expr->items);
    case AR_EXPR_OVER: return expr->items != NULL ? ari_expr_type(writing, expr->items) : AR_TYPE_NULL;
    case AR_EXPR_COUNT_ROWS:
    case AR_EXPR_COUNT:
    case AR_EXPR_SUM:
    case AR_EXPR_AVG:
    case AR_EXPR_MIN:
    case AR_EXPR_MAX:
    case AR_EXPR_ROW_NUMBER:
    case AR_EXPR_RANK:
    case AR_EXPR_DENSE_RANK:
    case AR_EXPR_PERCENT_RANK:
    case AR_EXPR_CUME_DIST:
    case AR_EXPR_NTILE:
    case AR_EXPR_LAG:
    case AR_EXPR_LEAD:
    case AR_EXPR_FIRST_VALUE:
    case AR_EXPR_LAST_VALUE:
    case AR_EXPR_NTH_VALUE: return ari_aggregate_type(expr, type_of_items(writing, expr->items));
    case AR_EXPR_END:
    case AR_EXPR_PARTITION:
    case AR_EXPR_ROWS:
    case AR_EXPR_RANGE: break;
    }
    return AR_TYPE_NULL;
}

static ar_status write_column(ari_writing *writing, const ar_expr *expr, bool compared)
{
    const ar_column *column = NULL;
    size_t source;
    ar_status status = ari_expr_column(writing, expr, &source, &column);
    if (status != AR_OK)
        return status;
    if (compared)
        ari_source_write_compared(writing->clause, &writing->naming, source, column);
    else
        ari_source_write(writing->clause, &writing->naming, source, column);
    return AR_OK;
}

static ar_status write_outer(ari_writing *writing, const ar_expr *expr)
{
    const ar_column *column = expr->model != NULL ? ari_column_by_offset(expr->model, expr->offset) : NULL;
    if (column == NULL || writing->query == NULL)
        return invalid(writing, "AR_OUTER is for the columns of a model, in a subquery");
    ar_status status = ari_query_note_outer(writing->query, expr->model, expr->alias, writing->err);
    if (status != AR_OK)
        return status;
    ari_clause_name(writing->clause, writing->naming.dialect, expr->alias != NULL ? expr->alias : expr->model->table);
    ari_clause_sql(writing->clause, ".");
    ari_clause_name(writing->clause, writing->naming.dialect, ari_column_name(column));
    return AR_OK;
}

static ar_status write_value(ari_writing *writing, const ar_expr *expr, ar_type type)
{
    const ar_dialect *dialect = writing->naming.dialect;
    ar_type own = type != AR_TYPE_NULL ? type : type_of_value(&expr->value);
    if (ari_value_is_list(&expr->value))
        return invalid(writing, "a list is for the right side of an IN alone");
    ar_status status = ari_fragment_value(writing->clause, &expr->value, type, "an expression", writing->err);
    if (status == AR_OK && dialect->placeholder == AR_PLACEHOLDER_DOLLAR && dialect->column_types[own] != NULL) {
        ari_clause_sql(writing->clause, "::");
        ari_clause_sql(writing->clause, dialect->column_types[own]);
    }
    return status;
}

static ar_status write_sql(ari_writing *writing, const ar_expr *expr)
{
    if (writing->query != NULL)
        writing->query->raw = true;
    ari_clause_sql(writing->clause, "(");
    ar_status status = ari_fragment_condition_in(writing->clause, &writing->naming, expr->text, expr->values,
                                                 expr->value_count, writing->err);
    ari_clause_sql(writing->clause, ")");
    return status;
}

static ar_status write_coalesce(ari_writing *writing, const ar_expr *expr, ar_type type)
{
    if (type == AR_TYPE_NULL)
        type = type_of_items(writing, expr->items);
    ari_clause_sql(writing->clause, "coalesce(");
    for (const ar_expr *item = expr->items; item != NULL && item->operation != AR_EXPR_END; item++) {
        if (item != expr->items)
            ari_clause_sql(writing->clause, ", ");
        ar_status status = ari_expr_write_beside(writing, item, type);
        if (status != AR_OK)
            return status;
    }
    ari_clause_sql(writing->clause, ")");
    return AR_OK;
}

static ar_status write_case_part(ari_writing *writing, const ar_expr *part, ar_type type)
{
    ar_status status = AR_OK;
    if (part->items == NULL || (part->operation != AR_EXPR_WHEN && part->operation != AR_EXPR_ELSE))
        return invalid(writing, "AR_CASE takes AR_WHEN, and AR_ELSE at its end");
    ari_clause_sql(writing->clause, part->operation == AR_EXPR_WHEN ? " WHEN " : " ELSE ");
    if (part->operation == AR_EXPR_WHEN) {
        status = ari_predicates_write(writing, part->tests, SIZE_MAX);
        ari_clause_sql(writing->clause, " THEN ");
    }
    return status == AR_OK ? ari_expr_write_beside(writing, part->items, type) : status;
}

static ar_status write_case(ari_writing *writing, const ar_expr *expr, ar_type type)
{
    if (type == AR_TYPE_NULL)
        type = type_of_items(writing, expr->items);
    if (expr->items == NULL || expr->items->operation != AR_EXPR_WHEN)
        return invalid(writing, "AR_CASE begins with AR_WHEN");
    ari_clause_sql(writing->clause, "CASE");
    for (const ar_expr *part = expr->items; part->operation != AR_EXPR_END; part++) {
        if (part > expr->items && part[-1].operation == AR_EXPR_ELSE)
            return invalid(writing, "AR_ELSE stands at the end of AR_CASE");
        ar_status status = write_case_part(writing, part, type);
        if (status != AR_OK)
            return status;
    }
    ari_clause_sql(writing->clause, " END");
    return AR_OK;
}

static ar_status write_subquery(ari_writing *writing, const ar_expr *expr, bool compared)
{
    ari_clause_sql(writing->clause, "(");
    ar_status status = ari_subquery_write(writing, expr->query, compared ? ARI_EMBED_SCALAR : ARI_EMBED_SELECTED);
    ari_clause_sql(writing->clause, ")");
    return status;
}

ar_status ari_expr_write_beside(ari_writing *writing, const ar_expr *expr, ar_type type)
{
    switch ((ar_expr_operation)expr->operation) {
    case AR_EXPR_COLUMN: return write_column(writing, expr, false);
    case AR_EXPR_OUTER: return write_outer(writing, expr);
    case AR_EXPR_VALUE: return write_value(writing, expr, type);
    case AR_EXPR_SQL: return write_sql(writing, expr);
    case AR_EXPR_COALESCE: return write_coalesce(writing, expr, type);
    case AR_EXPR_CASE: return write_case(writing, expr, type);
    case AR_EXPR_SUBQUERY: return write_subquery(writing, expr, false);
    case AR_EXPR_JSON_TEXT:
    case AR_EXPR_JSON_NUMBER: return ari_json_write(writing, expr);
    case AR_EXPR_COUNT_ROWS:
    case AR_EXPR_COUNT:
    case AR_EXPR_SUM:
    case AR_EXPR_AVG:
    case AR_EXPR_MIN:
    case AR_EXPR_MAX: return ari_aggregate_write(writing, expr, NULL);
    case AR_EXPR_OVER: return ari_window_write(writing, expr);
    case AR_EXPR_ROW_NUMBER:
    case AR_EXPR_RANK:
    case AR_EXPR_DENSE_RANK:
    case AR_EXPR_PERCENT_RANK:
    case AR_EXPR_CUME_DIST:
    case AR_EXPR_NTILE:
    case AR_EXPR_LAG:
    case AR_EXPR_LEAD:
    case AR_EXPR_FIRST_VALUE:
    case AR_EXPR_LAST_VALUE:
    case AR_EXPR_NTH_VALUE: return invalid(writing, "a function of windows stands in AR_OVER alone");
    case AR_EXPR_WHEN:
    case AR_EXPR_ELSE: return invalid(writing, "AR_WHEN and AR_ELSE stand in AR_CASE alone");
    case AR_EXPR_PARTITION:
    case AR_EXPR_ROWS:
    case AR_EXPR_RANGE: return invalid(writing, "a part of AR_OVER stands alone");
    case AR_EXPR_ASC:
    case AR_EXPR_DESC: return invalid(writing, "AR_ASC and AR_DESC stand in orders alone");
    case AR_EXPR_END: break;
    }
    return invalid(writing, "an expression was not made by one of the macros");
}

ar_status ari_expr_write(ari_writing *writing, const ar_expr *expr)
{
    return ari_expr_write_beside(writing, expr, AR_TYPE_NULL);
}

ar_status ari_expr_write_compared(ari_writing *writing, const ar_expr *expr, ar_type type)
{
    const ar_dialect *dialect = writing->naming.dialect;
    if (expr->operation == AR_EXPR_COLUMN)
        return write_column(writing, expr, true);
    if (expr->operation == AR_EXPR_SUBQUERY)
        return write_subquery(writing, expr, true);
    if (expr->operation == AR_EXPR_VALUE || ari_expr_type(writing, expr) != AR_TYPE_DECIMAL)
        return ari_expr_write_beside(writing, expr, type);
    ari_clause_sql(writing->clause, dialect->decimal_before != NULL ? dialect->decimal_before : "(");
    ar_status status = ari_expr_write_beside(writing, expr, type);
    ari_clause_sql(writing->clause, dialect->decimal_before != NULL ? "" : ")");
    ari_clause_sql(writing->clause, dialect->decimal_compare);
    return status;
}
