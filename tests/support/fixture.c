/* SPDX-License-Identifier: MIT */
#include "tests/support/fixture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actrec/schema.h>

ar_db *db;
ar_error err;

static ar_runtime *runtime;
static char url[512];
static char folder[64];
static const ar_model *const *models;
static size_t model_count;

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

size_t fixture_live(void)
{
    return atomic_load(&live);
}

const char *fixture_url(void)
{
    return url;
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
    print_error("%s on %s: %s\n", what, url, err.message);
    return -1;
}

static int set_up(void **state)
{
    (void)state;
    ar_runtime_options options = { .workers = 2, .allocate = allocate, .reallocate = reallocate, .release = release };
    if (ar_runtime_create(&options, &runtime, &err) != AR_OK)
        return complain("creating a runtime");
    if (ar_db_open(url, &(ar_db_options){ .runtime = runtime }, &db, &err) != AR_OK)
        return complain("opening");
    for (size_t i = 0; i < model_count; i++) {
        if (ar_table_drop_if_exists(db, models[i], &err) != AR_OK || ar_table_create(db, models[i], &err) != AR_OK)
            return complain("making a table");
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_refuse(0, false);
    ar_db_close(&db);
    if (ar_runtime_close(&runtime, &err) != AR_OK)
        return complain("closing the runtime");
    if (fixture_live() == 0)
        return 0;
    print_error("%zu blocks were not given back\n", fixture_live());
    atomic_store(&live, 0);
    return -1;
}

static int run_on(const char *name, const struct CMUnitTest *tests, size_t count)
{
    struct CMUnitTest *copies = calloc(count, sizeof *copies);
    if (copies == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        copies[i] = tests[i];
        copies[i].setup_func = set_up;
        copies[i].teardown_func = tear_down;
    }
    print_message("%s on %s\n", name, url);
    int failed = _cmocka_run_group_tests(name, copies, count, NULL, NULL);
    free(copies);
    return failed;
}

static int run_on_server(const char *name, const char *variable, const struct CMUnitTest *tests, size_t count)
{
    const char *server = getenv(variable);
    if (server == NULL || server[0] == '\0')
        return 0;
    snprintf(url, sizeof url, "%s", server);
    return run_on(name, tests, count);
}

int fixture_run(const char *name, const struct CMUnitTest *tests, size_t count, const ar_model *const *of_models,
                size_t of_model_count)
{
    models = of_models;
    model_count = of_model_count;
    snprintf(folder, sizeof folder, "/tmp/actrec-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(url, sizeof url, "sqlite::memory:");
    int failed = run_on(name, tests, count);
    snprintf(url, sizeof url, "sqlite:%s/test.db?synchronous=off", folder);
    failed += run_on(name, tests, count);
    failed += run_on_server(name, "AR_TEST_POSTGRES_URL", tests, count);
    failed += run_on_server(name, "AR_TEST_MYSQL_URL", tests, count);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command) != 0)
        print_error("could not remove %s\n", folder);
    return failed;
}
