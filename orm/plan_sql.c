/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "orm/plan.h"
#include "orm/statement.h"

/* The statements of a model, each built once: those by key alone have a place of their own in the plan, those for a
 * set of columns lie in a small table by verb and set. A place is filled by a compare-and-swap (release, which pairs
 * with the acquire of the readers) and never again; where it is taken by another set, the statement is built each
 * time, and still found by its text. */

struct ari_plan_statement {
    const ar_statement *statement;
    ari_plan_verb verb;
    ari_mask mask;
};

typedef struct builder {
    const ari_plan *plan;
    ari_text_buffer text;
    uint32_t parameters;
} builder;

static void sql(builder *self, const char *text)
{
    ari_text_buffer_append_cstr(&self->text, text);
}

static void quoted(const ar_dialect *dialect, ari_text_buffer *text, const char *name)
{
    char quote = dialect->identifier_quote;
    ari_text_buffer_append_char(text, quote);
    for (; *name != '\0'; name++) {
        if (*name == quote)
            ari_text_buffer_append_char(text, quote);
        ari_text_buffer_append_char(text, *name);
    }
    ari_text_buffer_append_char(text, quote);
}

static void name(builder *self, const char *identifier)
{
    quoted(self->plan->dialect, &self->text, identifier);
}

static void parameter(builder *self)
{
    self->parameters++;
    if (self->plan->dialect->placeholder == AR_PLACEHOLDER_DOLLAR) {
        ari_text_buffer_append_char(&self->text, '$');
        ari_text_buffer_append_int64(&self->text, self->parameters);
    } else {
        ari_text_buffer_append_char(&self->text, '?');
    }
}

static void column_name(builder *self, size_t index)
{
    name(self, self->plan->columns[index].name);
}

void ari_plan_select_list(const ari_plan *plan, ari_text_buffer *text)
{
    for (size_t i = 0; i < plan->column_count; i++) {
        const char *expression = plan->columns[i].expression;
        if (i > 0)
            ari_text_buffer_append_cstr(text, ", ");
        if (expression != NULL) {
            ari_text_buffer_append_cstr(text, expression);
            ari_text_buffer_append_cstr(text, " AS ");
        }
        quoted(plan->dialect, text, plan->columns[i].name);
    }
}

static void table(builder *self)
{
    const char *schema = self->plan->options->schema;
    if (schema != NULL) {
        name(self, schema);
        sql(self, ".");
    }
    name(self, self->plan->model->table);
}

static void compared(builder *self, const ari_plan_column *column)
{
    const ar_dialect *dialect = self->plan->dialect;
    bool decimal = column->type == AR_TYPE_DECIMAL;
    if (decimal && dialect->decimal_before != NULL)
        sql(self, dialect->decimal_before);
    name(self, column->name);
    if (decimal)
        sql(self, dialect->decimal_compare);
}

/* "key" = ? AND … */
static void key_condition(builder *self)
{
    const ari_plan *plan = self->plan;
    for (uint32_t i = 0; i < plan->key_count; i++) {
        const ari_plan_column *column = &plan->columns[plan->key[i]];
        sql(self, i > 0 ? " AND " : "");
        compared(self, column);
        sql(self, " = ");
        parameter(self);
    }
}

/* AND column = ? */
static void and_equal(builder *self, int column)
{
    if (column < 0)
        return;
    sql(self, " AND ");
    compared(self, &self->plan->columns[column]);
    sql(self, " = ");
    parameter(self);
}

/* What a row must be, besides having the key, for a find to see it. */
static void and_scope(builder *self)
{
    and_equal(self, self->plan->tenant_column);
    if (self->plan->scope != NULL) {
        sql(self, " AND ");
        sql(self, self->plan->scope);
    }
}

/* And for a write to change it. */
static void and_guards(builder *self)
{
    and_equal(self, self->plan->tenant_column);
    and_equal(self, self->plan->version_column);
}

