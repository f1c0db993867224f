/* SPDX-License-Identifier: MIT */
#include "orm/ddl.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "orm/column.h"
#include "orm/fragment.h"

/* What models say, as statements. Names and conditions come from the application: names are quoted, conditions may not
 * leave the parentheses that they are put between. */

void ari_ddl_init(ari_ddl *ddl, const ar_env *env, const ar_dialect *dialect)
{
    *ddl = (ari_ddl){ .env = env, .dialect = dialect, .first = NULL };
    ari_arena_init(&ddl->arena, env, 0);
    ddl->end = &ddl->first;
}

void ari_ddl_fini(ari_ddl *ddl)
{
    ari_arena_fini(&ddl->arena);
}

static const ar_model_options *options_of(const ar_model *model)
{
    size_t cursor = 0;
    const ar_column *entry = ari_entry_next(model, AR_ENTRY_OPTIONS, &cursor);
    return entry != NULL ? entry->extra : NULL;
}

const char *ari_model_schema(const ar_model *model)
{
    const ar_model_options *options = options_of(model);
    return options != NULL ? options->schema : NULL;
}

bool ari_model_is_read_only(const ar_model *model)
{
    const ar_model_options *options = options_of(model);
    return options != NULL && options->read_only;
}

/* The queries of a catalogue are the backend's own: a question mark in them is always a parameter. */
void ari_clause_catalog(ari_clause *clause, const char *query, const ar_value *schema, const ar_value *table)
{
    const ar_value *values[] = { schema, table };
    const char *mark;
    for (size_t i = 0; (mark = strchr(query, '?')) != NULL; i++) {
        ari_clause_bytes(clause, query, (size_t)(mark - query));
        ari_clause_value(clause, values[i % 2]);
        query = mark + 1;
    }
    ari_clause_sql(clause, query);
}

static ar_status no_memory(const char *table, ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "changing table %s: there is no memory left for it", table);
}

static void begin(ari_ddl *ddl, ari_clause *clause)
{
    ari_clause_init_whole(clause, ddl->env, &ddl->arena, ddl->dialect, NULL);
}

/* Adds what was written, unless `status` says that it is not to be. */
static ar_status finish(ari_ddl *ddl, ari_clause *clause, const ari_plan *plan, ar_status status, ar_error *err)
{
    char *sql = NULL;
    size_t length = 0;
    if (status == AR_OK)
        status = ari_clause_finish(clause, &sql, &length, err);
    if (status == AR_OK) {
        ari_ddl_statement *added = ari_arena_alloc(&ddl->arena, sizeof *added, alignof(ari_ddl_statement));
        const char *copy = ari_arena_copy_text(&ddl->arena, sql, length);
        if (added != NULL && copy != NULL) {
            *added =
                (ari_ddl_statement){ .table = plan->model->table, .group = ddl->group, .sql = copy, .length = length };
            *ddl->end = added;
            ddl->end = &added->next;
            ddl->count++;
        } else {
            status = no_memory(plan->model->table, err);
        }
    }
    ari_release(ddl->env, sql);
    ari_clause_fini(clause);
    return status;
}

static void write_table(ari_clause *clause, const ar_dialect *dialect, const ar_model *model, bool schema)
{
    const char *name = ari_model_schema(model);
    if (schema && name != NULL) {
        ari_clause_name(clause, dialect, name);
        ari_clause_sql(clause, ".");
    }
    ari_clause_name(clause, dialect, model->table);
}

static bool index_has(const ar_index *index, size_t offset)
{
    for (size_t i = 0; i < index->count; i++) {
        if (index->offsets[i] == offset)
            return true;
    }
    return false;
}

static bool is_in_unique_index(const ari_plan *plan, const ari_plan_column *column)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(plan->model, AR_ENTRY_INDEX, &cursor)) != NULL) {
        const ar_index *index = entry->extra;
        if (index->is_unique && index_has(index, column->offset))
            return true;
    }
    return false;
}

static bool is_key(const ari_plan *plan, const ari_plan_column *column)
{
    return (column->flags & (AR_PRIMARY_KEY | AR_UNIQUE)) != 0 || column->from->references != NULL ||
           is_in_unique_index(plan, column);
}

const char *ari_ddl_type(const ari_plan *plan, const ari_plan_column *column)
{
    const char *type = is_key(plan, column) ? plan->dialect->key_types[column->type] : NULL;
    return type != NULL ? type : plan->dialect->column_types[column->type];
}

