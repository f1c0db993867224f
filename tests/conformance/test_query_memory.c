/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/declare.h>
#include <actrec/query.h>
#include <actrec/schema.h>

/* Queries, rows, streams and tables with the Nth allocation failing, once and from then on: an error that says so, or
 * no error at all where it could be done without; nothing is lost, and everything works again afterwards. */

typedef struct Word {
    int64_t id;
    const char *text;
    ar_decimal weight;
} Word;

AR_MODEL_DECLARE(Word);
AR_MODEL_DEFINE(Word, "words", AR_COLUMN(Word, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Word, text, AR_NOT_NULL),
                AR_COLUMN(Word, weight));

static atomic_llong countdown; /* allocations until one is refused; below 1: none is */
static atomic_bool refuse_on;
static atomic_llong asked;
static atomic_llong live;

static bool refused(void)
{
    atomic_fetch_add(&asked, 1);
    long long left = atomic_load(&countdown);
    if (left <= 0)
        return false;
    left = atomic_fetch_sub(&countdown, 1);
    if (left != 1)
        return false;
    if (atomic_load(&refuse_on))
        atomic_store(&countdown, 1);
    return true;
}

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    void *block = refused() ? NULL : malloc(size);
    if (block != NULL)
        atomic_fetch_add(&live, 1);
    return block;
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    (void)ctx;
    bool fresh = block == NULL;
    void *moved = refused() ? NULL : realloc(block, size);
    if (moved != NULL && fresh)
        atomic_fetch_add(&live, 1);
    return moved;
}

static void release(void *ctx, void *block)
{
    (void)ctx;
    if (block != NULL)
        atomic_fetch_sub(&live, 1);
    free(block);
}

static ar_runtime *runtime;
static ar_db *db;

static ar_status on_word(void *arg, Word *word, ar_error *err)
{
    (void)err;
    *(int64_t *)arg += word->id;
    return AR_OK;
}

static ar_query *some_words(void)
{
    ar_query *q = Word_query(db);
    ar_query_filter(q, AR_GT(Word, id, 2), AR_OR(AR_LIKE(Word, text, "word%"), AR_IS_NULL(Word, text)));
    ar_query_where(q, "length(text) > ? and weight > ?", 3, "0.5");
    ar_query_order_by(q, "text desc, id");
    ar_query_limit(q, 280);
    return q;
}

static ar_status read_all(ar_error *err)
{
    Word_list list;
    ar_status status = Word_all(some_words(), &list, err);
    if (status == AR_OK)
        assert_int_equal(list.count, 280);
    Word_list_free(&list);
    return status;
}

static ar_status read_all_later(ar_error *err)
{
    Word_list list;
    Word_list_future future = Word_all_async(some_words());
    ar_status status = Word_list_await(&future, &list, err);
    if (status == AR_OK)
        assert_int_equal(list.count, 280);
    Word_list_free(&list);
    return status;
}

static ar_status read_first(ar_error *err)
{
    Word *word = NULL;
    ar_status status = Word_first(some_words(), &word, err);
    Word_free(word);
    return status;
}

static ar_status read_rows(ar_error *err)
{
    ar_rows *rows = NULL;
    ar_query *q = Word_query(db);
    ar_query_group_by(q, "weight");
    ar_query_select_count(q, "id", "n");
    ar_query_select_sum(q, "weight", "total");
    ar_query_having(q, "count(*) > ?", 1);
    ar_status status = ar_query_rows(q, &rows, err);
    ar_rows_free(rows);
    return status;
}

static ar_status count_words(ar_error *err)
{
    int64_t count = 0;
    ar_status status = ar_query_count(some_words(), &count, err);
    if (status == AR_OK)
        assert_int_equal(count, 280);
    return status;
}

static ar_status run_sql(ar_error *err)
{
    return ar_query_exec(ar_sql(db, "update words set text = text || ? where id = ?", "", 5), NULL, err);
}

static ar_status stream_words(ar_error *err)
{
    int64_t sum = 0;
    return Word_stream(some_words(), on_word, &sum, err);
}

static ar_status stream_words_later(ar_error *err)
{
    int64_t sum = 0;
    ar_done done = Word_stream_async(some_words(), ar_runtime_executor(runtime), on_word, &sum);
    return ar_done_await(&done, err);
}

static ar_status make_table(ar_error *err)
{
    return ar_table_create_if_missing(db, &Word_model, err);
}

typedef ar_status (*job)(ar_error *err);

static const job jobs[] = { read_all, read_all_later, read_first,         read_rows, count_words,
                            run_sql,  stream_words,   stream_words_later, make_table };

static int open_db(void **state)
{
    (void)state;
    ar_error err;
    ar_runtime_options options = { .allocate = allocate, .reallocate = reallocate, .release = release, .workers = 1 };
    if (ar_runtime_create(&options, &runtime, &err) != AR_OK ||
        ar_db_open("sqlite::memory:", &(ar_db_options){ .runtime = runtime }, &db, &err) != AR_OK ||
        make_table(&err) != AR_OK ||
        ar_query_exec(ar_sql(db, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 400) "
                                 "insert into words (id, text, weight) select i, 'word ' || i, '1.' || (i % 7) from n"),
                      NULL, &err) != AR_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    return 0;
}

static int close_db(void **state)
{
    (void)state;
    ar_error err;
    ar_db_close(&db);
    ar_status status = ar_runtime_close(&runtime, &err);
    if (status != AR_OK || atomic_load(&live) != 0)
        print_error("%s; %lld blocks left\n", status != AR_OK ? err.message : "closed", (long long)atomic_load(&live));
    return status == AR_OK && atomic_load(&live) == 0 ? 0 : -1;
}

static void fail_each(job run, bool on)
{
    ar_error err;
    assert_int_equal(run(&err), AR_OK);
    atomic_store(&asked, 0);
    assert_int_equal(run(&err), AR_OK);
    long long needed = atomic_load(&asked);
    assert_true(needed > 0);
    atomic_store(&refuse_on, on);
    for (long long n = 1; n <= needed; n++) {
        atomic_store(&countdown, n);
        ar_status status = run(&err);
        atomic_store(&countdown, 0);
        if (status != AR_OK && status != AR_E_NO_MEMORY)
            print_error("allocation %lld of %lld: %s: %s\n", n, needed, ar_status_name(status), err.message);
        assert_true(status == AR_OK || status == AR_E_NO_MEMORY);
        assert_int_equal(run(&err), AR_OK);
    }
}

static void once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        fail_each(jobs[i], false);
}

static void from_then_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        fail_each(jobs[i], true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once, open_db, close_db),
        cmocka_unit_test_setup_teardown(from_then_on, open_db, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