static void select_from(builder *self)
{
    sql(self, "SELECT ");
    ari_plan_select_list(self->plan, &self->text);
    sql(self, " FROM ");
    table(self);
    sql(self, " WHERE ");
}

static void build_find(builder *self, ari_plan_verb verb)
{
    select_from(self);
    key_condition(self);
    if (verb == ARI_PLAN_READ)
        and_equal(self, self->plan->tenant_column);
    else
        and_scope(self);
    if (verb == ARI_PLAN_FIND_FOR_UPDATE)
        sql(self, self->plan->dialect->lock_for_update);
}

static void build_delete(builder *self)
{
    sql(self, "DELETE FROM ");
    table(self);
    sql(self, " WHERE ");
    key_condition(self);
    and_guards(self);
}

static void build_update(builder *self, ari_plan_verb verb, const ari_mask *mask)
{
    const char *before = " SET ";
    sql(self, "UPDATE ");
    table(self);
    for (size_t i = 0; i < self->plan->column_count; i++) {
        if (!ari_mask_has(mask, i))
            continue;
        sql(self, before);
        column_name(self, i);
        sql(self, " = ");
        parameter(self);
        before = ", ";
    }
    sql(self, " WHERE ");
    key_condition(self);
    and_guards(self);
    if (verb == ARI_PLAN_UPDATE)
        return;
    sql(self, " AND ");
    column_name(self, (size_t)self->plan->deleted_column);
    sql(self, verb == ARI_PLAN_RESTORE ? " IS NOT NULL" : " IS NULL");
}

/* (?, ?, …) */
static void parameter_row(builder *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sql(self, i > 0 ? ", " : "(");
        parameter(self);
    }
    sql(self, ")");
}

static void returning_key(builder *self)
{
    sql(self, " RETURNING ");
    column_name(self, (size_t)self->plan->auto_column);
}

/* What the database alone knows of the row, behind the AUTO key where that comes back too. */
static void returning(builder *self, ari_plan_verb verb, const ari_mask *mask, bool key)
{
    uint16_t columns[ARI_MAX_COLUMNS];
    size_t count = ari_plan_returns(self->plan, verb) ? ari_plan_returned(self->plan, verb, mask, columns) : 0;
    if (key)
        returning_key(self);
    for (size_t i = 0; i < count; i++) {
        sql(self, i > 0 || key ? ", " : " RETURNING ");
        column_name(self, columns[i]);
    }
}

/* The AUTO key in the mask: the row is the one that the database has numbered last. */
static void build_read_back(builder *self, const ari_mask *mask)
{
    const ari_plan *plan = self->plan;
    const char *before = "SELECT ";
    bool numbered = plan->auto_column >= 0 && ari_mask_has(mask, (size_t)plan->auto_column);
    for (size_t i = 0; i < plan->column_count; i++) {
        if (!ari_mask_has(mask, i) || (int)i == plan->auto_column)
            continue;
        sql(self, before);
        column_name(self, i);
        before = ", ";
    }
    sql(self, " FROM ");
    table(self);
    sql(self, " WHERE ");
    if (numbered) {
        column_name(self, (size_t)plan->auto_column);
        sql(self, " = ");
        sql(self, plan->dialect->last_key);
    } else {
        key_condition(self);
    }
}

/* (column, …); how many. */
static size_t insert_into(builder *self, const ari_mask *mask)
{
    size_t count = 0;
    sql(self, "INSERT INTO ");
    table(self);
    sql(self, " ");
    for (size_t i = 0; i < self->plan->column_count; i++) {
        if (!ari_mask_has(mask, i))
            continue;
        sql(self, count++ > 0 ? ", " : "(");
        column_name(self, i);
    }
    if (count > 0)
        sql(self, ")");
    return count;
}

static void build_insert(builder *self, const ari_mask *mask, size_t rows)
{
    size_t count = insert_into(self, mask);
    if (count == 0) {
        assert(rows == 1);
        sql(self, self->plan->dialect->default_row);
        return;
    }
    for (size_t i = 0; i < rows; i++) {
        sql(self, i > 0 ? ", " : " VALUES ");
        parameter_row(self, count);
    }
}

