/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "backends/postgres/task.h"

/* The plan of a batch. The queue is sent in its order, as far as may be, in segments, each closed by a Sync, behind which the server commits. An operation has a segment of its own, with
 * two exceptions. BEGIN shares one with the operation behind it, which therefore fails with it. And generated reads outside transactions that lock nothing share one, at READ COMMITTED, which opens
 * with a guard that makes it read-only: a view that writes would otherwise lose what it wrote when a neighbour fails.
 *
 * Whatever needs the types of its parameters waits until the server has described them, and the queue with it: statements that are not known yet are asked about together, once. What ends a
 * transaction or a savepoint is sent when nothing is under way, and nothing behind it: it depends on what became of those before it.
 *
 * A call of libpq that fails has left the connection without a usable state: it is lost. */

enum { segment_limit = 128, steps_limit = 2048, ask_limit = 64 };

static const char guard_text[] = "SELECT set_config('transaction_read_only', 'on', true)";

typedef enum outcome { SENT, WAIT, LOST } outcome;

/* --- the driver --- */

static bool send_sync(ar_connection *connection)
{
    connection->syncs++;
    connection->fresh = true;
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
    return PQsendPipelineSync(connection->pg) == 1;
#else
    return PQpipelineSync(connection->pg) == 1;
#endif
}

static ari_postgres_step *last_step(const ar_connection *connection)
{
    if (connection->steps == NULL)
        return NULL;
    return (ari_postgres_step *)(void *)((char *)connection->steps_end - offsetof(ari_postgres_step, next));
}

static bool segment_open(const ar_connection *connection)
{
    const ari_postgres_step *last = last_step(connection);
    return last != NULL && !last->sync;
}

bool ari_postgres_seal(ar_connection *connection)
{
    if (!segment_open(connection))
        return true;
    last_step(connection)->sync = true;
    connection->segment_size = 0;
    connection->segment_shared = false;
    return send_sync(connection);
}

bool ari_postgres_fence(ar_connection *connection)
{
    return ari_postgres_seal(connection);
}

/* A statement without a name. */
static bool send_text(ar_connection *connection, const char *text, uint32_t count, const Oid *types, bool binary)
{
    const ari_postgres_parameters *p = &connection->parameters;
    connection->commands++;
    if (count == 0)
        return PQsendQueryParams(connection->pg, text, 0, NULL, NULL, NULL, NULL, binary ? 1 : 0) == 1;
    return PQsendQueryParams(connection->pg, text, (int)count, types, p->values, p->lengths, p->formats,
                             binary ? 1 : 0) == 1;
}

/* libpq wants texts that end with a NUL; those of ar_statement need not. */
static const char *text_of(ar_connection *connection, const char *before, const ar_statement *source)
{
    ari_text_buffer *text = &connection->text;
    ari_text_buffer_clear(text);
    ari_text_buffer_append_cstr(text, before);
    ari_text_buffer_append(text, source->sql, source->sql_length);
    return text->failed ? NULL : ari_text_buffer_cstr(text);
}

/* So that text_of does not fail when an operation is out of the queue. */
static bool text_reserve(ar_connection *connection, const ar_statement *source)
{
    return text_of(connection, "", source) != NULL;
}

static bool send_statement(ar_connection *connection, const ari_postgres_statement *statement,
                           const ar_statement *source)
{
    const ari_postgres_parameters *p = &connection->parameters;
    if (!statement->named) {
        const char *text = text_of(connection, "", source);
        return text != NULL && send_text(connection, text, statement->type_count, statement->types, statement->binary);
    }
    connection->commands++;
    return PQsendQueryPrepared(connection->pg, statement->name, (int)statement->type_count, p->values, p->lengths,
                               p->formats, statement->binary ? 1 : 0) == 1;
}

/* --- asking the server about statements --- */

