/* SPDX-License-Identifier: MIT */
#include "orm/expression.h"

/* Windows: what a function looks at beside the row itself. */

static ar_status invalid(const ari_writing *writing, const char *what)
{
    return ar_error_set(writing->err, AR_E_INVALID, "building a query: %s", what);
}

static const char *function_name(const ar_expr *expr)
{
    switch ((int)expr->operation) {
    case AR_EXPR_ROW_NUMBER: return "row_number";
    case AR_EXPR_RANK: return "rank";
    case AR_EXPR_DENSE_RANK: return "dense_rank";
    case AR_EXPR_PERCENT_RANK: return "percent_rank";
    case AR_EXPR_CUME_DIST: return "cume_dist";
    case AR_EXPR_NTILE: return "ntile";
    case AR_EXPR_LAG: return "lag";
    case AR_EXPR_LEAD: return "lead";
    case AR_EXPR_FIRST_VALUE: return "first_value";
    case AR_EXPR_LAST_VALUE: return "last_value";
    case AR_EXPR_NTH_VALUE: return "nth_value";
    default: return NULL;
    }
}

/* The least that its number may be; INT32_MAX: it has none. */
static int32_t least_number(const ar_expr *expr)
{
    switch ((int)expr->operation) {
    case AR_EXPR_NTILE:
    case AR_EXPR_NTH_VALUE: return 1;
    case AR_EXPR_LAG:
    case AR_EXPR_LEAD: return 0;
    default: return INT32_MAX;
    }
}

static ar_status write_function(ari_writing *writing, const ar_expr *expr)
{
    int32_t least = least_number(expr);
    ar_status status = AR_OK;
    ari_clause_sql(writing->clause, function_name(expr));
    ari_clause_sql(writing->clause, "(");
    if (expr->items != NULL)
        status = ari_expr_write(writing, expr->items);
    if (least != INT32_MAX) {
        if (expr->from < least || expr->from > INT32_MAX)
            return invalid(writing, "the number of a function of windows is out of range");
        ari_clause_sql(writing->clause, expr->items != NULL ? ", " : "");
        ari_clause_number(writing->clause, expr->from);
    }
    ari_clause_sql(writing->clause, ")");
    return status;
}

static ar_status write_list(ari_writing *writing, const ar_expr *items, const char **before)
{
    for (const ar_expr *item = items; item != NULL && item->operation != AR_EXPR_END; item++) {
        ari_clause_sql(writing->clause, *before);
        *before = ", ";
        ar_status status = ari_expr_write_compared(writing, item, AR_TYPE_NULL);
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}

static ar_status write_partitions(ari_writing *writing, const ar_expr *over)
{
    const char *before = "PARTITION BY ";
    for (const ar_expr *part = over->items + 1; part->operation != AR_EXPR_END; part++) {
        ar_status status = part->operation == AR_EXPR_PARTITION ? write_list(writing, part->items, &before) : AR_OK;
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}

static ar_status write_orders(ari_writing *writing, const ar_expr *over)
{
    const char *before = " ORDER BY ";
    for (const ar_expr *part = over->items + 1; part->operation != AR_EXPR_END; part++) {
        if (part->operation != AR_EXPR_ASC && part->operation != AR_EXPR_DESC)
            continue;
        ar_status status = write_list(writing, part->items, &before);
        if (status != AR_OK)
            return status;
        if (part->operation == AR_EXPR_DESC)
            ari_clause_sql(writing->clause, " DESC");
    }
    return AR_OK;
}

static void write_bound(ari_writing *writing, int64_t bound)
{
    if (bound == 0) {
        ari_clause_sql(writing->clause, "CURRENT ROW");
        return;
    }
    if (bound == AR_UNBOUNDED_PRECEDING || bound == AR_UNBOUNDED_FOLLOWING)
        ari_clause_sql(writing->clause, "UNBOUNDED");
    else
        ari_clause_number(writing->clause, bound < 0 ? -bound : bound);
    ari_clause_sql(writing->clause, bound < 0 ? " PRECEDING" : " FOLLOWING");
}

static bool is_end(int64_t bound)
{
    return bound == 0 || bound == AR_UNBOUNDED_PRECEDING || bound == AR_UNBOUNDED_FOLLOWING;
}

static ar_status write_frame(ari_writing *writing, const ar_expr *frame)
{
    if (frame->from > frame->to || frame->from == AR_UNBOUNDED_FOLLOWING || frame->to == AR_UNBOUNDED_PRECEDING)
        return invalid(writing, "a frame of a window ends before it begins");
    if (frame->operation == AR_EXPR_RANGE && (!is_end(frame->from) || !is_end(frame->to)))
        return invalid(writing, "AR_RANGE_BETWEEN takes 0 and the two unbounded ends alone");
    ari_clause_sql(writing->clause, frame->operation == AR_EXPR_ROWS ? " ROWS BETWEEN " : " RANGE BETWEEN ");
    write_bound(writing, frame->from);
    ari_clause_sql(writing->clause, " AND ");
    write_bound(writing, frame->to);
    return AR_OK;
}

static ar_status write_frames(ari_writing *writing, const ar_expr *over)
{
    const ar_expr *frame = NULL;
    for (const ar_expr *part = over->items + 1; part->operation != AR_EXPR_END; part++) {
        switch ((int)part->operation) {
        case AR_EXPR_PARTITION:
        case AR_EXPR_ASC:
        case AR_EXPR_DESC: break;
        case AR_EXPR_ROWS:
        case AR_EXPR_RANGE:
            if (frame != NULL)
                return invalid(writing, "a window has two frames");
            frame = part;
            break;
        default: return invalid(writing, "AR_OVER takes a function, AR_PARTITION_BY, AR_ASC, AR_DESC and one frame");
        }
    }
    return frame != NULL ? write_frame(writing, frame) : AR_OK;
}

ar_status ari_window_write_over(ari_writing *writing, const ar_expr *over)
{
    ari_clause_sql(writing->clause, " OVER (");
    ar_status status = write_partitions(writing, over);
    if (status == AR_OK)
        status = write_orders(writing, over);
    if (status == AR_OK)
        status = write_frames(writing, over);
    ari_clause_sql(writing->clause, ")");
    return status;
}

ar_status ari_window_write(ari_writing *writing, const ar_expr *over)
{
    const ar_expr *function = over->items;
    if (!writing->naming.dialect->windows)
        return ar_error_set(writing->err, AR_E_UNSUPPORTED, "building a query: this server of %s has no windows",
                            writing->naming.dialect->name);
    if (function == NULL)
        return invalid(writing, "AR_OVER has no function");
    if (ari_expr_is_aggregate(function)) {
        if (function->distinct)
            return ar_error_set(writing->err, AR_E_UNSUPPORTED,
                                "building a query: no engine aggregates what is distinct over a window");
        return ari_aggregate_write(writing, function, over);
    }
    if (function_name(function) == NULL)
        return invalid(writing, "AR_OVER begins with an aggregate or a function of windows");
    ar_status status = write_function(writing, function);
    return status == AR_OK ? ari_window_write_over(writing, over) : status;
}
