/* SPDX-License-Identifier: MIT */
#include "orm/migration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "orm/ddl.h"
#include "orm/name.h"
#include "orm/scope.h"
#include "values/memory.h"
#include "values/utf8.h"

/* Design. A script that works in rounds, one for each step. Where tables have transactions a round is one: it takes the
 * lock (the engine's write transaction is one already, or the catalogue has one that ends with the transaction), reads
 * what was applied, chooses the step, runs it, records it and commits. So another migrator may come between two rounds,
 * and this one then sees what it did. Elsewhere the lock is of a session, held by a transaction of its own that does
 * nothing else from the first round to the last, while the statements run on other connections; a step is recorded as
 * under way before its first statement, and how many hold after each, so that what is recorded is right even when this
 * process dies. */

typedef struct migrating {
    ari_script script; /* first */
    const ar_migration *migrations;
    size_t count;
    ar_statement_class (*classify)(const char *sql, size_t length);
    bool is_down;
    bool dry_run;
    bool in_pieces; /* without transactions */
    int64_t to;
    size_t steps_left;
    int64_t wait_ms;
    char *table;
    ari_history history;
    ari_report *report;
    const ar_migration *step; /* being run */
    ari_scan scan;            /* its statements */
    ar_migration_step *reported;
    ar_error failure;
    bool locked;
    bool counted; /* of a step in pieces: what is recorded is what was done */
} migrating;

enum {
    START,
    LOCKING,
    HOLDING,
    CREATING,
    LOOKING,
    READING,
    CLAIMING,
    RUNNING,
    COUNTING,
    RECORDING,
    COMMITTED,
    FAILED,
    UNLOCKING,
    UNLOCKED
};

static ar_db *handle_of(const migrating *self)
{
    return self->script.tx != NULL ? self->script.tx : self->script.db;
}

static ari_act go(migrating *self, int state, ari_act act)
{
    self->script.state = state;
    return act;
}

/* --- the end --- */

static ari_act unlock(migrating *self)
{
    ari_script *script = &self->script;
    const char *sql = script->dialect->catalog != NULL ? script->dialect->catalog->unlock : NULL;
    if (!self->locked || sql == NULL)
        return go(self, UNLOCKED, ARI_ACT_UNLOCK);
    ar_value name = ar_bind_string(self->history.table);
    ari_clause *clause = ari_script_query(script, script->lock, AR_STATEMENT_READ);
    if (clause != NULL)
        ari_clause_catalog(clause, sql, &name, &name);
    return go(self, UNLOCKING, ARI_ACT_ROWS);
}

static ari_act finish(migrating *self)
{
    if (self->failure.status == AR_OK) {
        self->script.status = AR_OK;
        return ARI_ACT_END;
    }
    self->script.status = self->failure.status;
    self->script.error = self->failure;
    return ARI_ACT_END;
}

/* With what went wrong in self->failure, or nothing. */
static ari_act stop(migrating *self)
{
    if (self->script.tx != NULL)
        return go(self, FAILED, ARI_ACT_ROLLBACK);
    return self->script.lock != NULL ? unlock(self) : finish(self);
}

static ari_act fail(migrating *self)
{
    self->failure = self->script.error;
    return stop(self);
}

static ari_act fail_no_memory(migrating *self)
{
    ar_ignore(ar_error_set(&self->failure, AR_E_NO_MEMORY, "migrating: there is no memory left for it"));
    return stop(self);
}

static ari_act fail_busy(migrating *self)
{
    ar_ignore(ar_error_set(&self->failure, AR_E_BUSY,
                           "migrating: another migrator holds the lock; wait for it, or give wait_ms more"));
    return stop(self);
}

static bool is_busy(ar_status status)
{
    return status == AR_E_TIMEOUT || status == AR_E_CONFLICT || status == AR_E_BUSY;
}

