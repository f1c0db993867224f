/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fixture.h"

/* A child that was forked with everything open: each call answers AR_E_FORKED or gives back quietly what it was given,
 * and the parent goes on as if there had been no child. */

typedef struct Item {
    int64_t id;
    const char *name;
} Item;

AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Item, name, AR_NOT_NULL));

/* Ends only when it is stopped. */
static const char *endless(void)
{
    if (fixture_on("sqlite"))
        return "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    return fixture_on("mysql") ? "select sleep(1000)" : "select pg_sleep(1000)";
}

enum { CHILD_SECONDS = 60, STORED = 3 };

static int failed_checks;
static bool is_child;

/* LeakSanitizer asks this at exit (lsan_interface.h): what the threads held that a child does not have looks leaked
 * there. */
int __lsan_is_turned_off(void); /* NOLINT: the name is the sanitizer's */
int __lsan_is_turned_off(void)  /* NOLINT */
{
    return is_child;
}

static void check(int line, const char *what, ar_status status, ar_status expected)
{
    if (status != expected) {
        fprintf(stderr, "child, line %d: %s: %s\n", line, what, ar_status_name(status));
        failed_checks++;
    }
}

#define IS(call, status)  check(__LINE__, #call, (call), (status))
#define FORKED(call)      IS(call, AR_E_FORKED)
#define HOLDS(condition)  check(__LINE__, #condition, (condition) ? AR_OK : AR_E_INVALID, AR_OK)
#define AWAIT_DONE(start) FORKED(await_done(start))

static ar_status await_done(ar_done future)
{
    ar_status status = ar_done_await(&future, &err);
    return status == err.status ? status : AR_E_INVALID;
}

typedef struct parent {
    ar_runtime *runtime;
    ar_db *db, *scope, *tx, *inner;
    ar_cq *cq;
    ar_query *query;
    Item *record;  /* of the caller */
    Item *scoped;  /* of the scope */
    Item *changed; /* in the transaction */
    Item_list list;
    ar_rows *rows;
    ar_rows_future running;
    Item_future found; /* complete */
    ar_done waiting;   /* behind the transaction */
} parent;

static ar_status no_row(void *arg, Item *item, ar_error *error)
{
    (void)arg;
    (void)item;
    return ar_error_set(error, AR_E_INVALID, "a row came");
}

static void never(void *arg, ar_status status, const ar_error *error)
{
    (void)arg;
    (void)status;
    (void)error;
    abort();
}

static void read_through(ar_db *on, Item *record)
{
    Item *item;
    Item_list list;
    Item_future one;
    Item_list_future many;
    ar_key keys[] = { ar_key(1), ar_key(2) };
    FORKED(Item_find_one(on, ar_key(1), &item, &err));
    HOLDS(item == NULL && err.status == AR_E_FORKED && err.message[0] != '\0');
    FORKED(Item_find_many(on, keys, 2, &list, &err));
    HOLDS(list.count == 0);
    FORKED(Item_refresh(on, record, &err));
    one = Item_find_one_async(on, ar_key(1));
    FORKED(Item_await(&one, &item, &err));
    many = Item_find_many_async(on, keys, 2);
    FORKED(Item_list_await(&many, &list, &err));
    AWAIT_DONE(Item_refresh_async(on, record));
}

static void write_through(ar_db *on, Item *record)
{
    Item plain[2] = { { .id = 1, .name = "a" }, { .id = 2, .name = "b" } };
    Item *made = Item_new();
    made->name = "new";
    record->name = "another";
    FORKED(Item_save(on, made, &err));
    HOLDS(Item_is_new(made));
    AWAIT_DONE(Item_save_async(on, made));
    FORKED(Item_upsert(on, made, &err));
    FORKED(Item_save(on, record, &err));
    AWAIT_DONE(Item_upsert_async(on, record));
    FORKED(Item_delete(on, record, &err));
    AWAIT_DONE(Item_delete_async(on, record));
    FORKED(Item_insert(on, plain, &err));
    FORKED(Item_update(on, plain, &err));
    FORKED(Item_insert_many(on, plain, 2, &err));
    AWAIT_DONE(Item_insert_async(on, plain));
    AWAIT_DONE(Item_update_async(on, plain));
    AWAIT_DONE(Item_insert_many_async(on, plain, 2));
    Item_free(made);
}

