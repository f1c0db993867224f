/* SPDX-License-Identifier: MIT */
#include "orm/predicate.h"

#include <stdio.h>

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/expression.h"
#include "orm/fragment.h"

enum { DEEPEST = 64 }; /* groups within groups */

typedef struct rendering {
    ari_writing *writing;
    ari_clause *clause;
    const ar_dialect *dialect;
    ar_error *err;
    size_t depth;
    struct {
        const char *joiner;
        const char *alias; /* of the sources outside it */
        bool first;
    } groups[DEEPEST];
} rendering;

/* What a predicate is about. */
typedef struct subject {
    const ar_expr *expr;     /* NULL: the column */
    const ar_column *column; /* of table `source` */
    size_t source;
    ar_type type;
    const ar_model *model; /* for messages; NULL: none */
    const char *member;    /* likewise */
} subject;

/* A subject as messages call it, "User.name". */
typedef struct label {
    char text[160];
} label;

static label label_of(const subject *about)
{
    label made;
    snprintf(made.text, sizeof made.text, "%.79s%s%.79s", about->model != NULL ? about->model->name : "",
             about->model != NULL ? "." : "", about->member);
    return made;
}

static ar_status invalid(const rendering *writer, const char *what)
{
    return ar_error_set(writer->err, AR_E_INVALID, "building a query: %s", what);
}

static ar_status write_subject(rendering *writer, const subject *about)
{
    if (about->expr != NULL)
        return ari_expr_write_compared(writer->writing, about->expr, about->type);
    ari_source_write_compared(writer->clause, &writer->writing->naming, about->source, about->column);
    return AR_OK;
}

/* The label is made for an error alone. */
static ar_status write_value(rendering *writer, const subject *about, const ar_value *value, ar_type type)
{
    if (ari_fragment_value(writer->clause, value, type, "", NULL) == AR_OK)
        return AR_OK;
    return ari_fragment_value(writer->clause, value, type, label_of(about).text, writer->err);
}

static ar_status write_values(rendering *writer, const subject *about, const ar_value *list, bool not_in)
{
    if (!ari_value_is_list(list))
        return ar_error_set(writer->err, AR_E_INVALID,
                            "building a query: IN on %s takes a list, AR_LIST(pointer, count)", label_of(about).text);
    if (ari_list_count(list) == 0) {
        ari_clause_sql(writer->clause, not_in ? "1 = 1" : "1 = 0");
        return AR_OK;
    }
    ar_status status = write_subject(writer, about);
    ari_clause_sql(writer->clause, not_in ? " NOT IN (" : " IN (");
    if (status == AR_OK)
        status =
            ari_fragment_list(writer->clause, writer->dialect, list, about->type, label_of(about).text, writer->err);
    ari_clause_sql(writer->clause, ")");
    return status;
}

static ar_status write_in_query(rendering *writer, const subject *about, ar_query *query, bool not_in)
{
    ar_status status = write_subject(writer, about);
    ari_clause_sql(writer->clause, not_in ? " NOT IN (" : " IN (");
    if (status == AR_OK)
        status = ari_subquery_write(writer->writing, query, ARI_EMBED_LIST);
    ari_clause_sql(writer->clause, ")");
    return status;
}

static ar_status write_in(rendering *writer, const ar_predicate *predicate, const subject *about)
{
    bool not_in = predicate->operation == AR_COMPARE_NOT_IN;
    const ar_expr *right = predicate->right;
    if (predicate->query != NULL)
        return write_in_query(writer, about, predicate->query, not_in);
    if (right == NULL)
        return write_values(writer, about, &predicate->value, not_in);
    if (right->operation == AR_EXPR_SUBQUERY)
        return write_in_query(writer, about, right->query, not_in);
    if (right->operation == AR_EXPR_VALUE)
        return write_values(writer, about, &right->value, not_in);
    return invalid(writer, "IN takes AR_VALUE(AR_LIST(pointer, count)) or AR_SUBQUERY(query) on its right");
}