static const char *what_holds(const migrating *self)
{
    if (!self->in_pieces)
        return "the step was rolled back";
    if (!self->counted)
        return "those up to it hold, one more than is recorded";
    return self->reported->statements_done > 0 ? "those before it hold, which is recorded" : "none before it";
}

/* Its function, or the recording of it. */
static void say_end(const migrating *self, char *where, size_t size, bool in_function)
{
    const char *holds = !self->in_pieces ? "the step was rolled back"
                        : in_function    ? "what it did before holds"
                                         : "all of the step holds, and is recorded as half done";
    (void)snprintf(where, size, "%s (%s)", in_function ? "its function" : "recording it", holds);
}

static void say_statement(const migrating *self, char *where, size_t size)
{
    const ar_migration_step *at = self->reported;
    (void)snprintf(where, size, "%sstatement %zu of %zu (%s)", self->counted ? "" : "counting ",
                   at->statements_done + self->counted, at->statements, what_holds(self));
}

/* Says where, before what went wrong. */
static ari_act fail_at(migrating *self, bool in_function)
{
    const ar_migration_step *at = self->reported;
    ar_error whole;
    char where[160];
    self->failure = self->script.error;
    if (!self->counted || at->statements_done < at->statements)
        say_statement(self, where, sizeof where);
    else
        say_end(self, where, sizeof where, in_function);
    ar_ignore(ar_error_set(&whole, self->failure.status, "migration %" PRId64 " \"%.60s\" %s: %s: %s", at->version,
                           at->name, self->is_down ? "down" : "up", where, self->failure.message));
    memcpy(self->failure.message, whole.message, sizeof whole.message);
    if (!self->in_pieces)
        self->reported->statements_done = 0;
    return stop(self);
}

static ari_act fail_step(migrating *self)
{
    return fail_at(self, false);
}

/* --- a round --- */

static ari_act create_table(migrating *self)
{
    ari_history_create(&self->history, &self->script, handle_of(self));
    if (!self->in_pieces && (self->script.dialect->catalog == NULL || self->script.dialect->catalog->lock == NULL))
        self->script.timeout_ms = self->wait_ms > 0 ? self->wait_ms : 0;
    return go(self, CREATING, ARI_ACT_EXEC);
}

static ari_act take_lock(migrating *self, ar_db *db)
{
    const ar_catalog *catalog = self->script.dialect->catalog;
    int64_t seconds = self->wait_ms < 0 ? INT64_C(365) * 24 * 3600 : (self->wait_ms + 999) / 1000;
    ar_value name = ar_bind_string(self->history.table), wait = { .type = AR_TYPE_INT64, .as.integer = seconds };
    ari_clause *clause = ari_script_query(&self->script, db, AR_STATEMENT_OTHER);
    if (clause != NULL)
        ari_clause_catalog(clause, catalog->lock, &name, &wait);
    if (!catalog->lock_waits && self->wait_ms > 0)
        self->script.timeout_ms = self->wait_ms;
    return go(self, LOCKING, ARI_ACT_ROWS);
}

static ari_act look_for_table(migrating *self)
{
    ar_value none = { .type = AR_TYPE_NULL }, table = ar_bind_string(self->history.table);
    ari_clause *clause = ari_script_query(&self->script, self->script.db, AR_STATEMENT_READ);
    if (clause != NULL)
        ari_clause_catalog(clause, self->script.dialect->catalog->tables, &none, &table);
    return go(self, LOOKING, ARI_ACT_ROWS);
}

/* A session whose connection is lost has lost it, and nobody says so. */
static ari_act check_lock(migrating *self)
{
    ar_value name = ar_bind_string(self->history.table);
    ari_clause *clause = ari_script_query(&self->script, self->script.lock, AR_STATEMENT_READ);
    if (clause != NULL)
        ari_clause_catalog(clause, self->script.dialect->catalog->lock_held, &name, &name);
    return go(self, HOLDING, ARI_ACT_ROWS);
}

