/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/support/fixture.h"
#include "tests/support/script_backend.h"

/* Transactions, savepoints and scopes on each engine: what holds, what is given back, and what concurrent ones see. */

typedef struct Account {
    int64_t id;
    const char *owner;
    int64_t balance;
} Account;

AR_MODEL_DECLARE(Account);
AR_MODEL_DEFINE(Account, "accounts", AR_COLUMN(Account, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Account, owner, AR_NOT_NULL | AR_UNIQUE), AR_COLUMN(Account, balance, AR_NOT_NULL));

static const ar_model *const models[] = { &Account_model };

/* Where there is one connection, nothing happens beside it. */
static bool in_memory(void)
{
    return strcmp(fixture_url(), "sqlite::memory:") == 0;
}

#define needs_connections() \
    do {                    \
        if (in_memory())    \
            skip();         \
    } while (0)

/* The same database, as another program would have it. */
static ar_db *opened_again(const char *option)
{
    char url[600];
    ar_db *again = NULL;
    snprintf(url, sizeof url, "%s%s%s", fixture_url(), strchr(fixture_url(), '?') != NULL ? "&" : "?", option);
    ok(ar_db_open(url, NULL, &again, &err));
    return again;
}

static int64_t account(const char *owner, int64_t balance)
{
    Account row = { 0, owner, balance };
    ok(Account_insert(db, &row, &err));
    return row.id;
}

static int64_t balance_of(ar_db *handle, int64_t id)
{
    Account *found = NULL;
    ok(Account_find_one(handle, ar_key(id), &found, &err));
    int64_t balance = found->balance;
    Account_free(found);
    return balance;
}

static int64_t count_of(ar_db *handle)
{
    int64_t count = -1;
    ok(ar_query_count(Account_query(handle), &count, &err));
    return count;
}

static ar_status exec(ar_db *handle, const char *sql)
{
    return ar_query_exec(ar_sql_text(handle, sql, NULL, 0), NULL, &err);
}

static int64_t number(ar_db *handle, const char *sql)
{
    ar_rows *rows = NULL;
    int64_t value = -1;
    ok(ar_query_rows(ar_sql_text(handle, sql, NULL, 0), &rows, &err));
    ok(ar_rows_int64(rows, 0, 0, &value, &err));
    ar_rows_free(rows);
    return value;
}

/* --- as the documentation has it --- */

static ar_status transfer(ar_db *on, int64_t a, int64_t b, int64_t cents, int retries, ar_error *error)
{
    ar_status s;
    ar_db *tx = ar_tx_begin(on, &(ar_tx_options){ .retries = retries });
    do {
        Account *from, *to;
        if ((s = Account_find_for_update(tx, ar_key(a), &from, error)) != AR_OK)
            continue;
        if ((s = Account_find_for_update(tx, ar_key(b), &to, error)) != AR_OK)
            continue;
        from->balance -= cents;
        to->balance += cents;
        if ((s = Account_save(tx, from, error)) != AR_OK)
            continue;
        s = Account_save(tx, to, error);
    } while (ar_tx_finish(&tx, &s, error));
    assert_null(tx);
    return s;
}

static void money_moves_whole_or_not_at_all(void **state)
{
    (void)state;
    int64_t a = account("Ann", 1000), b = account("Bob", 10);
    ok(transfer(db, a, b, 300, 5, &err));
    assert_int_equal(balance_of(db, a), 700);
    assert_int_equal(balance_of(db, b), 310);
    fails(transfer(db, a, 424242, 300, 5, &err), AR_E_NOT_FOUND);
    assert_int_equal(balance_of(db, a), 700);
}

static void a_lock_needs_a_transaction(void **state)
{
    (void)state;
    int64_t a = account("Ann", 1000);
    Account *found = NULL;
    fails(Account_find_for_update(db, ar_key(a), &found, &err), AR_E_INVALID);
    assert_null(found);
}

/* --- what holds --- */