static void number(builder *self, size_t value)
{
    ari_text_buffer_append_int64(&self->text, (int64_t)value);
}

/* v1, v2, … */
static void element_names(builder *self, size_t count)
{
    for (size_t i = 1; i <= count; i++) {
        sql(self, i > 1 ? ", v" : "v");
        number(self, i);
    }
}

/* A text array becomes an array of what the column is, as a text parameter of VALUES does: one without a type takes
 * that of the other branch (PostgreSQL 15, 10.5 "UNION, CASE, and Related Constructs"), which is never evaluated. Unlike
 * a subquery on the table it needs no right to read it. The other arrays have the types that the model's columns get;
 * the table's may be others, that these are assigned to. */
static void array_parameter(builder *self, size_t index)
{
    const ar_dialect *dialect = self->plan->dialect;
    ar_type type = self->plan->columns[index].type;
    const char *table = self->plan->model->table;
    if (type == AR_TYPE_TEXT && dialect->row_type != NULL && dialect->row_type(table)) {
        sql(self, "COALESCE(");
        parameter(self);
        sql(self, ", ARRAY[(NULL::");
        name(self, table);
        sql(self, ").");
        column_name(self, index);
        sql(self, "])");
    } else {
        parameter(self);
        sql(self, "::");
        sql(self, dialect->column_types[type]);
        sql(self, "[]");
    }
}

/* Rows come out of unnest in the order of the arrays, and are numbered (PostgreSQL 15, 7.2.1.4 "Table Functions"); with
 * ORDER BY they are inserted and returned in it too, and it costs nothing: the planner knows that they are in order. */
static void build_unnest(builder *self, const ari_mask *mask)
{
    size_t count = insert_into(self, mask);
    sql(self, " SELECT ");
    element_names(self, count);
    sql(self, " FROM unnest(");
    for (size_t i = 0; i < self->plan->column_count; i++) {
        if (!ari_mask_has(mask, i))
            continue;
        sql(self, self->parameters > 0 ? ", " : "");
        array_parameter(self, i);
    }
    sql(self, ") WITH ORDINALITY AS r(");
    element_names(self, count);
    sql(self, ", n) ORDER BY n");
}

static void conflict_key(builder *self)
{
    const ari_plan *plan = self->plan;
    sql(self, " ON CONFLICT (");
    for (uint32_t i = 0; i < plan->key_count; i++) {
        sql(self, i > 0 ? ", " : "");
        column_name(self, plan->key[i]);
    }
    sql(self, ") DO ");
}

/* ON DUPLICATE KEY UPDATE is about every unique key, and would change another row that has the same value in one of them:
 * where the keys differ, a subquery of two rows is evaluated, which is an error, and nothing is changed. */
static void update_same_key(builder *self)
{
    const ari_plan *plan = self->plan;
    sql(self, " ON DUPLICATE KEY UPDATE ");
    column_name(self, plan->key[0]);
    for (uint32_t i = 0; i < plan->key_count; i++) {
        sql(self, i > 0 ? " AND " : " = IF(");
        column_name(self, plan->key[i]);
        sql(self, " = VALUES(");
        column_name(self, plan->key[i]);
        sql(self, ")");
    }
    if (plan->tenant_column >= 0) {
        sql(self, " AND ");
        column_name(self, (size_t)plan->tenant_column);
        sql(self, " = VALUES(");
        column_name(self, (size_t)plan->tenant_column);
        sql(self, ")");
    }
    sql(self, ", ");
    column_name(self, plan->key[0]);
    sql(self, ", (SELECT 1 UNION SELECT 2))");
}

/* = table.version + 1 */
static void next_version(builder *self, size_t index)
{
    sql(self, " = ");
    if (self->plan->dialect->on_conflict) {
        name(self, self->plan->model->table);
        sql(self, ".");
    }
    column_name(self, index);
    sql(self, " + 1");
}