static const char *operator_text(uint32_t operation, const ar_dialect *dialect)
{
    switch ((ar_comparison)operation) {
    case AR_COMPARE_EQ: return " = ";
    case AR_COMPARE_NE: return " <> ";
    case AR_COMPARE_LT: return " < ";
    case AR_COMPARE_LE: return " <= ";
    case AR_COMPARE_GT: return " > ";
    case AR_COMPARE_GE: return " >= ";
    case AR_COMPARE_SAME:
    case AR_COMPARE_NOT_SAME: return dialect->null_safe_equal;
    case AR_COMPARE_LIKE: return " LIKE ";
    case AR_COMPARE_NOT_LIKE: return " NOT LIKE ";
    case AR_COMPARE_ILIKE: return dialect->ilike != NULL ? dialect->ilike : " LIKE ";
    case AR_COMPARE_NOT_ILIKE: return dialect->not_ilike != NULL ? dialect->not_ilike : " NOT LIKE ";
    case AR_COMPARE_BETWEEN: return " BETWEEN ";
    case AR_COMPARE_IS_NULL: return " IS NULL";
    case AR_COMPARE_IS_NOT_NULL: return " IS NOT NULL";
    case AR_COMPARE_IN:
    case AR_COMPARE_NOT_IN:
    case AR_COMPARE_EXISTS:
    case AR_COMPARE_NOT_EXISTS:
    case AR_COMPARE_JSON_CONTAINS:
    case AR_COMPARE_AS:
    case AR_COMPARE_AND:
    case AR_COMPARE_OR:
    case AR_COMPARE_NOT:
    case AR_COMPARE_CLOSE:
    case AR_COMPARE_END: break;
    }
    return NULL;
}

/* = NULL is never true in SQL; what is meant is IS NULL. */
static uint32_t operation_of(const ar_predicate *predicate)
{
    const ar_expr *right = predicate->right;
    bool null = right != NULL ? right->operation == AR_EXPR_VALUE && right->value.type == AR_TYPE_NULL
                              : predicate->value.type == AR_TYPE_NULL;
    if (null && (predicate->operation == AR_COMPARE_EQ || predicate->operation == AR_COMPARE_SAME))
        return AR_COMPARE_IS_NULL;
    if (null && (predicate->operation == AR_COMPARE_NE || predicate->operation == AR_COMPARE_NOT_SAME))
        return AR_COMPARE_IS_NOT_NULL;
    return predicate->operation;
}

static bool is_like(uint32_t operation)
{
    return operation >= AR_COMPARE_LIKE && operation <= AR_COMPARE_NOT_ILIKE;
}

static ar_status write_pattern(rendering *writer, const ar_value *pattern, const subject *about)
{
    if (pattern->type != AR_TYPE_TEXT && pattern->type != AR_TYPE_NULL)
        return ar_error_set(writer->err, AR_E_TYPE,
                            "building a query: the pattern that %s is to be LIKE is to be text, not %s",
                            label_of(about).text, ari_value_is_list(pattern) ? "a list" : ar_type_name(pattern->type));
    return write_value(writer, about, pattern, AR_TYPE_NULL);
}

static ar_status write_like(rendering *writer, const ar_predicate *predicate, const subject *about, const char *text)
{
    const ar_expr *right = predicate->right;
    bool folds = predicate->operation >= AR_COMPARE_ILIKE && writer->dialect->ilike == NULL;
    if (about->type != AR_TYPE_TEXT && about->type != AR_TYPE_JSON && about->type != AR_TYPE_NULL)
        return ar_error_set(writer->err, AR_E_TYPE, "building a query: %s is %s, and LIKE compares texts",
                            label_of(about).text, ar_type_name(about->type));
    ari_clause_sql(writer->clause, folds ? "lower(" : "");
    ar_status status = write_subject(writer, about);
    ari_clause_sql(writer->clause, folds ? ")" : "");
    ari_clause_sql(writer->clause, text);
    ari_clause_sql(writer->clause, folds ? "lower(" : "");
    if (status == AR_OK && (right == NULL || right->operation == AR_EXPR_VALUE))
        status = write_pattern(writer, right != NULL ? &right->value : &predicate->value, about);
    else if (status == AR_OK)
        status = ari_expr_write(writer->writing, right);
    ari_clause_sql(writer->clause, folds ? ")" : "");
    ari_clause_sql(writer->clause, writer->dialect->backslash_escapes ? " ESCAPE '\\\\'" : " ESCAPE '\\'");
    return status;
}