static void a_commit_holds_and_a_rollback_does_not(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    Account row = { 0, "Ann", 1 };
    ok(Account_insert(tx, &row, &err));
    assert_int_equal(count_of(tx), 1);
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(count_of(db), 0);
    tx = ar_tx_begin(db, NULL);
    row.id = 0;
    ok(Account_insert(tx, &row, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 1);
    tx = ar_tx_begin(db, NULL);
    ok(exec(tx, "delete from accounts"));
    ar_db_close(&tx); /* rolls back */
    assert_int_equal(count_of(db), 1);
}

static void a_failed_statement_leaves_only_rollback(void **state)
{
    (void)state;
    account("Ann", 1);
    ar_db *tx = ar_tx_begin(db, NULL);
    Account row = { 0, "Bob", 1 };
    ok(Account_insert(tx, &row, &err));
    Account twin = { 0, "Ann", 2 };
    fails(Account_insert(tx, &twin, &err), AR_E_CONSTRAINT);
    int64_t count;
    fails(ar_query_count(Account_query(tx), &count, &err), AR_E_TX_ABORTED);
    twin = (Account){ 0, "Cid", 2 };
    fails(Account_insert(tx, &twin, &err), AR_E_TX_ABORTED);
    fails(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
    assert_null(tx);
    assert_int_equal(count_of(db), 1);
}

static void finding_nothing_is_no_failure(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    Account *found = NULL;
    fails(Account_find_one(tx, ar_key(1), &found, &err), AR_E_NOT_FOUND);
    fails(Account_first(Account_query(tx), &found, &err), AR_E_NOT_FOUND);
    Account row = { 0, "Ann", 1 };
    ok(Account_insert(tx, &row, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 1);
}

static void savepoints_undo_alone(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    Account row = { 0, "Ann", 1 };
    ok(Account_insert(tx, &row, &err));
    ar_db *inner = ar_tx_begin(tx, NULL);
    row = (Account){ 0, "Bob", 1 };
    ok(Account_insert(inner, &row, &err));
    row = (Account){ 0, "Ann", 1 };
    fails(Account_insert(inner, &row, &err), AR_E_CONSTRAINT);
    fails(ar_tx_commit(&inner, &err), AR_E_TX_ABORTED);
    assert_int_equal(count_of(tx), 1);
    inner = ar_tx_begin(tx, NULL);
    row = (Account){ 0, "Cid", 1 };
    ok(Account_insert(inner, &row, &err));
    ar_db *innermost = ar_tx_begin(inner, NULL);
    ok(exec(innermost, "delete from accounts"));
    assert_int_equal(count_of(innermost), 0);
    ok(ar_tx_rollback(&innermost, &err));
    ok(ar_tx_commit(&inner, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(number(db, "select count(*) from accounts where owner in ('Ann', 'Cid')"), 2);
    assert_int_equal(count_of(db), 2);
}

static void records_saved_in_it_get_back_what_they_were(void **state)
{
    (void)state;
    Account *fresh = Account_new();
    assert_non_null(fresh);
    fresh->owner = "Ann";
    fresh->balance = 5;
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Account_save(tx, fresh, &err));
    assert_true(fresh->id != 0);
    assert_false(Account_is_new(fresh));
    ok(ar_tx_rollback(&tx, &err));
    assert_int_equal(fresh->id, 0);
    assert_true(Account_is_new(fresh));
    ok(Account_save(db, fresh, &err));
    assert_int_equal(balance_of(db, fresh->id), 5);
    tx = ar_tx_begin(db, NULL);
    fresh->balance = 6;
    ok(Account_save(tx, fresh, &err));
    ok(ar_tx_rollback(&tx, &err));
    ok(Account_save(db, fresh, &err)); /* it knows that 6 did not hold */
    assert_int_equal(balance_of(db, fresh->id), 6);
    Account_free(fresh);
}

/* --- SQLite leaves a transaction by itself --- */

static void what_the_engine_ended_is_dead_and_says_why(void **state)
{
    (void)state;
    account("Ann", 1);
    ok(exec(db, "create trigger if not exists no_bob before insert on accounts when new.owner = 'Bob' "
                "begin select raise(rollback, 'no Bob here'); end"));
    static const char *const ending[] = { "insert or rollback into accounts(owner, balance) values('Ann', 2)",
                                          "insert into accounts(owner, balance) values('Bob', 2)" };
    static const char *const why[] = { "owner", "no Bob here" };
    for (int i = 0; i < 2; i++) {
        ar_db *tx = ar_tx_begin(db, NULL);
        ok(exec(tx, "update accounts set balance = 100"));
        fails(exec(tx, ending[i]), AR_E_CONSTRAINT);
        fails(exec(tx, "update accounts set balance = 200"), AR_E_TX_ABORTED);
        assert_non_null(strstr(err.message, why[i]));
        ar_db *inner = ar_tx_begin(tx, NULL);
        fails(exec(inner, "update accounts set balance = 300"), AR_E_TX_ABORTED);
        ok(ar_tx_rollback(&inner, &err));
        fails(ar_tx_commit(&tx, &err), AR_E_TX_ABORTED);
        assert_int_equal(number(db, "select sum(balance) from accounts"), 1);
    }
    ok(exec(db, "drop trigger no_bob"));
}

static void a_commit_that_fails_rolls_back(void **state)
{
    (void)state;
    int64_t a = account("Ann", 1);
    ok(exec(db, "create table owned (account integer references accounts(id) deferrable initially deferred)"));
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(exec(tx, "insert into owned values (424242)"));
    ok(exec(tx, "update accounts set balance = 2"));
    fails(ar_tx_commit(&tx, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_FOREIGN_KEY);
    assert_null(tx);
    assert_int_equal(balance_of(db, a), 1);
    tx = ar_tx_begin(db, NULL);
    ok(exec(tx, "insert into owned values (424242)"));
    ok(exec(tx, "delete from owned"));
    ok(ar_tx_commit(&tx, &err));
    ok(exec(db, "drop table owned"));
}

/* --- the session of a connection --- */

static void a_pragma_in_a_transaction_reaches_nobody_else(void **state)
{
    (void)state;
    account("Ann", 1);
    for (int commits = 0; commits < 2; commits++) {
        ar_db *tx = ar_tx_begin(db, NULL);
        ok(exec(tx, "update accounts set balance = balance + 1"));
        if (in_memory()) {
            fails(exec(tx, "pragma case_sensitive_like = on"), AR_E_UNSUPPORTED);
            assert_non_null(strstr(err.message, "in memory"));
            fails(exec(tx, "create temp table t (a)"), AR_E_UNSUPPORTED);
        } else {
            ok(exec(tx, "pragma case_sensitive_like = on"));
            ok(exec(tx, "create temp table t (a)"));
            assert_int_equal(number(tx, "select 'A' like 'a'"), 0);
        }
        if (commits)
            ok(ar_tx_commit(&tx, &err));
        else
            ok(ar_tx_rollback(&tx, &err));
        tx = ar_tx_begin(db, NULL); /* the connection that it was */
        assert_int_equal(number(tx, "select 'A' like 'a'"), 1);
        assert_int_equal(number(tx, "select count(*) from accounts"), 1);
        fails(exec(tx, "insert into t values (1)"), AR_E_QUERY);
        ok(ar_tx_rollback(&tx, &err));
        assert_int_equal(number(db, "select balance from accounts"), 1 + commits);
    }
    fails(exec(db, "pragma case_sensitive_like = on"), AR_E_INVALID);
}

static void what_a_transaction_does_to_its_session_reaches_nobody_else(void **state)
{
    (void)state;
    bool mysql = fixture_on("mysql");
    const char *set = mysql ? "set @odd = 7" : "set application_name = '7'";
    const char *make = mysql ? "create temporary table t (a integer)" : "create temp table t (a integer)";
    const char *get = mysql ? "select cast(coalesce(@odd, 0) as signed)"
                            : "select count(*) * 7 from pg_settings where name = 'application_name' and setting = '7'";
    ar_db *single = opened_again("pool=1"); /* always the same connection */
    fails(exec(single, set), AR_E_INVALID);
    for (int commits = 0; commits < 2; commits++) {
        ar_db *tx = ar_tx_begin(single, NULL);
        ok(exec(tx, set));
        ok(exec(tx, make));
        ok(exec(tx, "insert into t values (1)"));
        assert_int_equal(number(tx, get), 7);
        if (commits)
            ok(ar_tx_commit(&tx, &err));
        else
            ok(ar_tx_rollback(&tx, &err));
        assert_int_equal(number(single, get), 0);
        fails(exec(single, "insert into t values (1)"), AR_E_QUERY);
    }
    ar_db_close(&single);
}

static void transactions_are_not_written_as_sql(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    static const char *const texts[] = { "begin", "COMMIT", "/* */ rollback", "savepoint a", "release a" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fails(exec(db, texts[i]), AR_E_INVALID);
        fails(exec(tx, texts[i]), AR_E_INVALID);
    }
    ok(exec(tx, "insert into accounts(owner, balance) values('Ann', 1)")); /* they did no harm */
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 1);
}

/* --- beside each other --- */

static void a_read_only_transaction_keeps_its_view_beside_a_writer(void **state)
{
    (void)state;
    needs_connections();
    int64_t a = account("Ann", 1);
    ar_db *reading = ar_tx_begin(db, &(ar_tx_options){ .read_only = true, .allow_outside = true });
    assert_int_equal(balance_of(reading, a), 1);
    ar_db *writing = ar_tx_begin(db, &(ar_tx_options){ .allow_outside = true });
    ok(exec(writing, "update accounts set balance = 2"));
    ok(ar_tx_commit(&writing, &err));
    assert_int_equal(balance_of(db, a), 2);
    assert_int_equal(number(reading, "select balance from accounts"), 1);
    fails(exec(reading, "update accounts set balance = 3"), AR_E_READ_ONLY);
    fails(exec(reading, "delete from accounts returning id"), AR_E_READ_ONLY);
    ok(ar_tx_commit(&reading, &err));
    reading = ar_tx_begin(db, &(ar_tx_options){ .read_only = true });
    assert_int_equal(number(reading, "select balance from accounts"), 2);
    ok(ar_tx_rollback(&reading, &err));
}

/* Another process, as far as SQLite can tell. */
static sqlite3 *other(void)
{
    sqlite3 *handle = NULL;
    char path[256];
    snprintf(path, sizeof path, "%s", strchr(fixture_url(), ':') + 1);
    path[strcspn(path, "?")] = '\0';
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    return handle;
}

static void begin_takes_no_lock_before_the_first_operation(void **state)
{
    (void)state;
    needs_connections();
    sqlite3 *elsewhere = other();
    ar_db *tx = ar_tx_begin(db, NULL);
    assert_int_equal(sqlite3_exec(elsewhere, "begin immediate; commit", NULL, NULL, NULL), SQLITE_OK);
    ok(exec(tx, "insert into accounts(owner, balance) values('Ann', 1)"));
    assert_int_equal(sqlite3_exec(elsewhere, "begin immediate", NULL, NULL, NULL), SQLITE_BUSY);
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(sqlite3_exec(elsewhere, "begin immediate; commit", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(elsewhere), SQLITE_OK);
}

static void a_conflict_is_tried_again_until_it_goes_well(void **state)
{
    (void)state;
    needs_connections();
    int64_t a = account("Ann", 1);
    sqlite3 *elsewhere = other();
    ar_db *second = opened_again("busy_timeout_ms=1");
    for (int retries = 0; retries < 2; retries++) {
        int attempts = 0;
        ar_status status;
        assert_int_equal(sqlite3_exec(elsewhere, "begin immediate", NULL, NULL, NULL), SQLITE_OK);
        ar_db *tx = ar_tx_begin(second, &(ar_tx_options){ .retries = retries * 50 });
        do {
            if (++attempts == 3)
                assert_int_equal(sqlite3_exec(elsewhere, "commit", NULL, NULL, NULL), SQLITE_OK);
            status = exec(tx, "update accounts set balance = balance + 1");
        } while (ar_tx_finish(&tx, &status, &err));
        fails(status, retries ? AR_OK : AR_E_CONFLICT);
        assert_int_equal(attempts, retries ? 3 : 1);
        if (!retries)
            assert_int_equal(sqlite3_exec(elsewhere, "commit", NULL, NULL, NULL), SQLITE_OK);
    }
    ar_db_close(&second);
    assert_int_equal(sqlite3_close(elsewhere), SQLITE_OK);
    assert_int_equal(balance_of(db, a), 2);
}

static const char add_ann[] = "insert into accounts(owner, balance) values('Ann', 1)";

static void waiting_for_a_lock_ends_with_the_deadline(void **state)
{
    (void)state;
    needs_connections();
    ar_db *elsewhere = opened_again(fixture_on("sqlite") ? "busy_timeout_ms=1000" : "pool=1");
    ar_db *holding = ar_tx_begin(elsewhere, NULL);
    ok(exec(holding, add_ann));
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .timeout_ms = 30 });
    ar_db *tx = ar_tx_begin(scope, &(ar_tx_options){ .retries = 1000 });
    ar_status status;
    do
        status = exec(tx, add_ann);
    while (ar_tx_finish(&tx, &status, &err));
    fails(status, AR_E_TIMEOUT);
    ar_scope_close(&scope);
    ar_db *waiting = ar_tx_begin(db, NULL);
    ar_int64_future future = ar_query_exec_async(ar_sql_text(waiting, add_ann, NULL, 0));
    ar_scope_close(&waiting); /* does not wait for the lock */
    ar_status answer = ar_int64_await(&future, NULL, &err);
    assert_true(answer == AR_E_CANCELLED || answer == AR_E_TX_ABORTED);
    ok(ar_tx_rollback(&holding, &err));
    ar_db_close(&elsewhere);
    assert_int_equal(count_of(db), 0);
}

/* Each holds what the other wants: one of them is ended by the engine, and begins again. */
typedef struct rival {
    int64_t first, second;
    int attempts;
    ar_status status;
} rival;

static atomic_int holders;

static void *change_both(void *arg)
{
    rival *self = arg;
    ar_error error;
    ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .retries = 50 });
    do {
        self->status = ar_query_exec(ar_sql(tx, "update accounts set balance = balance + 1 where id = ?", self->first),
                                     NULL, &error);
        if (self->attempts++ == 0) {
            atomic_fetch_add(&holders, 1);
            while (atomic_load(&holders) < 2)
                ;
        }
        if (self->status == AR_OK)
            self->status = ar_query_exec(
                ar_sql(tx, "update accounts set balance = balance + 1 where id = ?", self->second), NULL, &error);
    } while (ar_tx_finish(&tx, &self->status, &error));
    return NULL;
}

static void who_loses_a_deadlock_begins_again(void **state)
{
    (void)state;
    int64_t a = account("Ann", 1), b = account("Bob", 1);
    rival rivals[2] = { { .first = a, .second = b }, { .first = b, .second = a } };
    pthread_t thread;
    atomic_store(&holders, 0);
    assert_int_equal(pthread_create(&thread, NULL, change_both, &rivals[0]), 0);
    change_both(&rivals[1]);
    pthread_join(thread, NULL);
    assert_int_equal(rivals[0].status, AR_OK);
    assert_int_equal(rivals[1].status, AR_OK);
    assert_true(rivals[0].attempts + rivals[1].attempts >= 3);
    assert_int_equal(balance_of(db, a), 3);
    assert_int_equal(balance_of(db, b), 3);
}

enum { THREADS = 4, TRANSFERS = 40, ACCOUNTS = 3, START = 1000 };

static int64_t ids[ACCOUNTS];
static atomic_int failures, transfers_done;

static void *transfer_much(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg * 2654435761u + 1;
    ar_error error;
    for (int i = 0; i < TRANSFERS; i++) {
        seed = seed * 1103515245u + 12345u;
        int from = (int)(seed >> 16) % ACCOUNTS;
        int to = (from + 1) % ACCOUNTS;
        if (transfer(db, ids[from], ids[to], (int64_t)(seed >> 20) % 50, 1000, &error) != AR_OK)
            atomic_fetch_add(&failures, 1);
        atomic_fetch_add(&transfers_done, 1);
    }
    return NULL;
}

static void concurrent_transfers_conserve_the_sum(void **state)
{
    (void)state;
    static const char *const owners[ACCOUNTS] = { "Ann", "Bob", "Cid" };
    pthread_t threads[THREADS];
    atomic_store(&failures, 0);
    atomic_store(&transfers_done, 0);
    for (int i = 0; i < ACCOUNTS; i++)
        ids[i] = account(owners[i], START);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, transfer_much, (void *)(uintptr_t)i), 0);
    while (atomic_load(&transfers_done) < THREADS * TRANSFERS) {
        int64_t sum = 0;
        ar_db *tx = ar_tx_begin(db, &(ar_tx_options){ .read_only = true });
        for (int i = 0; i < ACCOUNTS; i++) /* one by one: they hold together because the transaction does */
            sum += balance_of(tx, ids[i]);
        ok(ar_tx_commit(&tx, &err));
        assert_int_equal(sum, ACCOUNTS * START);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
    assert_int_equal(number(db, "select sum(balance) from accounts"), ACCOUNTS * START);
}