static ari_act begin_round(migrating *self)
{
    static const ar_tx_options beside = { .allow_outside = true };
    /* So that what is read behind the lock is what whoever had it before has left. */
    static const ar_tx_options each = { .isolation = AR_ISOLATION_READ_COMMITTED };
    ari_script *script = &self->script;
    const ar_catalog *catalog = script->dialect->catalog;
    bool has_lock = catalog != NULL && catalog->lock != NULL;
    if (self->dry_run)
        return catalog != NULL ? look_for_table(self) : ARI_ACT_END;
    if (!self->in_pieces) {
        ari_script_begin(script, &each);
        return has_lock ? take_lock(self, script->tx) : create_table(self);
    }
    if (has_lock && self->locked)
        return check_lock(self);
    if (!has_lock)
        return create_table(self);
    script->lock = ari_transaction_begin(script->db, &beside, script->unheld);
    return take_lock(self, script->lock);
}

static ari_act on_lock(migrating *self)
{
    int64_t got = 0;
    if (is_busy(self->script.status))
        return fail_busy(self);
    if (self->script.status != AR_OK)
        return fail(self);
    if (ar_rows_int64(self->script.rows, 0, 0, &got, NULL) != AR_OK || got != 1)
        return fail_busy(self);
    self->locked = self->script.lock != NULL;
    return create_table(self);
}

static ari_act on_lock_checked(migrating *self)
{
    const ari_script *script = &self->script;
    int64_t held = 0;
    if (script->status == AR_OK && ar_rows_int64(script->rows, 0, 0, &held, NULL) == AR_OK && held == 1)
        return create_table(self);
    if (script->status != AR_OK)
        ar_ignore(ar_error_set(&self->failure, script->status,
                               "migrating: whether the lock is still held cannot be told; migrate again: %s",
                               script->error.message));
    else
        ar_ignore(ar_error_set(&self->failure, AR_E_CONNECTION,
                               "migrating: the lock against other migrators was lost; migrate again"));
    return stop(self);
}

static ari_act read_history(migrating *self)
{
    ari_history_read(&self->history, &self->script, handle_of(self));
    return go(self, READING, ARI_ACT_ROWS);
}

/* --- what was applied --- */

static const ar_migration *find(const migrating *self, int64_t version)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->migrations[i].version == version)
            return &self->migrations[i];
    }
    return NULL;
}

static ar_status check_row(migrating *self, size_t row, ar_error *err)
{
    const ar_rows *rows = self->script.rows;
    const char *name = NULL, *checksum = NULL, *text = NULL;
    char own[ARI_CHECKSUM];
    int64_t version = 0, statements = 0;
    ari_history_state state;
    ar_status status = ar_rows_int64(rows, row, 0, &version, err);
    if (status == AR_OK)
        status = ar_rows_text(rows, row, 1, &name, err);
    if (status == AR_OK)
        status = ar_rows_text(rows, row, 2, &checksum, err);
    if (status == AR_OK)
        status = ar_rows_text(rows, row, 3, &text, err);
    if (status == AR_OK)
        status = ar_rows_int64(rows, row, 4, &statements, err);
    if (status != AR_OK)
        return status;
    const ar_migration *migration = find(self, version);
    if (!ari_history_state_of(text, &state) || state != ARI_APPLIED)
        return ar_error_set(err, AR_E_INVALID,
                            "migration %" PRId64 " \"%.80s\" stopped half way while it was %s: %" PRId64
                            " of its statements hold, and what ran when it stopped may; mend the database, then tell "
                            "ar_migrate_resolve",
                            version, name, state == ARI_REVERTING ? "undone" : "applied", statements);
    if (migration == NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "migration %" PRId64 " \"%.80s\" was applied, and is not among those that were given",
                            version, name);
    ari_migration_checksum(migration, own);
    if (checksum == NULL || strcmp(own, checksum) != 0)
        return ar_error_set(err, AR_E_INVALID,
                            "migration %" PRId64 " \"%.80s\" was changed after it was applied; change it back, and add "
                            "another",
                            version, migration->name);
    return AR_OK;
}

