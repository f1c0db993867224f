/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <actrec/schema.h>

#include "orm/clause.h"
#include "orm/fragment.h"
#include "orm/plan.h"
#include "orm/statement.h"

/* Tables out of models: each call is one operation of one statement. */

typedef enum schema_verb { CREATE, CREATE_IF_MISSING, DROP, DROP_IF_EXISTS } schema_verb;

typedef struct schema_run {
    const ar_statement *statement;
} schema_run;

static schema_run *run_of(ari_op *op)
{
    return (schema_run *)(void *)op->payload;
}

static ar_status refuse_default(const ari_plan *plan, const ari_plan_column *column, ar_status status, ar_error *err)
{
    ar_error why = { .message = "" };
    if (err != NULL)
        why = *err;
    return ar_error_set(err, status, "creating table %s: the default of column %s: %s", plan->model->table,
                        column->name, why.message);
}

/* Of the AUTO key, which may be narrower than the one that the dialect names. */
static void write_auto_key(ari_clause *clause, const ar_dialect *dialect, ar_type type)
{
    const char *wide = dialect->column_types[AR_TYPE_INT64], *own = dialect->column_types[type];
    size_t length = wide != NULL ? strlen(wide) : 0;
    bool begins = length > 0 && strncmp(dialect->auto_key, wide, length) == 0;
    if (begins && own != NULL)
        ari_clause_sql(clause, own);
    ari_clause_sql(clause, begins && own != NULL ? dialect->auto_key + length : dialect->auto_key);
}

static const char *type_of(const ar_dialect *dialect, const ari_plan_column *column)
{
    bool is_key = (column->flags & (AR_PRIMARY_KEY | AR_UNIQUE)) != 0;
    const char *type = is_key ? dialect->key_types[column->type] : NULL;
    return type != NULL ? type : dialect->column_types[column->type];
}