/* The dialect's AUTO key is of the widest type; a narrower one has its own in that place. */
static bool has_wide_auto_key(const ari_plan *plan, const ari_plan_column *column, size_t *length)
{
    const char *wide = plan->dialect->column_types[AR_TYPE_INT64];
    *length = wide != NULL ? strlen(wide) : 0;
    return *length > 0 && strncmp(plan->dialect->auto_key, wide, *length) == 0 &&
           plan->dialect->column_types[column->type] != NULL;
}

const char *ari_ddl_auto_type(const ari_plan *plan, const ari_plan_column *column)
{
    size_t length;
    return plan->dialect->column_types[has_wide_auto_key(plan, column, &length) ? column->type : AR_TYPE_INT64];
}

static void write_auto_key(ari_clause *clause, const ari_plan *plan, const ari_plan_column *column)
{
    size_t length;
    const char *key = plan->dialect->auto_key;
    if (has_wide_auto_key(plan, column, &length)) {
        ari_clause_sql(clause, plan->dialect->column_types[column->type]);
        key += length;
    }
    ari_clause_sql(clause, key);
}

/* `what` is the default or the like of a column, or a check: an expression of the application's. */
static ar_status write_expression(ari_clause *clause, const ari_plan *plan, const char *sql, const char *what,
                                  const char *of, ar_error *err)
{
    ar_error why = { .message = "" };
    ari_clause_sql(clause, "(");
    ar_status status = ari_fragment_condition(clause, plan->dialect, NULL, sql, NULL, 0, &why);
    ari_clause_sql(clause, ")");
    if (status == AR_OK)
        return AR_OK;
    return ar_error_set(err, status, "creating table %s: the %s %s: %s", plan->model->table, what, of, why.message);
}

static uint32_t hash_name(const char *name)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
    return hash;
}

void ari_ddl_name(char name[ARI_DDL_NAME], const ari_plan *plan, uint32_t column, const char *what)
{
    const char *of = plan->columns[column].name;
    int length = snprintf(name, ARI_DDL_NAME, "%s_%s_%s", plan->model->table, of, what);
    if (length < 0 || length >= ARI_DDL_NAME)
        snprintf(name, ARI_DDL_NAME, "actrec_%08lx_%08lx_%s", (unsigned long)hash_name(plan->model->table),
                 (unsigned long)hash_name(of), what);
}

static ar_status write_check(ari_clause *clause, const ari_plan *plan, const char *name, const char *sql, ar_error *err)
{
    if (name == NULL || name[0] == '\0' || sql == NULL || sql[0] == '\0')
        return ar_error_set(err, AR_E_INVALID, "creating table %s: a check has no name or no condition",
                            plan->model->table);
    ari_clause_sql(clause, "CONSTRAINT ");
    ari_clause_name(clause, plan->dialect, name);
    ari_clause_sql(clause, " CHECK ");
    return write_expression(clause, plan, sql, "check", name, err);
}

static ar_status write_checks(ari_clause *clause, const ari_plan *plan, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    ar_status status = AR_OK;
    for (uint32_t i = 0; status == AR_OK && i < plan->column_count; i++) {
        char name[ARI_DDL_NAME];
        if (plan->columns[i].from->check_sql == NULL)
            continue;
        ari_ddl_name(name, plan, i, "check");
        ari_clause_sql(clause, ", ");
        status = write_check(clause, plan, name, plan->columns[i].from->check_sql, err);
    }
    while (status == AR_OK && (entry = ari_entry_next(plan->model, AR_ENTRY_CHECK, &cursor)) != NULL) {
        const ar_check *check = entry->extra;
        ari_clause_sql(clause, ", ");
        status = write_check(clause, plan, check->name, check->sql, err);
    }
    return status;
}

/* --- foreign keys --- */

static void write_action(ari_clause *clause, const char *event, ar_action action)
{
    static const char *const names[] = {
        [AR_NO_ACTION] = NULL, [AR_RESTRICT] = "RESTRICT", [AR_CASCADE] = "CASCADE", [AR_SET_NULL] = "SET NULL"
    };
    if (action == AR_NO_ACTION)
        return;
    ari_clause_sql(clause, event);
    ari_clause_sql(clause, names[action]);
}