static bool is_applied(const ar_rows *rows, int64_t version)
{
    int64_t other;
    for (size_t i = 0; rows != NULL && i < ar_rows_count(rows); i++) {
        if (ar_rows_int64(rows, i, 0, &other, NULL) == AR_OK && other == version)
            return true;
    }
    return false;
}

/* The next that is to be run; NULL: there is none. */
static const ar_migration *choose(const migrating *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const ar_migration *each = &self->migrations[self->is_down ? self->count - 1 - i : i];
        bool wanted = self->is_down ? self->steps_left > 0 : each->version <= self->to;
        if (wanted && is_applied(self->script.rows, each->version) == self->is_down)
            return each;
    }
    return NULL;
}

static const char *sql_of(const migrating *self, const ar_migration *migration)
{
    return self->is_down ? migration->down : migration->up;
}

static ar_migration_fn function_of(const migrating *self, const ar_migration *migration)
{
    return self->is_down ? migration->down_fn : migration->up_fn;
}

static ar_migration_step *report_step(migrating *self, const ar_migration *migration)
{
    size_t statements = ari_split_count(self->script.dialect, sql_of(self, migration));
    return ari_report_add(self->report, migration, self->is_down, statements);
}

static bool can_run(const migrating *self, const ar_migration *migration)
{
    return sql_of(self, migration) != NULL || function_of(self, migration) != NULL;
}

static ari_act fail_undoing(migrating *self, const ar_migration *migration)
{
    ar_ignore(ar_error_set(&self->failure, AR_E_UNSUPPORTED,
                           "migration %" PRId64 " \"%.80s\" has nothing that would undo it", migration->version,
                           migration->name));
    return stop(self);
}

/* Of a dry run: all that would be run, one after the other. */
static ari_act report_all(migrating *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const ar_migration *each = &self->migrations[self->is_down ? self->count - 1 - i : i];
        bool wanted = self->is_down ? self->steps_left > 0 : each->version <= self->to;
        if (!wanted || is_applied(self->script.rows, each->version) != self->is_down)
            continue;
        if (!can_run(self, each))
            return fail_undoing(self, each);
        self->steps_left -= self->is_down;
        if (report_step(self, each) == NULL)
            return fail_no_memory(self);
    }
    return stop(self);
}

static ari_act run_next_statement(migrating *self);

static ari_act begin_step(migrating *self)
{
    const char *sql = sql_of(self, self->step);
    self->reported = report_step(self, self->step);
    if (self->reported == NULL)
        return fail_no_memory(self);
    if (!can_run(self, self->step))
        return fail_undoing(self, self->step);
    self->counted = true;
    ari_scan_init(&self->scan, self->script.dialect, sql != NULL ? sql : "", sql != NULL ? strlen(sql) : 0);
    if (!self->in_pieces)
        return run_next_statement(self);
    if (self->is_down)
        ari_history_update(&self->history, &self->script, self->script.db, self->step->version, ARI_REVERTING, 0);
    else
        ari_history_insert(&self->history, &self->script, self->script.db, self->step, ARI_APPLYING, 0);
    return go(self, CLAIMING, ARI_ACT_EXEC);
}

static ari_act on_history(migrating *self)
{
    for (size_t i = 0; self->script.rows != NULL && i < ar_rows_count(self->script.rows); i++) {
        if (check_row(self, i, &self->script.error) != AR_OK)
            return fail(self);
    }
    if (self->dry_run)
        return report_all(self);
    self->step = choose(self);
    return self->step != NULL ? begin_step(self) : stop(self);
}

/* --- the step --- */

static ari_act record(migrating *self)
{
    ar_db *db = handle_of(self);
    size_t statements = self->reported->statements;
    if (self->is_down)
        ari_history_delete(&self->history, &self->script, db, self->step->version);
    else if (self->in_pieces)
        ari_history_update(&self->history, &self->script, db, self->step->version, ARI_APPLIED, statements);
    else
        ari_history_insert(&self->history, &self->script, db, self->step, ARI_APPLIED, statements);
    return go(self, RECORDING, ARI_ACT_EXEC);
}

