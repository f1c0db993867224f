/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/support/fixture.h"

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

/* What WITH makes. */
typedef struct Kept {
    int64_t id;
    ar_decimal weight;
} Kept;

AR_MODEL_DECLARE(Kept);
AR_MODEL_DEFINE(Kept, "kept", AR_COLUMN(Kept, id, AR_PRIMARY_KEY), AR_COLUMN(Kept, weight));

static ar_status on_word(void *arg, Word *word, ar_error *error)
{
    (void)error;
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

static ar_status read_all(void)
{
    Word_list list;
    ar_status status = Word_all(some_words(), &list, &err);
    if (status == AR_OK)
        assert_int_equal(list.count, 280);
    Word_list_free(&list);
    return status;
}

static ar_status read_all_later(void)
{
    Word_list list;
    Word_list_future future = Word_all_async(some_words());
    ar_status status = Word_list_await(&future, &list, &err);
    if (status == AR_OK)
        assert_int_equal(list.count, 280);
    Word_list_free(&list);
    return status;
}

static ar_status read_first(void)
{
    Word *word = NULL;
    ar_status status = Word_first(some_words(), &word, &err);
    Word_free(word);
    return status;
}

static ar_status read_rows(void)
{
    ar_rows *rows = NULL;
    ar_query *q = Word_query(db);
    ar_query_group_by(q, "weight");
    ar_query_select_count(q, "id", "n");
    ar_query_select_sum(q, "weight", "total");
    ar_query_having(q, "count(*) > ?", 1);
    ar_status status = ar_query_rows(q, &rows, &err);
    ar_rows_free(rows);
    return status;
}

static ar_status count_words(void)
{
    int64_t count = 0;
    ar_status status = ar_query_count(some_words(), &count, &err);
    if (status == AR_OK)
        assert_int_equal(count, 280);
    return status;
}

static ar_status run_sql(void)
{
    return ar_query_exec(ar_sql(db, "update words set text = ? where id = ?", "word 5", 5), NULL, &err);
}

static ar_status stream_words(void)
{
    int64_t sum = 0;
    return Word_stream(some_words(), on_word, &sum, &err);
}

static ar_status stream_words_later(void)
{
    int64_t sum = 0;
    ar_done done = Word_stream_async(some_words(), ar_runtime_executor(fixture_runtime()), on_word, &sum);
    return ar_done_await(&done, &err);
}

static ar_status make_table(void)
{
    return ar_table_create_if_missing(db, &Word_model, &err);
}

/* Something of everything that queries are made of. */
static ar_query *tangled(void)
{
    ar_query *heavier = Word_query(db), *last = Word_query(db), *q = Word_query(db);
    ar_query_alias(heavier, "h");
    ar_query_filter(heavier, AR_COMPARE(AR_COL(Word, weight), GT, AR_OUTER_AS("w", Word, weight)));
    ar_query_filter(last, AR_EQ(Word, id, 400));
    ar_query_select(last, "id, text");
    ar_query_select_as(last, "place", AR_VALUE(0));
    ar_query_alias(q, "w");
    ar_query_join(q, AR_LEFT_JOIN, Word, "other",
                  AR_COMPARE(AR_COL_AS("w", Word, id), EQ, AR_COL_AS("other", Word, id)),
                  AR_AS("other", AR_LIKE(Word, text, "word%")));
    ar_query_filter(q, AR_EXISTS(heavier), AR_AS("w", AR_LE(Word, id, 10), AR_ILIKE(Word, text, "WORD%")));
    ar_query_select(q, "w.id, w.text");
    ar_query_select_as(q, "place", AR_CASE(AR_WHEN(AR_VALUE(1), AR_AS("w", AR_EQ(Word, id, 1))), AR_ELSE(AR_VALUE(2))));
    ar_query_combine(q, AR_UNION_ALL, last);
    ar_query_order_by(q, "place, id");
    return q;
}

static ar_status read_tangled(void)
{
    ar_rows *rows = NULL;
    ar_query *q = tangled();
    ar_status status = ar_query_rows(ar_query_clone(q), &rows, &err);
    if (status == AR_OK)
        assert_int_equal(ar_rows_count(rows), 10);
    ar_rows_free(rows);
    ar_query_free(q);
    return status;
}

/* A clone that there was no memory for is no query, and can be cloned all the same. */
static ar_status read_clone_of_clone(void)
{
    ar_rows *rows = NULL;
    ar_query *q = tangled(), *clone = ar_query_clone(q);
    ar_query_free(q);
    ar_query *again = ar_query_clone(clone);
    ar_query_free(clone);
    ar_status status = ar_query_rows(again, &rows, &err);
    if (status == AR_OK)
        assert_int_equal(ar_rows_count(rows), 10);
    ar_rows_free(rows);
    return status;
}

static ar_status read_named(void)
{
    int64_t *ids = NULL;
    size_t count = 0;
    ar_query *first = Word_query(db), *q = Kept_query(db);
    ar_query_limit(first, 30);
    ar_query_order_by(first, "id");
    ar_query_with(q, Kept, first);
    ar_query_select(q, "id");
    ar_query_order_by(q, "weight desc, id");
    ar_query_after(q, "1.3", 4);
    ar_status status = ar_query_pluck(q, &ids, &count, &err);
    if (status == AR_OK)
        assert_true(count > 0);
    ar_array_free(ids);
    return status;
}

static ar_status read_one(void)
{
    const char *text = NULL;
    ar_query *q = Word_query(db);
    ar_query_select_as(q, "text", AR_MAX(AR_COL(Word, text)));
    ar_rows_future future = ar_query_scalar_async(q);
    ar_status status = ar_scalar_await(&future, &text, &err);
    ar_array_free(text);
    return status;
}

typedef ar_status (*job)(void);

static const job jobs[] = { read_all,     read_all_later,     read_first, read_rows,    count_words,         run_sql,
                            stream_words, stream_words_later, make_table, read_tangled, read_clone_of_clone, read_named,
                            read_one };

enum { WORDS = 400 };

static int add_words(void **state)
{
    static Word words[WORDS];
    static char texts[WORDS][16];
    (void)state;
    for (int i = 0; i < WORDS; i++) {
        snprintf(texts[i], sizeof texts[i], "word %d", i + 1);
        words[i] = (Word){ .id = i + 1, .text = texts[i], .weight = { .low = (uint64_t)(10 + i % 7), .scale = 1 } };
    }
    return Word_insert_many(db, words, WORDS, &err) == AR_OK ? 0 : -1;
}

static job running;

static void works_again(void)
{
    ok(running());
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        running = jobs[i];
        works_again();
        fixture_each_refusal(running, works_again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_allocation_may_fail, add_words),
    };
    const ar_model *const models[] = { &Word_model };
    return fixture_main("query_memory", tests, models);
}
