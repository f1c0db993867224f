/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <actrec.h>

#include "tests/support/actors.h"

/* Tours through the public calls on a fresh database, in memory and in a file, with the Nth allocation failing, for
 * each N, once and from then on. Each ends, and each status is AR_OK or AR_E_NO_MEMORY; a row is there when its insert
 * said AR_OK and only then; each callback is called when its then was accepted and only then; afterwards the database
 * works, it closes though nothing can be allocated, and no memory is left. */

typedef struct Item {
    int64_t id;
    const char *name;
    ar_decimal weight;
} Item;

AR_MODEL_DECLARE(Item);
AR_MODEL_DEFINE(Item, "items", AR_COLUMN(Item, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Item, name, AR_NOT_NULL),
                AR_COLUMN(Item, weight));

enum { STORED = 200, TOGETHER = 300, MOST = 3000 };

typedef struct tour {
    test_memory memory;
    ar_runtime *runtime;
    ar_db *db;
    int wrong;     /* statuses that are neither */
    int refused;   /* AR_E_NO_MEMORY */
    int64_t added; /* rows that were said to be stored */
    int accepted;  /* thens */
    atomic_int called;
    atomic_int broken; /* results in callbacks that are wrong */
} tour;

static bool note(tour *t, int line, ar_status status, const ar_error *err)
{
    t->refused += status == AR_E_NO_MEMORY;
    if (status != AR_OK && (status != AR_E_NO_MEMORY || err->status != status)) {
        print_error("line %d, allocation %zu%s: %s: %s\n", line, t->memory.refuse_at,
                    t->memory.refuse_on ? " and on" : "", ar_status_name(status), err->message);
        t->wrong++;
    }
    return status == AR_OK;
}

#define TRY(call) note(t, __LINE__, (call), &err)

static void visit_pool(tour *t)
{
    ar_error err;
    Item plain[4] = { { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "d" } };
    ar_key keys[] = { ar_key(3), ar_key(1), ar_key(2) };
    Item *item = NULL;
    Item_list list;
    int64_t count = 0;
    ar_done inserts[4];
    Item_future find = Item_find_one_async(t->db, ar_key(1));
    Item_list_future many = Item_find_many_async(t->db, keys, 3);
    for (int i = 0; i < 4; i++)
        inserts[i] = Item_insert_async(t->db, &plain[i]);
    ar_int64_future counting = ar_query_count_async(Item_query(t->db));
    ar_done all = AR_ALL(inserts[0], inserts[1], inserts[2], inserts[3]);
    Item_future nobodys = Item_find_one_async(t->db, ar_key(2));
    ar_future_drop(&nobodys.raw);
    TRY(ar_done_await(&all, &err));
    for (int i = 0; i < 4; i++)
        t->added += TRY(ar_done_await(&inserts[i], &err));
    if (TRY(Item_await(&find, &item, &err)))
        t->wrong += item->id != 1;
    Item_free(item);
    if (TRY(Item_list_await(&many, &list, &err)))
        t->wrong += list.count != 3 || list.items[0]->id != 3;
    Item_list_free(&list);
    if (TRY(ar_int64_await(&counting, &count, &err)))
        t->wrong += count < STORED;
}

static void visit_records(tour *t)
{
    ar_error err;
    Item *item = Item_new();
    Item *found = NULL;
    item->name = "a record";
    if (TRY(Item_save(t->db, item, &err))) {
        t->added++;
        item->name = "a record with another name";
        TRY(Item_save(t->db, item, &err));
        TRY(Item_refresh(t->db, item, &err));
        TRY(Item_upsert(t->db, item, &err));
        if (TRY(Item_find_one(t->db, ar_key(item->id), &found, &err)))
            t->added -= TRY(Item_delete(t->db, found, &err));
    }
    Item_free(found);
    Item_free(item);
}

static void visit_scope(tour *t)
{
    ar_error err;
    Item *item = NULL, *kept = NULL;
    Item_list list;
    ar_db *scope = ar_scope_open(t->db, &(ar_scope_options){ .timeout_ms = TEST_HOUR, .trace = "a trace" });
    if (TRY(Item_find_one(scope, ar_key(1), &item, &err))) {
        item->name = "changed in a scope";
        TRY(Item_save(scope, item, &err));
    }
    if (TRY(Item_find_one(scope, ar_key(2), &item, &err)) && TRY(Item_keep(item, &err)))
        kept = item;
    if (TRY(Item_all(Item_query(scope), &list, &err)))
        t->wrong += list.count < STORED;
    ar_db *inner = ar_scope_open(scope, NULL);
    TRY(Item_find_one(inner, ar_key(1), &item, &err));
    Item_future under_way = Item_find_one_async(inner, ar_key(2));
    ar_scope_close(&scope);
    ar_future_drop(&under_way.raw);
    Item_free(kept);
}

