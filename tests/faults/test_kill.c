/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/line.h"
#include "tests/faults/script.h"
#include "tests/faults/server.h"

/* The server is killed, and started again: each operation ends once, saying what became of it, and work goes on by
 * itself. */

enum { FOR_EVER_MS = 45000, EACH = 24 };

static ar_db *few; /* of three connections */
static ledger *played;

static int open_few(void **state)
{
    char url[1024];
    (void)state;
    script_prepare(db);
    played = ledger_create();
    snprintf(url, sizeof url, "%s?pool=3", fixture_url());
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &few, &err));
    watchdog("a test of a server that is killed");
    return 0;
}

static int close_few(void **state)
{
    (void)state;
    ar_db_close(&few);
    ledger_free(played);
    watchdog(NULL);
    return 0;
}

static void find(ar_db *on)
{
    Entry *entry = NULL;
    ok(Entry_find_one(on, ar_key(3), &entry, &err));
    assert_int_equal(entry->value, 3);
    Entry_free(entry);
}

static void start_again(void)
{
    server_start();
    find(few); /* without being told, on whatever connections it had */
    find(db);
}

static account *open_account(const char *what, int round, int number)
{
    char tag[64];
    snprintf(tag, sizeof tag, "%s %d %d", what, round, number);
    return ledger_open(played, tag);
}

static ar_query *insert_of(ar_db *on, const char *tag)
{
    return ar_sql(on, "INSERT INTO entries (tag, value) VALUES (?, 1)", tag);
}

/* --- in flight --- */

typedef struct counted {
    account *account;
    int completed;
} counted;

typedef struct flight {
    account *saved[EACH], *bulk, *two;
    Entry *entries[EACH], *pair[2];
    Entry rows[EACH];
    counted counted[EACH];
    ar_done saves[EACH], insert, pair_saves[2], commit;
    Entry_future finds[EACH];
    ar_cq *cq;
} flight;

static void count_one(void *arg, ar_status status, int64_t changes, const ar_error *error)
{
    counted *c = arg;
    if (c->completed++ == 0 && account_write(c->account, 1, 1, status, error) && changes != 1)
        account_complain(c->account, "an insert of one row did not change one");
}

static Entry *new_entry(const account *a, int32_t value)
{
    Entry *entry = Entry_new();
    entry->tag = account_tag(a);
    entry->value = value;
    return entry;
}

static void submit_counted(flight *f, int round, int i)
{
    counted *c = &f->counted[i];
    *c = (counted){ .account = open_account("counted", round, i) };
    ar_int64_future future =
        ar_query_exec_async(ar_sql(few, "INSERT INTO entries (tag, value) VALUES (?, 1)", account_tag(c->account)));
    ok(ar_int64_then(&future, ar_cq_executor(f->cq), count_one, c, &err));
}

static void submit_transaction(flight *f, int round)
{
    f->two = open_account("transaction", round, 0);
    ar_db *tx = ar_tx_begin(few, NULL);
    for (int i = 0; i < 2; i++) {
        f->pair[i] = new_entry(f->two, i + 1);
        f->pair_saves[i] = Entry_save_async(tx, f->pair[i]);
    }
    f->commit = ar_tx_commit_async(&tx);
}

static void submit(flight *f, int round)
{
    ok(ar_cq_create(fixture_runtime(), &f->cq, &err));
    for (int i = 0; i < EACH; i++) {
        f->saved[i] = open_account("save", round, i);
        f->entries[i] = new_entry(f->saved[i], 1);
        f->saves[i] = Entry_save_async(few, f->entries[i]);
        f->finds[i] = Entry_find_one_async(few, ar_key(i % KNOWN_ROWS + 1));
        submit_counted(f, round, i);
    }
    f->bulk = open_account("bulk", round, 0);
    for (int i = 0; i < EACH; i++)
        f->rows[i] = (Entry){ .tag = account_tag(f->bulk), .value = 1 };
    f->insert = Entry_insert_many_async(few, f->rows, EACH);
    submit_transaction(f, round);
}

static void await_save(flight *f, int i)
{
    ar_error error;
    ar_status status = ar_done_await_for(&f->saves[i], FOR_EVER_MS, &error);
    bool saved = account_write(f->saved[i], 1, 1, status, &error);
    if (saved != (f->entries[i]->id != 0))
        account_complain(f->saved[i], "the key of a record is not what became of it");
    Entry_free(f->entries[i]);
}