/* Whether the row that is there is to be looked at, although nothing of it changes. */
static bool updates_same(const ari_plan *plan, const ari_mask *mask)
{
    uint16_t columns[ARI_MAX_COLUMNS];
    return plan->tenant_column >= 0 ||
           (ari_plan_returns(plan, ARI_PLAN_UPSERT) && ari_plan_returned(plan, ARI_PLAN_UPSERT, mask, columns) > 0);
}

/* What the conflicting row gets: "name" = excluded."name", and in MySQL's words "name" = VALUES("name"). */
static void updated_from_new(builder *self, const ari_mask *mask)
{
    const ari_plan *plan = self->plan;
    bool standard = plan->dialect->on_conflict;
    bool any = false;
    for (size_t i = 0; i < plan->column_count; i++) {
        uint32_t flags = plan->columns[i].flags;
        if (!ari_mask_has(mask, i) || (flags & (AR_PRIMARY_KEY | AR_CREATED_AT | AR_TENANT)) != 0)
            continue;
        sql(self, any || !standard ? ", " : "UPDATE SET ");
        any = true;
        column_name(self, i);
        if ((flags & AR_VERSION) != 0) {
            next_version(self, i);
            continue;
        }
        sql(self, standard ? " = excluded." : " = VALUES(");
        column_name(self, i);
        sql(self, standard ? "" : ")");
    }
    if (any || !standard)
        return;
    if (!updates_same(plan, mask)) {
        sql(self, "NOTHING");
        return;
    }
    /* The key gets what it has: a row is returned only when something is updated. */
    sql(self, "UPDATE SET ");
    column_name(self, plan->key[0]);
    sql(self, " = excluded.");
    column_name(self, plan->key[0]);
}

/* A row of another tenant is left as it is: MySQL's words for it stand in update_same_key. */
static void where_own(builder *self)
{
    const ari_plan *plan = self->plan;
    if (!plan->dialect->on_conflict || plan->tenant_column < 0)
        return;
    sql(self, " WHERE ");
    name(self, plan->model->table);
    sql(self, ".");
    column_name(self, (size_t)plan->tenant_column);
    sql(self, " = excluded.");
    column_name(self, (size_t)plan->tenant_column);
}

static void build_upsert(builder *self, const ari_mask *mask)
{
    build_insert(self, mask, 1);
    if (self->plan->dialect->on_conflict)
        conflict_key(self);
    else
        update_same_key(self);
    updated_from_new(self, mask);
    where_own(self);
    returning(self, ARI_PLAN_UPSERT, mask, false);
}

size_t ari_plan_returned(const ari_plan *plan, ari_plan_verb verb, const ari_mask *mask, uint16_t *columns)
{
    uint32_t wanted = AR_GENERATED;
    size_t count = 0;
    if (verb == ARI_PLAN_UPSERT && plan->dialect->returning)
        wanted |= AR_CREATED_AT;
    if (verb == ARI_PLAN_UPSERT)
        wanted |= AR_VERSION;
    bool inserts = verb == ARI_PLAN_INSERT || verb == ARI_PLAN_UPSERT;
    if (verb == ARI_PLAN_DELETE || (plan->flags & (wanted | AR_DATABASE_DEFAULT)) == 0)
        return 0;
    for (uint16_t i = 0; i < plan->column_count; i++) {
        uint32_t flags = plan->columns[i].flags;
        bool left = inserts && (flags & AR_DATABASE_DEFAULT) != 0 && !ari_mask_has(mask, i);
        if ((flags & wanted) != 0 || left)
            columns[count++] = i;
    }
    return count;
}

bool ari_plan_returns(const ari_plan *plan, ari_plan_verb verb)
{
    return ari_plan_updates(verb) ? plan->dialect->returning_updates : plan->dialect->returning;
}

