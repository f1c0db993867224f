/* SPDX-License-Identifier: MIT */
#include "pools/token.h"

#include <stddef.h>

#include "pools/private.h"

/* A transaction that is to know whether its COMMIT holds writes a row right before it: a token that nobody else has, marked as held. When the answer to COMMIT is lost, the
 * row is there or not, as all else of the transaction is. Whoever looks first inserts the same token, marked as not held, in a transaction of its own, unless it is there:
 *
 *   - that waits while the server still has the first transaction open, for the token is unique;
 *   - when it was committed, the row that is there stays, and says so;
 *   - when it was not, the new row says so, and is in the way should that transaction come to its own row only now: it cannot be committed any more.
 *
 * So what the row says then is final, and inserting it again changes nothing, which is done on as many connections as it takes, until the deadline of the transaction.
 *
 * The table is made by the first lease that finds none, before its BEGIN. Rows of old are deleted at that place too, now and then; they are kept much longer than anybody
 * looks for them. */

enum { VERDICT_NONE = -1, VERDICT_LOST = 0, VERDICT_HELD = 1 };

enum { PREPARE_TRIES = 4 };

static const int64_t second = 1000000;

static int64_t keep_for(void)
{
    return second * 24 * 3600;
}

static int64_t look_for(const ari_lease *lease, int64_t now)
{
    const int64_t most = now + second * 12 * 3600;
    int64_t until = lease->options.deadline == INT64_MAX ? now + 30 * second : lease->options.deadline;
    return until < most ? until : most;
}

static int64_t now_of(const ari_lease *lease)
{
    const ar_env *env = &lease->pool->runtime->env;
    return env->now(env->ctx);
}

/* --- the table --- */

static void start(ari_connection *connection, ari_lease *lease, ari_lease_step step, const ar_statement *statement,
                  int64_t deadline)
{
    ar_operation errand = {
        .kind = AR_OP_EXECUTE, .statement = statement, .parameters = lease->token.values, .deadline = deadline
    };
    ari_lease_start_step(connection, lease, step, errand);
}

bool ari_token_prepare(ari_connection *connection, ari_lease *lease)
{
    const ar_env *env = &lease->pool->runtime->env;
    ari_token_statements *statements = lease->options.token;
    int64_t now = now_of(lease), due = atomic_load_explicit(&statements->clean_at, memory_order_relaxed);
    if (lease->token.prepared || now < due)
        return false;
    lease->token.values[0] = (ar_value){ .type = AR_TYPE_INT64, .as.integer = env->wall_now(env->ctx) - keep_for() };
    bool make = lease->token.missing;
    start(connection, lease, make ? STEP_TOKEN_TABLE : STEP_TOKEN_CLEAN, make ? statements->make : statements->clean,
          lease->options.deadline);
    return true;
}

static void prepared(ari_connection *connection, ari_lease *lease, ari_lease_step step)
{
    bool good = lease->step_error.status == AR_OK;
    if (good && step == STEP_TOKEN_CLEAN) {
        lease->token.prepared = true;
        atomic_store_explicit(&lease->options.token->clean_at, now_of(lease) + 600 * second, memory_order_relaxed);
        return;
    }
    if (!good && ++lease->token.tries == PREPARE_TRIES) {
        ari_lease_open_failed(connection, &lease->step_error);
        return;
    }
    /* A table that was not made is there when somebody else has made it meanwhile. */
    if (lease->step_error.status != AR_E_CONNECTION)
        lease->token.missing = !good && step == STEP_TOKEN_CLEAN;
}

/* --- the row --- */

static void set_values(ari_lease *lease, int verdict)
{
    const ar_env *env = &lease->pool->runtime->env;
    lease->token.values[0] = (ar_value){ .type = AR_TYPE_UUID, .as.uuid = lease->options.token_id };
    lease->token.values[1] = (ar_value){ .type = AR_TYPE_INT64, .as.integer = verdict };
    lease->token.values[2] = (ar_value){ .type = AR_TYPE_INT64, .as.integer = env->wall_now(env->ctx) };
}