static ar_status check_reference(const ari_plan *plan, const ari_plan_column *column, const ar_column **to,
                                 ar_error *err)
{
    const ar_column *from = column->from;
    const ar_reference *reference = from->references;
    const char *what = NULL;
    *to = reference->model != NULL ? ari_column_by_offset(reference->model, reference->offset) : NULL;
    if (*to == NULL)
        what = "it references a member that is no column";
    else if ((unsigned)from->on_delete > AR_SET_NULL || (unsigned)from->on_update > AR_SET_NULL)
        what = "its on_delete or on_update is none of the actions there are";
    else if ((from->on_delete == AR_SET_NULL || from->on_update == AR_SET_NULL) && (from->flags & AR_NOT_NULL) != 0)
        what = "it is AR_NOT_NULL, and would be set to NULL";
    if (what == NULL)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "creating table %s: column %s: %s", plan->model->table, column->name, what);
}

static ar_status write_foreign_key(ari_clause *clause, const ari_plan *plan, uint32_t index, ar_error *err)
{
    const ari_plan_column *column = &plan->columns[index];
    const ar_catalog *catalog = plan->dialect->catalog;
    const ar_column *to;
    char name[ARI_DDL_NAME];
    ar_status status = check_reference(plan, column, &to, err);
    if (status != AR_OK)
        return status;
    ari_ddl_name(name, plan, index, "fkey");
    ari_clause_sql(clause, "CONSTRAINT ");
    ari_clause_name(clause, plan->dialect, name);
    ari_clause_sql(clause, " FOREIGN KEY (");
    ari_clause_name(clause, plan->dialect, column->name);
    ari_clause_sql(clause, ") REFERENCES ");
    write_table(clause, plan->dialect, column->from->references->model, catalog == NULL || !catalog->index_in_schema);
    ari_clause_sql(clause, " (");
    ari_clause_name(clause, plan->dialect, ari_column_name(to));
    ari_clause_sql(clause, ")");
    write_action(clause, " ON DELETE ", column->from->on_delete);
    write_action(clause, " ON UPDATE ", column->from->on_update);
    return AR_OK;
}

static ar_status write_foreign_keys(ari_clause *clause, const ari_plan *plan, const ari_mask *later, ar_error *err)
{
    ar_status status = AR_OK;
    for (uint32_t i = 0; status == AR_OK && i < plan->column_count; i++) {
        if (plan->columns[i].from->references == NULL || (later != NULL && ari_mask_has(later, i)))
            continue;
        ari_clause_sql(clause, ", ");
        status = write_foreign_key(clause, plan, i, err);
    }
    return status;
}

/* --- indexes --- */

static ar_status check_index(const ari_plan *plan, const ar_index *index, ar_error *err)
{
    if (index != NULL && index->name != NULL && index->name[0] != '\0' && index->count > 0 &&
        index->count <= AR_MAX_INDEX_COLUMNS)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "creating table %s: an index has no name, or not one to %d columns",
                        plan->model->table, AR_MAX_INDEX_COLUMNS);
}

static const ari_plan_column *column_at(const ari_plan *plan, size_t offset)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (plan->columns[i].offset == offset && ari_ddl_has_column(&plan->columns[i]))
            return &plan->columns[i];
    }
    return NULL;
}

static ar_status write_index_columns(ari_clause *clause, const ari_plan *plan, const ar_index *index, ar_error *err)
{
    const char *prefix = plan->dialect->catalog->index_prefix;
    ari_clause_sql(clause, " (");
    for (size_t i = 0; i < index->count; i++) {
        const ari_plan_column *column = column_at(plan, index->offsets[i]);
        if (column == NULL)
            return ar_error_set(err, AR_E_INVALID,
                                "creating table %s: member %zu of index %s is no column of the table",
                                plan->model->table, i + 1, index->name);
        ari_clause_sql(clause, i > 0 ? ", " : "");
        ari_clause_name(clause, plan->dialect, column->name);
        if (prefix != NULL && plan->dialect->key_types[column->type] != NULL && !is_key(plan, column))
            ari_clause_sql(clause, prefix);
    }
    ari_clause_sql(clause, ")");
    return AR_OK;
}

static ar_status write_inline_indexes(ari_clause *clause, const ari_plan *plan, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    ar_status status = AR_OK;
    while (status == AR_OK && (entry = ari_entry_next(plan->model, AR_ENTRY_INDEX, &cursor)) != NULL) {
        const ar_index *index = entry->extra;
        status = check_index(plan, index, err);
        if (status != AR_OK)
            return status;
        ari_clause_sql(clause, index->is_unique ? ", UNIQUE INDEX " : ", INDEX ");
        ari_clause_name(clause, plan->dialect, index->name);
        status = write_index_columns(clause, plan, index, err);
    }
    return status;
}

