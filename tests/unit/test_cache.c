/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/counting_env.h"
#include "values/cache.h"

enum { MANY = 100, CAPACITY = 20 };

typedef struct thing {
    ari_cache_entry entry;
    int number;
} thing;

static counting_env counting;
static ari_cache cache;
static thing things[MANY];

static int set_up(void **state)
{
    (void)state;
    counting_env_init(&counting);
    for (int i = 0; i < MANY; i++)
        things[i] = (thing){ .entry.id = (uint64_t)i + 1, .number = i };
    return ari_cache_init(&cache, &counting.env, CAPACITY) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    while (cache.oldest != NULL)
        ari_cache_remove(&cache, cache.oldest);
    ari_cache_fini(&cache);
    ari_cache_fini(&cache);
    return counting.live == 0 ? 0 : -1;
}

/* Each is found if it should be, and both ways through the ages meet as many. */
static void expect(const int *newest_first, size_t count)
{
    const ari_cache_entry *down = cache.newest, *up = cache.oldest;
    assert_int_equal(cache.count, count);
    for (size_t i = 0; i < count; i++, down = down->older, up = up->newer) {
        if (down == NULL || up == NULL)
            fail_msg("there are %zu, not %zu", i, count);
        assert_int_equal(((const thing *)down)->number, newest_first[i]);
        assert_int_equal(((const thing *)up)->number, newest_first[count - 1 - i]);
        assert_ptr_equal(ari_cache_find(&cache, down->id), down);
        assert_true(down->cached);
    }
    assert_true(down == NULL && up == NULL);
}

#define EXPECT(...) expect((const int[]){ __VA_ARGS__ }, sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static void add(int number)
{
    ari_cache_add(&cache, &things[number].entry);
}

static void what_was_used_last_is_the_newest(void **state)
{
    (void)state;
    add(0);
    add(1);
    add(2);
    EXPECT(2, 1, 0);
    ari_cache_touch(&cache, &things[0].entry);
    EXPECT(0, 2, 1);
    ari_cache_touch(&cache, &things[2].entry);
    EXPECT(2, 0, 1);
    ari_cache_touch(&cache, &things[2].entry);
    EXPECT(2, 0, 1);
}

static void what_is_removed_is_not_found(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        add(i);
    ari_cache_remove(&cache, &things[1].entry);
    EXPECT(3, 2, 0);
    ari_cache_remove(&cache, &things[3].entry);
    EXPECT(2, 0);
    ari_cache_remove(&cache, &things[0].entry);
    EXPECT(2);
    ari_cache_remove(&cache, &things[2].entry);
    expect(NULL, 0);
    assert_null(ari_cache_find(&cache, 2));
    assert_false(things[2].entry.cached);
    add(2);
    EXPECT(2);
}

/* Ids that share a bucket. */
static void ids_that_meet_are_told_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        things[i].entry.id = (uint64_t)i * (cache.bucket_mask + 1) + 3;
        add(i);
    }
    EXPECT(3, 2, 1, 0);
    ari_cache_remove(&cache, &things[2].entry);
    EXPECT(3, 1, 0);
    assert_null(ari_cache_find(&cache, 3 + 4 * (cache.bucket_mask + 1)));
}

static void another_id_keeps_the_age(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        add(i);
    ari_cache_rename(&cache, &things[1].entry, 1000);
    EXPECT(2, 1, 0);
    assert_null(ari_cache_find(&cache, 2));
    assert_ptr_equal(ari_cache_find(&cache, 1000), &things[1]);
}

static void it_is_full_at_its_capacity(void **state)
{
    (void)state;
    for (int i = 0; i < CAPACITY; i++) {
        assert_false(ari_cache_is_full(&cache));
        add(i);
    }
    assert_true(ari_cache_is_full(&cache));
    ari_cache_remove(&cache, cache.oldest);
    assert_false(ari_cache_is_full(&cache));
    assert_null(ari_cache_find(&cache, 1));
}

static void without_memory_there_is_none(void **state)
{
    ari_cache other;
    (void)state;
    counting.allocations = 0;
    counting.refuse_at = 1;
    assert_false(ari_cache_init(&other, &counting.env, CAPACITY));
    ari_cache_fini(&other);
}

#define ON_CACHE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CACHE(what_was_used_last_is_the_newest), ON_CACHE(what_is_removed_is_not_found),
        ON_CACHE(ids_that_meet_are_told_apart),     ON_CACHE(another_id_keeps_the_age),
        ON_CACHE(it_is_full_at_its_capacity),       ON_CACHE(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
