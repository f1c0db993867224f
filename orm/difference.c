/* SPDX-License-Identifier: MIT */
#include "orm/difference.h"

#include <stdalign.h>
#include <string.h>

#include "orm/column.h"
#include "values/memory.h"

/* Design. Each model is compared with what the engine tells of its table, and each difference is put at the end of a
 * list, in the arena of the result; at last the list becomes an array. The statement that mends one is written by the
 * same code that makes tables. */

typedef struct comparing {
    ari_differences *into;
    const ari_plan *plan;
    const ar_schema_table *table;
    bool knows_checks;
    ar_status status; /* of writing a statement */
    ar_error error;
} comparing;

ari_differences *ari_differences_create(const ar_env *env)
{
    ari_differences *made = ari_allocate_zero(env, sizeof *made);
    if (made == NULL)
        return NULL;
    made->env = env;
    ari_arena_init(&made->arena, env, 0);
    made->end = &made->first;
    return made;
}

void ar_schema_diff_free(ar_schema_diff *diff)
{
    if (diff == NULL)
        return;
    ari_differences *freed = (ari_differences *)diff;
    ari_arena_fini(&freed->arena);
    ari_release(freed->env, freed);
}

/* --- adding one --- */

static const char *copy(ari_differences *into, const char *text)
{
    if (text == NULL)
        return NULL;
    const char *made = ari_arena_copy_text(&into->arena, text, strlen(text));
    into->failed = into->failed || made == NULL;
    return made;
}

static const char *describe(ar_schema_difference_kind kind)
{
    switch (kind) {
    case AR_DIFF_TABLE_MISSING: return "the table is missing";
    case AR_DIFF_COLUMN_MISSING: return "column %s is missing";
    case AR_DIFF_COLUMN_EXTRA: return "column %s is not in the model";
    case AR_DIFF_TYPE: return "the type of column %s differs";
    case AR_DIFF_NOT_NULL: return "column %s differs in NOT NULL";
    case AR_DIFF_DEFAULT: return "the default of column %s differs";
    case AR_DIFF_GENERATED: return "column %s differs in being generated";
    case AR_DIFF_PRIMARY_KEY: return "the primary key differs";
    case AR_DIFF_INDEX_MISSING: return "index %s is missing";
    case AR_DIFF_INDEX_EXTRA: return "index %s is not in the model";
    case AR_DIFF_INDEX: return "index %s differs";
    case AR_DIFF_FOREIGN_KEY_MISSING: return "the foreign key of column %s is missing";
    case AR_DIFF_FOREIGN_KEY_EXTRA: return "the foreign key of column %s is not in the model";
    case AR_DIFF_CHECK_MISSING: return "check %s is missing";
    case AR_DIFF_CHECK_EXTRA: return "check %s is not in the model";
    }
    return "";
}

static void write_text(ari_text_buffer *text, const ar_schema_difference *found)
{
    const char *what = describe(found->kind);
    const char *mark = strstr(what, "%s");
    ari_text_buffer_append_cstr(text, "table ");
    ari_text_buffer_append_cstr(text, found->table);
    ari_text_buffer_append_cstr(text, ": ");
    ari_text_buffer_append(text, what, mark != NULL ? (size_t)(mark - what) : strlen(what));
    if (mark != NULL) {
        ari_text_buffer_append_cstr(text, found->name != NULL ? found->name : "(without a name)");
        ari_text_buffer_append_cstr(text, mark + 2);
    }
    if (found->model == NULL && found->database == NULL)
        return;
    ari_text_buffer_append_cstr(text, ": model ");
    ari_text_buffer_append_cstr(text, found->model != NULL ? found->model : "none");
    ari_text_buffer_append_cstr(text, ", database ");
    ari_text_buffer_append_cstr(text, found->database != NULL ? found->database : "none");
}

static ar_schema_difference *add(comparing *self, ar_schema_difference_kind kind, const char *name, const char *model,
                                 const char *database)
{
    ari_differences *into = self->into;
    ari_text_buffer text;
    ari_difference *made = ari_arena_alloc(&into->arena, sizeof *made, alignof(ari_difference));
    if (made == NULL) {
        into->failed = true;
        return NULL;
    }
    *made = (ari_difference){ .found = { .kind = kind,
                                         .table = copy(into, self->plan->model->table),
                                         .name = copy(into, name),
                                         .model = copy(into, model),
                                         .database = copy(into, database) } };
    *into->end = made;
    into->end = &made->next;
    into->diff.count++;
    if (into->failed)
        return NULL;
    ari_text_buffer_init(&text, into->env);
    write_text(&text, &made->found);
    into->failed = text.failed;
    made->found.text = copy(into, ari_text_buffer_cstr(&text));
    ari_text_buffer_fini(&text);
    return &made->found;
}