static void await_transaction(flight *f)
{
    ar_error error;
    bool all = true;
    for (int i = 0; i < 2; i++)
        all = ar_done_await_for(&f->pair_saves[i], FOR_EVER_MS, &error) == AR_OK && all;
    ar_status status = ar_done_await_for(&f->commit, FOR_EVER_MS, &error);
    if (account_write_or(f->two, 2, 3, status, &error, AR_E_TX_ABORTED) && !all)
        account_complain(f->two, "a save failed whose transaction was committed");
    for (int i = 0; i < 2; i++)
        Entry_free(f->pair[i]);
}

/* Both of a read's connections may have been killed, or there was no second one to be had. */
static void await_find(flight *f, int i)
{
    Entry *found = NULL;
    ar_error error;
    ar_status status = Entry_await_for(&f->finds[i], FOR_EVER_MS, &found, &error);
    if (status == AR_OK)
        assert_int_equal(found->value, i % KNOWN_ROWS + 1);
    else if (status != AR_E_CONNECTION || error.outcome_unknown)
        (void)account_read(f->saved[i], status, &error);
    Entry_free(found);
}

/* Those of `from` and after: the others were awaited. */
static void await_flight(flight *f, int from)
{
    ar_error error;
    for (int i = 0; i < EACH; i++) {
        if (i >= from)
            await_save(f, i);
        await_find(f, i);
    }
    (void)account_write(f->bulk, EACH, EACH, ar_done_await_for(&f->insert, FOR_EVER_MS, &error), &error);
    await_transaction(f);
    ar_cq_destroy(&f->cq);
    for (int i = 0; i < EACH; i++)
        assert_int_equal(f->counted[i].completed, 1);
}

/* When nothing, something, and most of it is done. */
static void operations_in_flight_end_when_the_server_is_killed(void **state)
{
    static const int awaited[] = { 0, 1, EACH - 1 };
    static flight f;
    (void)state;
    for (int round = 0; round < 3; round++) {
        watchdog("operations in flight");
        submit(&f, round);
        for (int i = 0; i < awaited[round]; i++)
            await_save(&f, i);
        server_kill();
        await_flight(&f, awaited[round]);
        start_again();
    }
    ledger_check(played, fixture_url());
}

/* --- what it was at work on --- */

static const char *waiting(void)
{
    return fixture_on("postgres")
               ? "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'"
               : "SELECT count(*) > 0 FROM information_schema.processlist WHERE info LIKE 'INSERT%' AND "
                 "state LIKE 'Waiting for%'";
}

/* A lock keeps the writes on the server until it dies. The statement is known to it: preparing one does nothing yet. */
static void writes_that_the_server_was_at_work_on_are_unknown(void **state)
{
    char url[1024];
    ar_db *one = NULL;
    account *accounts[EACH];
    ar_int64_future futures[EACH];
    (void)state;
    snprintf(url, sizeof url, "%s?pool=1", fixture_url());
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &one, &err));
    ok(ar_query_exec(insert_of(one, "not in the ledger"), NULL, &err));
    outside *holder = outside_open(fixture_url()), *o = outside_open(fixture_url());
    assert_true(holder != NULL && o != NULL);
    assert_true(fixture_on("postgres")
                    ? outside_exec(holder, "BEGIN") && outside_exec(holder, "LOCK TABLE entries IN SHARE MODE")
                    : outside_exec(holder, "LOCK TABLES entries READ"));
    for (int i = 0; i < EACH; i++) {
        accounts[i] = open_account("locked", 0, i);
        futures[i] = ar_query_exec_async(insert_of(one, account_tag(accounts[i])));
    }
    outside_await(o, waiting(), fixture_on("postgres") ? "t\n" : "1\n");
    server_kill();
    outside_close(holder);
    outside_close(o);
    for (int i = 0; i < EACH; i++) {
        ar_error error;
        ar_status status = ar_int64_await_for(&futures[i], FOR_EVER_MS, NULL, &error);
        (void)account_write(accounts[i], 1, 1, status, &error);
    }
    ar_db_close(&one);
    start_again();
    assert_int_equal(ledger_done(played), 0);
    assert_true(ledger_unknown(played) > 0);
    ledger_check(played, fixture_url());
}

