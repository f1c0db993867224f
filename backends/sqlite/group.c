/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/group.h"

#include <string.h>

#include "backends/sqlite/batch.h"
#include "backends/sqlite/config.h"
#include "backends/sqlite/error.h"
#include "backends/sqlite/execute.h"
#include "backends/sqlite/wait.h"
#include "values/memory.h"

/* Group commit. Autocommit operations that are there together run between one BEGIN IMMEDIATE and one COMMIT, without
 * savepoints; what each has as its result is what it would have had alone, in this order:
 *
 * - Nothing completes before COMMIT has, reads and failures neither: they may have seen rows of neighbours that are
 *   then rolled back. Only what did not run, cancelled or late, completes at once.
 * - An ordinary failure (ABORT, or FAIL, which keeps what the statement did up to there, as in autocommit) is held,
 *   and the group goes on. There is room for `held_limit` of those; then the group ends early and another one
 *   begins.
 * - SQLite leaves the transaction by itself (ON CONFLICT ROLLBACK, RAISE(ROLLBACK), a full disk, an I/O error, no
 *   memory, an interrupted write): nothing of the group persisted. The culprit keeps its error and the others run
 *   again one by one. Where the error is a constraint the culprit runs again too, in its place: it may have met a
 *   row of a neighbour that now comes out otherwise.
 * - A statement that writes and whose rows were refused, and foreign keys left for COMMIT (alone that statement
 *   would have failed): rolled back, one by one.
 * - BUSY at BEGIN or COMMIT: SQLite waits, until the busy timeout counted from the start of the group is over (then
 *   all that write fail as locked, and the reads run alone), or until one member is cancelled or late. That one
 *   completes, provably not written; the others begin again as a group with what is left of the time. With a WAL
 *   reads do not wait at BEGIN: they run alone first.
 * - COMMIT fails otherwise: a constraint: rolled back, one by one. Anything else: rolled back, all that write fail
 *   with that error.
 *
 * A member that ran completes with its result although its deadline passed before COMMIT.
 *
 * Where COMMIT waits for the disk, writes that came while the members ran join them, behind all that came before: not
 * when something of the batch waits behind the group, or in `later`, for ARI_SQLITE_JOIN_TIME from its start and
 * never beyond the deadline of a member that ran, so that nobody waits much longer for those who come late, and in the
 * first group of a batch only, so that who gave the batch gets out. By then they are members like all others, with a
 * busy timeout that begins when they join. */

enum { held_limit = 16 };

/* Errors of members, in the order of the list. The first has a place of its own, so that one can always be held. */
struct ari_sqlite_held {
    const ar_operation *operation;
    ar_error error;
};

typedef struct group {
    ar_connection *connection;
    ar_operation *members;
    ar_operation *later; /* members that did not fit: a group of their own */
    int64_t until;       /* end of the busy timeout */
    bool joinable;       /* by writes that come while it runs, up to `join_until` */
    int64_t join_until;
    size_t started;      /* members, from the first, whose statements have run */
    ari_sqlite_held own; /* held without allocating */
    size_t held;
} group;

void ari_sqlite_held_free(ar_connection *connection)
{
    ari_release(connection->env, connection->held);
    connection->held = NULL;
}

/* Runs and completes one operation by itself; `shared`: in a read transaction that is there. */
static void run_alone(ar_connection *connection, ar_operation *operation, bool shared)
{
    ar_error error;
    ar_status status;
    if (connection->broken)
        status = ari_sqlite_refuse_broken(connection, &error);
    else if (ari_sqlite_interrupted(connection, operation))
        status = ari_sqlite_interrupted_error(connection, operation, "waiting to run a statement", &error);
    else
        status = ari_sqlite_execute(connection, operation, &error);
    if (!shared)
        status = ari_sqlite_settle(connection, status, &error);
    ari_sqlite_complete(connection, operation, status == AR_OK ? NULL : &error);
}

void ari_sqlite_read_together(ar_connection *connection, ar_operation *members)
{
    ari_sqlite_watch(connection, NULL);
    bool together = !connection->broken && ari_sqlite_control(connection, ARI_SQLITE_BEGIN) == SQLITE_OK;
    while (members != NULL) {
        ar_operation *next = members->next;
        run_alone(connection, members, together);
        members = next;
    }
    if (together && !ari_sqlite_in_autocommit(connection) &&
        ari_sqlite_control(connection, ARI_SQLITE_COMMIT) != SQLITE_OK)
        ari_sqlite_roll_back(connection);
}

static bool writes(const ar_operation *operation)
{
    return operation->statement->statement_class == AR_STATEMENT_WRITE;
}

static ari_sqlite_held *held_at(group *g, size_t index)
{
    return index == 0 ? &g->own : &g->connection->held[index - 1];
}

/* Always has room for one more; answers false when that was the last place. */
static bool hold(group *g, const ar_operation *operation, const ar_error *error)
{
    ari_sqlite_held *place = held_at(g, g->held++);
    place->operation = operation;
    place->error = *error;
    if (g->held == held_limit)
        return false;
    if (g->connection->held == NULL)
        g->connection->held = ari_allocate_array(g->connection->env, held_limit - 1, sizeof *g->connection->held);
    return g->connection->held != NULL;
}

