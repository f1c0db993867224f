/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "values/memory.h"

/* malloc that counts, and that fails once or from then on. */
typedef struct counter {
    ar_env env;
    size_t calls;
    size_t fail_at; /* the number of the call that fails, from 1; 0: none */
    bool fail_on;   /* and all after it */
    long live;      /* blocks */
} counter;

static bool fails(counter *count)
{
    size_t call = ++count->calls;
    return count->fail_at != 0 && (call == count->fail_at || (count->fail_on && call > count->fail_at));
}

static void *counted_allocate(void *ctx, size_t size)
{
    counter *count = ctx;
    void *block = fails(count) ? NULL : malloc(size);
    count->live += block != NULL;
    return block;
}

static void *counted_reallocate(void *ctx, void *block, size_t size)
{
    counter *count = ctx;
    if (fails(count))
        return NULL;
    count->live += block == NULL;
    return realloc(block, size);
}

static void counted_release(void *ctx, void *block)
{
    counter *count = ctx;
    count->live -= block != NULL;
    free(block);
}

static const ar_env *start(counter *count)
{
    memset(count, 0, sizeof *count);
    count->env.struct_size = sizeof count->env;
    count->env.ctx = count;
    count->env.allocator_ctx = count;
    count->env.allocate = counted_allocate;
    count->env.reallocate = counted_reallocate;
    count->env.release = counted_release;
    return &count->env;
}

static void no_bytes_are_a_block_too(void **state)
{
    counter count;
    const ar_env *env = start(&count);
    (void)state;
    void *blocks[] = { ari_allocate(env, 0), ari_allocate_zero(env, 0), ari_allocate_array(env, 0, 8),
                       ari_allocate_zero_array(env, 8, 0) };
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(blocks[i]);
        blocks[i] = ari_reallocate(env, blocks[i], 0);
        assert_non_null(blocks[i]);
        ari_release(env, blocks[i]);
    }
    ari_release(env, NULL);
    assert_int_equal(count.live, 0);
}

static void zeroed_blocks_are_zero(void **state)
{
    static const char zero[400];
    counter count;
    const ar_env *env = start(&count);
    (void)state;
    char *block = ari_allocate_zero(env, 400);
    char *array = ari_allocate_zero_array(env, 50, 8);
    assert_memory_equal(block, zero, 400);
    assert_memory_equal(array, zero, 400);
    ari_release(env, block);
    ari_release(env, array);
}

static void array_that_overflows_is_refused(void **state)
{
    counter count;
    const ar_env *env = start(&count);
    (void)state;
    assert_null(ari_allocate_array(env, SIZE_MAX / 2 + 1, 2));
    assert_null(ari_allocate_zero_array(env, SIZE_MAX / 8, 16));
    assert_null(ari_reallocate_array(env, NULL, 3, SIZE_MAX / 2));
    assert_null(ari_copy_text(env, "", SIZE_MAX));
    assert_int_equal(count.calls, 0);
    int *array = ari_reallocate_array(env, NULL, 10, sizeof *array);
    assert_non_null(array);
    array[9] = 9;
    array = ari_reallocate_array(env, array, 1000, sizeof *array);
    assert_int_equal(array[9], 9);
    ari_release(env, array);
}

