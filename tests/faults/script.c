/* SPDX-License-Identifier: MIT */
#include "tests/faults/script.h"

#include <stdio.h>
#include <string.h>

void script_prepare(ar_db *on)
{
    for (int32_t i = 1; i <= KNOWN_ROWS; i++) {
        Entry entry = { .tag = "known", .value = i };
        ok(Entry_insert(on, &entry, &err));
        assert_int_equal(entry.id, i);
    }
}

static account *open_account(const play *p, const char *what)
{
    char tag[64];
    snprintf(tag, sizeof tag, "%s %s", p->name, what);
    return ledger_open(p->ledger, tag);
}

static Entry *new_entry(const account *a, int32_t value)
{
    Entry *entry = Entry_new();
    assert_non_null(entry);
    entry->tag = account_tag(a);
    entry->value = value;
    return entry;
}

static void expect_known(account *a, const Entry *entry, int64_t key)
{
    if (entry->id != key || entry->value != key || strcmp(entry->tag, "known") != 0)
        account_complain(a, "a read gave another row");
}

/* --- one after the other --- */

static void find_again(const play *p, account *a, const Entry *entry)
{
    Entry *found = NULL;
    ar_error error;
    if (!account_read(a, Entry_find_one(p->db, ar_key(entry->id), &found, &error), &error))
        return;
    if (found->value != entry->value || strcmp(found->tag, account_tag(a)) != 0)
        account_complain(a, "a find gave another row");
    Entry_free(found);
}

void scene_writes(const play *p)
{
    account *a = open_account(p, "");
    Entry *entry = new_entry(a, 1);
    ar_error error;
    int64_t changes = 0;
    if (!account_write(a, 1, 1, Entry_save(p->db, entry, &error), &error))
        goto out;
    find_again(p, a, entry);
    entry->value = 5;
    if (!account_write(a, 0, 4, Entry_save(p->db, entry, &error), &error))
        goto out;
    ar_query *q = ar_sql(p->db, "UPDATE entries SET value = value + 16 WHERE tag = ?", account_tag(a));
    if (!account_write(a, 0, 16, ar_query_exec(q, &changes, &error), &error))
        goto out;
    if (changes != 1)
        account_complain(a, "an update of one row did not change one");
    if (!account_read(a, Entry_refresh(p->db, entry, &error), &error))
        goto out;
    (void)account_write(a, -1, -21, Entry_delete(p->db, entry, &error), &error);
out:
    Entry_free(entry);
}

static ar_status add_value(void *arg, Entry *row, ar_error *error)
{
    (void)error;
    *(int64_t *)arg += row->value;
    return AR_OK;
}

static ar_query *known(const play *p)
{
    ar_query *q = Entry_query(p->db);
    ar_query_filter(q, AR_EQ(Entry, tag, "known"));
    ar_query_order_by(q, "id");
    return q;
}

static void read_list(const play *p, account *a)
{
    Entry_list list;
    ar_error error;
    if (!account_read(a, Entry_all(known(p), &list, &error), &error))
        return;
    if (list.count != KNOWN_ROWS)
        account_complain(a, "a list is not whole");
    for (size_t i = 0; i < list.count; i++)
        expect_known(a, list.items[i], (int64_t)i + 1);
    Entry_list_free(&list);
}

void scene_reads(const play *p)
{
    account *a = open_account(p, "");
    Entry *entry = NULL;
    ar_error error;
    int64_t sum = 0, count = 0;
    if (account_read(a, Entry_find_one(p->db, ar_key(3), &entry, &error), &error)) {
        expect_known(a, entry, 3);
        Entry_free(entry);
    }
    read_list(p, a);
    if (account_read(a, ar_query_count(known(p), &count, &error), &error) && count != KNOWN_ROWS)
        account_complain(a, "a count is off");
    ar_status status = Entry_stream(known(p), add_value, &sum, &error);
    if (status != AR_OK && status != AR_E_CONNECTION) /* rows were given away: not done again */
        (void)account_read(a, status, &error);
    else if (status == AR_OK && sum != KNOWN_ROWS * (KNOWN_ROWS + 1) / 2)
        account_complain(a, "a stream is not whole");
}

/* --- in flight together --- */

static void await_known(account *a, Entry_future *future, int64_t key)
{
    Entry *entry = NULL;
    ar_error error;
    if (!account_read(a, Entry_await(future, &entry, &error), &error))
        return;
    expect_known(a, entry, key);
    Entry_free(entry);
}