static ar_status write_right(rendering *writer, const ar_predicate *predicate, const subject *about)
{
    const ar_expr *right = predicate->right;
    if (right == NULL)
        return write_value(writer, about, &predicate->value, about->type);
    return ari_expr_write_compared(writer->writing, right, about->type);
}

static ar_status write_comparison(rendering *writer, const ar_predicate *predicate, const subject *about)
{
    uint32_t operation = operation_of(predicate);
    const char *text = operator_text(operation, writer->dialect);
    if (text == NULL)
        return ar_error_set(writer->err, AR_E_INVALID,
                            "building a query: a predicate on %s was not made by one of the macros",
                            label_of(about).text);
    if (is_like(operation))
        return write_like(writer, predicate, about, text);
    ari_clause_sql(writer->clause, operation == AR_COMPARE_NOT_SAME ? "NOT (" : "");
    ar_status status = write_subject(writer, about);
    ari_clause_sql(writer->clause, text);
    if (status != AR_OK || operation == AR_COMPARE_IS_NULL || operation == AR_COMPARE_IS_NOT_NULL)
        return status;
    status = write_right(writer, predicate, about);
    ari_clause_sql(writer->clause, operation == AR_COMPARE_NOT_SAME ? ")" : "");
    if (status != AR_OK || operation != AR_COMPARE_BETWEEN)
        return status;
    ari_clause_sql(writer->clause, " AND ");
    return write_value(writer, about, &predicate->upper, about->type);
}

static ar_status write_exists(rendering *writer, const ar_predicate *predicate)
{
    ari_clause_sql(writer->clause, predicate->operation == AR_COMPARE_EXISTS ? "EXISTS (" : "NOT EXISTS (");
    ar_status status = ari_subquery_write(writer->writing, predicate->query, ARI_EMBED_EXISTS);
    ari_clause_sql(writer->clause, ")");
    return status;
}

/* The type of two sides is that of the one that is no bare value. */
static ar_type common_type(const rendering *writer, const ar_predicate *predicate)
{
    const ar_expr *left = predicate->left, *right = predicate->right;
    if (left->operation == AR_EXPR_VALUE && right != NULL && right->operation != AR_EXPR_VALUE)
        return ari_expr_type(writer->writing, right);
    return ari_expr_type(writer->writing, left);
}

/* A subject that is a column is looked up once. */
static ar_status find_column(const rendering *writer, subject *about)
{
    ar_status status = ari_expr_column(writer->writing, about->expr, &about->source, &about->column);
    about->expr = NULL;
    if (status == AR_OK)
        about->type = ari_column_type(about->column);
    return status;
}

static ar_status write_between_expressions(rendering *writer, const ar_predicate *predicate)
{
    const ar_expr *left = predicate->left;
    subject about = { .expr = left, .member = left->member != NULL ? left->member : "an expression" };
    if (predicate->operation == AR_COMPARE_JSON_CONTAINS)
        return ari_json_write_contains(writer->writing, predicate->left, &predicate->value);
    ar_status status = AR_OK;
    if (left->operation == AR_EXPR_COLUMN)
        status = find_column(writer, &about);
    else
        about.type = common_type(writer, predicate);
    if (status != AR_OK)
        return status;
    if (predicate->operation == AR_COMPARE_IN || predicate->operation == AR_COMPARE_NOT_IN)
        return write_in(writer, predicate, &about);
    return write_comparison(writer, predicate, &about);
}

static ar_status write_predicate(rendering *writer, const ar_predicate *predicate)
{
    if (predicate->operation == AR_COMPARE_EXISTS || predicate->operation == AR_COMPARE_NOT_EXISTS)
        return write_exists(writer, predicate);
    if (predicate->left != NULL)
        return write_between_expressions(writer, predicate);
    const char *member = predicate->member != NULL ? predicate->member : "?";
    subject about = { .model = predicate->model, .member = member };
    ar_status status = ari_member_column(writer->writing, predicate->alias, predicate->model, predicate->offset, member,
                                         &about.source, &about.column);
    if (status != AR_OK)
        return status;
    about.type = ari_column_type(about.column);
    if (predicate->operation == AR_COMPARE_IN || predicate->operation == AR_COMPARE_NOT_IN)
        return write_in(writer, predicate, &about);
    return write_comparison(writer, predicate, &about);
}