static ar_status create_index(ari_ddl *ddl, const ari_plan *plan, const ar_index *index, ar_error *err)
{
    bool before = ddl->dialect->catalog->index_in_schema;
    const char *schema = ari_model_schema(plan->model);
    ari_clause clause;
    ar_status status = check_index(plan, index, err);
    if (status != AR_OK)
        return status;
    begin(ddl, &clause);
    ari_clause_sql(&clause, index->is_unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    if (before && schema != NULL) {
        ari_clause_name(&clause, ddl->dialect, schema);
        ari_clause_sql(&clause, ".");
    }
    ari_clause_name(&clause, ddl->dialect, index->name);
    ari_clause_sql(&clause, " ON ");
    write_table(&clause, ddl->dialect, plan->model, !before);
    return finish(ddl, &clause, plan, write_index_columns(&clause, plan, index, err), err);
}

static ar_status need_catalog(const ari_plan *plan, ar_error *err)
{
    if (plan->dialect->catalog != NULL)
        return AR_OK;
    return ar_error_set(err, AR_E_UNSUPPORTED, "creating table %s: %s knows no indexes", plan->model->table,
                        plan->dialect->name);
}

static bool has_indexes(const ar_model *model)
{
    size_t cursor = 0;
    return ari_entry_next(model, AR_ENTRY_INDEX, &cursor) != NULL;
}

ar_status ari_ddl_create_indexes(ari_ddl *ddl, const ari_plan *plan, const ar_index *only, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    if (!has_indexes(plan->model))
        return AR_OK;
    ar_status status = need_catalog(plan, err);
    if (status == AR_OK && only == NULL && ddl->dialect->catalog->inline_indexes)
        return AR_OK;
    while (status == AR_OK && (entry = ari_entry_next(plan->model, AR_ENTRY_INDEX, &cursor)) != NULL) {
        if (only == NULL || only == entry->extra)
            status = create_index(ddl, plan, entry->extra, err);
    }
    return status;
}

/* --- tables --- */

static ar_status write_generated(ari_clause *clause, const ari_plan *plan, const ari_plan_column *column, ar_error *err)
{
    bool is_virtual = (column->flags & AR_VIRTUAL) != 0;
    if (is_virtual ? !plan->dialect->virtual_columns : !plan->dialect->stored_columns)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "creating table %s: column %s is generated and %s, which %s does not have",
                            plan->model->table, column->name, is_virtual ? "virtual" : "stored", plan->dialect->name);
    ari_clause_sql(clause, " GENERATED ALWAYS AS ");
    ar_status status = write_expression(clause, plan, column->from->sql, "expression of column", column->name, err);
    ari_clause_sql(clause, is_virtual ? " VIRTUAL" : " STORED");
    return status;
}

static ar_status write_column(ari_clause *clause, const ari_plan *plan, uint32_t index, ar_error *err)
{
    const ari_plan_column *column = &plan->columns[index];
    const char *type = ari_ddl_type(plan, column);
    ar_status status = AR_OK;
    ari_clause_name(clause, plan->dialect, column->name);
    ari_clause_sql(clause, " ");
    if (plan->auto_column == (int)index) {
        write_auto_key(clause, plan, column);
        return AR_OK;
    }
    if (type == NULL)
        return ar_error_set(err, AR_E_UNSUPPORTED, "creating table %s: column %s is %s, which %s does not have",
                            plan->model->table, column->name, ar_type_name(column->type), plan->dialect->name);
    ari_clause_sql(clause, type);
    if ((column->flags & AR_GENERATED) != 0)
        return write_generated(clause, plan, column, err);
    if ((column->flags & (AR_NOT_NULL | AR_PRIMARY_KEY)) != 0)
        ari_clause_sql(clause, " NOT NULL");
    if (column->from->default_sql != NULL) {
        ari_clause_sql(clause, " DEFAULT ");
        status = write_expression(clause, plan, column->from->default_sql, "default of column", column->name, err);
    }
    if ((column->flags & AR_UNIQUE) != 0)
        ari_clause_sql(clause, " UNIQUE");
    return status;
}

static void write_key(ari_clause *clause, const ari_plan *plan)
{
    if (plan->key_count == 0 || plan->auto_column >= 0)
        return;
    ari_clause_sql(clause, ", PRIMARY KEY (");
    for (uint32_t i = 0; i < plan->key_count; i++) {
        if (i > 0)
            ari_clause_sql(clause, ", ");
        ari_clause_name(clause, plan->dialect, plan->columns[plan->key[i]].name);
    }
    ari_clause_sql(clause, ")");
}