static void unlink_member(group *g, ar_operation **link)
{
    (void)g;
    *link = (*link)->next;
}

/* Completes the members that are cancelled or late; true when there was one. None has run, or all were taken back. */
static bool shed_interrupted(group *g)
{
    bool any = false;
    ar_operation **link = &g->members;
    while (*link != NULL) {
        ar_operation *operation = *link;
        if (!ari_sqlite_interrupted(g->connection, operation)) {
            link = &operation->next;
            continue;
        }
        ar_error error;
        (void)ari_sqlite_interrupted_error(g->connection, operation, "waiting for a lock of the database", &error);
        *link = operation->next;
        ari_sqlite_complete(g->connection, operation, &error);
        any = true;
    }
    return any;
}

/* After a rollback: what the members gave to their sinks never happened. */
static void restart_started(group *g)
{
    ar_operation *operation = g->members;
    for (size_t i = 0; i < g->started; i++, operation = operation->next) {
        operation->changes = operation->row_id = 0;
        if (operation->sink != NULL && operation->sink->restart != NULL)
            operation->sink->restart(operation->sink_ctx);
    }
    g->started = 0;
    g->held = 0;
}

static void roll_back(group *g)
{
    ari_sqlite_roll_back(g->connection);
    restart_started(g);
}

static void run_one_by_one(group *g)
{
    while (g->members != NULL) {
        ar_operation *operation = g->members;
        g->members = operation->next;
        run_alone(g->connection, operation, false);
    }
}

/* The group is rolled back: all that write fail, and what reads runs alone. */
static void fail_writes(group *g, const ar_error *error)
{
    while (g->members != NULL) {
        ar_operation *operation = g->members;
        g->members = operation->next;
        if (writes(operation))
            ari_sqlite_complete(g->connection, operation, error);
        else
            run_alone(g->connection, operation, false);
    }
}

/* Completes all in order, each with its result or the error that is held for it. */
static void complete_all(group *g)
{
    size_t next_held = 0;
    while (g->members != NULL) {
        ar_operation *operation = g->members;
        ar_error *error = NULL;
        g->members = operation->next;
        if (next_held < g->held && held_at(g, next_held)->operation == operation)
            error = &held_at(g, next_held++)->error;
        ari_sqlite_complete(g->connection, operation, error);
    }
}

/* In a WAL nobody else's lock keeps anybody from reading. */
static bool has_free_reads(const group *g)
{
    const ar_backend_config *config = g->connection->config;
    const ar_operation *operation = g->members;
    if (config->memory || strcmp(config->journal_mode, "wal") != 0)
        return false;
    while (operation != NULL && writes(operation))
        operation = operation->next;
    return operation != NULL;
}

static void run_reads(group *g)
{
    ar_operation **link = &g->members;
    while (*link != NULL) {
        ar_operation *operation = *link;
        if (writes(operation)) {
            link = &operation->next;
        } else {
            *link = operation->next;
            run_alone(g->connection, operation, false);
        }
    }
}

/* BEGIN IMMEDIATE. False: everything is completed. Reads do not wait with the others for a lock. */
static bool begin(group *g)
{
    ar_error error;
    while (g->members != NULL) {
        if (g->connection->broken) {
            run_one_by_one(g); /* which refuses each */
            return false;
        }
        bool reads_first = has_free_reads(g);
        ari_sqlite_watch_all(g->connection, g->members, reads_first ? 0 : g->until);
        int code = ari_sqlite_control(g->connection, ARI_SQLITE_BEGIN_IMMEDIATE);
        if (code != SQLITE_OK)
            (void)ari_sqlite_error(g->connection->db, code, "writing", &error);
        ari_sqlite_watch(g->connection, NULL);
        if (code == SQLITE_OK)
            return true;
        ari_sqlite_roll_back(g->connection);
        if ((code & 0xff) != SQLITE_BUSY)
            run_one_by_one(g); /* each with its own error, if it is still so */
        else if (reads_first)
            run_reads(g);
        else if (!shed_interrupted(g))
            fail_writes(g, &error);
    }
    return false;
}

static bool foreign_keys_pending(const ar_connection *connection)
{
    int pending = 0, unused = 0;
    return sqlite3_db_status(connection->db, SQLITE_DBSTATUS_DEFERRED_FKS, &pending, &unused, 0) == SQLITE_OK &&
           pending != 0;
}

/* What is to be done after a member. */
typedef enum verdict {
    GO_ON,
    END_HERE,    /* the group ends behind this member */
    BACK,        /* roll back; all run again one by one */
    BACK_WITHOUT /* likewise, but the member keeps its error */
} verdict;