bool ari_postgres_ask(ar_connection *connection, ari_postgres_statement *statement, const ar_statement *source)
{
    bool named = statement->entry.cached && !connection->pooled;
    const char *name = named ? statement->name : "", *text = text_of(connection, "", source);
    ari_postgres_step *parse, *describe;
    if (text == NULL || !ari_postgres_steps_reserve(connection))
        return false;
    statement->asked_by_name = named;
    if (!(named && statement->exists)) {
        parse = ari_postgres_step_add(connection, ARI_POSTGRES_PARSE, NULL);
        parse->statement = statement;
        statement->users++;
        connection->unsendable |= PQsendPrepare(connection->pg, name, text, 0, NULL) != 1;
    }
    describe = ari_postgres_step_add(connection, ARI_POSTGRES_DESCRIBE, NULL);
    describe->statement = statement;
    statement->users++;
    statement->state = ARI_POSTGRES_ASKED;
    connection->commands++;
    connection->unsendable |= PQsendDescribePrepared(connection->pg, name) != 1;
    connection->unsendable |= !ari_postgres_seal(connection);
    return true;
}

/* What has no parameters and gives no rows that matter needs no types. */
static bool needs_types(const ar_operation *operation)
{
    const ar_statement *source = operation->statement;
    bool rows = source->statement_class == AR_STATEMENT_READ || source->statement_class == AR_STATEMENT_WRITE;
    return source->parameter_count > 0 || operation->row_limit > 0 || (rows && source->id != 0);
}

static ar_status look_up(ar_connection *connection, ari_postgres_task *task, ar_error *err)
{
    const ar_operation *operation = task->operation;
    const ar_statement *source = operation->statement;
    if (task->statement != NULL)
        return AR_OK;
    if (source == NULL)
        return ar_error_set(err, AR_E_INVALID, "running a statement: there is none");
    if (source->parameter_count > 0 && operation->parameters == NULL)
        return ar_error_set(err, AR_E_INVALID, "running a statement: it takes %u parameters and there are none",
                            (unsigned)source->parameter_count);
    task->statement = ari_postgres_statement_use(&connection->statements, source, err);
    if (task->statement == NULL)
        return err->status;
    if (task->statement->text_class == AR_STATEMENT_TRANSACTION || source->statement_class == AR_STATEMENT_TRANSACTION)
        return ar_error_set(err, AR_E_INVALID,
                            "running a statement: transactions are not begun and ended with SQL; use ar_tx_begin");
    return AR_OK;
}

/* Those further back in the queue that will be asked about too, so that they do not wait one after the other. */
static void ask_for_others(ar_connection *connection, const ari_postgres_task *head)
{
    size_t asked = 0;
    ar_error ignored;
    for (ari_postgres_task *task = head->next; task != NULL && asked < ask_limit; task = task->next) {
        if (task->kind != AR_OP_EXECUTE || task->in_transaction != head->in_transaction || task->operation == NULL)
            break;
        if (look_up(connection, task, &ignored) != AR_OK || !task->statement->entry.cached || connection->pooled ||
            task->statement->state != ARI_POSTGRES_UNKNOWN || !needs_types(task->operation))
            continue;
        if (!ari_postgres_ask(connection, task->statement, task->operation->statement))
            return;
        asked++;
    }
}

static bool room_in_segment(const ar_connection *connection)
{
    return connection->segment_shared && connection->segment_size < segment_limit;
}

static bool begun(const ar_connection *connection)
{
    return segment_open(connection) && !connection->segment_shared;
}

static void finish(ar_connection *connection, const ar_error *error)
{
    ari_postgres_task *task = ari_postgres_unqueue(connection);
    ari_postgres_complete(connection, task, error);
    ari_postgres_task_done(connection, task);
}

/* Behind a BEGIN that is under way it waits for that, and is tried again. */
static outcome refuse(ar_connection *connection, const ar_error *error)
{
    if (connection->begin_pending && connection->queue->in_transaction)
        return WAIT;
    connection->queue->operation->unsent = true;
    finish(connection, error);
    return SENT;
}

static outcome refuse_memory(ar_connection *connection)
{
    ar_error error;
    ar_ignore(ar_error_set(&error, AR_E_NO_MEMORY, "running an operation: no memory"));
    return refuse(connection, &error);
}