void ari_token_write(ari_connection *connection, ari_lease *lease)
{
    set_values(lease, VERDICT_HELD);
    start(connection, lease, STEP_TOKEN, lease->options.token->insert, lease->options.deadline);
}

/* --- a commit in doubt --- */

bool ari_token_doubts(ari_lease *lease)
{
    if (lease->options.token == NULL || !lease->answer.outcome_unknown)
        return false;
    lease->token.until = look_for(lease, now_of(lease));
    lease->token.try_at = 0;
    lease->token.tries = 0;
    lease->token.doubt = true;
    return true;
}

/* The next time is later and later; where nobody would be called for it, there is none. */
static void try_later(const ari_connection *connection, ari_lease *lease)
{
    unsigned shift = lease->token.tries < 6 ? lease->token.tries : 6;
    lease->token.tries++;
    lease->token.try_at = now_of(lease) + (second / 64 << shift);
    if (connection->pool->topology.blocking)
        lease->token.until = 0;
}

static ar_status take_verdict(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    ari_lease *lease = ctx;
    (void)err;
    if (count == 1 && values[0].type == AR_TYPE_INT64)
        lease->token.verdict = values[0].as.integer == VERDICT_HELD ? VERDICT_HELD : VERDICT_LOST;
    return AR_OK;
}

static void forget_verdict(void *ctx)
{
    ari_lease *lease = ctx;
    lease->token.verdict = VERDICT_NONE;
}

static const ar_sink verdict_sink = { .row = take_verdict, .restart = forget_verdict };
static const ar_type verdict_type[] = { AR_TYPE_INT64 };

bool ari_token_look(ari_connection *connection, ari_lease *lease)
{
    int64_t now = now_of(lease);
    if (now >= lease->token.until) {
        lease->token.doubt = false; /* it is not told */
        lease->ran_raw = lease->ran_raw && connection->state != CONNECTION_CONNECTING;
        ari_lease_answer_end(lease);
        return true;
    }
    if (now < lease->token.try_at)
        return false;
    if (!ari_connection_ensure(connection, NULL))
        return connection->opened;
    set_values(lease, VERDICT_LOST);
    start(connection, lease, STEP_TOKEN_CLAIM, lease->options.token->claim, lease->token.until);
    return true;
}

void ari_token_open_failed(ari_connection *connection, ari_lease *lease)
{
    try_later(connection, lease);
}

static void claimed(ari_connection *connection, ari_lease *lease)
{
    if (lease->step_error.status != AR_OK) {
        try_later(connection, lease);
        return;
    }
    ar_operation errand = { .kind = AR_OP_EXECUTE,
                            .statement = lease->options.token->look,
                            .parameters = lease->token.values,
                            .wanted = verdict_type,
                            .wanted_count = 1,
                            .sink = &verdict_sink,
                            .sink_ctx = lease,
                            .deadline = lease->token.until };
    lease->token.verdict = VERDICT_NONE;
    ari_lease_start_step(connection, lease, STEP_TOKEN_LOOK, errand);
}

static void looked(ari_connection *connection, ari_lease *lease)
{
    if (lease->step_error.status != AR_OK || lease->token.verdict == VERDICT_NONE) {
        try_later(connection, lease);
        return;
    }
    lease->token.doubt = false;
    lease->answer = (ar_error){ .status = AR_OK };
    if (lease->token.verdict == VERDICT_HELD)
        return;
    ar_ignore(ar_error_set(&lease->answer, AR_E_CONNECTION,
                           "committing a transaction: the connection was lost; the database says that it was not "
                           "committed, and never will be"));
    lease->answer.retryable = true;
}

void ari_token_step_ended(ari_connection *connection, ari_lease *lease, ari_lease_step step)
{
    if (step == STEP_TOKEN_CLAIM)
        claimed(connection, lease);
    else if (step == STEP_TOKEN_LOOK)
        looked(connection, lease);
    else
        prepared(connection, lease, step);
}

int64_t ari_token_deadline(const ari_lease *lease)
{
    const ari_connection *connection = atomic_load(&lease->connection);
    bool waits = lease->step == STEP_NONE && connection->state != CONNECTION_CONNECTING;
    return waits && lease->token.try_at < lease->token.until ? lease->token.try_at : lease->token.until;
}
