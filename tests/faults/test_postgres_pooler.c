/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/line.h"
#include "tests/faults/script.h"

/* A PgBouncer in transaction mode, AR_TEST_PGBOUNCER_URL: each transaction may meet another session of the server, which
 * does not know the statements that were prepared in the last one. */

static const scene scenes[] = { scene_writes,  scene_reads,       scene_finds,     scene_selects,
                                scene_inserts, scene_transaction, scene_tx_flight, scene_bulk };

/* That of the test, by way of the pooler. */
static void pooler_url(char *url, size_t size, const char *options)
{
    const char *pooler = getenv("AR_TEST_PGBOUNCER_URL");
    const char *database = strrchr(fixture_url(), '/');
    if (pooler == NULL || pooler[0] == '\0') {
        print_error("SKIPPED: AR_TEST_PGBOUNCER_URL is not set\n");
        skip();
    }
    snprintf(url, size, "%.*s%s?%s", (int)(strrchr(pooler, '/') - pooler), pooler, database, options);
}

enum { ROUNDS = 10, OTHERS = 3 };

/* Several databases at once, so that sessions change hands. */
static void play_all(const char *options)
{
    char url[1024], name[32];
    ar_db *dbs[OTHERS];
    ledger *l = ledger_create();
    script_prepare(db);
    pooler_url(url, sizeof url, options);
    for (int i = 0; i < OTHERS; i++)
        ok(ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &dbs[i], &err));
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < OTHERS; i++)
            for (size_t s = 0; s < sizeof scenes / sizeof scenes[0]; s++) {
                snprintf(name, sizeof name, "round %d of %d scene %zu", round, i, s);
                watchdog(name);
                scenes[s](&(play){ l, dbs[i], name });
            }
    watchdog(NULL);
    for (int i = 0; i < OTHERS; i++)
        ar_db_close(&dbs[i]);
    assert_int_equal(ledger_unknown(l), 0);
    ledger_check(l, fixture_url());
    ledger_free(l);
}

static void statements_with_names(void **state)
{
    (void)state;
    play_all("pool=3");
}

static void statements_without_names(void **state)
{
    (void)state;
    play_all("pool=3&statement_cache=0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_with_names),
        cmocka_unit_test(statements_without_names),
    };
    return fixture_main("postgres_pooler", tests, ledger_models);
}