/* --- asynchronously --- */

static void a_whole_transaction_can_be_sent_at_once(void **state)
{
    (void)state;
    enum { MANY = 50 };
    ar_int64_future futures[MANY];
    ar_db *tx = ar_tx_begin(db, NULL);
    for (int i = 0; i < MANY; i++) {
        char owner[16];
        snprintf(owner, sizeof owner, "owner %d", i);
        futures[i] = ar_query_exec_async(ar_sql(tx, "insert into accounts(owner, balance) values(?, ?)", owner, i));
    }
    ar_done done = ar_tx_commit_async(&tx);
    ok(ar_done_await(&done, &err));
    for (int i = 0; i < MANY; i++)
        ok(ar_int64_await(&futures[i], NULL, &err));
    assert_int_equal(count_of(db), MANY);
}

static void what_was_sent_and_dropped_is_committed(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    for (int i = 0; i < 20; i++) {
        char owner[16];
        snprintf(owner, sizeof owner, "owner %d", i);
        ar_int64_future future =
            ar_query_exec_async(ar_sql(tx, "insert into accounts(owner, balance) values(?, ?)", owner, i));
        ar_future_drop(&future.raw);
    }
    ok(ar_tx_commit(&tx, &err));
    assert_int_equal(count_of(db), 20);
}

