/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "orm/statement.h"
#include "tests/support/counting_env.h"

static const ar_statement *try_get(ari_statement_cache *cache, const char *sql)
{
    return ari_statement_get(cache, sql, strlen(sql), 1, AR_STATEMENT_READ, true);
}

static const ar_statement *get(ari_statement_cache *cache, const char *sql)
{
    assert_non_null(cache);
    const ar_statement *statement = try_get(cache, sql);
    assert_non_null(statement);
    return statement;
}

static void equal_texts_share_a_statement(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    ari_statement_cache *cache = ari_statement_cache_create(&counting.env);
    char text[] = "SELECT 1";
    const ar_statement *first = get(cache, text);
    text[7] = '2';
    const ar_statement *other = get(cache, text);
    text[7] = '1';
    assert_ptr_equal(get(cache, text), first);
    assert_ptr_not_equal(first, other);
    assert_true(first->id != 0 && first->id != other->id);
    assert_string_equal(first->sql, "SELECT 1");
    assert_int_equal(first->sql_length, 8);
    assert_int_equal(first->parameter_count, 1);
    assert_int_equal(first->statement_class, AR_STATEMENT_READ);
    assert_true(first->generated);
    ari_statement_unref(first);
    ari_statement_unref(first);
    ari_statement_unref(other);
    ari_statement_cache_destroy(cache);
    assert_int_equal(counting.live, 0);
}

static void a_reference_outlives_the_cache(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    ari_statement_cache *cache = ari_statement_cache_create(&counting.env);
    const ar_statement *kept = ari_statement_ref(get(cache, "SELECT 1"));
    ari_statement_unref(kept);
    ari_statement_cache_destroy(cache);
    assert_string_equal(kept->sql, "SELECT 1");
    ari_statement_unref(kept);
    ari_statement_unref(NULL);
    assert_int_equal(counting.live, 0);
}

static void the_least_recently_used_goes(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    ari_statement_cache *cache = ari_statement_cache_create(&counting.env);
    const ar_statement *held = get(cache, "held");
    uint64_t often_id = 0;
    for (int i = 0; i < 3000; i++) {
        char text[32];
        snprintf(text, sizeof text, "statement %d", i);
        ari_statement_unref(get(cache, text));
        const ar_statement *often = get(cache, "often");
        assert_true(often_id == 0 || often->id == often_id);
        often_id = often->id;
        ari_statement_unref(often);
    }
    assert_true(counting.live < 2000);
    const ar_statement *again = get(cache, "held");
    assert_ptr_not_equal(again, held);
    assert_int_not_equal(again->id, held->id);
    assert_string_equal(held->sql, "held");
    ari_statement_unref(again);
    ari_statement_unref(held);
    ari_statement_cache_destroy(cache);
    assert_int_equal(counting.live, 0);
}

static void no_memory_is_null(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    counting.refuse_at = 1;
    assert_null(ari_statement_cache_create(&counting.env));
    ari_statement_cache *cache = ari_statement_cache_create(&counting.env);
    counting.refuse_at = 3;
    assert_non_null(cache);
    assert_null(try_get(cache, "a"));
    const ar_statement *then = get(cache, "a");
    assert_non_null(then);
    ari_statement_unref(then);
    ari_statement_cache_destroy(cache);
    ari_statement_cache_destroy(NULL);
    assert_int_equal(counting.live, 0);
}

static void *use_many(void *arg)
{
    ari_statement_cache *cache = arg;
    intptr_t wrong = 0;
    for (int i = 0; i < 20000; i++) {
        char text[32];
        snprintf(text, sizeof text, "statement %d", i % 1500);
        const ar_statement *statement = get(cache, text);
        wrong += statement == NULL || strcmp(statement->sql, text) != 0;
        ari_statement_unref(statement);
    }
    return (void *)wrong;
}

static void threads_share_a_cache(void **state)
{
    (void)state;
    ari_statement_cache *cache = ari_statement_cache_create(ar_env_default());
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_many, cache), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    ari_statement_cache_destroy(cache);
}

/* It is in no cache, and holds the statements that it is run together with. */
static void a_find_holds_those_it_is_run_together_with(void **state)
{
    (void)state;
    counting_env counting;
    counting_env_init(&counting);
    ari_statement_cache *cache = ari_statement_cache_create(&counting.env);
    for (size_t refuse = 0; refuse < 3; refuse++) {
        const ar_statement *many = get(cache, "SELECT many");
        counting.refuse_at = refuse > 0 ? counting.allocations + refuse : 0;
        const ar_statement *find = ari_statement_create_find(
            &counting.env, "SELECT one", 10, &(ar_find_together){ .key_column = 1, .count = 1, .statements = &many });
        counting.refuse_at = 0;
        assert_true((find == NULL) == (refuse > 0));
        if (find == NULL)
            continue;
        assert_ptr_equal(find->together->statements[0], many);
        assert_int_equal(find->together->key_column, 1);
        assert_true(find->id != 0 && find->id != many->id);
        const ar_statement *same = get(cache, "SELECT one");
        assert_ptr_not_equal(same, find);
        ari_statement_unref(same);
        ari_statement_unref(find);
    }
    ari_statement_cache_destroy(cache);
    assert_int_equal(counting.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_share_a_statement), cmocka_unit_test(a_reference_outlives_the_cache),
        cmocka_unit_test(the_least_recently_used_goes),  cmocka_unit_test(no_memory_is_null),
        cmocka_unit_test(threads_share_a_cache),         cmocka_unit_test(a_find_holds_those_it_is_run_together_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