static ari_act run_function(migrating *self)
{
    ar_migration_fn function = function_of(self, self->step);
    ar_error error = { .status = AR_OK };
    ar_status status = function != NULL ? function(handle_of(self), self->step->arg, &error) : AR_OK;
    if (status == AR_OK)
        return record(self);
    self->script.error = error;
    if (error.status != status)
        ar_ignore(ar_error_set(&self->script.error, status, "its function answered %s", ar_status_name(status)));
    return fail_at(self, true);
}

static ari_act run_next_statement(migrating *self)
{
    ari_piece_of_sql piece;
    if (!ari_split_next(&self->scan, &piece))
        return run_function(self);
    ari_clause *clause = ari_script_query(&self->script, handle_of(self), self->classify(piece.sql, piece.length));
    if (clause != NULL)
        ari_clause_bytes(clause, piece.sql, piece.length);
    return go(self, RUNNING, ARI_ACT_EXEC);
}

static ari_act on_statement(migrating *self)
{
    self->reported->statements_done++;
    if (!self->in_pieces)
        return run_next_statement(self);
    self->counted = false;
    ari_history_update(&self->history, &self->script, self->script.db, self->step->version,
                       self->is_down ? ARI_REVERTING : ARI_APPLYING, self->reported->statements_done);
    return go(self, COUNTING, ARI_ACT_EXEC);
}

static ari_act on_recorded(migrating *self)
{
    if (self->script.tx != NULL)
        return go(self, COMMITTED, ARI_ACT_COMMIT);
    self->script.state = COMMITTED;
    self->reported->is_done = true;
    self->steps_left -= self->steps_left > 0;
    return begin_round(self);
}

static ari_act on_committed(migrating *self)
{
    if (self->script.status != AR_OK)
        return fail_step(self);
    self->reported->is_done = true;
    self->steps_left -= self->steps_left > 0;
    return begin_round(self);
}

static ari_act next(ari_script *script)
{
    migrating *self = (migrating *)script;
    bool failed = script->status != AR_OK;
    switch (script->state) {
    case START: return begin_round(self);
    case LOCKING: return on_lock(self);
    case HOLDING: return on_lock_checked(self);
    case CREATING:
        if (failed && is_busy(script->status) && !self->in_pieces)
            return fail_busy(self);
        return failed ? fail(self) : read_history(self);
    case LOOKING:
        if (failed)
            return fail(self);
        return ar_rows_count(script->rows) > 0 ? read_history(self) : on_history(self);
    case READING: return failed ? fail(self) : on_history(self);
    case CLAIMING: return failed ? fail(self) : run_next_statement(self);
    case RUNNING: return failed ? fail_step(self) : on_statement(self);
    case COUNTING: self->counted = !failed; return failed ? fail_step(self) : run_next_statement(self);
    case RECORDING: return failed ? fail_step(self) : on_recorded(self);
    case COMMITTED: return on_committed(self);
    case FAILED: return stop(self);
    case UNLOCKING: return go(self, UNLOCKED, ARI_ACT_UNLOCK);
    case UNLOCKED: break;
    }
    return finish(self);
}

static void fini(ari_script *script)
{
    migrating *self = (migrating *)script;
    ar_migration_report_free((ar_migration_report *)(void *)self->report);
    ari_release(script->env, self->table);
}

static const ari_script_class migrating_class = { .size = sizeof(migrating), .next = next, .fini = fini };

/* --- calls --- */

