/* SPDX-License-Identifier: MIT */
#include "tests/support/script_backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/refusal.h"

struct ar_backend_config {
    int unused;
};

struct ar_connection {
    ar_backend_host *host;
    unsigned number;
    bool useless;
    bool in_transaction;
};

enum { LOG_MAX = 512, ENTRY_MAX = 64, STATEMENTS_MAX = 64 };

typedef struct entry {
    char text[ENTRY_MAX];
    pthread_t thread;
} entry;

script script_now;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all below, and `fail_opens` */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static entry entries[LOG_MAX];
static unsigned entry_count;
static unsigned opened, open_now;
static bool let_go;
static const char *broken; /* a rule that the layer above did not keep */

static atomic_size_t live; /* blocks of script_runtime */
static atomic_size_t countdown;
static atomic_bool refuse_on, refused;

static void note(const ar_connection *connection, const char *what)
{
    pthread_mutex_lock(&lock);
    if (entry_count < LOG_MAX) {
        entry *made = &entries[entry_count++];
        snprintf(made->text, sizeof made->text, "%u:%s", connection->number, what);
        made->thread = pthread_self();
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* cmocka's asserts are for the test's own thread. */
static void expect(bool kept, const char *rule)
{
    if (kept)
        return;
    pthread_mutex_lock(&lock);
    broken = rule;
    pthread_mutex_unlock(&lock);
}

/* --- the backend --- */

static ar_status configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                           ar_error *err)
{
    static ar_backend_config config;
    (void)env;
    if (url->option_count > 0)
        return ar_error_set(err, AR_E_INVALID, "test URL: there is no option %s", url->options[0].name);
    *out = &config;
    *topology = script_now.topology;
    return AR_OK;
}

static void config_free(ar_backend_config *config)
{
    (void)config;
}

static ar_statement_class classify(const char *sql, size_t length)
{
    if (length < 2 || sql[1] != ':')
        return AR_STATEMENT_OTHER;
    switch (sql[0]) {
    case 'r': return AR_STATEMENT_READ;
    case 'w': return AR_STATEMENT_WRITE;
    case 'd': return AR_STATEMENT_SCHEMA;
    case 's': return AR_STATEMENT_SESSION;
    case 't': return AR_STATEMENT_TRANSACTION;
    default: return AR_STATEMENT_OTHER;
    }
}

static ar_status open_connection(const ar_backend_config *config, ar_connection_role role, ar_backend_host *host,
                                 ar_connection **out, ar_error *err)
{
    (void)config;
    (void)role;
    pthread_mutex_lock(&lock);
    bool fails = script_now.fail_opens > 0;
    script_now.fail_opens -= fails;
    unsigned number = opened;
    opened += !fails;
    open_now += !fails;
    pthread_mutex_unlock(&lock);
    if (fails)
        return ar_error_set(err, AR_E_CONNECTION, "opening test: as it was told to");
    ar_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        abort();
    connection->host = host;
    connection->number = number;
    note(connection, "open");
    *out = connection;
    return AR_OK;
}

static void close_connection(ar_connection *connection)
{
    note(connection, "close");
    pthread_mutex_lock(&lock);
    open_now--;
    pthread_mutex_unlock(&lock);
    free(connection);
}

static bool usable(const ar_connection *connection)
{
    return !connection->useless;
}

/* Looks every millisecond, as an engine does that polls. */
static ar_status wait_here(ar_connection *connection, const ar_operation *operation, ar_error *err)
{
    ar_status status = AR_OK;
    pthread_mutex_lock(&lock);
    unsigned in_vain = 0; /* what the test waits for may have been refused, or routed behind this */
    while (!let_go && in_vain < 100 && !connection->host->interrupted(connection->host, operation)) {
        in_vain += refusal_happened();
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&changed, &lock, &until);
    }
    if (!let_go && in_vain < 100) {
        const ar_env *env = connection->host->env;
        status = operation->deadline <= env->now(env->ctx) ? AR_E_TIMEOUT : AR_E_CANCELLED;
        ar_ignore(ar_error_set(err, status, "stopped while it ran"));
    }
    pthread_mutex_unlock(&lock);
    return status;
}

static bool is(const char *verb, const char *word)
{
    size_t length = strlen(word);
    return strncmp(verb, word, length) == 0 && (verb[length] == '\0' || verb[length] == ' ');
}

