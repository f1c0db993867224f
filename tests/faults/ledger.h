/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_LEDGER_H
#define TESTS_FAULTS_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/fixture.h"

/* What a table must hold after writes of which some failed: those that ended well, once; those that failed, not at
 * all; and those whose outcome is unknown, once or not at all. */

typedef struct Entry {
    int64_t id;
    const char *tag; /* which account of the ledger it belongs to */
    int32_t value;
} Entry;

AR_MODEL_DECLARE(Entry);

extern const ar_model *const ledger_models[1];

typedef struct ledger ledger;
typedef struct account account;

ledger *ledger_create(void);
void ledger_free(ledger *l);

/* The rows of `tag`, of which there are none yet. Stays where it is until the ledger is freed. */
account *ledger_open(ledger *l, const char *tag);
const char *account_tag(const account *a);

/* A write that was to add so many rows, and so much to the sum of their values, ended so. Anything but AR_OK and
 * AR_E_CONNECTION is a defect. Answers whether it ended well. */
bool account_write(account *a, int64_t rows, int64_t sum, ar_status status, const ar_error *error);
/* Likewise, of operations that are not what they wait for: `expected` is right, too. */
bool account_write_or(account *a, int64_t rows, int64_t sum, ar_status status, const ar_error *error,
                      ar_status expected);
/* A read of it ended so; only AR_OK is right. */
bool account_read(account *a, ar_status status, const ar_error *error);
/* Something else about it is not as it should be. */
void account_complain(account *a, const char *what);

/* Looks at the table of `url` from outside, says what is wrong and fails the test then. */
void ledger_check(ledger *l, const char *url);
/* How many writes ended well, and how many are unknown. */
uint64_t ledger_done(const ledger *l);
uint64_t ledger_unknown(const ledger *l);

#endif
