/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/postgres/connection.h"
#include "backends/postgres/postgres.h"
#include "tests/support/poll_host.h"

/* PgBouncer in transaction mode: more connections than servers, so that each meets what others have prepared, and not what it has itself. */

enum { connections = 7 };

static poll_host host;
static ar_backend_config *config;
static ar_connection *all[connections];

static int set_up(void **state)
{
    (void)state;
    poll_host_init(&host, &ari_postgres_backend);
    config = poll_configure(&host, getenv("AR_TEST_PGBOUNCER_URL"), NULL);
    for (int i = 0; i < connections; i++)
        all[i] = poll_open(&host, config, AR_ROLE_WRITER);
    (void)poll_rows(&host, all[0], "DROP TABLE IF EXISTS ar_pooler");
    (void)poll_rows(&host, all[0], "CREATE TABLE ar_pooler (id bigint, word text)");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)poll_rows(&host, all[0], "DROP TABLE IF EXISTS ar_pooler");
    for (int i = 0; i < connections; i++)
        host.fake.backend->close(all[i]);
    host.fake.backend->config_free(config);
    poll_host_fini(&host);
    return 0;
}

static fake_op *insert(int64_t id)
{
    fake_op *op = poll_sql(&host, "INSERT INTO ar_pooler VALUES ($1, $2)");
    fake_int(op, id);
    fake_text(op, "word");
    return op;
}

static fake_op *read_word(int64_t id)
{
    fake_op *op = poll_sql(&host, "SELECT word FROM ar_pooler WHERE id = $1 LIMIT 1");
    fake_int(op, id);
    return op;
}

static void good(const fake_op *op)
{
    if (op->status != AR_OK)
        fail_msg("%s: %s", ar_status_name(op->status), op->error.message);
}

static void statements_run_on_whichever_server_answers(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < connections; i++) {
            const fake_op *write = insert(round * connections + i), *read = read_word(0);
            poll_submit(&host, all[i]);
            poll_for(&host, all[i], write);
            poll_for(&host, all[i], read);
            good(write);
            good(read);
        }
    assert_string_equal(poll_rows(&host, all[0], "SELECT count(*), count(DISTINCT id) FROM ar_pooler"), "140|140;");
}

static void transactions_meet_a_server_that_knows_none_of_their_statements(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        fake_op *ends[connections];
        for (int i = 0; i < 3; i++) { /* at the same time, on servers of their own */
            fake_kind(&host.fake, AR_OP_BEGIN);
            insert(round * 100 + i)->operation.in_transaction = true;
            read_word(round)->operation.in_transaction = true;
            ends[i] = fake_kind(&host.fake, AR_OP_COMMIT);
            ends[i]->operation.in_transaction = true;
            poll_submit(&host, all[(round + i) % connections]);
        }
        for (int i = 0; i < 3; i++) {
            poll_for(&host, all[(round + i) % connections], ends[i]);
            good(ends[i]);
        }
    }
    assert_string_equal(poll_rows(&host, all[0], "SELECT count(*), count(DISTINCT id) FROM ar_pooler"), "30|30;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(statements_run_on_whichever_server_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(transactions_meet_a_server_that_knows_none_of_their_statements, set_up,
                                        tear_down),
    };
    if (getenv("AR_TEST_PGBOUNCER_URL") == NULL) {
        puts("SKIPPED: AR_TEST_PGBOUNCER_URL names no PgBouncer");
        return 77;
    }
    return cmocka_run_group_tests_name("postgres_pooler", tests, NULL, NULL);
}