/* Where rows come back, the driver does not say what the AUTO key is. */
static bool returns_key(const ari_plan *plan, const ari_mask *mask)
{
    uint16_t columns[ARI_MAX_COLUMNS];
    if (plan->auto_column < 0 || ari_mask_has(mask, (size_t)plan->auto_column))
        return false;
    return plan->key_returned ||
           (ari_plan_returns(plan, ARI_PLAN_INSERT) && ari_plan_returned(plan, ARI_PLAN_INSERT, mask, columns) > 0);
}

static ar_status no_memory(const ari_plan *plan, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for a statement on %s", plan->model->table);
}

static void start(builder *self, const ari_plan *plan)
{
    self->plan = plan;
    self->parameters = 0;
    ari_text_buffer_init(&self->text, plan->env);
}

static ar_status finish(builder *self, ar_statement_class statement_class, const ar_statement **out, ar_error *err)
{
    *out = NULL;
    if (!self->text.failed)
        *out = ari_statement_get(self->plan->statements, ari_text_buffer_cstr(&self->text), self->text.length,
                                 self->parameters, statement_class, !self->plan->by_itself);
    ari_text_buffer_fini(&self->text);
    if (*out == NULL)
        return no_memory(self->plan, err);
    return AR_OK;
}

/* (key OR key) OR (key OR key): a tree, because engines bound the depth of an expression. */
static void any_key(builder *self, size_t count)
{
    sql(self, "(");
    if (count == 1) {
        key_condition(self);
    } else {
        any_key(self, count / 2);
        sql(self, " OR ");
        any_key(self, count - count / 2);
    }
    sql(self, ")");
}

static void build_find_many(builder *self, size_t key_count)
{
    const ari_plan *plan = self->plan;
    select_from(self);
    if (plan->key_count > 1) {
        any_key(self, key_count);
        and_scope(self);
        return;
    }
    compared(self, &plan->columns[plan->key[0]]);
    if (ari_plan_finds_by_array(plan)) {
        sql(self, " = ANY (");
        parameter(self);
        sql(self, ")");
    } else {
        sql(self, " IN ");
        parameter_row(self, key_count);
    }
    and_scope(self);
}

ar_status ari_plan_find_many(const ari_plan *plan, size_t key_count, const ar_statement **out, ar_error *err)
{
    builder self;
    start(&self, plan);
    build_find_many(&self, key_count);
    return finish(&self, AR_STATEMENT_READ, out, err);
}

static ar_type key_type(const ari_plan *plan)
{
    return plan->key_count == 1 ? plan->columns[plan->key[0]].type : AR_TYPE_NULL;
}

static bool is_exact(ar_type type)
{
    return type == AR_TYPE_INT16 || type == AR_TYPE_INT32 || type == AR_TYPE_INT64 || type == AR_TYPE_UUID ||
           type == AR_TYPE_BYTES;
}

bool ari_plan_finds_by_array(const ari_plan *plan)
{
    ar_type type = key_type(plan);
    return plan->tenant_column < 0 && plan->dialect->find_by_array && (is_exact(type) || type == AR_TYPE_TEXT);
}

/* By keys that are equal when their bits are; a collation may find more than it was asked for. */
static bool finds_together(const ari_plan *plan)
{
    if (plan->tenant_column >= 0 || plan->by_itself)
        return false;
    return is_exact(key_type(plan)) && (plan->dialect->find_by_array || plan->dialect->find_by_list >= 2);
}

enum { LISTS_AT_MOST = 10 };

/* By one array, or by lists of 2, 4, 8 … keys. */
static ar_status find_together(const ari_plan *plan, const ar_statement **statements, uint32_t *count, ar_error *err)
{
    bool by_array = ari_plan_finds_by_array(plan);
    ar_status status = AR_OK;
    *count = 0;
    for (uint32_t keys = 2; *count < LISTS_AT_MOST && (by_array || keys <= plan->dialect->find_by_list); keys *= 2) {
        status = ari_plan_find_many(plan, keys, &statements[*count], err);
        if (status != AR_OK || ++*count == (by_array ? 1 : LISTS_AT_MOST))
            break;
    }
    return status;
}