static void join(rendering *writer)
{
    if (!writer->groups[writer->depth].first)
        ari_clause_sql(writer->clause, writer->groups[writer->depth].joiner);
    writer->groups[writer->depth].first = false;
}

static bool names_a_table(const rendering *writer, const char *alias)
{
    const ari_naming *naming = &writer->writing->naming;
    for (size_t i = 0; alias != NULL && i < naming->count; i++) {
        if (ari_same_name(ari_source_name(&naming->sources[i]), alias))
            return true;
    }
    return false;
}

static ar_status open_group(rendering *writer, const ar_predicate *predicate)
{
    if (predicate->operation == AR_COMPARE_AS && !names_a_table(writer, predicate->alias))
        return ar_error_set(writer->err, AR_E_INVALID, "building a query: no table is joined as \"%.64s\"",
                            predicate->alias != NULL ? predicate->alias : "NULL");
    if (writer->depth + 1 == DEEPEST)
        return ar_error_set(writer->err, AR_E_INVALID,
                            "building a query: groups of predicates are nested more than %d deep", DEEPEST - 1);
    join(writer);
    ari_clause_sql(writer->clause, predicate->operation == AR_COMPARE_NOT ? "NOT (" : "(");
    writer->depth++;
    writer->groups[writer->depth].joiner = predicate->operation == AR_COMPARE_OR ? " OR " : " AND ";
    writer->groups[writer->depth].first = true;
    writer->groups[writer->depth].alias = writer->writing->alias;
    if (predicate->operation == AR_COMPARE_AS)
        writer->writing->alias = predicate->alias;
    return AR_OK;
}

static ar_status close_group(rendering *writer)
{
    if (writer->depth == 0 || writer->groups[writer->depth].first)
        return ar_error_set(writer->err, AR_E_INVALID, "building a query: a group of predicates is %s",
                            writer->depth == 0 ? "closed that was not opened" : "empty");
    writer->writing->alias = writer->groups[writer->depth].alias;
    writer->depth--;
    ari_clause_sql(writer->clause, ")");
    return AR_OK;
}

static ar_status write_item(rendering *writer, const ar_predicate *predicate)
{
    if (predicate->operation == AR_COMPARE_CLOSE)
        return close_group(writer);
    if (predicate->operation >= AR_COMPARE_AS && predicate->operation <= AR_COMPARE_NOT)
        return open_group(writer, predicate);
    join(writer);
    return write_predicate(writer, predicate);
}

static const char *model_name(const rendering *writer)
{
    const ari_naming *naming = &writer->writing->naming;
    return naming->count > 0 ? naming->sources[0].model->name : "?";
}

ar_status ari_predicates_write(ari_writing *writing, const ar_predicate *predicates, size_t count)
{
    rendering writer;
    const char *alias = writing->alias;
    writer.writing = writing;
    writer.clause = writing->clause;
    writer.dialect = writing->naming.dialect;
    writer.err = writing->err;
    writer.depth = 0;
    writer.groups[0].joiner = " AND ";
    writer.groups[0].first = true;
    if (predicates == NULL || count == 0 || predicates->operation == AR_COMPARE_END)
        return ar_error_set(writer.err, AR_E_INVALID, "building a query on model %s: there are no predicates",
                            model_name(&writer));
    ar_status status = AR_OK;
    for (size_t i = 0; status == AR_OK && i < count && predicates[i].operation != AR_COMPARE_END; i++)
        status = write_item(&writer, &predicates[i]);
    writing->alias = alias;
    if (status == AR_OK && writer.depth > 0)
        return ar_error_set(writer.err, AR_E_INVALID,
                            "building a query on model %s: a group of predicates is not closed", model_name(&writer));
    return status;
}

ar_status ari_predicate_append(ari_clause *clause, const ar_dialect *dialect, const ar_model *model,
                               const ar_predicate *predicates, size_t count, ar_error *err)
{
    const ari_source source = { .model = model };
    ari_writing writing = { .clause = clause,
                            .naming = { .dialect = dialect, .sources = &source, .count = 1 },
                            .err = err };
    return ari_predicates_write(&writing, predicates, count);
}
