/* SPDX-License-Identifier: MIT */
#include "orm/source.h"

#include "orm/behaviour.h"

#include <string.h>

#include "orm/column.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool ari_is_plain_name(const char *name)
{
    size_t length = 0;
    if (!is_letter(name[0]))
        return false;
    while (is_letter(name[length]) || (name[length] >= '0' && name[length] <= '9'))
        length++;
    return name[length] == '\0' && length <= 63;
}

static ar_status find_named(const ari_naming *naming, const ar_model *model, const char *alias, size_t *index,
                            ar_error *err)
{
    for (size_t i = 0; i < naming->count; i++) {
        if (naming->sources[i].model != model || !ari_same_name(ari_source_name(&naming->sources[i]), alias))
            continue;
        *index = i;
        return AR_OK;
    }
    return ar_error_set(err, AR_E_INVALID, "building a query: no table of model %s is joined as \"%.64s\"",
                        model != NULL ? model->name : "?", alias);
}

ar_status ari_source_find(const ari_naming *naming, const ar_model *model, const char *alias, const char *member,
                          size_t *index, ar_error *err)
{
    size_t found = 0, plain = 0;
    if (alias != NULL)
        return find_named(naming, model, alias, index, err);
    for (size_t i = 0; i < naming->count; i++) {
        if (naming->sources[i].model != model)
            continue;
        if (found++ == 0 || (naming->sources[i].alias == NULL && plain == 0))
            *index = i;
        plain += naming->sources[i].alias == NULL;
    }
    if (found == 1 || (found > 1 && plain == 1))
        return AR_OK;
    if (found > 1)
        return ar_error_set(err, AR_E_INVALID,
                            "building a query: %s of %s is a column of more than one of its tables; name one, with "
                            "AR_AS or AR_COL_AS",
                            member, model->name);
    return ar_error_set(err, AR_E_INVALID, "building a query on model %s: a predicate is on %s, a member of %s",
                        naming->count > 0 ? naming->sources[0].model->name : "?", member,
                        model != NULL ? model->name : "no model");
}

static const ar_column *column_of_any(const ari_naming *naming, const ari_token *name, size_t *index)
{
    const ar_column *found = NULL;
    for (size_t i = 0; i < naming->count; i++) {
        const ar_column *column = ari_column_by_token(naming->sources[i].model, name);
        if (column == NULL)
            continue;
        if (i == 0) {
            *index = 0;
            return column;
        }
        if (found != NULL)
            return NULL;
        found = column;
        *index = i;
    }
    return found;
}

const ar_column *ari_source_column(const ari_naming *naming, const ari_token *table, const ari_token *name,
                                   size_t *index)
{
    if (table == NULL || naming->count == 1)
        return column_of_any(naming, name, index);
    for (size_t i = 0; i < naming->count; i++) {
        if (!ari_token_names(table, ari_source_name(&naming->sources[i])))
            continue;
        *index = i;
        return ari_column_by_token(naming->sources[i].model, name);
    }
    return NULL;
}

void ari_source_write(ari_clause *clause, const ari_naming *naming, size_t index, const ar_column *column)
{
    if ((column->flags & AR_DERIVED) != 0) {
        ari_clause_column(clause, naming->dialect, column, false);
        return;
    }
    ari_clause_qualifier(clause, index);
    ari_clause_name(clause, naming->dialect, ari_column_name(column));
}

void ari_source_write_compared(ari_clause *clause, const ari_naming *naming, size_t index, const ar_column *column)
{
    bool decimal = ari_column_type(column) == AR_TYPE_DECIMAL;
    if (decimal && naming->dialect->decimal_before != NULL)
        ari_clause_sql(clause, naming->dialect->decimal_before);
    ari_source_write(clause, naming, index, column);
    if (decimal)
        ari_clause_sql(clause, naming->dialect->decimal_compare);
}