static outcome ask(ar_connection *connection, ari_postgres_task *task)
{
    if (task->statement->state == ARI_POSTGRES_ASKED)
        return WAIT;
    if (!begun(connection) && !ari_postgres_seal(connection))
        return LOST;
    if (!ari_postgres_ask(connection, task->statement, task->operation->statement))
        return refuse_memory(connection);
    if (!task->in_transaction) /* there one that cannot be parsed fails the transaction, and must not do so before its turn */
        ask_for_others(connection, task);
    return WAIT;
}

/* --- one operation --- */

static ar_status encode(ar_connection *connection, const ari_postgres_task *task, ar_error *err)
{
    const ar_operation *operation = task->operation;
    const ari_postgres_statement *statement = task->statement;
    if (statement->type_count != operation->statement->parameter_count)
        return ar_error_set(err, AR_E_INVALID, "running a statement: its text takes %u parameters and %u are given",
                            (unsigned)statement->type_count, (unsigned)operation->statement->parameter_count);
    if (operation->wanted != NULL && task->writes && statement->column_count != operation->wanted_count)
        return ar_error_set(err, AR_E_TYPE, "running a statement: it has %u columns and %zu are wanted",
                            (unsigned)statement->column_count, operation->wanted_count);
    if (operation->rows > 0)
        return ari_postgres_encode_rows(&connection->parameters, statement->types, statement->type_count,
                                        operation->parameters, operation->rows, err);
    return ari_postgres_encode(&connection->parameters, statement->types, statement->type_count, operation->parameters,
                               err);
}

static bool may_share(const ar_connection *connection, const ari_postgres_task *task)
{
    const ar_operation *operation = task->operation;
    return connection->shares && task->kind == AR_OP_EXECUTE && !task->in_transaction && !task->own_sync &&
           operation != NULL && operation->row_limit == 0 && operation->statement != NULL &&
           operation->statement->generated && operation->statement->statement_class == AR_STATEMENT_READ &&
           (task->statement == NULL || task->statement->plain_read);
}

static outcome add_step(ar_connection *connection, ari_postgres_step_kind kind, ari_postgres_task *tasks, bool early)
{
    ari_postgres_step *step = ari_postgres_step_add(connection, kind, tasks);
    step->early = early;
    connection->segment_size++;
    return SENT;
}

static bool send_guard(ar_connection *connection)
{
    connection->segment_shared = true;
    connection->segment_size = 0;
    return add_step(connection, ARI_POSTGRES_GUARD, NULL, false) == SENT &&
           send_text(connection, guard_text, 0, NULL, false);
}

/* Whether what is to be sent now goes into a shared segment, which is opened when another would join it. Its tasks are out of the queue already. */
static bool join_segment(ar_connection *connection, bool shareable, bool *early)
{
    *early = false;
    if (begun(connection))
        return true;
    if (shareable && room_in_segment(connection)) {
        *early = true;
        return true;
    }
    if (!ari_postgres_seal(connection))
        return false;
    if (!shareable || connection->queue == NULL || !may_share(connection, connection->queue))
        return true;
    *early = true;
    return send_guard(connection);
}

static outcome send_run(ar_connection *connection)
{
    bool early = false, shareable = may_share(connection, connection->queue);
    ari_postgres_task *task = ari_postgres_unqueue(connection);
    if (!join_segment(connection, shareable, &early) || add_step(connection, ARI_POSTGRES_RUN, task, early) != SENT ||
        !send_statement(connection, task->statement, task->operation->statement))
        return LOST;
    return early || ari_postgres_seal(connection) ? SENT : LOST;
}

static outcome send_fused(ar_connection *connection, ari_postgres_task *members)
{
    bool early = false, shareable = may_share(connection, members);
    const ar_statement *source = members->operation->statement->together->statements[0];
    if (!join_segment(connection, shareable, &early) ||
        add_step(connection, ARI_POSTGRES_FUSED, members, early) != SENT ||
        !send_statement(connection, members->find_together, source))
        return LOST;
    return early || ari_postgres_seal(connection) ? SENT : LOST;
}

