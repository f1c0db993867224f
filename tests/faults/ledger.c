/* SPDX-License-Identifier: MIT */
#include "tests/faults/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/outside.h"

AR_MODEL_DEFINE(Entry, "entries", AR_COLUMN(Entry, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Entry, tag, AR_NOT_NULL),
                AR_COLUMN(Entry, value, AR_NOT_NULL));

const ar_model *const ledger_models[1] = { &Entry_model };

enum { MOST_STATES = 16, MOST_COMPLAINTS = 20 };

typedef struct holding {
    int64_t rows;
    int64_t sum;
} holding;

struct account {
    ledger *ledger;
    account *next;
    char tag[64];
    holding may[MOST_STATES]; /* each as right as the others */
    size_t count;
    holding has;
};

struct ledger {
    account *first;
    size_t count;
    size_t complaints;
    uint64_t done, unknown;
};

ledger *ledger_create(void)
{
    ledger *l = calloc(1, sizeof *l);
    assert_non_null(l);
    return l;
}

void ledger_free(ledger *l)
{
    while (l != NULL && l->first != NULL) {
        account *gone = l->first;
        l->first = gone->next;
        free(gone);
    }
    free(l);
}

account *ledger_open(ledger *l, const char *tag)
{
    account *a = calloc(1, sizeof *a);
    assert_non_null(a);
    assert_true(strlen(tag) < sizeof a->tag);
    a->ledger = l;
    strcpy(a->tag, tag);
    a->count = 1;
    a->next = l->first;
    l->first = a;
    l->count++;
    return a;
}

const char *account_tag(const account *a)
{
    return a->tag;
}

void account_complain(account *a, const char *what)
{
    if (a->ledger->complaints++ < MOST_COMPLAINTS)
        print_error("%s: %s\n", a->tag, what);
}

static void complain_of(account *a, const char *what, ar_status status, const ar_error *error)
{
    char text[512];
    snprintf(text, sizeof text, "%s gave %s (%s%s)", what, ar_status_name(status), error == NULL ? "" : error->message,
             error != NULL && error->outcome_unknown ? ", outcome unknown" : "");
    account_complain(a, text);
}

static void add_unknown(account *a, int64_t rows, int64_t sum)
{
    size_t before = a->count;
    assert_true(2 * before <= MOST_STATES);
    for (size_t i = 0; i < before; i++)
        a->may[a->count++] = (holding){ a->may[i].rows + rows, a->may[i].sum + sum };
    a->ledger->unknown++;
}

bool account_write_or(account *a, int64_t rows, int64_t sum, ar_status status, const ar_error *error,
                      ar_status expected)
{
    if (status == AR_OK) {
        for (size_t i = 0; i < a->count; i++)
            a->may[i] = (holding){ a->may[i].rows + rows, a->may[i].sum + sum };
        a->ledger->done++;
        return true;
    }
    if (status != AR_E_CONNECTION && status != expected)
        complain_of(a, "a write", status, error);
    else if (error->status != status)
        account_complain(a, "an error is not what was answered");
    if (error->outcome_unknown)
        add_unknown(a, rows, sum);
    return false;
}

bool account_write(account *a, int64_t rows, int64_t sum, ar_status status, const ar_error *error)
{
    return account_write_or(a, rows, sum, status, error, AR_E_CONNECTION);
}

bool account_read(account *a, ar_status status, const ar_error *error)
{
    if (status != AR_OK)
        complain_of(a, "a read", status, error);
    return status == AR_OK;
}

static int by_tag(const void *a, const void *b)
{
    return strcmp((*(account *const *)a)->tag, (*(account *const *)b)->tag);
}

static account **sorted(const ledger *l)
{
    account **all = calloc(l->count + 1, sizeof *all);
    size_t i = 0;
    assert_non_null(all);
    for (account *a = l->first; a != NULL; a = a->next)
        all[i++] = a;
    qsort(all, l->count, sizeof *all, by_tag);
    return all;
}

static account *find(account *const *all, size_t count, const char *tag)
{
    account wanted;
    account *key = &wanted;
    snprintf(wanted.tag, sizeof wanted.tag, "%s", tag);
    account *const *found = bsearch(&key, all, count, sizeof *all, by_tag);
    return found == NULL ? NULL : *found;
}

static void look(ledger *l, account *const *all, const char *rows)
{
    char tag[64];
    holding has;
    for (const char *line = rows; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_int_equal(sscanf(line, "%63[^|]|%" SCNd64 "|%" SCNd64, tag, &has.rows, &has.sum), 3);
        account *a = find(all, l->count, tag);
        if (a != NULL)
            a->has = has;
    }
}

static void judge(account *a)
{
    char text[256];
    for (size_t i = 0; i < a->count; i++)
        if (a->may[i].rows == a->has.rows && a->may[i].sum == a->has.sum)
            return;
    int length = snprintf(text, sizeof text, "the table holds %" PRId64 " rows of sum %" PRId64 ", and not",
                          a->has.rows, a->has.sum);
    for (size_t i = 0; i < a->count && length < (int)sizeof text - 64; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, " %" PRId64 " of %" PRId64, a->may[i].rows,
                           a->may[i].sum);
    account_complain(a, text);
}

void ledger_check(ledger *l, const char *url)
{
    outside *o = outside_open(url);
    assert_non_null(o);
    const char *rows = outside_rows(o, "SELECT tag, count(*), sum(value) FROM entries GROUP BY tag");
    assert_non_null(rows);
    account **all = sorted(l);
    look(l, all, rows);
    outside_close(o);
    free(all);
    for (account *a = l->first; a != NULL; a = a->next)
        judge(a);
    if (l->complaints > 0)
        fail_msg("%zu complaints about %zu accounts", l->complaints, l->count);
}

uint64_t ledger_done(const ledger *l)
{
    return l->done;
}

uint64_t ledger_unknown(const ledger *l)
{
    return l->unknown;
}