static ar_status work_in(ar_db *tx, ar_error *err)
{
    Item *item = NULL;
    Item plain = { .name = "in a transaction" };
    ar_status status = Item_insert(tx, &plain, err);
    if (status == AR_OK)
        status = Item_find_for_update(tx, ar_key(1), &item, err);
    if (status == AR_OK) {
        item->name = "changed in a transaction";
        status = Item_save(tx, item, err);
    }
    return status;
}

static void visit_transaction(tour *t)
{
    ar_error err;
    ar_status status;
    ar_db *tx = ar_tx_begin(t->db, &(ar_tx_options){ .retries = 2, .timeout_ms = TEST_HOUR });
    do {
        status = work_in(tx, &err);
    } while (ar_tx_finish(&tx, &status, &err));
    t->added += note(t, __LINE__, status, &err);

    tx = ar_tx_begin(t->db, NULL);
    if (TRY(work_in(tx, &err))) {
        ar_done end = ar_tx_commit_async(&tx);
        t->added += TRY(ar_done_await(&end, &err));
    } else {
        ar_done end = ar_tx_rollback_async(&tx);
        TRY(ar_done_await(&end, &err));
    }

    Item *item = NULL;
    tx = ar_tx_begin(t->db, &(ar_tx_options){ .read_only = true });
    TRY(Item_find_one(tx, ar_key(1), &item, &err));
    TRY(ar_tx_rollback(&tx, &err));
}

static void visit_savepoint(tour *t)
{
    ar_error err;
    ar_db *tx = ar_tx_begin(t->db, NULL);
    if (!TRY(work_in(tx, &err))) {
        TRY(ar_tx_rollback(&tx, &err));
        return;
    }
    ar_db *inner = ar_tx_begin(tx, NULL);
    bool fine = TRY(work_in(inner, &err));
    fine = TRY(ar_tx_rollback(&inner, &err)) && fine;
    if (fine) {
        inner = ar_tx_begin(tx, NULL);
        fine = TRY(work_in(inner, &err));
        if (fine)
            fine = TRY(ar_tx_commit(&inner, &err));
        else
            TRY(ar_tx_rollback(&inner, &err));
    }
    if (!fine)
        TRY(ar_tx_rollback(&tx, &err));
    else if (TRY(ar_tx_commit(&tx, &err)))
        t->added += 2;
}

static ar_status count_row(void *arg, Item *item, ar_error *err)
{
    (void)err;
    *(int64_t *)arg += item->id > 0;
    return AR_OK;
}

static void visit_stream(tour *t)
{
    ar_error err;
    int64_t rows = 0;
    ar_executor *executor = ar_runtime_executor(t->runtime);
    if (TRY(Item_stream(Item_query(t->db), count_row, &rows, &err)))
        t->wrong += rows < STORED;
    if (executor == NULL)
        return;
    rows = 0;
    ar_done done = Item_stream_async(Item_query(t->db), executor, count_row, &rows);
    if (TRY(ar_done_await(&done, &err)))
        t->wrong += rows < STORED;
}

static void visit_insert_many(tour *t)
{
    ar_error err;
    static Item items[TOGETHER];
    for (int i = 0; i < TOGETHER; i++)
        items[i] = (Item){ .name = "one of many" };
    if (TRY(Item_insert_many(t->db, items, TOGETHER, &err)))
        t->added += TOGETHER;
    for (int i = 0; i < TOGETHER; i++)
        items[i].id = 0;
    ar_done done = Item_insert_many_async(t->db, items, TOGETHER);
    if (TRY(ar_done_await(&done, &err)))
        t->added += TOGETHER;
}

static void on_item(void *arg, ar_status status, Item *item, const ar_error *err)
{
    tour *t = arg;
    t->broken += status == AR_OK ? item == NULL || item->id != 1 : status != AR_E_NO_MEMORY || err->status != status;
    Item_free(item);
    t->called++;
}