static outcome send_fetch(ar_connection *connection, ari_postgres_task *task, ari_postgres_cursor *cursor)
{
    char text[96];
    ari_postgres_step *step = ari_postgres_step_add(connection, ARI_POSTGRES_FETCH, task);
    step->cursor = cursor;
    cursor->steps++;
    if (task->operation->row_limit > 0)
        snprintf(text, sizeof text, "FETCH FORWARD %zu FROM ar_c%u", task->operation->row_limit,
                 (unsigned)cursor->number);
    else
        snprintf(text, sizeof text, "FETCH FORWARD ALL FROM ar_c%u", (unsigned)cursor->number);
    return send_text(connection, text, 0, NULL, cursor->binary) && ari_postgres_seal(connection) ? SENT : LOST;
}

static outcome send_cursor(ar_connection *connection)
{
    char head[64];
    ari_postgres_task *task = connection->queue;
    const ari_postgres_statement *statement = task->statement;
    ari_postgres_cursor *cursor = ari_postgres_cursor_new(connection, statement->binary);
    if (cursor == NULL)
        return refuse_memory(connection);
    snprintf(head, sizeof head, "DECLARE ar_c%u NO SCROLL CURSOR FOR ", (unsigned)cursor->number);
    const char *text = text_of(connection, head, task->operation->statement);
    if (text == NULL) {
        ari_postgres_cursor_free(connection, cursor);
        return refuse_memory(connection);
    }
    (void)ari_postgres_unqueue(connection);
    ari_postgres_step *step = ari_postgres_step_add(connection, ARI_POSTGRES_DECLARE, task);
    step->cursor = cursor;
    cursor->steps++;
    if (!send_text(connection, text, statement->type_count, statement->types, false))
        return LOST;
    return send_fetch(connection, task, cursor);
}

static ar_status check_cursor(const ari_postgres_task *task, ar_error *err)
{
    const ar_operation *operation = task->operation;
    if (operation->row_limit == 0)
        return AR_OK;
    if (!task->in_transaction)
        return ar_error_set(err, AR_E_INVALID,
                            "running a statement with a limit of rows: a cursor lives in a transaction only");
    if (!ari_postgres_statement_is_query(operation->statement))
        return ar_error_set(err, AR_E_INVALID, "running a statement with a limit of rows: it is no query");
    return AR_OK;
}

static outcome send_execute(ar_connection *connection)
{
    ar_error error;
    bool wait = false;
    ari_postgres_task *task = connection->queue;
    ar_status status = look_up(connection, task, &error);
    if (status == AR_OK)
        status = check_cursor(task, &error);
    if (status == AR_OK && !text_reserve(connection, task->operation->statement))
        status = ar_error_set(&error, AR_E_NO_MEMORY, "running a statement: no memory");
    if (status != AR_OK)
        return refuse(connection, &error);
    if (task->statement->state != ARI_POSTGRES_DESCRIBED && needs_types(task->operation))
        return ask(connection, task);
    ari_postgres_task *members = ari_postgres_fuse(connection, &wait);
    if (members != NULL)
        return send_fused(connection, members);
    if (wait)
        return WAIT;
    if (task->statement->state == ARI_POSTGRES_DESCRIBED && encode(connection, task, &error) != AR_OK)
        return refuse(connection, &error);
    return task->operation->row_limit > 0 ? send_cursor(connection) : send_run(connection);
}

/* --- the words of transactions --- */

static outcome send_word(ar_connection *connection, const char *text)
{
    if (!begun(connection) && !ari_postgres_seal(connection))
        return LOST;
    ari_postgres_task *task = ari_postgres_unqueue(connection);
    bool begin = task->kind == AR_OP_BEGIN;
    if (add_step(connection, ARI_POSTGRES_RUN, task, begin) != SENT || !send_text(connection, text, 0, NULL, false))
        return LOST;
    if (begin && connection->queue != NULL && connection->queue->in_transaction)
        return SENT; /* what follows shares its Sync */
    return ari_postgres_seal(connection) ? SENT : LOST;
}