static ar_status write_columns(ari_clause *clause, const ari_plan *plan, ar_error *err)
{
    ar_status status = AR_OK;
    bool first = true;
    for (uint32_t i = 0; status == AR_OK && i < plan->column_count; i++) {
        if (!ari_ddl_has_column(&plan->columns[i]))
            continue;
        ari_clause_sql(clause, first ? "" : ", ");
        first = false;
        status = write_column(clause, plan, i, err);
    }
    return status;
}

static ar_status write_create(ari_clause *clause, const ari_plan *plan, bool if_missing, const ari_mask *later,
                              ar_error *err)
{
    ari_clause_sql(clause, if_missing ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ");
    write_table(clause, plan->dialect, plan->model, true);
    ari_clause_sql(clause, " (");
    ar_status status = write_columns(clause, plan, err);
    if (status != AR_OK)
        return status;
    write_key(clause, plan);
    status = write_checks(clause, plan, err);
    if (status == AR_OK)
        status = write_foreign_keys(clause, plan, later, err);
    if (status == AR_OK && plan->dialect->catalog != NULL && plan->dialect->catalog->inline_indexes)
        status = write_inline_indexes(clause, plan, err);
    ari_clause_sql(clause, ")");
    if (plan->dialect->table_options != NULL)
        ari_clause_sql(clause, plan->dialect->table_options);
    return status;
}

ar_status ari_ddl_create_table(ari_ddl *ddl, const ari_plan *plan, bool if_missing, const ari_mask *later,
                               ar_error *err)
{
    ari_clause clause;
    begin(ddl, &clause);
    return finish(ddl, &clause, plan, write_create(&clause, plan, if_missing, later, err), err);
}

ar_status ari_ddl_drop_table(ari_ddl *ddl, const ari_plan *plan, bool if_exists, ar_error *err)
{
    ari_clause clause;
    begin(ddl, &clause);
    ari_clause_sql(&clause, if_exists ? "DROP TABLE IF EXISTS " : "DROP TABLE ");
    write_table(&clause, ddl->dialect, plan->model, true);
    return finish(ddl, &clause, plan, AR_OK, err);
}

static void begin_alter(ari_ddl *ddl, ari_clause *clause, const ari_plan *plan, const char *what)
{
    begin(ddl, clause);
    ari_clause_sql(clause, "ALTER TABLE ");
    write_table(clause, ddl->dialect, plan->model, true);
    ari_clause_sql(clause, what);
}

ar_status ari_ddl_add_column(ari_ddl *ddl, const ari_plan *plan, uint32_t column, ar_error *err)
{
    ari_clause clause;
    begin_alter(ddl, &clause, plan, " ADD COLUMN ");
    return finish(ddl, &clause, plan, write_column(&clause, plan, column, err), err);
}

ar_status ari_ddl_add_foreign_key(ari_ddl *ddl, const ari_plan *plan, uint32_t column, ar_error *err)
{
    ari_clause clause;
    begin_alter(ddl, &clause, plan, " ADD ");
    return finish(ddl, &clause, plan, write_foreign_key(&clause, plan, column, err), err);
}

ar_status ari_ddl_drop_foreign_key(ari_ddl *ddl, const ari_plan *plan, uint32_t column, ar_error *err)
{
    ari_clause clause;
    char name[ARI_DDL_NAME];
    begin_alter(ddl, &clause, plan, ddl->dialect->catalog->drop_foreign_key);
    ari_ddl_name(name, plan, column, "fkey");
    ari_clause_name(&clause, ddl->dialect, name);
    ari_ddl_statement **added = ddl->end;
    ar_status status = finish(ddl, &clause, plan, AR_OK, err);
    const char *copy = status == AR_OK ? ari_arena_copy_text(&ddl->arena, name, strlen(name)) : NULL;
    if (status == AR_OK && copy == NULL)
        return no_memory(plan->model->table, err);
    if (status == AR_OK)
        (*added)->constraint = copy;
    return status;
}

ar_status ari_ddl_add_check(ari_ddl *ddl, const ari_plan *plan, const char *name, const char *sql, ar_error *err)
{
    ari_clause clause;
    begin_alter(ddl, &clause, plan, " ADD ");
    return finish(ddl, &clause, plan, write_check(&clause, plan, name, sql, err), err);
}
