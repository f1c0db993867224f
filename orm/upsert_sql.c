/* SPDX-License-Identifier: MIT */
#include "orm/column.h"
#include "orm/scope.h"
#include "orm/statement.h"
#include "orm/upsert.h"

/* Upserts that say which columns conflict and which are updated. Where the engine has no ON CONFLICT (…), its words are
 * about every unique key: another row than the one that is meant could be changed. There the first column of the target
 * is set to itself where the whole target is equal, and else to a subquery of two rows, which is an error, and nothing is
 * changed. */

static void add_all(ari_mask *mask, const ari_plan *plan, uint32_t but)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if ((plan->columns[i].flags & but) == 0)
            ari_mask_add(mask, i);
    }
}

static ar_status add_member(const ari_plan *plan, size_t offset, const char *verb, ari_mask *out, ar_error *err)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (plan->columns[i].offset != offset)
            continue;
        if ((plan->columns[i].flags & (AR_GENERATED | AR_DERIVED)) != 0)
            return ar_error_set(err, AR_E_UNSUPPORTED, "%s: %s.%s is computed, and never written", verb,
                                plan->model->name, plan->columns[i].from->member);
        ari_mask_add(out, i);
        return AR_OK;
    }
    return ar_error_set(err, AR_E_INVALID, "%s: at offset %zu of %s is no column", verb, offset, plan->model->name);
}

ar_status ari_members_mask(const ari_plan *plan, const ar_members *members, const char *verb, ari_mask *out,
                           ar_error *err)
{
    *out = (ari_mask){ { 0 } };
    if (members->count > AR_MEMBERS_AT_MOST)
        return ar_error_set(err, AR_E_INVALID, "%s: %u members are more than %d", verb, members->count,
                            AR_MEMBERS_AT_MOST);
    if (members->count > 0 && members->model != plan->model)
        return ar_error_set(err, AR_E_INVALID, "%s: the members are of another model than %s", verb, plan->model->name);
    for (uint32_t i = 0; i < members->count; i++) {
        ar_status status = add_member(plan, members->offsets[i], verb, out, err);
        if (status != AR_OK)
            return status;
    }
    return AR_OK;
}

static ar_status read_target(const ari_plan *plan, const ar_members *members, ari_conflict *out, ar_error *err)
{
    ari_mask key = { { 0 } };
    for (uint32_t i = 0; i < plan->key_count; i++)
        ari_mask_add(&key, plan->key[i]);
    if (members != NULL && members->count > 0) {
        ar_status status = ari_members_mask(plan, members, "upserting", &out->target, err);
        out->by_key = memcmp(&out->target, &key, sizeof key) == 0;
        return status;
    }
    if (plan->key_count == 0)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "upserting: model %s has no primary key; name the columns that are unique",
                            plan->model->name);
    out->target = key;
    out->by_key = true;
    return AR_OK;
}

static ar_status check_update(const ari_plan *plan, const ari_mask *update, ar_error *err)
{
    for (uint32_t i = 0; i < plan->key_count; i++) {
        if (ari_mask_has(update, plan->key[i]))
            return ar_error_set(err, AR_E_INVALID, "upserting: %s.%s is of the key, which a row keeps",
                                plan->model->name, plan->columns[plan->key[i]].from->member);
    }
    return AR_OK;
}

/* Without the target itself: it is equal. */
static void update_others(const ari_plan *plan, ari_conflict *out)
{
    add_all(&out->update, plan, AR_PRIMARY_KEY | AR_CREATED_AT | AR_TENANT | AR_GENERATED | AR_DERIVED);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (ari_mask_has(&out->target, i))
            ari_mask_remove(&out->update, i);
    }
}

ar_status ari_conflict_read(const ari_plan *plan, const ar_upsert_options *options, ari_conflict *out, ar_error *err)
{
    *out = (ari_conflict){ .by_key = false };
    if (options != NULL && !ari_options_fit(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "upserting: the options have a size that is none");
    ar_status status = read_target(plan, options != NULL ? &options->conflict : NULL, out, err);
    if (status != AR_OK || (options != NULL && options->keep))
        return status;
    if (options == NULL || options->update.count == 0) {
        update_others(plan, out);
        return AR_OK;
    }
    status = ari_members_mask(plan, &options->update, "upserting", &out->update, err);
    if (status == AR_OK)
        status = check_update(plan, &out->update, err);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if ((plan->columns[i].flags & (AR_UPDATED_AT | AR_VERSION)) != 0)
            ari_mask_add(&out->update, i);
    }
    return status;
}

static void sql(ari_text_buffer *text, const char *words)
{
    ari_text_buffer_append_cstr(text, words);
}

static void name(const ari_plan *plan, ari_text_buffer *text, const char *identifier)
{
    char quote = plan->dialect->identifier_quote;
    ari_text_buffer_append_char(text, quote);
    for (; *identifier != '\0'; identifier++) {
        if (*identifier == quote)
            ari_text_buffer_append_char(text, quote);
        ari_text_buffer_append_char(text, *identifier);
    }
    ari_text_buffer_append_char(text, quote);
}

static void column(const ari_plan *plan, ari_text_buffer *text, size_t index)
{
    name(plan, text, plan->columns[index].name);
}

/* What the row that is there has. */
static void there(const ari_plan *plan, ari_text_buffer *text, size_t index)
{
    if (plan->dialect->on_conflict) {
        name(plan, text, plan->model->table);
        sql(text, ".");
    }
    column(plan, text, index);
}