static void a_failure_among_what_was_sent_keeps_all_of_it_out(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_int64_future first = ar_query_exec_async(ar_sql(tx, "insert into accounts(owner, balance) values('Ann', 1)"));
    ar_int64_future twin = ar_query_exec_async(ar_sql(tx, "insert into accounts(owner, balance) values('Ann', 2)"));
    ar_int64_future last = ar_query_exec_async(ar_sql(tx, "insert into accounts(owner, balance) values('Bob', 1)"));
    ar_done done = ar_tx_commit_async(&tx);
    ok(ar_int64_await(&first, NULL, &err));
    fails(ar_int64_await(&twin, NULL, &err), AR_E_CONSTRAINT);
    fails(ar_int64_await(&last, NULL, &err), AR_E_TX_ABORTED);
    fails(ar_done_await(&done, &err), AR_E_TX_ABORTED);
    assert_int_equal(count_of(db), 0);
}

/* --- scopes --- */

/* That nothing is left is seen when the test is torn down. */
static void what_is_read_through_a_scope_dies_with_it(void **state)
{
    (void)state;
    account("Ann", 1);
    account("Bob", 2);
    ar_db *scope = ar_scope_open(db, NULL);
    Account *one, *kept;
    Account_list all;
    ar_rows *rows;
    ok(Account_first(Account_query(scope), &one, &err));
    ok(Account_first(Account_query(scope), &kept, &err));
    ok(Account_keep(kept, &err));
    ok(Account_all(Account_query(scope), &all, &err));
    ok(ar_query_rows(ar_sql(scope, "select * from accounts"), &rows, &err));
    Account_future unread = Account_first_async(Account_query(scope));
    ok(ar_future_wait(unread.raw, -1, &err));
    ar_scope_close(&scope);
    assert_string_equal(kept->owner, "Ann");
    Account_free(kept);
    fails(Account_await(&unread, &one, &err), AR_E_CLOSED);
}

