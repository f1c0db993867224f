/* SPDX-License-Identifier: MIT */
#include "tests/support/counted.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <actrec/sys/backend.h>

#include "pools/registry.h"
#include "tests/support/fixture.h"

static const ar_backend *counted;
static atomic_size_t statements;

static void submit(ar_connection *connection, ar_operation *batch)
{
    for (const ar_operation *each = batch; each != NULL; each = each->next)
        atomic_fetch_add(&statements, each->kind == AR_OP_EXECUTE);
    counted->submit(connection, batch);
}

size_t counted_statements(void)
{
    return atomic_exchange(&statements, 0);
}

/* One engine after the other: the one that counts is that of the newest database. */
static void use(const char *scheme)
{
    static ar_backend wrapped[3];
    static char names[3][32];
    static const char *schemes[3][2];
    static size_t count;
    char name[32];
    snprintf(name, sizeof name, "counted+%s", scheme);
    counted = ari_backend_find(scheme, NULL);
    assert_non_null(counted);
    if (ari_backend_find(name, NULL) != NULL)
        return;
    assert_true(count < 3);
    memcpy(names[count], name, sizeof name);
    schemes[count][0] = names[count];
    wrapped[count] = *counted;
    wrapped[count].schemes = schemes[count];
    wrapped[count].submit = submit;
    ok(ar_backend_register(&wrapped[count++], &err));
}

bool counted_open(const ar_model *const *models, size_t count, ar_db **out)
{
    char scheme[16], url[512];
    bool apart = strstr(fixture_url(), ":memory:") != NULL;
    size_t length = strcspn(fixture_url(), ":");
    assert_true(length < sizeof scheme);
    snprintf(scheme, sizeof scheme, "%.*s", (int)length, fixture_url());
    use(scheme);
    snprintf(url, sizeof url, "counted+%s", fixture_url());
    ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, out, &err));
    for (size_t i = 0; apart && i < count; i++)
        ok(ar_table_create(*out, models[i], &err));
    (void)counted_statements();
    return apart;
}