static ar_status write_column(ari_clause *clause, const ari_plan *plan, uint32_t index, ar_error *err)
{
    const ari_plan_column *column = &plan->columns[index];
    const char *type = type_of(plan->dialect, column);
    ari_clause_name(clause, plan->dialect, column->name);
    ari_clause_sql(clause, " ");
    if (plan->auto_column == (int)index) {
        write_auto_key(clause, plan->dialect, column->type);
        return AR_OK;
    }
    if (type == NULL)
        return ar_error_set(err, AR_E_UNSUPPORTED, "creating table %s: column %s is %s, which %s does not have",
                            plan->model->table, column->name, ar_type_name(column->type), plan->dialect->name);
    ari_clause_sql(clause, type);
    if ((column->flags & (AR_NOT_NULL | AR_PRIMARY_KEY)) != 0)
        ari_clause_sql(clause, " NOT NULL");
    if (column->from->default_sql != NULL) {
        ari_clause_sql(clause, " DEFAULT (");
        ar_status status = ari_fragment_condition(clause, plan->dialect, NULL, column->from->default_sql, NULL, 0, err);
        if (status != AR_OK)
            return refuse_default(plan, column, status, err);
        ari_clause_sql(clause, ")");
    }
    if ((column->flags & AR_UNIQUE) != 0)
        ari_clause_sql(clause, " UNIQUE");
    return AR_OK;
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

static ar_status write_create(ari_clause *clause, const ari_plan *plan, bool if_missing, ar_error *err)
{
    ari_clause_sql(clause, if_missing ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ");
    ari_clause_name(clause, plan->dialect, plan->model->table);
    ari_clause_sql(clause, " (");
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            ari_clause_sql(clause, ", ");
        ar_status status = write_column(clause, plan, i, err);
        if (status != AR_OK)
            return status;
    }
    write_key(clause, plan);
    ari_clause_sql(clause, ")");
    if (plan->dialect->table_options != NULL)
        ari_clause_sql(clause, plan->dialect->table_options);
    return AR_OK;
}

static ar_status write_statement(ari_clause *clause, const ari_plan *plan, schema_verb verb, ar_error *err)
{
    switch (verb) {
    case CREATE:
    case CREATE_IF_MISSING: return write_create(clause, plan, verb == CREATE_IF_MISSING, err);
    case DROP:
    case DROP_IF_EXISTS:
        ari_clause_sql(clause, verb == DROP ? "DROP TABLE " : "DROP TABLE IF EXISTS ");
        ari_clause_name(clause, plan->dialect, plan->model->table);
        return AR_OK;
    }
    return AR_OK;
}

static ar_status make_statement(ari_db *db, const ar_model *model, schema_verb verb, const ar_statement **out,
                                ar_error *err)
{
    const ari_plan *plan;
    ari_arena arena;
    ari_clause clause;
    char *sql = NULL;
    size_t length = 0;
    ar_status status = ari_plan_get(db, model, &plan, err);
    if (status != AR_OK)
        return status;
    ari_arena_init(&arena, ari_db_env(db), 0);
    ari_clause_init(&clause, ari_db_env(db), &arena);
    status = write_statement(&clause, plan, verb, err);
    if (status == AR_OK)
        status = ari_clause_finish(&clause, plan->dialect, &sql, &length, err);
    if (status == AR_OK) {
        *out = ari_statement_get(ari_db_statements(db), sql, length, 0, AR_STATEMENT_SCHEMA, true);
        if (*out == NULL)
            status =
                ar_error_set(err, AR_E_NO_MEMORY, "changing table %s: there is no memory left for it", model->table);
    }
    ari_release(ari_db_env(db), sql);
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
    return status;
}

static void destroy(ari_op *op)
{
    ari_statement_unref(run_of(op)->statement);
}

static ar_status make_op(ari_db *db, const ar_model *model, schema_verb verb, ari_op **out, ar_error *err)
{
    const ar_statement *statement;
    ar_status status = make_statement(db, model, verb, &statement, err);
    if (status != AR_OK)
        return status;
    *out = ari_op_create(ari_db_pool(db), sizeof(schema_run));
    if (*out == NULL) {
        ari_statement_unref(statement);
        return ar_error_set(err, AR_E_NO_MEMORY, "changing table %s: there is no memory left for it", model->table);
    }
    run_of(*out)->statement = statement;
    (*out)->operation.statement = statement;
    (*out)->destroy = destroy;
    return AR_OK;
}

static ar_status enter(ar_db *handle, const ar_model *model, schema_verb verb, ari_db **db, ari_op **op, ar_error *err)
{
    ar_error closed;
    if (model == NULL)
        return ar_error_set(err, AR_E_INVALID, "changing a table: the model is NULL");
    *db = ari_db_enter(handle, err != NULL ? err : &closed);
    if (*db == NULL)
        return err != NULL ? err->status : closed.status;
    ar_status status = make_op(*db, model, verb, op, err);
    if (status != AR_OK)
        ari_db_leave(*db);
    return status;
}

static ar_status run(ar_db *handle, const ar_model *model, schema_verb verb, ar_error *err)
{
    ari_db *db = NULL;
    ari_op *op = NULL;
    ar_status status = enter(handle, model, verb, &db, &op, err);
    if (status != AR_OK)
        return status;
    status = ari_db_run(db, op, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

static ar_done submit(ar_db *handle, const ar_model *model, schema_verb verb)
{
    ari_db *db = NULL;
    ari_op *op = NULL;
    ar_error error;
    ar_status status = enter(handle, model, verb, &db, &op, &error);
    if (status != AR_OK)
        return (ar_done){ .raw = ari_future_failed(NULL, status, &error) };
    ar_done done = { .raw = ari_db_submit(db, op) };
    ari_db_leave(db);
    return done;
}

ar_status ar_table_create(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, model, CREATE, err);
}

ar_done ar_table_create_async(ar_db *db, const ar_model *model)
{
    return submit(db, model, CREATE);
}

ar_status ar_table_create_if_missing(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, model, CREATE_IF_MISSING, err);
}

ar_done ar_table_create_if_missing_async(ar_db *db, const ar_model *model)
{
    return submit(db, model, CREATE_IF_MISSING);
}

ar_status ar_table_drop(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, model, DROP, err);
}

ar_done ar_table_drop_async(ar_db *db, const ar_model *model)
{
    return submit(db, model, DROP);
}

ar_status ar_table_drop_if_exists(ar_db *db, const ar_model *model, ar_error *err)
{
    return run(db, model, DROP_IF_EXISTS, err);
}

ar_done ar_table_drop_if_exists_async(ar_db *db, const ar_model *model)
{
    return submit(db, model, DROP_IF_EXISTS);
}