static ar_status conflict(ar_error *err)
{
    ar_ignore(ar_error_set(err, AR_E_CONFLICT, "somebody else was first"));
    err->retryable = true;
    return AR_E_CONFLICT;
}

/* Waits, and then has those complete that the host lets join. */
static ar_status gather(ar_connection *connection, const ar_operation *operation, ar_error *err)
{
    char text[ENTRY_MAX];
    ar_status status = wait_here(connection, operation, err);
    ar_operation *joined = connection->host->more(connection->host);
    while (joined != NULL) {
        ar_operation *next = joined->next;
        snprintf(text, sizeof text, "joined %.20s", joined->statement->sql);
        note(connection, text);
        connection->host->complete(connection->host, joined, NULL);
        joined = next;
    }
    return status;
}

static ar_status execute(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    const char *verb = operation->statement->sql + 2;
    if (is(verb, "wait"))
        return wait_here(connection, operation, err);
    if (is(verb, "fail"))
        return ar_error_set(err, AR_E_QUERY, "it was to fail");
    if (is(verb, "gather"))
        return gather(connection, operation, err);
    if (is(verb, "conflict"))
        return conflict(err);
    if (is(verb, "lose")) {
        connection->useless = true;
        return ar_error_set(err, AR_E_CONNECTION, "the line is dead");
    }
    operation->ended_transaction = is(verb, "ended") || is(verb, "rollback");
    if (operation->ended_transaction)
        connection->in_transaction = false;
    return is(verb, "rollback") ? conflict(err) : AR_OK;
}

static ar_status told(ar_status status, ar_error *err)
{
    return status == AR_OK ? AR_OK : ar_error_set(err, status, "as it was told to");
}

static ar_status run(ar_connection *connection, ar_operation *operation, ar_error *err)
{
    switch (operation->kind) {
    case AR_OP_EXECUTE: return execute(connection, operation, err);
    case AR_OP_BEGIN:
        expect(!connection->in_transaction, "BEGIN inside a transaction");
        if (script_now.begin_waits && wait_here(connection, operation, err) != AR_OK)
            return err->status;
        connection->in_transaction = script_now.begin == AR_OK;
        return told(script_now.begin, err);
    case AR_OP_COMMIT:
        expect(connection->in_transaction, "COMMIT outside a transaction");
        connection->in_transaction = script_now.commit != AR_OK;
        if (told(script_now.commit, err) != AR_OK)
            err->outcome_unknown = err->retryable = script_now.commit_unknown;
        return script_now.commit;
    case AR_OP_ROLLBACK:
        expect(connection->in_transaction, "ROLLBACK outside a transaction");
        connection->in_transaction = false;
        return AR_OK;
    case AR_OP_RESET: return told(script_now.reset, err);
    case AR_OP_FETCH:
    case AR_OP_CLOSE_CURSOR:
    case AR_OP_SAVEPOINT:
    case AR_OP_RELEASE:
    case AR_OP_ROLLBACK_TO: return AR_OK;
    }
    return AR_OK;
}

static void note_operation(const ar_connection *connection, const ar_operation *operation)
{
    static const char *const names[] = {
        [AR_OP_FETCH] = "FETCH",     [AR_OP_CLOSE_CURSOR] = "CLOSE", [AR_OP_BEGIN] = "BEGIN",
        [AR_OP_COMMIT] = "COMMIT",   [AR_OP_ROLLBACK] = "ROLLBACK",  [AR_OP_SAVEPOINT] = "SAVEPOINT",
        [AR_OP_RELEASE] = "RELEASE", [AR_OP_ROLLBACK_TO] = "BACK",   [AR_OP_RESET] = "RESET",
    };
    char text[ENTRY_MAX];
    if (operation->kind == AR_OP_EXECUTE)
        snprintf(text, sizeof text, "%s", operation->statement->sql);
    else if (operation->savepoint != 0)
        snprintf(text, sizeof text, "%s %u", names[operation->kind], (unsigned)operation->savepoint);
    else
        snprintf(text, sizeof text, "%s", names[operation->kind]);
    note(connection, text);
}