static void a_transaction_ends_with_its_server(void **state)
{
    (void)state;
    ar_status status = AR_OK;
    account *a = open_account("open", 0, 0);
    Entry *entry = new_entry(a, 1);
    ar_db *tx = ar_tx_begin(few, NULL);
    ok(Entry_save(tx, entry, &err));
    server_kill();
    status = Entry_refresh(tx, entry, &err);
    assert_int_equal(status, AR_E_CONNECTION);
    assert_false(err.outcome_unknown);
    assert_false(ar_tx_finish(&tx, &status, &err));
    assert_int_equal(status, AR_E_CONNECTION);
    assert_false(err.outcome_unknown);
    assert_true(Entry_is_new(entry));
    start_again();
    ok(Entry_save(few, entry, &err));
    (void)account_write(a, 1, 1, AR_OK, NULL);
    Entry_free(entry);
    ledger_check(played, fixture_url());
}

/* While nobody is there, that is said, and soon. */
static void a_server_that_is_not_there_is_missed(void **state)
{
    Entry *none = NULL;
    (void)state;
    find(few);
    server_kill();
    fails(Entry_find_one(few, ar_key(1), &none, &err), AR_E_CONNECTION);
    account *a = open_account("missed", 0, 0);
    ar_error error;
    ar_status status = Entry_insert(few, &(Entry){ .tag = account_tag(a), .value = 1 }, &error);
    assert_int_equal(status, AR_E_CONNECTION);
    assert_false(error.outcome_unknown); /* it was never sent */
    (void)account_write(a, 1, 1, status, &error);
    start_again();
    ok(Entry_insert(few, &(Entry){ .tag = account_tag(a), .value = 1 }, &error));
    (void)account_write(a, 1, 1, AR_OK, NULL);
    ledger_check(played, fixture_url());
}

/* --- PostgreSQL's --- */

/* When one backend is killed, the postmaster ends all others and starts anew by itself. */
static void a_backend_that_is_killed_takes_the_others_with_it(void **state)
{
    static flight f;
    ar_rows *rows = NULL;
    int64_t pid = 0;
    (void)state;
    ok(ar_query_rows(ar_sql(few, "SELECT pg_backend_pid()"), &rows, &err));
    ok(ar_rows_int64(rows, 0, 0, &pid, &err));
    ar_rows_free(rows);
    submit(&f, 0);
    server_kill_backend((int)pid);
    await_flight(&f, 0);
    server_await_anew();
    find(few);
    ledger_check(played, fixture_url());
}

typedef struct ear {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char heard[256];
} ear;

static ar_status hear(ar_context *self, void *state, ar_message *message, ar_error *error)
{
    ear *e = state;
    const ar_notification *told = message->data;
    (void)self;
    (void)error;
    pthread_mutex_lock(&e->lock);
    size_t used = strlen(e->heard);
    snprintf(e->heard + used, sizeof e->heard - used, "%s%s:%s;", message->kind == AR_MESSAGE_LISTENING ? "again " : "",
             told->channel, told->payload);
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    return AR_OK;
}

static void expect_heard(ear *e, const char *expected)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    pthread_mutex_lock(&e->lock);
    while (strcmp(e->heard, expected) != 0 && late == 0)
        late = pthread_cond_timedwait(&e->changed, &e->lock, &until);
    pthread_mutex_unlock(&e->lock);
    assert_string_equal(e->heard, expected);
}

static void who_listened_listens_again(void **state)
{
    static ear e = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    ar_actor *actor = NULL;
    (void)state;
    ok(ar_actor_spawn(fixture_runtime(), &(ar_actor_options){ .behaviour = hear, .state = &e }, &actor, &err));
    ok(ar_listen(few, "news", actor, &err));
    server_kill();
    start_again();
    expect_heard(&e, "again news:;");
    outside *o = outside_open(fixture_url());
    assert_non_null(o);
    assert_true(outside_exec(o, "NOTIFY news, 'after'"));
    expect_heard(&e, "again news:;news:after;");
    outside_close(o);
    ok(ar_actor_stop(actor, &err));
}

#define ON_FEW(test)      fixture_test_setup_on("postgres mysql", test, open_few, close_few)
#define ON_POSTGRES(test) fixture_test_setup_on("postgres", test, open_few, close_few)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FEW(operations_in_flight_end_when_the_server_is_killed),
        ON_FEW(writes_that_the_server_was_at_work_on_are_unknown),
        ON_FEW(a_transaction_ends_with_its_server),
        ON_FEW(a_server_that_is_not_there_is_missed),
        ON_POSTGRES(a_backend_that_is_killed_takes_the_others_with_it),
        ON_POSTGRES(who_listened_listens_again),
    };
    if (!server_own())
        return SERVER_SKIPPED;
    int failed = fixture_main("kill", tests, ledger_models);
    server_end();
    return failed;
}