static void a_closed_handle_is_closed_for_every_call(void **state)
{
    (void)state;
    ar_db *scope = ar_scope_open(db, NULL);
    ar_db *stale = scope;
    Account row = { 1, "Ann", 1 };
    Account *record = Account_new();
    assert_non_null(record);
    Account *found;
    int64_t count;
    bool exists;
    ar_rows *rows;
    Account_list list;
    assert_non_null(record);
    record->owner = "Ann";
    ar_scope_close(&scope);
    for (int which = 0; which < 2; which++) {
        ar_db *gone = which == 0 ? stale : NULL;
        ar_status why = which == 0 ? AR_E_CLOSED : AR_E_INVALID;
        fails(Account_find_one(gone, ar_key(1), &found, &err), why);
        fails(Account_find_for_update(gone, ar_key(1), &found, &err), why);
        fails(Account_save(gone, record, &err), why);
        fails(Account_insert(gone, &row, &err), why);
        fails(Account_update(gone, &row, &err), why);
        fails(Account_insert_many(gone, &row, 1, &err), why);
        fails(Account_all(Account_query(gone), &list, &err), why);
        fails(Account_one(Account_query(gone), &found, &err), why);
        fails(ar_query_count(Account_query(gone), &count, &err), why);
        fails(ar_query_exists(Account_query(gone), &exists, &err), why);
        fails(ar_query_rows(Account_query(gone), &rows, &err), why);
        fails(ar_query_exec(ar_sql(gone, "delete from accounts"), NULL, &err), why);
        fails(ar_table_create(gone, &Account_model, &err), why);
        fails(ar_table_drop(gone, &Account_model, &err), why);
        Account_future future = Account_find_one_async(gone, ar_key(1));
        fails(Account_await(&future, &found, &err), why);
        ar_done saved = Account_save_async(gone, record);
        fails(ar_done_await(&saved, &err), why);
        ar_db *tx = ar_tx_begin(gone, NULL);
        fails(ar_query_count(Account_query(tx), &count, &err), why);
        ar_db *inner = ar_scope_open(gone, NULL);
        fails(ar_query_count(Account_query(inner), &count, &err), why);
    }
    Account_free(record);
}