static ar_status check_migrations(const ar_migration *migrations, size_t count, ar_error *err)
{
    int64_t before = 0;
    if (migrations == NULL && count > 0)
        return ar_error_set(err, AR_E_INVALID, "migrating: the migrations are NULL");
    for (size_t i = 0; i < count; i++) {
        const ar_migration *each = &migrations[i];
        if (each->version <= before)
            return ar_error_set(err, AR_E_INVALID,
                                "migrating: version %" PRId64 " stands behind %" PRId64
                                "; versions begin at 1 and grow",
                                each->version, before);
        if (each->name == NULL || each->name[0] == '\0' || strlen(each->name) > 200 ||
            !ari_utf8_is_valid(each->name, strlen(each->name)) || (each->up == NULL && each->up_fn == NULL))
            return ar_error_set(err, AR_E_INVALID,
                                "migrating: migration %" PRId64
                                " has no name of at most 200 bytes of UTF-8, or nothing to run",
                                each->version);
        before = each->version;
    }
    return AR_OK;
}

ar_status ari_migrate_options_check(const ar_migrate_options *options, ar_error *err)
{
    if (!ari_options_fit(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "migrating: struct_size is %zu, must be 0 or %zu", options->struct_size,
                            sizeof *options);
    if (options->table != NULL && (options->table[0] == '\0' || strlen(options->table) > 63))
        return ar_error_set(err, AR_E_INVALID, "migrating: the name of the table is empty or longer than 63 bytes");
    return AR_OK;
}

char *ari_migrate_table(const ari_script *script, const char *table, ar_error *err)
{
    if (table == NULL)
        table = "actrec_migrations";
    const char *trouble = ari_name_trouble(script->dialect, table);
    if (trouble != NULL) {
        (void)ar_error_set(err, AR_E_INVALID, "migrating: the name of the table %s", trouble);
        return NULL;
    }
    char *copy = ari_copy_text(script->env, table, strlen(table));
    if (copy == NULL)
        (void)ar_error_set(err, AR_E_NO_MEMORY, "migrating: there is no memory left for it");
    return copy;
}

static const ar_migrate_options *options_or_default(const ar_migrate_options *options)
{
    static const ar_migrate_options defaults;
    return options != NULL ? options : &defaults;
}

static ar_status set_up(migrating *self, const ar_migrate_options *options, ar_error *err)
{
    ari_script *script = &self->script;
    ar_error closed, refused;
    if (script->in_transaction)
        return ar_error_set(err, AR_E_INVALID,
                            "migrating: each step is a transaction of its own; give the database, not a transaction");
    ari_db *db = ari_db_enter(script->db, &closed);
    if (db == NULL)
        return ar_error_set(err, closed.status, "%s", closed.message);
    self->classify = ari_db_backend(db)->classify;
    ari_db_leave(db);
    self->table = ari_migrate_table(script, options->table, &refused);
    if (self->table == NULL)
        return ar_error_set(err, refused.status, "%s", refused.message);
    self->report = ari_report_create(script->env);
    if (self->report == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "migrating: there is no memory left for it");
    self->history.table = self->table;
    self->wait_ms = options->wait_ms == 0 ? 60000 : options->wait_ms;
    self->dry_run = options->dry_run;
    self->in_pieces = script->dialect->implicit_commit;
    return AR_OK;
}

static ar_status create(ar_db *db, const ar_migration *migrations, size_t count, const ar_migrate_options *options,
                        migrating **out, ar_error *err)
{
    ari_script *script;
    options = options_or_default(options);
    ar_status status = check_migrations(migrations, count, err);
    if (status == AR_OK)
        status = ari_migrate_options_check(options, err);
    if (status == AR_OK)
        status = ari_script_create(db, &migrating_class, &script, err);
    if (status != AR_OK)
        return status;
    migrating *self = (migrating *)script;
    self->migrations = migrations;
    self->count = count;
    status = set_up(self, options, err);
    if (status == AR_OK)
        *out = self;
    else
        ari_script_release(script);
    return status;
}

static ar_migration_report *take_report(migrating *self)
{
    ari_report *report = self->report;
    self->report = NULL;
    return report != NULL ? ari_report_finish(report, self->dry_run) : NULL;
}

static ar_status run(migrating *self, ar_migration_report **report, ar_error *err)
{
    ar_status status = ari_script_run(&self->script, err);
    if (report != NULL)
        *report = take_report(self);
    if (status == AR_OK && report != NULL && *report == NULL)
        status = ar_error_set(err, AR_E_NO_MEMORY, "migrating: it is done, and there is no memory for its report");
    ari_script_release(&self->script);
    return status;
}

ar_status ar_migrate_up(ar_db *db, const ar_migration *migrations, size_t count, int64_t to,
                        const ar_migrate_options *options, ar_migration_report **report, ar_error *err)
{
    migrating *self;
    if (report != NULL)
        *report = NULL;
    ar_status status = create(db, migrations, count, options, &self, err);
    if (status != AR_OK)
        return status;
    self->to = to;
    return run(self, report, err);
}

ar_status ar_migrate_down(ar_db *db, const ar_migration *migrations, size_t count, size_t steps,
                          const ar_migrate_options *options, ar_migration_report **report, ar_error *err)
{
    migrating *self;
    if (report != NULL)
        *report = NULL;
    ar_status status = create(db, migrations, count, options, &self, err);
    if (status != AR_OK)
        return status;
    self->is_down = true;
    self->steps_left = steps;
    return run(self, report, err);
}

ar_migration_future ar_migrate_up_async(ar_db *db, const ar_migration *migrations, size_t count, int64_t to,
                                        const ar_migrate_options *options, ar_executor *executor)
{
    migrating *self;
    ar_error error;
    ar_status status = create(db, migrations, count, options, &self, &error);
    if (status != AR_OK)
        return (ar_migration_future){ .raw = ari_future_failed(NULL, status, &error) };
    self->to = to;
    return (ar_migration_future){ .raw = ari_script_start(&self->script, executor) };
}

ar_migration_future ar_migrate_down_async(ar_db *db, const ar_migration *migrations, size_t count, size_t steps,
                                          const ar_migrate_options *options, ar_executor *executor)
{
    migrating *self;
    ar_error error;
    ar_status status = create(db, migrations, count, options, &self, &error);
    if (status != AR_OK)
        return (ar_migration_future){ .raw = ari_future_failed(NULL, status, &error) };
    self->is_down = true;
    self->steps_left = steps;
    return (ar_migration_future){ .raw = ari_script_start(&self->script, executor) };
}

static ar_migration_report *report_of(ar_future *done)
{
    migrating *self = (migrating *)ari_script_of(done, &migrating_class);
    return self != NULL ? take_report(self) : NULL;
}

ar_status ar_migration_await_for(ar_migration_future *future, int64_t timeout_ms, ar_migration_report **report,
                                 ar_error *err)
{
    ar_future *done;
    if (report != NULL)
        *report = NULL;
    if (future == NULL)
        return ar_error_set(err, AR_E_INVALID, "awaiting a migration: the future is NULL");
    ar_status status = ari_future_await(&future->raw, timeout_ms, &done, err);
    if (status == AR_E_PENDING || done == NULL)
        return status;
    status = ari_future_outcome(done, err);
    if (report != NULL)
        *report = report_of(done);
    ari_future_unref(done);
    return status;
}

ar_status ar_migration_await(ar_migration_future *future, ar_migration_report **report, ar_error *err)
{
    return ar_migration_await_for(future, -1, report, err);
}

static void call_report(void (*fn)(void), void *arg, ar_future *future)
{
    ar_error error;
    ar_status status = ari_future_outcome(future, &error);
    ((ar_migration_report_fn)fn)(arg, status, report_of(future), status == AR_OK ? NULL : &error);
}

ar_status ar_migration_then(ar_migration_future *future, ar_executor *executor, ar_migration_report_fn fn, void *arg,
                            ar_error *err)
{
    return ar_future_then_with(future != NULL ? &future->raw : NULL, executor, call_report, (void (*)(void))fn, arg,
                               err);
}