static verdict run_member(group *g, ar_operation *operation, ar_error *error)
{
    ar_connection *connection = g->connection;
    ar_status status = ari_sqlite_execute(connection, operation, error);
    if (status == AR_OK && ari_sqlite_in_autocommit(connection))
        return END_HERE; /* it ended the transaction, which nothing admitted can: COMMIT will fail */
    if (status == AR_OK)
        return foreign_keys_pending(connection) ? BACK : GO_ON;
    error->outcome_unknown = false; /* it has not been committed */
    if (ari_sqlite_in_autocommit(connection))
        return status == AR_E_CONSTRAINT ? BACK : BACK_WITHOUT;
    if (connection->half_done)
        return BACK_WITHOUT;
    if (foreign_keys_pending(connection))
        return BACK;
    return hold(g, operation, error) ? GO_ON : END_HERE;
}

/* Takes what stands at `link` out of the members, in front of what is in `later` already: when the members begin again,
 * they may end earlier than before. */
static void postpone(group *g, ar_operation **link)
{
    if (g->later != NULL) {
        ar_operation **end = link;
        while (*end != NULL)
            end = &(*end)->next;
        *end = g->later;
    }
    g->later = *link;
    *link = NULL;
}

static void postpone_behind(group *g, ar_operation **link, size_t count)
{
    while (*link != NULL && count > 0) {
        link = &(*link)->next;
        count--;
    }
    postpone(g, link);
}

/* Writes that came while the members ran, to share their COMMIT. All members have run. */
static ar_operation *join(group *g)
{
    ar_connection *connection = g->connection;
    const ar_env *env = connection->env;
    if (!g->joinable || g->later != NULL || g->started >= ARI_SQLITE_GROUP_LIMIT)
        return NULL;
    int64_t now = env->now(env->ctx);
    if (now >= g->join_until)
        return NULL;
    ar_operation *joined = connection->host->more(connection->host);
    if (joined == NULL)
        return NULL;
    ari_sqlite_clear_all(joined);
    g->until = now + connection->config->busy_timeout;
    postpone_behind(g, &joined, ARI_SQLITE_GROUP_LIMIT - g->started);
    return joined;
}

/* Runs all members. False: the group was taken apart, and everything but `later` is completed. */
static bool run_members(group *g)
{
    ar_error error;
    ar_operation **link = &g->members;
    while (*link != NULL || (*link = join(g)) != NULL) {
        ar_operation *operation = *link;
        if (ari_sqlite_interrupted(g->connection, operation)) {
            (void)ari_sqlite_interrupted_error(g->connection, operation, "waiting to run a statement", &error);
            unlink_member(g, link);
            ari_sqlite_complete(g->connection, operation, &error);
            continue;
        }
        verdict v = run_member(g, operation, &error);
        if (v == BACK_WITHOUT) {
            unlink_member(g, link);
        } else {
            g->started++;
            link = &operation->next;
            if (operation->deadline < g->join_until)
                g->join_until = operation->deadline;
        }
        if (v == END_HERE) {
            postpone(g, link);
            return true;
        }
        if (v != GO_ON) {
            roll_back(g);
            if (v == BACK_WITHOUT)
                ari_sqlite_complete(g->connection, operation, &error);
            run_one_by_one(g);
            return false;
        }
    }
    return true;
}

/* COMMIT. False: the members that are left have to begin again. */
static bool commit(group *g)
{
    ar_error error;
    bool left = ari_sqlite_in_autocommit(g->connection);
    ari_sqlite_watch_all(g->connection, g->members, g->until);
    int code = ari_sqlite_control(g->connection, ARI_SQLITE_COMMIT);
    ari_sqlite_watch(g->connection, NULL);
    if (code == SQLITE_OK) {
        complete_all(g);
        return true;
    }
    (void)ari_sqlite_error(g->connection->db, code, "committing", &error);
    error.outcome_unknown = left || ari_sqlite_commit_in_doubt(code);
    roll_back(g);
    if ((code & 0xff) == SQLITE_CONSTRAINT)
        run_one_by_one(g);
    else if ((code & 0xff) == SQLITE_BUSY && shed_interrupted(g))
        return false;
    else
        fail_writes(g, &error);
    return true;
}

/* Without a wait for the disk it is better to be done early. */
static bool commit_waits(const ar_connection *connection)
{
    char synchronous = connection->config->synchronous[0];
    return !connection->config->memory && (synchronous == 'f' || synchronous == 'e');
}

void ari_sqlite_group(ar_connection *connection, ar_operation *members, bool is_last)
{
    const ar_env *env = connection->env;
    group g;
    g.connection = connection;
    g.members = members;
    g.later = NULL;
    g.joinable = is_last && connection->host->more != NULL && commit_waits(connection);
    while (g.members != NULL) {
        int64_t start = env->now(env->ctx);
        g.until = start + connection->config->busy_timeout;
        g.join_until = start + ARI_SQLITE_JOIN_TIME;
        postpone_behind(&g, &g.members, ARI_SQLITE_GROUP_LIMIT);
        do {
            g.started = 0;
            g.held = 0;
        } while (begin(&g) && run_members(&g) && !commit(&g));
        g.members = g.later;
        g.later = NULL;
        g.joinable = false;
    }
}