/* --- memory --- */

static int64_t memory_a, memory_b;

static ar_status transfer_once(void)
{
    ar_db *scope = ar_scope_open(db, NULL);
    ar_status status = transfer(scope, memory_a, memory_b, 1, 0, &err);
    ar_scope_close(&scope);
    return status;
}

static void check_sum(void)
{
    assert_int_equal(number(db, "select sum(balance) from accounts"), 2 * START);
}

static void without_memory_a_transfer_fails_whole(void **state)
{
    (void)state;
    memory_a = account("Ann", START);
    memory_b = account("Bob", START);
    fixture_each_refusal(transfer_once, check_sum);
}

static ar_status savepoints_once(void)
{
    ar_db *tx = ar_tx_begin(db, NULL);
    ar_status status = exec(tx, "update accounts set balance = balance + 1 where owner = 'Ann'");
    ar_db *inner = ar_tx_begin(tx, NULL);
    ar_status undone = exec(inner, "update accounts set balance = balance + 100");
    ar_int64_future future = ar_query_exec_async(ar_sql(inner, "update accounts set balance = 0"));
    ar_status async = ar_int64_await(&future, NULL, &err);
    ar_status ended = ar_tx_rollback(&inner, &err);
    if (status == AR_OK)
        status = exec(tx, "update accounts set balance = balance - 1 where owner = 'Bob'");
    bool finished = !ar_tx_finish(&tx, &status, &err);
    assert_true(finished);
    status = status == AR_E_TX_ABORTED ? AR_E_NO_MEMORY : status; /* which aborted it */
    if (status == AR_OK)
        status = ended;
    if (status == AR_OK)
        status = undone == AR_E_TX_ABORTED ? AR_OK : undone;
    return status == AR_OK && async != AR_E_TX_ABORTED ? async : status;
}