/* What it would get. */
static void excluded(const ari_plan *plan, ari_text_buffer *text, size_t index)
{
    sql(text, plan->dialect->on_conflict ? "excluded." : "VALUES(");
    column(plan, text, index);
    sql(text, plan->dialect->on_conflict ? "" : ")");
}

static uint32_t first_of(const ari_mask *mask)
{
    uint32_t index = 0;
    while (!ari_mask_has(mask, index))
        index++;
    return index;
}

static void conflict_target(const ari_plan *plan, ari_text_buffer *text, const ari_mask *target)
{
    const char *before = " ON CONFLICT (";
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (!ari_mask_has(target, i))
            continue;
        sql(text, before);
        column(plan, text, i);
        before = ", ";
    }
    sql(text, ") DO ");
}

static void same_target(const ari_plan *plan, ari_text_buffer *text, const ari_mask *target)
{
    uint32_t first = first_of(target);
    const char *before = " = IF(";
    sql(text, " ON DUPLICATE KEY UPDATE ");
    column(plan, text, first);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (!ari_mask_has(target, i))
            continue;
        sql(text, before);
        column(plan, text, i);
        sql(text, " = ");
        excluded(plan, text, i);
        before = " AND ";
    }
    if (plan->tenant_column >= 0) {
        sql(text, " AND ");
        column(plan, text, (size_t)plan->tenant_column);
        sql(text, " = ");
        excluded(plan, text, (size_t)plan->tenant_column);
    }
    sql(text, ", ");
    column(plan, text, first);
    sql(text, ", (SELECT 1 UNION SELECT 2))");
    if (plan->auto_column >= 0 && !plan->dialect->returning && !ari_mask_has(target, (size_t)plan->auto_column)) {
        sql(text, ", ");
        column(plan, text, (size_t)plan->auto_column);
        sql(text, " = LAST_INSERT_ID(");
        column(plan, text, (size_t)plan->auto_column);
        sql(text, ")");
    }
}

/* How many columns are updated. */
static size_t updates(const ari_plan *plan, ari_text_buffer *text, const ari_mask *mask, const ari_conflict *conflict)
{
    const char *before = plan->dialect->on_conflict ? "UPDATE SET " : ", ";
    size_t count = 0;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (!ari_mask_has(&conflict->update, i) || !ari_mask_has(mask, i))
            continue;
        sql(text, count++ > 0 ? ", " : before);
        column(plan, text, i);
        sql(text, " = ");
        if ((plan->columns[i].flags & AR_VERSION) != 0) {
            there(plan, text, i);
            sql(text, " + 1");
        } else {
            excluded(plan, text, i);
        }
    }
    return count;
}

/* A row comes back only when something is updated: then a column gets what it has. */
static void keep(const ari_plan *plan, ari_text_buffer *text, const ari_conflict *conflict, ari_give_back back)
{
    uint32_t first = first_of(&conflict->target);
    if (back == ARI_GIVE_NOTHING && plan->tenant_column < 0) {
        sql(text, "NOTHING");
        return;
    }
    sql(text, "UPDATE SET ");
    column(plan, text, first);
    sql(text, " = ");
    there(plan, text, first);
}

/* A row of another tenant is left as it is; MySQL's words for it stand in same_target. */
static void where_own(const ari_plan *plan, ari_text_buffer *text)
{
    if (!plan->dialect->on_conflict || plan->tenant_column < 0)
        return;
    sql(text, " WHERE ");
    there(plan, text, (size_t)plan->tenant_column);
    sql(text, " = ");
    excluded(plan, text, (size_t)plan->tenant_column);
}

static void give_back(const ari_plan *plan, ari_text_buffer *text, ari_give_back back)
{
    if (back == ARI_GIVE_NOTHING)
        return;
    sql(text, " RETURNING ");
    if (back == ARI_GIVE_ROW)
        ari_plan_select_list(plan, text);
    else
        column(plan, text, (size_t)plan->auto_column);
}

ar_status ari_upsert_statement(const ari_plan *plan, const ari_mask *mask, size_t rows, const ari_conflict *conflict,
                               ari_give_back back, const ar_statement **out, ar_error *err)
{
    ari_text_buffer text;
    uint32_t parameters;
    ari_plan_write_insert(plan, mask, rows, &text, &parameters);
    if (plan->dialect->on_conflict)
        conflict_target(plan, &text, &conflict->target);
    else
        same_target(plan, &text, &conflict->target);
    if (updates(plan, &text, mask, conflict) == 0 && plan->dialect->on_conflict)
        keep(plan, &text, conflict, back);
    where_own(plan, &text);
    give_back(plan, &text, back);
    *out = NULL;
    if (!text.failed)
        *out = ari_statement_get(plan->statements, ari_text_buffer_cstr(&text), text.length, parameters,
                                 AR_STATEMENT_WRITE, true);
    ari_text_buffer_fini(&text);
    if (*out == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for a statement on %s", plan->model->table);
    return AR_OK;
}

/* ER_SUBQUERY_NO_1_ROW */
enum { SEVERAL_ROWS = 1242 };

ar_status ari_upsert_error(const ari_plan *plan, ar_status status, ar_error *err)
{
    if (plan->dialect->on_conflict || err->native_code != SEVERAL_ROWS)
        return status;
    ar_ignore(ar_error_set(err, AR_E_CONSTRAINT,
                           "upserting into %s: another row has the same value in a column that is unique",
                           plan->model->table));
    err->constraint_kind = AR_CONSTRAINT_UNIQUE;
    return AR_E_CONSTRAINT;
}