/* The same with what the model and the database say, written into buffers, which are freed. */
static void add_told(comparing *self, ar_schema_difference_kind kind, const char *name, ari_text_buffer *model,
                     ari_text_buffer *database)
{
    self->into->failed = self->into->failed || model->failed || database->failed;
    (void)add(self, kind, name, model->length > 0 ? ari_text_buffer_cstr(model) : NULL,
              database->length > 0 ? ari_text_buffer_cstr(database) : NULL);
    ari_text_buffer_fini(model);
    ari_text_buffer_fini(database);
}

/* Names of columns, indexes and checks. */
static bool same_name(const comparing *self, const char *a, const char *b)
{
    return self->plan->dialect->catalog->exact_names ? strcmp(a, b) == 0 : ari_same_name(a, b);
}

/* --- what would mend it --- */

static void begin_mend(const comparing *self, ari_ddl *ddl)
{
    ari_ddl_init(ddl, self->into->env, self->plan->dialect);
}

static void end_mend(comparing *self, ari_ddl *ddl, ar_status status, ar_schema_difference *found)
{
    ari_text_buffer text;
    ari_text_buffer_init(&text, self->into->env);
    for (const ari_ddl_statement *at = ddl->first; status == AR_OK && at != NULL; at = at->next) {
        ari_text_buffer_append(&text, at->sql, at->length);
        ari_text_buffer_append_cstr(&text, at->next != NULL ? ";\n" : "");
    }
    self->into->failed = self->into->failed || text.failed;
    if (status != AR_OK)
        self->status = status;
    else if (found != NULL && text.length > 0)
        found->mend_sql = copy(self->into, ari_text_buffer_cstr(&text));
    ari_text_buffer_fini(&text);
    ari_ddl_fini(ddl);
}

/* Engines whose ALTER TABLE adds no foreign key add few kinds of columns and no checks either. */
static bool alters_freely(const comparing *self)
{
    return self->plan->dialect->catalog->drop_foreign_key != NULL;
}

static bool can_add(const comparing *self, const ari_plan_column *column)
{
    uint32_t other = AR_PRIMARY_KEY | AR_AUTO | AR_UNIQUE | AR_GENERATED;
    if ((column->flags & other) != 0)
        return false;
    if (!alters_freely(self))
        return (column->flags & AR_NOT_NULL) == 0 && column->from->default_sql == NULL;
    return (column->flags & AR_NOT_NULL) == 0 || column->from->default_sql != NULL;
}

/* --- columns --- */

static const char *expected_type(const comparing *self, uint32_t index)
{
    const ari_plan_column *column = &self->plan->columns[index];
    const ar_type_alias *alias = self->plan->dialect->catalog->type_aliases;
    const char *type = self->plan->auto_column == (int)index ? ari_ddl_auto_type(self->plan, column)
                                                             : ari_ddl_type(self->plan, column);
    for (; type != NULL && alias != NULL && alias->declared != NULL; alias++) {
        if (ari_same_name(alias->declared, type))
            return alias->told;
    }
    return type;
}

static void compare_default(comparing *self, const ari_plan_column *column, const ar_schema_column *told)
{
    if (!ari_same_expression(self->into->env, self->plan->dialect, column->from->default_sql, told->default_sql,
                             &self->into->failed))
        (void)add(self, AR_DIFF_DEFAULT, told->name, column->from->default_sql, told->default_sql);
}

static const char *making_of(bool is_auto, ar_schema_generated generated)
{
    if (is_auto)
        return "numbered";
    switch (generated) {
    case AR_SCHEMA_STORED: return "stored";
    case AR_SCHEMA_VIRTUAL: return "virtual";
    case AR_SCHEMA_NOT_GENERATED: break;
    }
    return NULL;
}

static void compare_column(comparing *self, uint32_t index, const ar_schema_column *told)
{
    const ari_plan_column *column = &self->plan->columns[index];
    const char *type = expected_type(self, index);
    bool generated = (column->flags & AR_GENERATED) != 0, is_auto = self->plan->auto_column == (int)index;
    const char *model = making_of(is_auto, !generated                          ? AR_SCHEMA_NOT_GENERATED
                                           : (column->flags & AR_VIRTUAL) != 0 ? AR_SCHEMA_VIRTUAL
                                                                               : AR_SCHEMA_STORED);
    const char *database = making_of(told->is_auto && is_auto, told->generated); /* SQLite numbers every integer key */
    bool not_null = (column->flags & AR_NOT_NULL) != 0;
    if (type == NULL || !ari_same_name(type, told->type))
        (void)add(self, AR_DIFF_TYPE, told->name, type, told->type);
    if (model != database)
        (void)add(self, AR_DIFF_GENERATED, told->name, model, database);
    if (generated)
        return;
    if ((column->flags & AR_PRIMARY_KEY) == 0 && not_null != told->is_not_null)
        (void)add(self, AR_DIFF_NOT_NULL, told->name, not_null ? "NOT NULL" : NULL,
                  told->is_not_null ? "NOT NULL" : NULL);
    if (!is_auto)
        compare_default(self, column, told);
}