static void without_memory_a_savepoint_is_undone_or_everything_is(void **state)
{
    (void)state;
    account("Ann", START);
    account("Bob", START);
    fixture_each_refusal(savepoints_once, check_sum);
}

/* From opening to closing, with an allocator of its own. */
static ar_status open_and_work(ar_runtime *runtime, const char *url, ar_error *error)
{
    ar_db *opened = NULL;
    Account *found = NULL;
    Account row = { 0, "Ann", 1 };
    ar_status status = ar_db_open(url, &(ar_db_options){ .runtime = runtime }, &opened, error);
    if (status == AR_OK)
        status = ar_table_create_if_missing(opened, &Account_model, error);
    if (status == AR_OK)
        status = Account_insert(opened, &row, error);
    ar_db *scope = ar_scope_open(opened, NULL);
    if (status == AR_OK)
        status = Account_find_one(scope, ar_key(row.id), &found, error);
    ar_db *tx = ar_tx_begin(scope, NULL);
    if (status == AR_OK)
        status = ar_query_exec(ar_sql(tx, "delete from accounts"), NULL, error);
    ar_done done = ar_tx_commit_async(&tx);
    ar_status end = ar_done_await(&done, error);
    if (status == AR_OK)
        status = end;
    ar_scope_close(&scope);
    ar_db_close(&opened);
    return status;
}