static void checked_sizes_tell_what_fits(void **state)
{
    size_t out = 7;
    (void)state;
    assert_true(ari_size_multiply(SIZE_MAX, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_true(ari_size_multiply(SIZE_MAX, 0, &out));
    assert_true(out == 0);
    assert_true(ari_size_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_false(ari_size_add(SIZE_MAX, 1, &out));
    assert_false(ari_size_multiply(SIZE_MAX / 2 + 1, 2, &out));
    assert_true(out == SIZE_MAX);
}

static void copied_text_ends_with_nul(void **state)
{
    counter count;
    const ar_env *env = start(&count);
    (void)state;
    char *copy = ari_copy_text(env, "a\0bcd", 3);
    assert_memory_equal(copy, "a\0b", 4);
    char *empty = ari_copy_text(env, NULL, 0);
    assert_string_equal(empty, "");
    ari_release(env, copy);
    ari_release(env, empty);
    assert_int_equal(count.live, 0);
}

static void arena_blocks_are_aligned_and_apart(void **state)
{
    enum { blocks = 2000 };
    static unsigned char *block[blocks];
    static size_t size[blocks];
    counter count;
    ari_arena arena;
    (void)state;
    ari_arena_init(&arena, start(&count), 200);
    for (size_t i = 0; i < blocks; i++) {
        size_t align = (size_t)1 << (i % 9);
        size[i] = i * 7919 % 300;
        block[i] = ari_arena_alloc(&arena, size[i], align);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % align, 0);
        memset(block[i], (int)(i % 251), size[i]);
    }
    for (size_t i = 0; i < blocks; i++)
        for (size_t j = 0; j < size[i]; j++)
            assert_int_equal(block[i][j], i % 251);
    ari_arena_fini(&arena);
    assert_int_equal(count.live, 0);
}

static void many_rows_cost_few_allocations(void **state)
{
    counter count;
    ari_arena arena;
    (void)state;
    ari_arena_init(&arena, start(&count), 4096);
    for (int i = 0; i < 10000; i++) {
        assert_non_null(ari_arena_alloc(&arena, 96, 8));
        assert_non_null(ari_arena_copy_text(&arena, "somebody@example.com", 20));
    }
    assert_in_range(count.calls, 1, 12);
    assert_in_range(ari_arena_footprint(&arena), 10000 * 117, 10000 * 117 * 3);
    ari_arena_fini(&arena);
    assert_int_equal(ari_arena_footprint(&arena), 0);
    assert_int_equal(count.live, 0);
}

static void rows_larger_than_the_chunks_cost_few_allocations_too(void **state)
{
    counter count;
    ari_arena arena;
    (void)state;
    ari_arena_init(&arena, start(&count), 128);
    for (int i = 0; i < 10000; i++)
        assert_non_null(ari_arena_alloc(&arena, 700, 8));
    assert_in_range(count.calls, 1, 24);
    ari_arena_fini(&arena);
}

static void large_block_leaves_the_current_chunk_in_use(void **state)
{
    counter count;
    ari_arena arena;
    (void)state;
    ari_arena_init(&arena, start(&count), 1024);
    char *small = ari_arena_alloc(&arena, 10, 1);
    char *large = ari_arena_alloc(&arena, 100000, 64);
    assert_int_equal((uintptr_t)large % 64, 0);
    memset(large, 1, 100000);
    char *next = ari_arena_alloc(&arena, 10, 1);
    assert_ptr_equal(next, small + 10);
    assert_int_equal(count.calls, 2);
    ari_arena_fini(&arena);
    assert_int_equal(count.live, 0);
}

static void arena_copies_bytes_and_text(void **state)
{
    counter count;
    ari_arena arena;
    (void)state;
    ari_arena_init(&arena, start(&count), 0);
    assert_memory_equal(ari_arena_copy_bytes(&arena, "\1\0\2", 3), "\1\0\2", 3);
    assert_string_equal(ari_arena_copy_text(&arena, "John", 4), "John");
    assert_string_equal(ari_arena_copy_text(&arena, NULL, 0), "");
    assert_non_null(ari_arena_copy_bytes(&arena, NULL, 0));
    assert_non_null(ari_arena_alloc(&arena, 0, 1));
    ari_arena_fini(&arena);
}

static void arena_refuses_what_overflows(void **state)
{
    counter count;
    ari_arena arena;
    (void)state;
    ari_arena_init(&arena, start(&count), 0);
    assert_null(ari_arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(ari_arena_alloc(&arena, SIZE_MAX - 20, 256));
    assert_null(ari_arena_alloc_array(&arena, SIZE_MAX / 4, 8, 8));
    assert_null(ari_arena_copy_text(&arena, "", SIZE_MAX));
    assert_int_equal(count.calls, 0);
    assert_null(ari_arena_create(&count.env, SIZE_MAX));
    assert_non_null(ari_arena_alloc_array(&arena, 4, 8, 8));
    ari_arena_fini(&arena);
}

static void reset_arena_comes_to_run_without_allocating(void **state)
{
    counter count;
    ari_arena arena;
    (void)state;
    ari_arena_init(&arena, start(&count), 256);
    ari_arena_reset(&arena);
    size_t last = 0;
    for (int round = 0; round < 10; round++) {
        size_t before = count.calls;
        for (int i = 0; i < 100; i++)
            memset(ari_arena_alloc(&arena, 64, 8), round, 64);
        last = count.calls - before;
        ari_arena_reset(&arena);
    }
    assert_int_equal(last, 0);
    assert_int_equal(count.live, 1);
    ari_arena_fini(&arena);
    assert_non_null(ari_arena_alloc(&arena, 64, 8));
    ari_arena_fini(&arena);
    assert_int_equal(count.live, 0);
}

static void created_arena_is_one_allocation(void **state)
{
    counter count;
    ari_arena *arena = ari_arena_create(start(&count), 4096);
    (void)state;
    assert_non_null(arena);
    memset(ari_arena_alloc(arena, 4000, 16), 1, 4000);
    assert_int_equal(count.calls, 1);
    memset(ari_arena_alloc(arena, 4000, 16), 1, 4000);
    memset(ari_arena_alloc(arena, 40000, 16), 1, 40000);
    ari_arena_reset(arena);
    memset(ari_arena_alloc(arena, 4000, 16), 1, 4000);
    ari_arena_fini(arena);
    memset(ari_arena_alloc(arena, 4000, 16), 1, 4000);
    assert_int_equal(count.live, 1);
    ari_arena_unref(arena);
    assert_int_equal(count.live, 0);
    ari_arena_unref(NULL);
}

enum { sharers = 4, turns = 20000 };

static void *take_and_give_back(void *shared)
{
    for (int i = 0; i < turns; i++)
        ari_arena_unref(ari_arena_ref(shared));
    ari_arena_unref(shared);
    return NULL;
}

static void last_of_many_threads_frees_the_arena(void **state)
{
    counter count;
    pthread_t threads[sharers];
    ari_arena *arena = ari_arena_create(start(&count), 0);
    (void)state;
    for (int i = 0; i < sharers; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give_back, ari_arena_ref(arena)), 0);
    assert_int_equal(count.live, 1);
    ari_arena_unref(arena);
    for (int i = 0; i < sharers; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count.live, 0);
}

/* Returns how many blocks could not be had. */
static int use_arena(ari_arena *arena)
{
    int failures = 0;
    for (size_t i = 0; i < 200; i++) {
        size_t size = i % 50 == 0 ? 5000 : 50;
        void *block = ari_arena_alloc(arena, size, 16);
        if (block != NULL)
            memset(block, 1, size);
        else
            failures++;
    }
    return failures;
}

static void arena_survives_each_failed_allocation(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        for (size_t nth = 1;; nth++) {
            counter count;
            const ar_env *env = start(&count);
            count.fail_at = nth;
            count.fail_on = on == 1;
            ari_arena *arena = ari_arena_create(env, 256);
            int failures = arena != NULL ? use_arena(arena) : 1;
            ari_arena_unref(arena);
            assert_int_equal(count.live, 0);
            assert_int_equal(failures > 0, count.calls >= nth);
            if (count.calls < nth)
                break;
        }
    }
}

static void text_buffer_builds_text(void **state)
{
    counter count;
    ari_text_buffer buffer;
    (void)state;
    ari_text_buffer_init(&buffer, start(&count));
    assert_string_equal(ari_text_buffer_cstr(&buffer), "");
    ari_text_buffer_append_cstr(&buffer, "SELECT ");
    ari_text_buffer_append(&buffer, "id, name", 2);
    ari_text_buffer_append_char(&buffer, '+');
    ari_text_buffer_append_int64(&buffer, INT64_MIN);
    ari_text_buffer_append_int64(&buffer, 0);
    ari_text_buffer_append_format(&buffer, " FROM %s LIMIT %d", "users", 12);
    assert_string_equal(ari_text_buffer_cstr(&buffer), "SELECT id+-92233720368547758080 FROM users LIMIT 12");
    assert_int_equal(buffer.length, strlen(ari_text_buffer_cstr(&buffer)));
    ari_text_buffer_fini(&buffer);
    assert_string_equal(ari_text_buffer_cstr(&buffer), "");
    assert_int_equal(count.live, 0);
}

static void text_buffer_grows_by_doubling(void **state)
{
    counter count;
    ari_text_buffer buffer;
    char word[300];
    (void)state;
    memset(word, 'w', sizeof word);
    ari_text_buffer_init(&buffer, start(&count));
    for (int i = 0; i < 100000; i++)
        ari_text_buffer_append_char(&buffer, (char)('a' + i % 26));
    assert_in_range(count.calls, 1, 12);
    ari_text_buffer_append_format(&buffer, "%.300s", word);
    assert_int_equal(buffer.length, 100300);
    assert_int_equal(buffer.data[99999], 'a' + 99999 % 26);
    assert_int_equal(buffer.data[100299], 'w');
    assert_int_equal(buffer.data[100300], '\0');
    ari_text_buffer_fini(&buffer);
}

static void text_buffer_hands_its_text_over(void **state)
{
    counter count;
    ari_text_buffer buffer;
    size_t length = 7;
    (void)state;
    ari_text_buffer_init(&buffer, start(&count));
    char *empty = ari_text_buffer_take(&buffer, &length);
    assert_string_equal(empty, "");
    assert_int_equal(length, 0);
    ari_text_buffer_append_cstr(&buffer, "text");
    char *text = ari_text_buffer_take(&buffer, NULL);
    assert_string_equal(text, "text");
    ari_text_buffer_fini(&buffer);
    assert_string_equal(text, "text");
    ari_release(&count.env, empty);
    ari_release(&count.env, text);
    assert_int_equal(count.live, 0);
}

static void text_buffer_remembers_a_failed_allocation(void **state)
{
    counter count;
    ari_text_buffer buffer;
    (void)state;
    ari_text_buffer_init(&buffer, start(&count));
    ari_text_buffer_append_cstr(&buffer, "kept");
    count.fail_at = 2;
    ari_text_buffer_append_format(&buffer, "%1000d", 1);
    assert_true(buffer.failed);
    ari_text_buffer_append_cstr(&buffer, "lost");
    assert_int_equal(count.calls, 2);
    assert_string_equal(ari_text_buffer_cstr(&buffer), "");
    assert_null(ari_text_buffer_take(&buffer, NULL));
    ari_text_buffer_clear(&buffer);
    assert_false(buffer.failed);
    ari_text_buffer_append_cstr(&buffer, "again");
    assert_string_equal(ari_text_buffer_cstr(&buffer), "again");
    volatile size_t too_long = SIZE_MAX; /* volatile: the compiler would say that it is */
    ari_text_buffer_append(&buffer, "", too_long);
    assert_true(buffer.failed);
    ari_text_buffer_fini(&buffer);
    assert_int_equal(count.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bytes_are_a_block_too),
        cmocka_unit_test(zeroed_blocks_are_zero),
        cmocka_unit_test(array_that_overflows_is_refused),
        cmocka_unit_test(checked_sizes_tell_what_fits),
        cmocka_unit_test(copied_text_ends_with_nul),
        cmocka_unit_test(arena_blocks_are_aligned_and_apart),
        cmocka_unit_test(many_rows_cost_few_allocations),
        cmocka_unit_test(rows_larger_than_the_chunks_cost_few_allocations_too),
        cmocka_unit_test(large_block_leaves_the_current_chunk_in_use),
        cmocka_unit_test(arena_copies_bytes_and_text),
        cmocka_unit_test(arena_refuses_what_overflows),
        cmocka_unit_test(reset_arena_comes_to_run_without_allocating),
        cmocka_unit_test(created_arena_is_one_allocation),
        cmocka_unit_test(last_of_many_threads_frees_the_arena),
        cmocka_unit_test(arena_survives_each_failed_allocation),
        cmocka_unit_test(text_buffer_builds_text),
        cmocka_unit_test(text_buffer_grows_by_doubling),
        cmocka_unit_test(text_buffer_hands_its_text_over),
        cmocka_unit_test(text_buffer_remembers_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