static ar_status finish_find(builder *self, const ar_statement **out, ar_error *err)
{
    const ari_plan *plan = self->plan;
    const ar_statement *statements[LISTS_AT_MOST];
    ar_find_together together = { .key_column = plan->key[0],
                                  .as_array = ari_plan_finds_by_array(plan),
                                  .statements = statements };
    ar_status status = find_together(plan, statements, &together.count, err);
    *out = NULL;
    if (status == AR_OK && !self->text.failed) {
        *out = ari_statement_create_find(plan->env, ari_text_buffer_cstr(&self->text), self->text.length, &together);
    } else {
        while (together.count > 0)
            ari_statement_unref(statements[--together.count]);
    }
    ari_text_buffer_fini(&self->text);
    return *out != NULL ? AR_OK : no_memory(plan, err);
}

static ar_status build(const ari_plan *plan, ari_plan_verb verb, const ari_mask *mask, const ar_statement **out,
                       ar_error *err)
{
    builder self;
    ar_statement_class statement_class = AR_STATEMENT_WRITE;
    start(&self, plan);
    switch (verb) {
    case ARI_PLAN_INSERT:
        build_insert(&self, mask, 1);
        returning(&self, verb, mask, returns_key(plan, mask));
        break;
    case ARI_PLAN_UPDATE:
    case ARI_PLAN_SOFT_DELETE:
    case ARI_PLAN_RESTORE:
        build_update(&self, verb, mask);
        returning(&self, verb, mask, false);
        break;
    case ARI_PLAN_READ_BACK:
        build_read_back(&self, mask);
        statement_class = AR_STATEMENT_READ;
        break;
    case ARI_PLAN_UPSERT: build_upsert(&self, mask); break;
    case ARI_PLAN_DELETE: build_delete(&self); break;
    case ARI_PLAN_FIND:
    case ARI_PLAN_READ:
    case ARI_PLAN_FIND_FOR_UPDATE:
        build_find(&self, verb);
        if (verb != ARI_PLAN_FIND_FOR_UPDATE || plan->dialect->lock_for_update[0] == '\0')
            statement_class = AR_STATEMENT_READ; /* one that locks is not: it must not be sent twice */
        break;
    }
    return verb == ARI_PLAN_FIND && finds_together(plan) ? finish_find(&self, out, err)
                                                         : finish(&self, statement_class, out, err);
}

/* The places in a plan are its lazily made part: the only ones that are written once it is published. */
static ari_plan *lazily(const ari_plan *plan)
{
    return (ari_plan *)(uintptr_t)plan;
}

static ar_status by_key(const ari_plan *plan, ari_plan_verb verb, _Atomic(const ar_statement *) *place,
                        const ar_statement **out, ar_error *err)
{
    const ar_statement *there = NULL;
    ar_status status = build(plan, verb, NULL, out, err);
    if (status != AR_OK)
        return status;
    if (!atomic_compare_exchange_strong_explicit(place, &there, *out, memory_order_acq_rel, memory_order_acquire)) {
        ari_statement_unref(*out);
        *out = there;
    }
    return AR_OK;
}

