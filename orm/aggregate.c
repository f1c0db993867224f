/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "orm/column.h"
#include "orm/expression.h"

/* Aggregates. One with a filter aggregates a CASE, which is NULL for the rows that are left out: every engine leaves
 * NULLs out, and not every one has FILTER. */

bool ari_expr_is_aggregate(const ar_expr *expr)
{
    return expr->operation >= AR_EXPR_COUNT_ROWS && expr->operation <= AR_EXPR_MAX;
}

static ar_type type_of_sum(ar_type type)
{
    if (type == AR_TYPE_DECIMAL || type == AR_TYPE_NULL)
        return type;
    return type == AR_TYPE_FLOAT || type == AR_TYPE_DOUBLE ? AR_TYPE_DOUBLE : AR_TYPE_INT64;
}

ar_type ari_aggregate_type(const ar_expr *expr, ar_type type)
{
    switch ((int)expr->operation) {
    case AR_EXPR_COUNT_ROWS:
    case AR_EXPR_COUNT:
    case AR_EXPR_ROW_NUMBER:
    case AR_EXPR_RANK:
    case AR_EXPR_DENSE_RANK:
    case AR_EXPR_NTILE: return AR_TYPE_INT64;
    case AR_EXPR_AVG:
    case AR_EXPR_PERCENT_RANK:
    case AR_EXPR_CUME_DIST: return AR_TYPE_DOUBLE;
    case AR_EXPR_SUM: return type_of_sum(type);
    default: return type;
    }
}

static ar_wrapping wrapping_of(const ar_expr *expr, const ar_dialect *dialect, ar_type type)
{
    switch ((int)expr->operation) {
    case AR_EXPR_SUM: return dialect->sum_of[type];
    case AR_EXPR_AVG: return dialect->avg_of[type];
    case AR_EXPR_MIN: return dialect->min_of[type];
    case AR_EXPR_MAX: return dialect->max_of[type];
    default: return (ar_wrapping){ NULL, NULL };
    }
}

static const char *function_name(const ar_expr *expr, const ar_dialect *dialect, ar_type type)
{
    switch ((int)expr->operation) {
    case AR_EXPR_SUM: return type == AR_TYPE_DECIMAL ? dialect->decimal_sum : "sum";
    case AR_EXPR_AVG: return "avg";
    case AR_EXPR_MIN: return "min";
    case AR_EXPR_MAX: return "max";
    default: return "count";
    }
}

static bool is_extreme(const ar_expr *expr)
{
    return expr->operation == AR_EXPR_MIN || expr->operation == AR_EXPR_MAX;
}

static bool can_add_up(ar_type type)
{
    return type == AR_TYPE_NULL || (type >= AR_TYPE_INT16 && type <= AR_TYPE_DOUBLE) || type == AR_TYPE_DECIMAL;
}

/* What is distinct makes no difference to the least and the most. */
static void write_opening(ari_writing *writing, const ar_expr *expr, const char *text)
{
    size_t head = strcspn(text, "(") + 1;
    if (!expr->distinct || is_extreme(expr) || text[head - 1] == '\0') {
        ari_clause_sql(writing->clause, text);
        return;
    }
    ari_clause_bytes(writing->clause, text, head);
    ari_clause_sql(writing->clause, "DISTINCT ");
    ari_clause_sql(writing->clause, text + head);
}

static ar_status write_inner(ari_writing *writing, const ar_expr *expr, bool compared)
{
    if (expr->operation == AR_EXPR_COUNT_ROWS) {
        ari_clause_sql(writing->clause, expr->tests != NULL ? "1" : "*");
        return AR_OK;
    }
    return compared ? ari_expr_write_compared(writing, expr->items, AR_TYPE_NULL)
                    : ari_expr_write(writing, expr->items);
}

static ar_status write_filtered(ari_writing *writing, const ar_expr *expr, bool compared)
{
    if (expr->tests == NULL)
        return write_inner(writing, expr, compared);
    ari_clause_sql(writing->clause, "(CASE WHEN ");
    ar_status status = ari_predicates_write(writing, expr->tests, SIZE_MAX);
    ari_clause_sql(writing->clause, " THEN ");
    if (status == AR_OK)
        status = write_inner(writing, expr, false);
    ari_clause_sql(writing->clause, " END)");
    if (compared && ari_expr_type(writing, expr->items) == AR_TYPE_DECIMAL)
        ari_clause_sql(writing->clause, writing->naming.dialect->decimal_compare);
    return status;
}

/* OVER stands behind the parenthesis that closes the function, before a cast of its value. */
static ar_status write_closing(ari_writing *writing, const char *text, const ar_expr *over)
{
    const char *last = strrchr(text, ')');
    size_t head = last != NULL ? (size_t)(last + 1 - text) : strlen(text);
    ar_status status = AR_OK;
    ari_clause_bytes(writing->clause, text, head);
    if (over != NULL)
        status = ari_window_write_over(writing, over);
    ari_clause_sql(writing->clause, text + head);
    return status;
}

static ar_status check(const ari_writing *writing, const ar_expr *expr, ar_type type)
{
    if (expr->operation != AR_EXPR_COUNT_ROWS && expr->items == NULL)
        return ar_error_set(writing->err, AR_E_INVALID, "building a query: an aggregate is of nothing");
    if (expr->distinct && expr->operation == AR_EXPR_COUNT_ROWS)
        return ar_error_set(writing->err, AR_E_INVALID,
                            "building a query: rows are counted, not what is distinct in them; AR_COUNT a column");
    if ((expr->operation == AR_EXPR_SUM || expr->operation == AR_EXPR_AVG) && !can_add_up(type))
        return ar_error_set(writing->err, AR_E_INVALID, "building a query: there is no sum or average of what is %s",
                            ar_type_name(type));
    return AR_OK;
}

ar_status ari_aggregate_write(ari_writing *writing, const ar_expr *expr, const ar_expr *over)
{
    const ar_dialect *dialect = writing->naming.dialect;
    ar_type type = expr->items != NULL ? ari_expr_type(writing, expr->items) : AR_TYPE_NULL;
    ar_wrapping wrapping = wrapping_of(expr, dialect, type);
    bool compared = is_extreme(expr) && wrapping.before == NULL;
    ar_status status = check(writing, expr, type);
    if (status != AR_OK)
        return status;
    char opening[64] = "";
    strncat(opening, function_name(expr, dialect, type), sizeof opening - 2);
    strcat(opening, "(");
    write_opening(writing, expr, wrapping.before != NULL ? wrapping.before : opening);
    bool cast = compared && type == AR_TYPE_DECIMAL && expr->tests != NULL && dialect->decimal_before != NULL;
    if (cast)
        ari_clause_sql(writing->clause, dialect->decimal_before);
    status = write_filtered(writing, expr, compared);
    if (status != AR_OK)
        return status;
    return write_closing(writing, wrapping.before != NULL ? wrapping.after : ")", over);
}