static void miss_column(comparing *self, uint32_t index)
{
    const ari_plan_column *column = &self->plan->columns[index];
    ari_ddl ddl;
    ar_schema_difference *found = add(self, AR_DIFF_COLUMN_MISSING, column->name, NULL, NULL);
    if (!can_add(self, column))
        return;
    begin_mend(self, &ddl);
    end_mend(self, &ddl, ari_ddl_add_column(&ddl, self->plan, index, &self->error), found);
}

static const ari_plan_column *column_named(const comparing *self, const char *name)
{
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        if (ari_ddl_has_column(&self->plan->columns[i]) && same_name(self, self->plan->columns[i].name, name))
            return &self->plan->columns[i];
    }
    return NULL;
}

static const ar_schema_column *told_column(const comparing *self, const char *name)
{
    for (size_t i = 0; i < self->table->column_count; i++) {
        if (same_name(self, self->table->columns[i].name, name))
            return &self->table->columns[i];
    }
    return NULL;
}

static void compare_columns(comparing *self, bool names_only)
{
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        if (!ari_ddl_has_column(&self->plan->columns[i]))
            continue;
        const ar_schema_column *told = told_column(self, self->plan->columns[i].name);
        if (told == NULL)
            miss_column(self, i);
        else if (!names_only)
            compare_column(self, i, told);
    }
    for (size_t i = 0; !names_only && i < self->table->column_count; i++) {
        if (column_named(self, self->table->columns[i].name) == NULL)
            (void)add(self, AR_DIFF_COLUMN_EXTRA, self->table->columns[i].name, NULL, NULL);
    }
}

static void compare_key(comparing *self)
{
    bool same = self->plan->key_count == self->table->key_count;
    for (uint32_t i = 0; same && i < self->plan->key_count; i++)
        same = self->table->key[i] != NULL &&
               same_name(self, self->plan->columns[self->plan->key[i]].name, self->table->key[i]);
    if (same)
        return;
    ari_text_buffer model, database;
    ari_text_buffer_init(&model, self->into->env);
    ari_text_buffer_init(&database, self->into->env);
    ari_describe_key(&model, self->plan);
    ari_describe_told_key(&database, self->table);
    add_told(self, AR_DIFF_PRIMARY_KEY, NULL, &model, &database);
}

/* --- indexes --- */

static bool same_columns(const comparing *self, const ar_index *index, const ar_schema_index *told)
{
    if (index->count != told->column_count || told->condition != NULL)
        return false;
    for (size_t i = 0; i < index->count; i++) {
        const ar_column *column = ari_column_by_offset(self->plan->model, index->offsets[i]);
        if (column == NULL || told->columns[i] == NULL || !same_name(self, ari_column_name(column), told->columns[i]))
            return false;
    }
    return true;
}

static void differ_index(comparing *self, const ar_index *index, const ar_schema_index *told)
{
    ari_text_buffer model, database;
    ari_text_buffer_init(&model, self->into->env);
    ari_text_buffer_init(&database, self->into->env);
    ari_describe_index(&model, self->plan->model, index);
    ari_describe_told_index(&database, told);
    add_told(self, AR_DIFF_INDEX, index->name, &model, &database);
}

static void compare_index(comparing *self, const ar_index *index)
{
    for (size_t i = 0; i < self->table->index_count; i++) {
        const ar_schema_index *told = &self->table->indexes[i];
        if (!same_name(self, told->name, index->name))
            continue;
        if (told->is_unique != index->is_unique || !same_columns(self, index, told))
            differ_index(self, index, told);
        return;
    }
    ari_ddl ddl;
    ar_schema_difference *found = add(self, AR_DIFF_INDEX_MISSING, index->name, NULL, NULL);
    begin_mend(self, &ddl);
    end_mend(self, &ddl, ari_ddl_create_indexes(&ddl, self->plan, index, &self->error), found);
}

static bool is_unique_on(const comparing *self, const ar_schema_index *told, const char *column)
{
    return told->is_unique && told->condition == NULL && told->column_count == 1 && told->columns[0] != NULL &&
           same_name(self, told->columns[0], column);
}