static size_t slot_of(ari_plan_verb verb, const ari_mask *mask)
{
    uint64_t hash = (uint64_t)verb;
    for (size_t i = 0; i < sizeof mask->words / sizeof mask->words[0]; i++)
        hash = (hash ^ mask->words[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 32) % ARI_PLAN_SLOTS;
}

static bool is_for(const ari_plan_statement *entry, ari_plan_verb verb, const ari_mask *mask)
{
    return entry->verb == verb && memcmp(&entry->mask, mask, sizeof *mask) == 0;
}

static ar_status by_mask(const ari_plan *plan, ari_plan_verb verb, const ari_mask *mask, const ar_statement **out,
                         bool *owned, ar_error *err)
{
    _Atomic(ari_plan_statement *) *slot = &lazily(plan)->slots[slot_of(verb, mask)];
    ari_plan_statement *there = atomic_load_explicit(slot, memory_order_acquire);
    if (there != NULL && is_for(there, verb, mask)) {
        *out = there->statement;
        return AR_OK;
    }
    ar_status status = build(plan, verb, mask, out, err);
    *owned = status == AR_OK;
    if (status != AR_OK || there != NULL)
        return status;
    ari_plan_statement *made = ari_allocate(plan->env, sizeof *made);
    if (made == NULL)
        return AR_OK;
    *made = (ari_plan_statement){ .statement = *out, .verb = verb, .mask = *mask };
    if (atomic_compare_exchange_strong_explicit(slot, &there, made, memory_order_release, memory_order_relaxed))
        *owned = false;
    else
        ari_release(plan->env, made);
    return AR_OK;
}

ar_status ari_plan_statement_get(const ari_plan *plan, ari_plan_verb verb, const ari_mask *mask,
                                 const ar_statement **out, bool *owned, ar_error *err)
{
    _Atomic(const ar_statement *) *place = NULL;
    *owned = false;
    switch (verb) {
    case ARI_PLAN_FIND: place = &lazily(plan)->find; break;
    case ARI_PLAN_FIND_FOR_UPDATE: place = &lazily(plan)->find_for_update; break;
    case ARI_PLAN_READ: place = plan->scope == NULL ? &lazily(plan)->find : &lazily(plan)->read; break;
    case ARI_PLAN_DELETE: place = &lazily(plan)->delete_; break;
    case ARI_PLAN_INSERT:
    case ARI_PLAN_UPDATE:
    case ARI_PLAN_SOFT_DELETE:
    case ARI_PLAN_RESTORE:
    case ARI_PLAN_READ_BACK:
    case ARI_PLAN_UPSERT: return by_mask(plan, verb, mask, out, owned, err);
    }
    *out = atomic_load_explicit(place, memory_order_acquire);
    if (*out != NULL)
        return AR_OK;
    return by_key(plan, verb == ARI_PLAN_READ && plan->scope == NULL ? ARI_PLAN_FIND : verb, place, out, err);
}

void ari_plan_statements_release(ari_plan *plan)
{
    ari_statement_unref(atomic_load_explicit(&plan->find, memory_order_relaxed));
    ari_statement_unref(atomic_load_explicit(&plan->find_for_update, memory_order_relaxed));
    ari_statement_unref(atomic_load_explicit(&plan->read, memory_order_relaxed));
    ari_statement_unref(atomic_load_explicit(&plan->delete_, memory_order_relaxed));
    for (size_t i = 0; i < ARI_PLAN_SLOTS; i++) {
        ari_plan_statement *entry = atomic_load_explicit(&plan->slots[i], memory_order_relaxed);
        if (entry == NULL)
            continue;
        ari_statement_unref(entry->statement);
        ari_release(plan->env, entry);
    }
}

void ari_plan_write_insert(const ari_plan *plan, const ari_mask *mask, size_t rows, ari_text_buffer *text,
                           uint32_t *parameters)
{
    builder self;
    start(&self, plan);
    if (rows == 0 && plan->dialect->bulk == AR_BULK_UNNEST)
        build_unnest(&self, mask);
    else
        build_insert(&self, mask, rows > 0 ? rows : 1);
    *text = self.text;
    *parameters = self.parameters;
}

ar_status ari_plan_insert_rows(const ari_plan *plan, const ari_mask *mask, size_t rows, bool returning,
                               const ar_statement **out, ar_error *err)
{
    builder self;
    start(&self, plan);
    if (rows == 0 && plan->dialect->bulk == AR_BULK_UNNEST)
        build_unnest(&self, mask);
    else
        build_insert(&self, mask, rows > 0 ? rows : 1);
    if (returning)
        returning_key(&self);
    return finish(&self, AR_STATEMENT_WRITE, out, err);
}
