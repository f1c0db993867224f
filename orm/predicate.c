/* SPDX-License-Identifier: MIT */
#include "orm/predicate.h"

#include <stdio.h>

#include "orm/behaviour.h"
#include "orm/bind.h"
#include "orm/column.h"
#include "orm/fragment.h"

enum { DEEPEST = 64 }; /* groups within groups */

typedef struct rendering {
    ari_clause *clause;
    const ar_dialect *dialect;
    const ar_model *model;
    ar_error *err;
    size_t depth;
    struct {
        const char *joiner;
        bool first;
    } groups[DEEPEST];
} rendering;

static ar_status write_list(rendering *writer, const ar_predicate *predicate, const ar_column *column, const char *what)
{
    bool not_in = predicate->operation == AR_COMPARE_NOT_IN;
    if (!ari_value_is_list(&predicate->value))
        return ar_error_set(writer->err, AR_E_INVALID,
                            "building a query: IN on %s takes a list, AR_LIST(pointer, count)", what);
    if (ari_list_count(&predicate->value) == 0) {
        ari_clause_sql(writer->clause, not_in ? "1 = 1" : "1 = 0");
        return AR_OK;
    }
    ari_clause_column(writer->clause, writer->dialect, column, true);
    ari_clause_sql(writer->clause, not_in ? " NOT IN (" : " IN (");
    ar_status status = ari_fragment_list(writer->clause, writer->dialect, &predicate->value, ari_column_type(column),
                                         what, writer->err);
    ari_clause_sql(writer->clause, ")");
    return status;
}

static const char *operator_text(uint32_t operation)
{
    switch ((ar_comparison)operation) {
    case AR_COMPARE_EQ: return " = ";
    case AR_COMPARE_NE: return " <> ";
    case AR_COMPARE_LT: return " < ";
    case AR_COMPARE_LE: return " <= ";
    case AR_COMPARE_GT: return " > ";
    case AR_COMPARE_GE: return " >= ";
    case AR_COMPARE_LIKE: return " LIKE ";
    case AR_COMPARE_NOT_LIKE: return " NOT LIKE ";
    case AR_COMPARE_BETWEEN: return " BETWEEN ";
    case AR_COMPARE_IS_NULL: return " IS NULL";
    case AR_COMPARE_IS_NOT_NULL: return " IS NOT NULL";
    case AR_COMPARE_IN:
    case AR_COMPARE_NOT_IN:
    case AR_COMPARE_AND:
    case AR_COMPARE_OR:
    case AR_COMPARE_NOT:
    case AR_COMPARE_CLOSE: break;
    }
    return NULL;
}

/* = NULL is never true in SQL; what is meant is IS NULL. */
static uint32_t operation_of(const ar_predicate *predicate)
{
    if (predicate->value.type == AR_TYPE_NULL && predicate->operation == AR_COMPARE_EQ)
        return AR_COMPARE_IS_NULL;
    if (predicate->value.type == AR_TYPE_NULL && predicate->operation == AR_COMPARE_NE)
        return AR_COMPARE_IS_NOT_NULL;
    return predicate->operation;
}

static ar_status write_like(rendering *writer, const ar_predicate *predicate, ar_type type, const char *what)
{
    if (type != AR_TYPE_TEXT && type != AR_TYPE_JSON)
        return ar_error_set(writer->err, AR_E_TYPE, "building a query: %s is %s, and LIKE compares texts", what,
                            ar_type_name(type));
    if (predicate->value.type != AR_TYPE_TEXT && predicate->value.type != AR_TYPE_NULL)
        return ar_error_set(writer->err, AR_E_TYPE,
                            "building a query: the pattern that %s is to be LIKE is to be text, not %s", what,
                            ari_value_is_list(&predicate->value) ? "a list" : ar_type_name(predicate->value.type));
    ar_status status = ari_fragment_value(writer->clause, &predicate->value, AR_TYPE_NULL, what, writer->err);
    if (status != AR_OK)
        return status;
    ari_clause_sql(writer->clause, writer->dialect->backslash_escapes ? " ESCAPE '\\\\'" : " ESCAPE '\\'");
    return AR_OK;
}

