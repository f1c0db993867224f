/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "values/handles.h"

static _Atomic int destroyed;

static void destroy(void *object)
{
    (void)object;
    atomic_fetch_add(&destroyed, 1);
}

static ari_handles table = ARI_HANDLES(destroy);

static int reset(void **state)
{
    (void)state;
    destroyed = 0;
    return 0;
}

static void shut(uintptr_t handle)
{
    assert_true(ari_handle_close(&table, handle));
    ari_handle_leave(&table, handle);
}

static void handle_leads_to_its_object(void **state)
{
    int object = 0;
    uintptr_t handle = ari_handle_open(&table, &object);
    (void)state;
    assert_int_not_equal(handle, 0);
    assert_ptr_equal(ari_handle_enter(&table, handle), &object);
    ari_handle_leave(&table, handle);
    assert_int_equal(destroyed, 0);
    shut(handle);
}

static void closed_handle_is_stale(void **state)
{
    int object = 0;
    uintptr_t handle = ari_handle_open(&table, &object);
    (void)state;
    shut(handle);
    assert_null(ari_handle_enter(&table, handle));
    assert_int_equal(destroyed, 1);
}

static void object_lives_until_the_last_user_leaves(void **state)
{
    int object = 0;
    uintptr_t handle = ari_handle_open(&table, &object);
    (void)state;
    assert_non_null(ari_handle_enter(&table, handle));
    shut(handle);
    assert_null(ari_handle_enter(&table, handle));
    assert_int_equal(destroyed, 0);
    ari_handle_leave(&table, handle);
    assert_int_equal(destroyed, 1);
}

static void only_the_first_close_counts(void **state)
{
    int object = 0;
    uintptr_t handle = ari_handle_open(&table, &object);
    (void)state;
    assert_true(ari_handle_close(&table, handle));
    assert_false(ari_handle_close(&table, handle));
    ari_handle_leave(&table, handle);
    assert_int_equal(destroyed, 1);
}

static void handle_of_a_slot_used_again_is_another(void **state)
{
    int object = 0;
    uintptr_t first = ari_handle_open(&table, &object);
    (void)state;
    shut(first);
    uintptr_t second = ari_handle_open(&table, &object);
    assert_int_not_equal(first, second);
    assert_null(ari_handle_enter(&table, first));
    assert_ptr_equal(ari_handle_enter(&table, second), &object);
    ari_handle_leave(&table, second);
    shut(second);
}

static void numbers_that_were_never_handles_are_refused(void **state)
{
    (void)state;
    assert_null(ari_handle_enter(&table, 0));
    assert_null(ari_handle_enter(&table, 12345));
    assert_null(ari_handle_enter(&table, (uintptr_t)1 << 24));
    assert_null(ari_handle_enter(&table, UINTPTR_MAX));
    assert_null(ari_handle_enter(&table, (uintptr_t)&table));
}

static void table_grows(void **state)
{
    enum { COUNT = 3000 };
    static int objects[COUNT];
    static uintptr_t handles[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++)
        assert_int_not_equal(handles[i] = ari_handle_open(&table, &objects[i]), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(ari_handle_enter(&table, handles[i]), &objects[i]);
        ari_handle_leave(&table, handles[i]);
    }
    for (int i = 0; i < COUNT; i++)
        shut(handles[i]);
    assert_int_equal(destroyed, COUNT);
}

typedef struct race {
    _Atomic uintptr_t handle;
    _Atomic bool over;
    _Atomic int wrong; /* entered and found another object */
    int object;
} race;

static void *enter_and_leave(void *arg)
{
    race *r = arg;
    while (!atomic_load(&r->over)) {
        uintptr_t handle = atomic_load(&r->handle);
        void *object = ari_handle_enter(&table, handle);
        if (object == NULL)
            continue;
        if (object != &r->object)
            atomic_fetch_add(&r->wrong, 1);
        ari_handle_leave(&table, handle);
    }
    return NULL;
}

static void every_object_is_destroyed_once_under_racing_users(void **state)
{
    enum { ROUNDS = 2000, THREADS = 3 };
    race r = { .handle = 0 };
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, enter_and_leave, &r), 0);
    for (int i = 0; i < ROUNDS; i++) {
        uintptr_t handle = ari_handle_open(&table, &r.object);
        atomic_store(&r.handle, handle);
        shut(handle);
    }
    atomic_store(&r.over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(r.wrong, 0);
    assert_int_equal(destroyed, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(handle_leads_to_its_object, reset),
        cmocka_unit_test_setup(closed_handle_is_stale, reset),
        cmocka_unit_test_setup(object_lives_until_the_last_user_leaves, reset),
        cmocka_unit_test_setup(only_the_first_close_counts, reset),
        cmocka_unit_test_setup(handle_of_a_slot_used_again_is_another, reset),
        cmocka_unit_test_setup(numbers_that_were_never_handles_are_refused, reset),
        cmocka_unit_test_setup(table_grows, reset),
        cmocka_unit_test_setup(every_object_is_destroyed_once_under_racing_users, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