static void compare_unique(comparing *self, const ari_plan_column *column)
{
    for (size_t i = 0; i < self->table->index_count; i++) {
        if (is_unique_on(self, &self->table->indexes[i], column->name))
            return;
    }
    if ((column->flags & AR_PRIMARY_KEY) == 0 || self->plan->key_count > 1)
        (void)add(self, AR_DIFF_INDEX_MISSING, column->name, "UNIQUE", NULL);
}

static bool is_in_model(const comparing *self, const ar_schema_index *told)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(self->plan->model, AR_ENTRY_INDEX, &cursor)) != NULL) {
        if (same_name(self, ((const ar_index *)entry->extra)->name, told->name))
            return true;
    }
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        if ((self->plan->columns[i].flags & AR_UNIQUE) != 0 && is_unique_on(self, told, self->plan->columns[i].name))
            return true;
    }
    return false;
}

static void compare_indexes(comparing *self)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(self->plan->model, AR_ENTRY_INDEX, &cursor)) != NULL)
        compare_index(self, entry->extra);
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        if ((self->plan->columns[i].flags & AR_UNIQUE) != 0)
            compare_unique(self, &self->plan->columns[i]);
    }
    for (size_t i = 0; i < self->table->index_count; i++) {
        const ar_schema_index *told = &self->table->indexes[i];
        bool made = told->origin == AR_SCHEMA_PRIMARY || told->origin == AR_SCHEMA_FOREIGN_KEY;
        if (!made && !is_in_model(self, told))
            (void)add(self, AR_DIFF_INDEX_EXTRA, told->name, NULL, NULL);
    }
}

/* --- foreign keys --- */

static bool same_action(const comparing *self, ar_action action, const char *told)
{
    switch (action) {
    case AR_CASCADE: return strcmp(told, "CASCADE") == 0;
    case AR_SET_NULL: return strcmp(told, "SET NULL") == 0;
    case AR_NO_ACTION:
    case AR_RESTRICT: break;
    }
    bool restricts = strcmp(told, "RESTRICT") == 0, nothing = strcmp(told, "NO ACTION") == 0;
    if (self->plan->dialect->catalog->actions_alike)
        return restricts || nothing;
    return action == AR_RESTRICT ? restricts : nothing;
}

static bool is_that_key(const comparing *self, const ari_plan_column *column, const ar_schema_foreign_key *told)
{
    const ar_reference *reference = column->from->references;
    const ar_column *to = reference != NULL ? ari_column_by_offset(reference->model, reference->offset) : NULL;
    const char *schema = reference != NULL ? ari_model_schema(reference->model) : NULL;
    if (schema != NULL && told->schema != NULL && strcmp(schema, told->schema) != 0)
        return false;
    return to != NULL && told->column_count == 1 && told->columns[0] != NULL && told->references[0] != NULL &&
           same_name(self, told->columns[0], column->name) && same_name(self, told->table, reference->model->table) &&
           same_name(self, told->references[0], ari_column_name(to)) &&
           same_action(self, column->from->on_delete, told->on_delete) &&
           same_action(self, column->from->on_update, told->on_update);
}

static void compare_foreign_key(comparing *self, uint32_t index)
{
    ari_ddl ddl;
    for (size_t i = 0; i < self->table->foreign_key_count; i++) {
        if (is_that_key(self, &self->plan->columns[index], &self->table->foreign_keys[i]))
            return;
    }
    ar_schema_difference *found = add(self, AR_DIFF_FOREIGN_KEY_MISSING, self->plan->columns[index].name, NULL, NULL);
    if (!alters_freely(self))
        return;
    begin_mend(self, &ddl);
    end_mend(self, &ddl, ari_ddl_add_foreign_key(&ddl, self->plan, index, &self->error), found);
}

static void compare_foreign_keys(comparing *self)
{
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        if (self->plan->columns[i].from->references != NULL)
            compare_foreign_key(self, i);
    }
    for (size_t i = 0; i < self->table->foreign_key_count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < self->plan->column_count && !known; k++)
            known = is_that_key(self, &self->plan->columns[k], &self->table->foreign_keys[i]);
        if (!known)
            (void)add(self, AR_DIFF_FOREIGN_KEY_EXTRA, self->table->foreign_keys[i].columns[0], NULL,
                      self->table->foreign_keys[i].table);
    }
}

/* --- checks --- */