/* What only reads sees one unchanging view unless another level was asked for. */
static void write_begin(const ar_operation *operation, char *text, size_t size)
{
    static const char *const levels[] = { [AR_ISOLATION_DEFAULT] = "",
                                          [AR_ISOLATION_READ_COMMITTED] = " ISOLATION LEVEL READ COMMITTED",
                                          [AR_ISOLATION_REPEATABLE_READ] = " ISOLATION LEVEL REPEATABLE READ",
                                          [AR_ISOLATION_SERIALIZABLE] = " ISOLATION LEVEL SERIALIZABLE" };
    ar_isolation isolation = operation->isolation;
    if (isolation == AR_ISOLATION_DEFAULT && operation->read_only)
        isolation = AR_ISOLATION_REPEATABLE_READ;
    snprintf(text, size, "BEGIN%s%s%s", levels[isolation], operation->read_only ? " READ ONLY" : "",
             operation->deferrable ? " DEFERRABLE" : "");
}

static outcome send_begin(ar_connection *connection)
{
    char text[96];
    write_begin(connection->queue->operation, text, sizeof text);
    connection->in_transaction = true;
    connection->tx_failed = false;
    connection->begin_error = (ar_error){ .status = AR_OK };
    connection->begin_pending = true;
    return send_word(connection, text);
}

static outcome send_barrier(ar_connection *connection)
{
    char text[64];
    const ari_postgres_task *task = connection->queue;
    unsigned number = (unsigned)task->operation->savepoint;
    switch (task->kind) {
    case AR_OP_COMMIT: snprintf(text, sizeof text, connection->tx_failed ? "ROLLBACK" : "COMMIT"); break;
    case AR_OP_ROLLBACK: snprintf(text, sizeof text, "ROLLBACK"); break;
    case AR_OP_RELEASE: snprintf(text, sizeof text, "RELEASE SAVEPOINT ar_%u", number); break;
    default: snprintf(text, sizeof text, "ROLLBACK TO SAVEPOINT ar_%u", number); break;
    }
    if (task->kind == AR_OP_ROLLBACK_TO)
        connection->rollbacks_to++;
    connection->barred = true;
    return send_word(connection, text);
}

static outcome send_savepoint(ar_connection *connection)
{
    char text[48];
    snprintf(text, sizeof text, "SAVEPOINT ar_%u", (unsigned)connection->queue->operation->savepoint);
    return send_word(connection, text);
}

static outcome fetch(ar_connection *connection)
{
    ar_error error;
    ari_postgres_task *task = connection->queue;
    ari_postgres_cursor *cursor = ari_postgres_cursor_find(connection, task->operation->cursor);
    task->operation->cursor = NULL;
    if (cursor == NULL || cursor->dead) {
        ar_ignore(ar_error_set(&error, AR_E_TX_ABORTED,
                               "reading on with a cursor: the transaction that it was opened in has ended"));
        return refuse(connection, &error);
    }
    if (!begun(connection) && !ari_postgres_seal(connection))
        return LOST;
    (void)ari_postgres_unqueue(connection);
    return send_fetch(connection, task, cursor);
}

/* It is sent where the server has the cursor for sure; elsewhere it goes with its transaction. */
static outcome close_cursor(ar_connection *connection)
{
    char text[48];
    ari_postgres_cursor *cursor = ari_postgres_cursor_find(connection, connection->queue->operation->cursor);
    connection->queue->operation->cursor = NULL;
    finish(connection, NULL);
    if (cursor == NULL)
        return SENT;
    cursor->listed = false;
    bool there = !cursor->dead && connection->in_transaction && !connection->tx_failed &&
                 cursor->rollbacks_to == connection->rollbacks_to && cursor->steps == 0;
    snprintf(text, sizeof text, "CLOSE ar_c%u", (unsigned)cursor->number);
    if (cursor->steps == 0)
        ari_postgres_cursor_free(connection, cursor);
    if (!there)
        return SENT;
    if (add_step(connection, ARI_POSTGRES_CONTROL, NULL, false) != SENT || !send_text(connection, text, 0, NULL, false))
        return LOST;
    return ari_postgres_seal(connection) ? SENT : LOST;
}

static bool is_barrier(ar_operation_kind kind)
{
    return kind == AR_OP_COMMIT || kind == AR_OP_ROLLBACK || kind == AR_OP_ROLLBACK_TO || kind == AR_OP_RELEASE ||
           kind == AR_OP_RESET;
}