static void submit(ar_connection *connection, ar_operation *batch)
{
    bool begin_failed = false;
    while (batch != NULL) {
        ar_operation *next = batch->next;
        ar_error error;
        if (begin_failed) {
            ar_error_set(&error, AR_E_TX_ABORTED, "the BEGIN before it failed");
            connection->host->complete(connection->host, batch, &error);
            batch = next;
            continue;
        }
        bool own = batch->kind == AR_OP_BEGIN || batch->kind == AR_OP_RESET;
        expect(own || batch->in_transaction == connection->in_transaction, "an operation outside its transaction");
        note_operation(connection, batch);
        ar_status status = run(connection, batch, &error);
        begin_failed = batch->kind == AR_OP_BEGIN && status != AR_OK;
        connection->host->complete(connection->host, batch, status == AR_OK ? NULL : &error);
        batch = next;
    }
}

static const char *const schemes[] = { "test", "test+more", NULL };
static const ar_dialect dialect = { .name = "test", .placeholder = AR_PLACEHOLDER_QUESTION, .identifier_quote = '"' };

static const ar_backend backend = { .struct_size = sizeof(ar_backend),
                                    .name = "test",
                                    .schemes = schemes,
                                    .dialect = &dialect,
                                    .configure = configure,
                                    .config_free = config_free,
                                    .classify = classify,
                                    .open = open_connection,
                                    .submit = submit,
                                    .usable = usable,
                                    .close = close_connection };

/* --- for the tests --- */

void script_start(void)
{
    static bool registered;
    if (!registered)
        assert_int_equal(ar_backend_register(&backend, NULL), AR_OK);
    registered = true;
    pthread_mutex_lock(&lock);
    script_now = (script){ .topology = { .writers = 1, .readers = 2, .blocking = true }, .round_trip = 100000 };
    entry_count = 0;
    opened = open_now = 0;
    let_go = false;
    broken = NULL;
    pthread_mutex_unlock(&lock);
}

/* With the lock held. */
static const char *log_text(void)
{
    static char text[LOG_MAX * ENTRY_MAX];
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < entry_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " | " : "", entries[i].text);
    return text;
}

const char *script_log(void)
{
    pthread_mutex_lock(&lock);
    const char *text = log_text();
    pthread_mutex_unlock(&lock);
    return text;
}

/* With the lock held. False: it is past `until`, or memory was refused and what is waited for may never come. */
static bool wait_for_change(time_t until)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct timespec soon = refusal_patience(&now);
    bool in_vain = pthread_cond_timedwait(&changed, &lock, &soon) != 0 && refusal_happened();
    return !in_vain && now.tv_sec < until;
}

void script_expect_log(const char *expected)
{
    time_t until = time(NULL) + 20;
    pthread_mutex_lock(&lock);
    while (strncmp(log_text(), expected, strlen(log_text())) == 0 && strlen(log_text()) < strlen(expected) &&
           wait_for_change(until))
        ;
    pthread_mutex_unlock(&lock);
    assert_string_equal(script_log(), expected);
}

void script_forget_log(void)
{
    pthread_mutex_lock(&lock);
    entry_count = 0;
    pthread_mutex_unlock(&lock);
}

/* With the lock held. */
static unsigned count_entries(const char *text)
{
    unsigned count = 0;
    for (unsigned i = 0; i < entry_count; i++)
        count += strcmp(entries[i].text, text) == 0;
    return count;
}

void script_wait_for_count(const char *text, unsigned count)
{
    time_t until = time(NULL) + 20;
    pthread_mutex_lock(&lock);
    while (count_entries(text) < count && wait_for_change(until))
        ;
    bool came = count_entries(text) >= count;
    pthread_mutex_unlock(&lock);
    if (!came)
        fail_msg("\"%s\" did not come %u times: %s", text, count, script_log());
}

void script_wait_for(const char *text)
{
    script_wait_for_count(text, 1);
}

void script_let_go(void)
{
    pthread_mutex_lock(&lock);
    let_go = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

pthread_t script_thread_of(const char *text)
{
    pthread_t thread = pthread_self();
    bool found = false;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < entry_count; i++) {
        if (strcmp(entries[i].text, text) != 0)
            continue;
        thread = entries[i].thread;
        found = true;
    }
    pthread_mutex_unlock(&lock);
    if (!found)
        fail_msg("\"%s\" did not run: %s", text, script_log());
    return thread;
}

unsigned script_open_connections(void)
{
    pthread_mutex_lock(&lock);
    unsigned count = open_now;
    pthread_mutex_unlock(&lock);
    return count;
}