static void on_list(void *arg, ar_status status, Item_list list, const ar_error *err)
{
    tour *t = arg;
    t->broken += status == AR_OK ? list.count < STORED : status != AR_E_NO_MEMORY || err->status != status;
    Item_list_free(&list);
    t->called++;
}

static void on_rows(void *arg, ar_status status, ar_rows *rows, const ar_error *err)
{
    tour *t = arg;
    t->broken += status == AR_OK ? ar_rows_count(rows) != 1 : status != AR_E_NO_MEMORY || err->status != status;
    ar_rows_free(rows);
    t->called++;
}

static void visit_thens(tour *t, ar_executor *executor)
{
    ar_error err;
    if (executor == NULL) {
        t->refused++;
        return;
    }
    Item_future item = Item_find_one_async(t->db, ar_key(1));
    t->accepted += TRY(Item_then(&item, executor, on_item, t, &err));
    Item_list_future list = Item_all_async(Item_query(t->db));
    t->accepted += TRY(Item_list_then(&list, executor, on_list, t, &err));
    ar_rows_future rows = ar_query_rows_async(ar_sql(t->db, "select count(*) as n from items"));
    t->accepted += TRY(ar_rows_then(&rows, executor, on_rows, t, &err));
}

static void visit_workers(tour *t)
{
    visit_thens(t, ar_runtime_executor(t->runtime));
}

static void visit_queue(tour *t)
{
    ar_error err;
    ar_cq *cq = NULL;
    if (!TRY(ar_cq_create(t->runtime, &cq, &err)))
        return;
    visit_thens(t, ar_cq_executor(cq));
    if (t->accepted > 0)
        TRY(ar_cq_run(cq, 1, TEST_PATIENCE, NULL, &err));
    ar_cq_destroy(&cq);
}

/* A child that keeps rows for those that tell it to, and fails when it is told that. */
enum { KEEP = 1, BREAK };

static ar_status keeper(ar_context *self, void *state, ar_message *message, ar_error *err)
{
    tour *t = state;
    ar_done done;
    if (message->kind == BREAK)
        return ar_error_set(err, AR_E_NO_MEMORY, "told to");
    if (message->kind != KEEP)
        return AR_OK;
    done = Item_insert_async(t->db, message->data);
    ar_reply *reply = ar_context_take_reply(self);
    ar_reply_send(&reply, (ar_message){ .data = done.raw });
    return AR_OK;
}

static void keep_row(tour *t, ar_actor *child)
{
    ar_error err;
    Item plain = { .name = "kept by a child" };
    ar_message answer = { .kind = 0 };
    ar_status status = ar_actor_call(child, (ar_message){ .kind = KEEP, .data = &plain }, NULL, &answer, &err);
    if (status == AR_E_CLOSED || !note(t, __LINE__, status, &err) || answer.data == NULL)
        return;
    ar_done done = { .raw = answer.data };
    t->added += TRY(ar_done_await(&done, &err));
}

static void visit_supervisor(tour *t)
{
    ar_error err;
    ar_actor *supervisor = NULL;
    ar_child children[] = { { .options = { .name = "one", .behaviour = keeper, .state = t } },
                            { .options = { .name = "two", .behaviour = keeper, .state = t, .own_thread = true } } };
    ar_supervisor_options options = { .children = children, .child_count = 2, .backoff_ms = 1 };
    ar_message answer = { .kind = 0 };
    if (!TRY(ar_supervisor_spawn(t->runtime, &options, &supervisor, &err)))
        return;
    for (int place = 0; place < 2; place++) {
        ar_message question = { .kind = AR_SUPERVISOR_CHILD, .number = place };
        ar_status status = ar_actor_call(supervisor, question, NULL, &answer, &err);
        if (status == AR_E_CLOSED || !note(t, __LINE__, status, &err) || answer.data == NULL)
            continue;
        keep_row(t, answer.data);
        ar_ignore(ar_actor_tell(answer.data, (ar_message){ .kind = BREAK }, NULL, NULL));
    }
    ar_done ended = ar_actor_ended(supervisor);
    ar_ignore(ar_actor_stop(supervisor, NULL));
    TRY(ar_done_await(&ended, &err));
}

static void visit_schema(tour *t)
{
    ar_error err;
    TRY(ar_table_create_if_missing(t->db, &Item_model, &err));
    ar_done done = ar_table_create_if_missing_async(t->db, &Item_model);
    TRY(ar_done_await(&done, &err));
}

