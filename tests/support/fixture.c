/* SPDX-License-Identifier: MIT */
#include "tests/support/fixture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/schema.h>

ar_db *db;
ar_error err;

static ar_runtime *runtime;

static struct group {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
    const ar_model *const *models;
    size_t model_count;
} group;
static const struct CMUnitTest *current;

static atomic_size_t live, countdown;
static atomic_bool refuse_on, refused;

static bool refuses(void)
{
    size_t left = atomic_load(&countdown);
    while (left > 0 && !atomic_compare_exchange_weak(&countdown, &left, left - (left > 1 || !atomic_load(&refuse_on))))
        ;
    if (left != 1)
        return false;
    atomic_store(&refused, true);
    return true;
}

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    void *block = refuses() ? NULL : malloc(size);
    if (block != NULL)
        atomic_fetch_add(&live, 1);
    return block;
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    if (block == NULL)
        return allocate(ctx, size);
    return refuses() ? NULL : realloc(block, size);
}

static void release(void *ctx, void *block)
{
    (void)ctx;
    if (block != NULL)
        atomic_fetch_sub(&live, 1);
    free(block);
}

void fixture_refuse(size_t refuse_at, bool on)
{
    atomic_store(&refused, false);
    atomic_store(&refuse_on, on);
    atomic_store(&countdown, refuse_at);
}

bool fixture_refused(void)
{
    return atomic_load(&refused);
}

ar_runtime *fixture_runtime(void)
{
    return runtime;
}

size_t fixture_live(void)
{
    return atomic_load(&live);
}

void fixture_check(ar_status status, ar_status expected, const char *call, const char *file, int line)
{
    if (status == expected)
        return;
    print_error("%s:%d: %s gave %s, not %s\n", file, line, call, ar_status_name(status), ar_status_name(expected));
    if (status != AR_OK)
        print_error("    %s\n", err.message);
    fail();
}

void fixture_each_refusal(ar_status (*work)(void), void (*check)(void))
{
    for (int on = 0; on < 2; on++) {
        for (size_t n = 1;; n++) {
            fixture_refuse(n, on == 1);
            ar_status status = work();
            bool hit = fixture_refused();
            fixture_refuse(0, false);
            if (!hit) {
                fixture_check(status, AR_OK, "without a refusal", __FILE__, __LINE__);
                break;
            }
            if (status != AR_OK)
                fixture_check(status, AR_E_NO_MEMORY, "with an allocation refused", __FILE__, __LINE__);
            check();
            assert_true(n < 10000);
        }
    }
}

static int complain(const char *what)
{
    print_error("%s on %s: %s\n", what, fixture_engine(), err.message);
    return -1;
}

static int set_up(void)
{
    ar_runtime_options options = { .workers = 2, .allocate = allocate, .reallocate = reallocate, .release = release };
    if (ar_runtime_create(&options, &runtime, &err) != AR_OK)
        return complain("creating a runtime");
    if (ar_db_open(fixture_url(), &(ar_db_options){ .runtime = runtime }, &db, &err) != AR_OK)
        return complain("opening");
    for (size_t i = 0; i < group.model_count; i++) {
        if (ar_table_drop_if_exists(db, group.models[i], &err) != AR_OK ||
            ar_table_create(db, group.models[i], &err) != AR_OK)
            return complain("making a table");
    }
    return 0;
}

static int tear_down(void)
{
    ar_db_close(&db);
    if (runtime != NULL && ar_runtime_close(&runtime, &err) != AR_OK)
        return complain("closing the runtime");
    if (fixture_live() == 0)
        return 0;
    print_error("%zu blocks were not given back\n", fixture_live());
    atomic_store(&live, 0);
    return -1;
}

/* cmocka gives set-up and tear-down nothing but the state, so that a test's own are found through it. */
static int set_up_test(void **state)
{
    current = *state;
    *state = NULL;
    int status = set_up();
    if (status == 0 && current->setup_func != NULL)
        status = current->setup_func(state);
    if (status != 0)
        (void)tear_down(); /* cmocka does not, then */
    return status;
}

static int tear_down_test(void **state)
{
    fixture_refuse(0, false);
    int own = current->teardown_func == NULL ? 0 : current->teardown_func(state);
    int status = tear_down();
    return own != 0 ? own : status;
}

/* An engine's name stands in the list of those that a test is for. */
static bool is_for(const struct CMUnitTest *test, const char *engine)
{
    const char *list = test->initial_state;
    const char *found = list == NULL ? NULL : strstr(list, engine);
    return list == NULL || (found != NULL && strchr(" ", found[strlen(engine)]) != NULL);
}

static int run_group(void)
{
    size_t count = 0;
    struct CMUnitTest *copies = calloc(group.count, sizeof *copies);
    if (copies == NULL)
        return 1;
    for (size_t i = 0; i < group.count; i++)
        if (is_for(&group.tests[i], fixture_engine()))
            copies[count++] = (struct CMUnitTest){ .name = group.tests[i].name,
                                                   .test_func = group.tests[i].test_func,
                                                   .setup_func = set_up_test,
                                                   .teardown_func = tear_down_test,
                                                   .initial_state = (void *)(uintptr_t)&group.tests[i] };
    if (count == 0)
        print_error("%s has no test for %s\n", group.name, fixture_engine());
    int failed = count == 0 ? 1 : _cmocka_run_group_tests(group.name, copies, count, NULL, NULL);
    free(copies);
    return failed;
}

int fixture_run(const char *name, const struct CMUnitTest *tests, size_t count, const ar_model *const *models,
                size_t model_count)
{
    group = (struct group){ name, tests, count, models, model_count };
    return fixture_each(name, run_group);
}