static bool refuses(void)
{
    size_t left = atomic_load(&countdown);
    while (left > 0 && !atomic_compare_exchange_weak(&countdown, &left, left - (left > 1 || !atomic_load(&refuse_on))))
        ;
    if (left != 1)
        return false;
    atomic_store(&refused, true);
    return true;
}

void script_refuse(size_t number, bool on)
{
    atomic_store(&refused, false);
    atomic_store(&refuse_on, on);
    atomic_store(&countdown, number);
}

bool script_refused(void)
{
    return atomic_load(&refused);
}

static void *allocate(void *ctx, size_t size)
{
    void *block = refuses() ? NULL : malloc(size);
    (void)ctx;
    if (block != NULL)
        atomic_fetch_add(&live, 1);
    return block;
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    if (block == NULL)
        return allocate(ctx, size);
    return refuses() ? NULL : realloc(block, size);
}

static void release(void *ctx, void *block)
{
    (void)ctx;
    if (block != NULL)
        atomic_fetch_sub(&live, 1);
    free(block);
}

size_t script_live(void)
{
    return atomic_load(&live);
}

static int64_t round_trip(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return script_now.round_trip;
}

ar_runtime *script_runtime(void)
{
    static ar_env env;
    ar_error error;
    ar_runtime *runtime = NULL;
    env = *ar_env_default();
    env.round_trip = round_trip;
    ar_runtime_options options = {
        .workers = 1, .env = &env, .allocate = allocate, .reallocate = reallocate, .release = release
    };
    atomic_store(&live, 0);
    if (ar_runtime_create(&options, &runtime, &error) != AR_OK)
        fail_msg("%s", error.message);
    return runtime;
}

void script_runtime_close(ar_runtime **runtime)
{
    ar_error error;
    if (ar_runtime_close(runtime, &error) != AR_OK)
        fail_msg("%s", error.message);
    if (broken != NULL)
        fail_msg("%s: %s", broken, script_log());
    assert_int_equal(script_open_connections(), 0);
    assert_int_equal(atomic_load(&live), 0);
}

script_pool script_pool_open(const ari_pool_options *options)
{
    ar_error error;
    script_pool made = { script_runtime(), NULL };
    if (ari_pool_open(made.runtime, "test:", options, &made.pool, &error) != AR_OK)
        fail_msg("%s", error.message);
    return made;
}

void script_pool_close(script_pool *pool)
{
    ari_pool_close(pool->pool);
    ari_pool_release(pool->pool);
    script_runtime_close(&pool->runtime);
}

static const ar_statement *statement_of(const char *sql)
{
    static ar_statement statements[STATEMENTS_MAX];
    static unsigned count;
    pthread_mutex_lock(&lock);
    unsigned i = 0;
    while (i < count && strcmp(statements[i].sql, sql) != 0)
        i++;
    if (i == STATEMENTS_MAX)
        abort();
    if (i == count) {
        statements[i] = (ar_statement){ .id = i + 1, .sql = sql, .sql_length = strlen(sql) };
        statements[i].statement_class = classify(sql, strlen(sql));
        count++;
    }
    pthread_mutex_unlock(&lock);
    return &statements[i];
}

ari_op *script_op(ari_pool *pool, const char *sql)
{
    ari_op *op = ari_op_create(pool, 0);
    if (op == NULL)
        fail_msg("there is no memory for an operation");
    op->operation.statement = statement_of(sql);
    return op;
}

ar_status script_run(ari_pool *pool, ari_lease *lease, const char *sql, ar_error *err)
{
    ari_op *op = script_op(pool, sql);
    ar_status status = ari_pool_run(pool, lease, op, err);
    ari_op_release(op);
    return status;
}

ar_future *script_submit(ari_pool *pool, ari_lease *lease, const char *sql)
{
    return ari_pool_submit(pool, lease, script_op(pool, sql));
}

ar_status script_await(ar_future **future, ar_error *err)
{
    ar_status status = ar_future_wait(*future, 20000, err);
    if (status == AR_OK)
        status = ari_future_outcome(*future, err);
    ar_future_drop(future);
    return status;
}

ari_lease *script_lease(ari_pool *pool, ari_lease_options options)
{
    if (options.deadline == 0)
        options.deadline = INT64_MAX;
    ari_lease *lease = ari_lease_create(pool, &options);
    assert_non_null(lease);
    return lease;
}