/* Operations of a transaction that is not there, or refuses them. */
static bool refused(ar_connection *connection, ar_error *err)
{
    const ari_postgres_task *task = connection->queue;
    bool ends = task->kind == AR_OP_COMMIT || task->kind == AR_OP_ROLLBACK || task->kind == AR_OP_ROLLBACK_TO;
    if (task->kind == AR_OP_BEGIN || task->kind == AR_OP_RESET || task->kind == AR_OP_CLOSE_CURSOR ||
        (task->kind == AR_OP_EXECUTE && !task->in_transaction))
        return false;
    if (!connection->in_transaction) {
        *err = connection->begin_error;
        if (err->status == AR_OK)
            ar_ignore(ar_error_set(err, AR_E_TX_ABORTED,
                                   "running an operation of a transaction: none is open on this connection"));
        return true;
    }
    if (!connection->tx_failed || ends)
        return false;
    ar_ignore(
        ar_error_set(err, AR_E_TX_ABORTED, "running an operation of a transaction: one before it failed; roll back"));
    return true;
}

static outcome send_head(ar_connection *connection)
{
    ar_error error;
    const ari_postgres_task *task = connection->queue;
    bool open = segment_open(connection);
    if (!ari_postgres_steps_reserve(connection)) {
        connection->broken |= is_barrier(task->kind); /* a transaction must not stay open because its end was refused */
        return refuse_memory(connection);
    }
    if (is_barrier(task->kind) && connection->steps != NULL && !open)
        return WAIT;
    if (is_barrier(task->kind) && open)
        return ari_postgres_seal(connection) ? WAIT : LOST;
    if (task->kind == AR_OP_ROLLBACK && !connection->in_transaction) {
        finish(connection, NULL);
        return SENT;
    }
    if (refused(connection, &error))
        return refuse(connection, &error);
    switch (task->kind) {
    case AR_OP_EXECUTE: return send_execute(connection);
    case AR_OP_FETCH: return fetch(connection);
    case AR_OP_CLOSE_CURSOR: return close_cursor(connection);
    case AR_OP_BEGIN: return send_begin(connection);
    case AR_OP_SAVEPOINT: return send_savepoint(connection);
    case AR_OP_COMMIT:
    case AR_OP_ROLLBACK:
    case AR_OP_RELEASE:
    case AR_OP_ROLLBACK_TO: return send_barrier(connection);
    case AR_OP_RESET: ari_postgres_start_reset(connection); return WAIT;
    }
    return LOST;
}

/* Names of statements that fell out of the cache are given back outside transactions, where it does no harm that the server does not know one. */
static bool send_deallocate(ar_connection *connection)
{
    char text[ARI_POSTGRES_NAME_SIZE + 16];
    ari_postgres_statements *statements = &connection->statements;
    while (statements->evicted_count > 0) {
        statements->evicted_count--;
        snprintf(text, sizeof text, "DEALLOCATE %s", statements->evicted[statements->evicted_count]);
        if (!ari_postgres_steps_reserve(connection))
            return true;
        if (add_step(connection, ARI_POSTGRES_CONTROL, NULL, false) != SENT ||
            !send_text(connection, text, 0, NULL, false) || !ari_postgres_seal(connection))
            return false;
    }
    return true;
}

void ari_postgres_pump(ar_connection *connection)
{
    outcome what = SENT;
    while (what == SENT && connection->state == ARI_POSTGRES_OPEN && connection->queue != NULL &&
           !connection->cancelling && !connection->blocked && connection->steps_count < steps_limit) {
        if (connection->barred && connection->steps != NULL)
            break;
        connection->barred = false;
        what = send_head(connection);
        if (connection->unsendable)
            what = LOST;
    }
    if (connection->state != ARI_POSTGRES_OPEN)
        return;
    if (what == LOST || connection->unsendable || !ari_postgres_seal(connection) ||
        (connection->statements.evicted_count > 0 && !connection->in_transaction && !connection->cancelling &&
         !connection->barred && !send_deallocate(connection))) {
        ari_postgres_lose(connection);
        return;
    }
    int flushed = connection->steps != NULL ? PQflush(connection->pg) : 0;
    connection->blocked = flushed == 1;
    if (flushed < 0)
        connection->broken = true; /* what has come is read first */
}
