/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/line.h"
#include "tests/faults/script.h"

/* The connection is cut at every byte of each scene, either way; what became of each future is compared with what the
 * database holds at the end. By turns it is a reset and an end of the stream; with helping off, the other way round. */

static const char *others(void)
{
    if (fixture_on("postgres"))
        return "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    return "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()";
}

/* What the server still has of lost connections may yet do something. */
static void settle(ledger *l)
{
    outside *o = outside_open(fixture_url());
    assert_non_null(o);
    watchdog("settling");
    ar_db_close(&db);
    outside_await(o, others(), "0\n");
    outside_close(o);
    watchdog(NULL);
    ledger_check(l, fixture_url());
}

/* Every byte, or every so many: AR_TEST_STRIDE. In another locale the bytes are the same. */
static uint64_t stride(void)
{
    const char *text = getenv("AR_TEST_STRIDE");
    long number = text != NULL ? strtol(text, NULL, 10) : getenv("AR_TEST_LOCALE") != NULL ? 31 : 1;
    return number < 1 ? 1 : (uint64_t)number;
}

static proxy_cut cut_for(uint64_t at)
{
    const char *help = getenv("AR_HELP");
    bool other = help != NULL && strcmp(help, "off") == 0;
    return (at % 2 == 1) == other ? PROXY_RESET : PROXY_CLOSE;
}

static const proxy_way ways[] = { PROXY_UP, PROXY_DOWN };
static const char *const way_names[] = { "up", "down" };

/* The last one had it all through when nothing was cut; what goes together is not always the same. */
enum { UNCUT_ENOUGH = 3 };

typedef struct course {
    line line;
    ledger *ledger;
    scene scene;
} course;

static void look_alive(const course *c)
{
    Entry *entry = NULL;
    ok(Entry_find_one(c->line.db, ar_key(1), &entry, &err));
    assert_int_equal(entry->value, 1);
    Entry_free(entry);
}

static void play_scene(course *c, const char *name)
{
    c->scene(&(play){ c->ledger, c->line.db, name });
}

static void open_and_write(course *c, const char *name)
{
    account *a = ledger_open(c->ledger, name);
    ar_error error;
    ar_status status = ar_db_open(c->line.url, &(ar_db_options){ .runtime = fixture_runtime() }, &c->line.db, &error);
    Entry entry = { .tag = name, .value = 1 };
    if (status == AR_OK)
        status = Entry_insert(c->line.db, &entry, &error);
    (void)account_write(a, 1, 1, status, &error);
    ar_db_close(&c->line.db);
}

static bool cut_once(course *c, proxy_way way, uint64_t at)
{
    char name[48];
    proxy_cut cut = cut_for(at);
    snprintf(name, sizeof name, "%s %s at %llu", way_names[way], cut == PROXY_RESET ? "reset" : "end",
             (unsigned long long)at);
    watchdog(name);
    proxy_count_anew(c->line.proxy);
    proxy_cut_at(c->line.proxy, way, cut, at);
    if (c->scene == NULL)
        open_and_write(c, name);
    else
        play_scene(c, name);
    proxy_cut_never(c->line.proxy);
    bool was_cut = proxy_count(c->line.proxy, PROXY_CUTS) > 0;
    if (c->scene != NULL)
        look_alive(c);
    watchdog(NULL);
    return was_cut;
}

static void cut_at_every_byte(course *c)
{
    for (size_t way = 0; way < 2; way++) {
        uint64_t cuts = 0;
        int uncut = 0;
        for (uint64_t at = 0; uncut < UNCUT_ENOUGH; at += stride()) {
            bool cut = cut_once(c, ways[way], at);
            uncut = cut ? 0 : uncut + 1;
            cuts += cut;
        }
        print_message("    %s: cut %llu times\n", way_names[way], (unsigned long long)cuts);
        assert_true(cuts > 50 / stride());
    }
    print_message("    %llu writes done, %llu of unknown outcome\n", (unsigned long long)ledger_done(c->ledger),
                  (unsigned long long)ledger_unknown(c->ledger));
}

static void cut_everywhere(scene of)
{
    course c = { .ledger = ledger_create(), .scene = of };
    script_prepare(db);
    line_open(&c.line, "pool=1");
    look_alive(&c);
    cut_at_every_byte(&c);
    line_close(&c.line);
    settle(c.ledger);
    ledger_free(c.ledger);
}

static void writes_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_writes);
}

static void reads_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_reads);
}

static void fused_finds_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_finds);
}

static void selects_in_flight_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_selects);
}

static void inserts_in_flight_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_inserts);
}

static void a_transaction_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_transaction);
}

static void a_transaction_in_flight_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_tx_flight);
}

static void a_bulk_insert_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(scene_bulk);
}

static void opening_cut_at_every_byte(void **state)
{
    (void)state;
    course c = { .ledger = ledger_create() };
    line_lay(&c.line, fixture_url(), "pool=1");
    cut_at_every_byte(&c);
    line_close(&c.line);
    settle(c.ledger);
    ledger_free(c.ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_cut_at_every_byte),
        cmocka_unit_test(reads_cut_at_every_byte),
        cmocka_unit_test(fused_finds_cut_at_every_byte),
        cmocka_unit_test(selects_in_flight_cut_at_every_byte),
        cmocka_unit_test(inserts_in_flight_cut_at_every_byte),
        cmocka_unit_test(a_transaction_cut_at_every_byte),
        cmocka_unit_test(a_transaction_in_flight_cut_at_every_byte),
        cmocka_unit_test(a_bulk_insert_cut_at_every_byte),
        cmocka_unit_test(opening_cut_at_every_byte),
    };
    return fixture_main("cut", tests, ledger_models);
}