/* Calls `each` with every check that the model has, until it answers true. */
static bool any_check(comparing *self,
                      bool (*each)(comparing *self, const char *name, const char *sql, const void *arg),
                      const void *arg)
{
    const ar_column *entry;
    size_t cursor = 0;
    for (uint32_t i = 0; i < self->plan->column_count; i++) {
        char name[ARI_DDL_NAME];
        if (self->plan->columns[i].from->check_sql == NULL)
            continue;
        ari_ddl_name(name, self->plan, i, "check");
        if (each(self, name, self->plan->columns[i].from->check_sql, arg))
            return true;
    }
    while ((entry = ari_entry_next(self->plan->model, AR_ENTRY_CHECK, &cursor)) != NULL) {
        const ar_check *check = entry->extra;
        if (check->name != NULL && each(self, check->name, check->sql, arg))
            return true;
    }
    return false;
}

static bool compare_check(comparing *self, const char *name, const char *sql, const void *arg)
{
    ari_ddl ddl;
    (void)arg;
    for (size_t i = 0; i < self->table->check_count; i++) {
        if (self->table->checks[i].name != NULL && same_name(self, self->table->checks[i].name, name))
            return false;
    }
    ar_schema_difference *found = add(self, AR_DIFF_CHECK_MISSING, name, sql, NULL);
    if (!alters_freely(self))
        return false;
    begin_mend(self, &ddl);
    end_mend(self, &ddl, ari_ddl_add_check(&ddl, self->plan, name, sql, &self->error), found);
    return false;
}

static bool is_named(comparing *self, const char *name, const char *sql, const void *arg)
{
    (void)self;
    (void)sql;
    return same_name(self, name, arg);
}

/* One that comes with the type of a column bears its name. */
static bool comes_with_type(const comparing *self, const ar_schema_check *check)
{
    const ari_plan_column *column = check->name != NULL ? column_named(self, check->name) : NULL;
    return column != NULL && column->type == AR_TYPE_JSON;
}

static void compare_checks(comparing *self)
{
    if (!self->knows_checks)
        return;
    (void)any_check(self, compare_check, NULL);
    for (size_t i = 0; i < self->table->check_count; i++) {
        const ar_schema_check *check = &self->table->checks[i];
        if ((check->name == NULL || !any_check(self, is_named, check->name)) && !comes_with_type(self, check))
            (void)add(self, AR_DIFF_CHECK_EXTRA, check->name, NULL, check->condition);
    }
}

/* --- tables --- */

static void miss_table(comparing *self)
{
    ari_ddl ddl;
    ar_schema_difference *found = add(self, AR_DIFF_TABLE_MISSING, NULL, NULL, NULL);
    if (ari_model_is_read_only(self->plan->model))
        return;
    begin_mend(self, &ddl);
    ar_status status = ari_ddl_create_table(&ddl, self->plan, false, NULL, &self->error);
    if (status == AR_OK)
        status = ari_ddl_create_indexes(&ddl, self->plan, NULL, &self->error);
    end_mend(self, &ddl, status, found);
}

static void compare_table(comparing *self)
{
    bool names_only = ari_model_is_read_only(self->plan->model);
    if (self->table == NULL) {
        miss_table(self);
        return;
    }
    compare_columns(self, names_only);
    if (names_only)
        return;
    compare_key(self);
    compare_indexes(self);
    compare_foreign_keys(self);
    compare_checks(self);
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "comparing a schema: there is no memory left for it");
}

ar_status ari_differences_find(ari_differences *into, const ari_plan *plan, const ar_schema *schema, bool knows_checks,
                               ar_error *err)
{
    comparing self = {
        .into = into, .plan = plan, .table = ar_schema_find(schema, plan->model->table), .knows_checks = knows_checks
    };
    compare_table(&self);
    if (into->failed)
        return no_memory(err);
    if (self.status != AR_OK && err != NULL)
        *err = self.error;
    return self.status;
}

ar_status ari_differences_finish(ari_differences *into, ar_error *err)
{
    size_t count = 0;
    ari_text_buffer text;
    ar_schema_difference *array =
        ari_arena_alloc_array(&into->arena, into->diff.count, sizeof *array, alignof(ar_schema_difference));
    ari_text_buffer_init(&text, into->env);
    for (const ari_difference *at = into->first; array != NULL && at != NULL; at = at->next) {
        array[count++] = at->found;
        ari_text_buffer_append_cstr(&text, at->found.text);
        ari_text_buffer_append_char(&text, '\n');
    }
    into->diff.differences = array;
    into->failed = into->failed || array == NULL || text.failed;
    into->diff.text = copy(into, ari_text_buffer_cstr(&text));
    ari_text_buffer_fini(&text);
    return into->failed ? no_memory(err) : AR_OK;
}