static void query_through(ar_db *on, ar_executor *executor)
{
    Item *item;
    Item_list list;
    ar_rows *rows = NULL;
    int64_t number;
    bool yes;
    FORKED(Item_all(Item_query(on), &list, &err));
    FORKED(Item_one(Item_query(on), &item, &err));
    FORKED(Item_first(Item_query(on), &item, &err));
    FORKED(Item_stream(Item_query(on), no_row, NULL, &err));
    AWAIT_DONE(Item_stream_async(Item_query(on), executor, no_row, NULL));
    FORKED(ar_query_count(Item_query(on), &number, &err));
    FORKED(ar_query_exists(Item_query(on), &yes, &err));
    FORKED(ar_query_rows(ar_sql(on, "select ?", 1), &rows, &err));
    FORKED(ar_query_exec(ar_sql(on, "update items set name = ?", "x"), &number, &err));
    ar_rows_future later = ar_query_rows_async(ar_sql(on, "select 1"));
    FORKED(ar_rows_await(&later, &rows, &err));
    ar_int64_future count = ar_query_count_async(Item_query(on));
    FORKED(ar_int64_await(&count, &number, &err));
    ar_query_free(Item_query(on));
}

static void define_through(ar_db *on)
{
    FORKED(ar_table_create_if_missing(on, &Item_model, &err));
    FORKED(ar_table_drop_if_exists(on, &Item_model, &err));
    AWAIT_DONE(ar_table_create_async(on, &Item_model));
    AWAIT_DONE(ar_table_drop_async(on, &Item_model));
}

/* Handles that the child makes itself. */
static void open_on(ar_db *on)
{
    int attempts = 0;
    ar_status status;
    Item *item;
    ar_db *scope = ar_scope_open(on, &(ar_scope_options){ .timeout_ms = 1000 });
    HOLDS(scope != NULL);
    FORKED(Item_find_one(scope, ar_key(1), &item, &err));
    ar_scope_close(&scope);
    HOLDS(scope == NULL);
    ar_db *tx = ar_tx_begin(on, &(ar_tx_options){ .retries = 3 });
    do {
        FORKED(status = Item_find_one(tx, ar_key(1), &item, &err));
    } while (ar_tx_finish(&tx, &status, &err) && ++attempts < 10);
    FORKED(status);
    HOLDS(attempts == 0 && tx == NULL);
    tx = ar_tx_begin(on, NULL);
    FORKED(ar_tx_commit(&tx, &err));
    tx = ar_tx_begin(on, NULL);
    FORKED(ar_tx_rollback(&tx, &err));
}

static void use_futures(parent *p, ar_executor *executor)
{
    Item *item = NULL;
    ar_future *both[] = { p->running.raw, p->waiting.raw };
    ar_done all = ar_future_all(both, 2);
    ar_int64_future any = ar_future_any(both, 2);
    FORKED(ar_future_wait(p->running.raw, -1, &err));
    FORKED(ar_future_wait(p->waiting.raw, 5, &err));
    FORKED(ar_future_cancel(p->running.raw, &err));
    FORKED(ar_done_await_for(&all, 5, &err));
    FORKED(ar_int64_await(&any, NULL, &err));
    FORKED(ar_done_then(&p->waiting, executor, never, NULL, &err));
    HOLDS(p->waiting.raw == NULL);
    ar_rows *rows = NULL;
    FORKED(ar_rows_await(&p->running, &rows, &err));
    HOLDS(p->running.raw == NULL && rows == NULL);
    IS(Item_await(&p->found, &item, &err), AR_OK); /* what was complete is */
    HOLDS(item != NULL && item->id == 1);
    Item_free(item);
}

static void give_back(parent *p)
{
    ar_status status = AR_OK;
    ar_runtime *runtime = p->runtime;
    ar_db *again = NULL;
    int64_t number;
    FORKED(ar_query_count(p->query, &number, &err));
    ar_rows_free(p->rows);
    Item_list_free(&p->list);
    Item_free(p->record);
    Item_free(p->scoped);
    FORKED(ar_tx_rollback(&p->inner, &err));
    HOLDS(!ar_tx_finish(&p->tx, &status, &err));
    FORKED(status);
    HOLDS(p->inner == NULL && p->tx == NULL);
    ar_scope_close(&p->scope);
    ar_db_close(&p->db);
    HOLDS(p->scope == NULL && p->db == NULL);
    ar_cq_destroy(&p->cq);
    FORKED(ar_runtime_close(&runtime, &err));
    FORKED(ar_db_open(fixture_url(), NULL, &again, &err));
    FORKED(ar_db_open(fixture_url(), &(ar_db_options){ .runtime = p->runtime }, &again, &err));
    HOLDS(again == NULL);
}

static void use_everything(parent *p)
{
    ar_db *const handles[] = { p->db, p->scope, p->tx, p->inner };
    ar_executor *executor = ar_cq_executor(p->cq);
    Item *item;
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        read_through(handles[i], p->record);
        write_through(handles[i], p->record);
        query_through(handles[i], executor);
        define_through(handles[i]);
        open_on(handles[i]);
    }
    FORKED(Item_find_for_update(p->tx, ar_key(1), &item, &err));
    FORKED(Item_find_for_update(p->inner, ar_key(1), &item, &err));
    use_futures(p, executor);
    give_back(p);
}

/* In a child: leaves without a word. */
static void leave(parent *p)
{
    (void)p;
    exit(0);
}