void scene_finds(const play *p)
{
    account *a = open_account(p, "");
    Entry_future futures[KNOWN_ROWS + 1];
    for (int i = 0; i < KNOWN_ROWS; i++)
        futures[i] = Entry_find_one_async(p->db, ar_key(i + 1));
    futures[KNOWN_ROWS] = Entry_find_one_async(p->db, ar_key(2)); /* twice */
    for (int i = 0; i < KNOWN_ROWS; i++)
        await_known(a, &futures[i], i + 1);
    await_known(a, &futures[KNOWN_ROWS], 2);
}

enum { SELECTS = 4 };

void scene_selects(const play *p)
{
    account *a = open_account(p, "");
    Entry_future futures[SELECTS];
    for (int i = 0; i < SELECTS; i++) {
        ar_query *q = known(p);
        ar_query_filter(q, AR_EQ(Entry, value, i + 1));
        futures[i] = Entry_one_async(q);
    }
    for (int i = 0; i < SELECTS; i++)
        await_known(a, &futures[i], i + 1);
}

enum { INSERTS = 4 };

void scene_inserts(const play *p)
{
    account *accounts[INSERTS];
    Entry *entries[INSERTS];
    ar_done saves[INSERTS];
    Entry_future finds[INSERTS];
    ar_error error;
    for (int i = 0; i < INSERTS; i++) {
        char number[4] = { (char)('a' + i), '\0' };
        accounts[i] = open_account(p, number);
        entries[i] = new_entry(accounts[i], i + 1);
        saves[i] = Entry_save_async(p->db, entries[i]);
        finds[i] = Entry_find_one_async(p->db, ar_key(i + 1));
    }
    for (int i = 0; i < INSERTS; i++) {
        bool saved = account_write(accounts[i], 1, i + 1, ar_done_await(&saves[i], &error), &error);
        if (saved != (entries[i]->id != 0))
            account_complain(accounts[i], "the key of a record is not what became of it");
        await_known(accounts[i], &finds[i], i + 1);
        Entry_free(entries[i]);
    }
}

/* --- transactions --- */

void scene_transaction(const play *p)
{
    account *a = open_account(p, "");
    Entry *one = new_entry(a, 1), *two = new_entry(a, 2), *found;
    ar_error error;
    ar_status status;
    ar_db *tx = ar_tx_begin(p->db, &(ar_tx_options){ .retries = 0 });
    do {
        if ((status = Entry_save(tx, one, &error)) != AR_OK)
            continue;
        if ((status = Entry_find_for_update(tx, ar_key(one->id), &found, &error)) != AR_OK)
            continue;
        found->value = 4;
        if ((status = Entry_save(tx, found, &error)) != AR_OK)
            continue;
        status = Entry_save(tx, two, &error);
    } while (ar_tx_finish(&tx, &status, &error));
    bool committed = account_write(a, 2, 6, status, &error);
    if (committed == Entry_is_new(two))
        account_complain(a, "a record does not know what became of it");
    Entry_free(one);
    Entry_free(two);
}

void scene_tx_flight(const play *p)
{
    account *a = open_account(p, "");
    Entry *entries[3];
    ar_done saves[3];
    ar_error error;
    ar_db *tx = ar_tx_begin(p->db, NULL);
    for (int i = 0; i < 3; i++) {
        entries[i] = new_entry(a, i);
        saves[i] = Entry_save_async(tx, entries[i]);
    }
    ar_done commit = ar_tx_commit_async(&tx);
    bool all = true;
    for (int i = 0; i < 3; i++)
        all = ar_done_await(&saves[i], &error) == AR_OK && all;
    ar_status status = ar_done_await(&commit, &error);
    if (account_write_or(a, 3, 3, status, &error, AR_E_TX_ABORTED) && !all)
        account_complain(a, "a save failed whose transaction was committed");
    for (int i = 0; i < 3; i++)
        Entry_free(entries[i]);
}

enum { BULK_ROWS = 8 };

void scene_bulk(const play *p)
{
    account *a = open_account(p, "");
    Entry rows[BULK_ROWS];
    ar_error error;
    for (int i = 0; i < BULK_ROWS; i++)
        rows[i] = (Entry){ .tag = account_tag(a), .value = 1 };
    if (!account_write(a, BULK_ROWS, BULK_ROWS, Entry_insert_many(p->db, rows, BULK_ROWS, &error), &error))
        return;
    for (int i = 1; i < BULK_ROWS; i++)
        if (rows[i].id <= rows[i - 1].id)
            account_complain(a, "the keys of a bulk insert are not in order");
}