static void without_memory_opening_and_closing_lose_nothing(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        ar_runtime *runtime = script_runtime();
        for (size_t n = 1;; n++) {
            assert_true(n < 2000);
            size_t before = script_live();
            script_refuse(n, on == 1);
            ar_status status = open_and_work(runtime, fixture_url(), &err);
            bool refused = script_refused();
            script_refuse(0, false);
            fails(status, refused && status != AR_OK ? AR_E_NO_MEMORY : AR_OK);
            if (n > 1 && before != script_live()) /* the runtime itself keeps what it made */
                assert_true(script_live() < before + 20);
            if (!refused)
                break;
            ok(exec(db, "delete from accounts"));
        }
        script_runtime_close(&runtime); /* counts */
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_moves_whole_or_not_at_all),
        cmocka_unit_test(a_lock_needs_a_transaction),
        cmocka_unit_test(a_commit_holds_and_a_rollback_does_not),
        cmocka_unit_test(a_failed_statement_leaves_only_rollback),
        cmocka_unit_test(finding_nothing_is_no_failure),
        cmocka_unit_test(savepoints_undo_alone),
        cmocka_unit_test(records_saved_in_it_get_back_what_they_were),
        fixture_test_on("sqlite", what_the_engine_ended_is_dead_and_says_why),
        fixture_test_on("sqlite postgres", a_commit_that_fails_rolls_back),
        fixture_test_on("sqlite", a_pragma_in_a_transaction_reaches_nobody_else),
        fixture_test_on("postgres mysql", what_a_transaction_does_to_its_session_reaches_nobody_else),
        cmocka_unit_test(transactions_are_not_written_as_sql),
        cmocka_unit_test(a_read_only_transaction_keeps_its_view_beside_a_writer),
        fixture_test_on("sqlite", begin_takes_no_lock_before_the_first_operation),
        fixture_test_on("sqlite", a_conflict_is_tried_again_until_it_goes_well),
        cmocka_unit_test(waiting_for_a_lock_ends_with_the_deadline),
        fixture_test_on("postgres mysql", who_loses_a_deadlock_begins_again),
        cmocka_unit_test(concurrent_transfers_conserve_the_sum),
        cmocka_unit_test(a_whole_transaction_can_be_sent_at_once),
        cmocka_unit_test(what_was_sent_and_dropped_is_committed),
        cmocka_unit_test(a_failure_among_what_was_sent_keeps_all_of_it_out),
        cmocka_unit_test(what_is_read_through_a_scope_dies_with_it),
        cmocka_unit_test(a_closed_handle_is_closed_for_every_call),
        cmocka_unit_test(without_memory_a_transfer_fails_whole),
        cmocka_unit_test(without_memory_a_savepoint_is_undone_or_everything_is),
        fixture_test_on("sqlite", without_memory_opening_and_closing_lose_nothing),
    };
    return fixture_main("transactions", tests, models);
}