static ar_status write_comparison(rendering *writer, const ar_predicate *predicate, const ar_column *column,
                                  const char *what)
{
    uint32_t operation = operation_of(predicate);
    const char *text = operator_text(operation);
    ar_type type = ari_column_type(column);
    if (text == NULL)
        return ar_error_set(writer->err, AR_E_INVALID,
                            "building a query: a predicate on %s was not made by one of the macros", what);
    bool like = operation == AR_COMPARE_LIKE || operation == AR_COMPARE_NOT_LIKE;
    ari_clause_column(writer->clause, writer->dialect, column, true);
    ari_clause_sql(writer->clause, text);
    if (operation == AR_COMPARE_IS_NULL || operation == AR_COMPARE_IS_NOT_NULL)
        return AR_OK;
    if (like)
        return write_like(writer, predicate, type, what);
    ar_status status = ari_fragment_value(writer->clause, &predicate->value, type, what, writer->err);
    if (status != AR_OK || operation != AR_COMPARE_BETWEEN)
        return status;
    ari_clause_sql(writer->clause, " AND ");
    return ari_fragment_value(writer->clause, &predicate->upper, type, what, writer->err);
}

static ar_status write_predicate(rendering *writer, const ar_predicate *predicate)
{
    char what[160];
    const char *member = predicate->member != NULL ? predicate->member : "?";
    if (predicate->model != writer->model)
        return ar_error_set(writer->err, AR_E_INVALID,
                            "building a query on model %s: a predicate is on %s, a member of %s", writer->model->name,
                            member, predicate->model != NULL ? predicate->model->name : "no model");
    const ar_column *column = ari_column_by_offset(writer->model, predicate->offset);
    if (column == NULL)
        return ar_error_set(writer->err, AR_E_INVALID, "building a query: member %s of model %s is not a column",
                            member, writer->model->name);
    snprintf(what, sizeof what, "%s.%s", writer->model->name, member);
    if (predicate->operation == AR_COMPARE_IN || predicate->operation == AR_COMPARE_NOT_IN)
        return write_list(writer, predicate, column, what);
    return write_comparison(writer, predicate, column, what);
}

static void join(rendering *writer)
{
    if (!writer->groups[writer->depth].first)
        ari_clause_sql(writer->clause, writer->groups[writer->depth].joiner);
    writer->groups[writer->depth].first = false;
}

static ar_status open_group(rendering *writer, uint32_t operation)
{
    if (writer->depth + 1 == DEEPEST)
        return ar_error_set(writer->err, AR_E_INVALID,
                            "building a query: groups of predicates are nested more than %d deep", DEEPEST - 1);
    join(writer);
    ari_clause_sql(writer->clause, operation == AR_COMPARE_NOT ? "NOT (" : "(");
    writer->depth++;
    writer->groups[writer->depth].joiner = operation == AR_COMPARE_OR ? " OR " : " AND ";
    writer->groups[writer->depth].first = true;
    return AR_OK;
}

static ar_status close_group(rendering *writer)
{
    if (writer->depth == 0 || writer->groups[writer->depth].first)
        return ar_error_set(writer->err, AR_E_INVALID, "building a query: a group of predicates is %s",
                            writer->depth == 0 ? "closed that was not opened" : "empty");
    writer->depth--;
    ari_clause_sql(writer->clause, ")");
    return AR_OK;
}

static ar_status write_item(rendering *writer, const ar_predicate *predicate)
{
    if (predicate->operation == AR_COMPARE_CLOSE)
        return close_group(writer);
    if (predicate->operation >= AR_COMPARE_AND && predicate->operation <= AR_COMPARE_NOT)
        return open_group(writer, predicate->operation);
    join(writer);
    return write_predicate(writer, predicate);
}

ar_status ari_predicate_append(ari_clause *clause, const ar_dialect *dialect, const ar_model *model,
                               const ar_predicate *predicates, size_t count, ar_error *err)
{
    rendering writer = { .clause = clause, .dialect = dialect, .model = model, .err = err };
    writer.groups[0].joiner = " AND ";
    writer.groups[0].first = true;
    if (predicates == NULL || count == 0)
        return ar_error_set(err, AR_E_INVALID, "building a query on model %s: there are no predicates", model->name);
    for (size_t i = 0; i < count; i++) {
        ar_status status = write_item(&writer, &predicates[i]);
        if (status != AR_OK)
            return status;
    }
    if (writer.depth > 0)
        return ar_error_set(err, AR_E_INVALID, "building a query on model %s: a group of predicates is not closed",
                            model->name);
    return AR_OK;
}