/* --- What is around each tour --- */

static char folder[] = "/tmp/actrec-memory-XXXXXX";
static char file_url[128];

static bool open_db(tour *t, const char *url)
{
    ar_error err;
    ar_runtime_options options = { .workers = 2 };
    test_memory_use(&t->memory, &options);
    return TRY(ar_runtime_create(&options, &t->runtime, &err)) &&
           TRY(ar_db_open(url, &(ar_db_options){ .runtime = t->runtime }, &t->db, &err));
}

static int64_t count_rows(tour *t)
{
    ar_error err;
    int64_t count = -1;
    ar_status status = ar_query_count(Item_query(t->db), &count, &err);
    if (status != AR_OK)
        fail_msg("counting: %s: %s", ar_status_name(status), err.message);
    return count;
}

static int64_t fill(tour *t)
{
    ar_error err;
    static Item items[STORED];
    for (int i = 0; i < STORED; i++)
        items[i] = (Item){ .name = "stored" };
    assert_true(TRY(ar_table_drop_if_exists(t->db, &Item_model, &err)));
    assert_true(TRY(ar_table_create(t->db, &Item_model, &err)));
    assert_true(TRY(Item_insert_many(t->db, items, STORED, &err)));
    return STORED;
}

static void close_db(tour *t)
{
    ar_error err;
    ar_db_close(&t->db);
    assert_int_equal(ar_runtime_close(&t->runtime, &err), AR_OK);
    assert_int_equal(t->memory.live, 0);
}

/* Whether the tour came so far that something was refused. */
static bool go(void (*visit)(tour *t), const char *url, size_t number, bool on)
{
    tour t = { .memory = { .refuse_on = on } };
    assert_true(open_db(&t, url));
    int64_t before = fill(&t);
    t.memory.refuse_at = number == 0 ? 0 : atomic_load(&t.memory.allocations) + number;
    visit(&t);
    bool refused = t.memory.refuse_at != 0 && atomic_load(&t.memory.allocations) >= t.memory.refuse_at;
    if (number == 0)
        assert_int_equal(t.refused, 0);
    t.memory.refuse_at = 0;
    assert_int_equal(count_rows(&t), before + t.added);
    t.memory.refuse_on = true;
    t.memory.refuse_at = 1;
    close_db(&t);
    assert_int_equal(t.called, t.accepted);
    assert_int_equal(t.broken, 0);
    assert_int_equal(t.wrong, 0);
    return refused;
}

static void go_with_each(void (*visit)(tour *t))
{
    const char *urls[] = { "sqlite::memory:", file_url };
    for (int i = 0; i < 2; i++) {
        (void)go(visit, urls[i], 0, false);
        for (int on = 0; on < 2; on++) {
            for (size_t number = 1; go(visit, urls[i], number, on != 0); number++)
                assert_true(number < MOST);
        }
    }
}

static void opening(void **state)
{
    (void)state;
    const char *urls[] = { "sqlite::memory:", file_url };
    for (int i = 0; i < 4; i++) {
        bool open = false;
        for (size_t number = 1; !open; number++) {
            tour t = { .memory = { .refuse_at = number, .refuse_on = i >= 2 } };
            open = open_db(&t, urls[i % 2]) && atomic_load(&t.memory.allocations) < number;
            close_db(&t);
            assert_int_equal(t.wrong, 0);
            assert_true(number < MOST);
        }
    }
}

#define TOUR(name)                  \
    static void name(void **state)  \
    {                               \
        (void)state;                \
        go_with_each(visit_##name); \
    }                               \
    static void name(void **state)

TOUR(pool);
TOUR(records);
TOUR(scope);
TOUR(transaction);
TOUR(savepoint);
TOUR(stream);
TOUR(insert_many);
TOUR(workers);
TOUR(queue);
TOUR(supervisor);
TOUR(schema);

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(file_url, sizeof file_url, "sqlite://%s/memory.db?synchronous=off", folder);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s/memory.db%s", folder, ends[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),   cmocka_unit_test(pool),   cmocka_unit_test(records),
        cmocka_unit_test(scope),     cmocka_unit_test(schema), cmocka_unit_test(transaction),
        cmocka_unit_test(savepoint), cmocka_unit_test(stream), cmocka_unit_test(insert_many),
        cmocka_unit_test(workers),   cmocka_unit_test(queue),  cmocka_unit_test(supervisor),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