static void drop_everything(parent *p)
{
    ar_future_drop(&p->running.raw);
    ar_future_drop(&p->waiting.raw);
    ar_future_drop(&p->found.raw);
    ar_done end = ar_tx_rollback_async(&p->inner);
    ar_future_drop(&end.raw);
    end = ar_tx_commit_async(&p->tx);
    FORKED(ar_done_await(&end, NULL));
    ar_query_free(p->query);
    ar_db_close(&p->db);
    HOLDS(p->db == NULL);
}

static void run_in_child(void (*run)(parent *p), parent *p)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        is_child = true;
        alarm(CHILD_SECONDS);
        run(p);
        _exit(failed_checks != 0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child ended by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define MUST(call) must((call), #call)

static void must(ar_status status, const char *call)
{
    if (status != AR_OK)
        fail_msg("%s: %s: %s", call, ar_status_name(status), err.message);
}

static void open_everything(parent *p, const char *url)
{
    Item items[STORED] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
    Item twin = { .id = 50, .name = "twin" };
    MUST(ar_runtime_create(&(ar_runtime_options){ .workers = 2 }, &p->runtime, &err));
    MUST(ar_db_open(url, &(ar_db_options){ .runtime = p->runtime }, &p->db, &err));
    MUST(ar_table_drop_if_exists(p->db, &Item_model, &err));
    MUST(ar_table_create(p->db, &Item_model, &err));
    MUST(Item_insert_many(p->db, items, STORED, &err));
    MUST(ar_cq_create(p->runtime, &p->cq, &err));
    MUST(Item_find_one(p->db, ar_key(1), &p->record, &err));
    MUST(Item_all(Item_query(p->db), &p->list, &err));
    MUST(ar_query_rows(Item_query(p->db), &p->rows, &err));
    p->query = Item_query(p->db);
    p->found = Item_find_one_async(p->db, ar_key(1));
    MUST(ar_future_wait(p->found.raw, -1, &err));
    p->scope = ar_scope_open(p->db, NULL);
    MUST(Item_find_one(p->scope, ar_key(2), &p->scoped, &err));
    p->running = ar_query_rows_async(ar_sql_text(p->scope, endless(), NULL, 0));
    p->tx = ar_tx_begin(p->db, NULL);
    MUST(Item_find_for_update(p->tx, ar_key(3), &p->changed, &err));
    p->changed->name = "changed";
    MUST(Item_save(p->tx, p->changed, &err));
    MUST(Item_insert(p->tx, &twin, &err));
    p->waiting = Item_insert_async(p->db, &twin); /* waits for the transaction, and then fails */
    p->inner = ar_tx_begin(p->tx, NULL);
    MUST(Item_update(p->inner, &(Item){ .id = 2, .name = "undone" }, &err));
}

static void go_on(parent *p)
{
    int64_t count = 0;
    ar_rows *rows = NULL;
    Item *item = NULL;
    MUST(Item_await(&p->found, &item, &err));
    Item_free(item);
    p->record->name = "of the parent";
    MUST(ar_tx_rollback(&p->inner, &err));
    MUST(ar_tx_commit(&p->tx, &err));
    assert_int_equal(ar_done_await(&p->waiting, &err), AR_E_CONSTRAINT);
    assert_false(ar_future_is_done(p->running.raw));
    ar_ignore(ar_future_cancel(p->running.raw, &err));
    assert_int_equal(ar_rows_await(&p->running, &rows, &err), AR_E_CANCELLED);
    MUST(Item_save(p->db, p->record, &err));
    ar_query *q = Item_query(p->db);
    ar_query_filter(q, AR_IN(Item, name, ((const char *[]){ "of the parent", "b", "changed" }), STORED));
    MUST(ar_query_count(q, &count, &err));
    assert_int_equal(count, STORED);
    assert_string_equal(p->scoped->name, "b");
    assert_int_equal(p->list.count, STORED);
    assert_int_equal(ar_rows_count(p->rows), STORED);
}

static void close_everything(parent *p)
{
    ar_query_free(p->query);
    ar_rows_free(p->rows);
    Item_list_free(&p->list);
    Item_free(p->record);
    ar_scope_close(&p->scope);
    ar_db_close(&p->db);
    ar_cq_destroy(&p->cq);
    MUST(ar_runtime_close(&p->runtime, &err));
}

static void a_child_is_told_in_every_call_and_the_parent_goes_on(void **state)
{
    (void)state;
    parent p = { 0 };
    open_everything(&p, fixture_url());
    run_in_child(use_everything, &p);
    run_in_child(drop_everything, &p);
    run_in_child(leave, &p);
    go_on(&p);
    close_everything(&p);
}

/* A database of one connection has none for what goes on beside a transaction. */
static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_is_told_in_every_call_and_the_parent_goes_on),
    };
    return strcmp(fixture_url(), "sqlite::memory:") == 0 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return fixture_each("fork", run);
}
