/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <actrec.h>

/* A database for each test, on each engine that there is: in memory, in a file, and on the servers that
 * AR_TEST_POSTGRES_URL and AR_TEST_MYSQL_URL name. Its memory comes from an allocator that counts, and that can be
 * told to refuse; after each test everything must have been given back. */

extern ar_db *db;
extern ar_error err; /* for the test's own thread */

/* Fails the test unless the call is AR_OK, saying what `err` says. */
#define ok(call)            fixture_check((call), AR_OK, #call, __FILE__, __LINE__)
#define fails(call, status) fixture_check((call), (status), #call, __FILE__, __LINE__)
void fixture_check(ar_status status, ar_status expected, const char *call, const char *file, int line);

/* Runs the tests on each database; before each, the tables of `models` are made anew. What main returns. */
int fixture_run(const char *name, const struct CMUnitTest *tests, size_t count, const ar_model *const *models,
                size_t model_count);

#define fixture_main(name, tests, models) \
    fixture_run((name), (tests), sizeof(tests) / sizeof((tests)[0]), (models), sizeof(models) / sizeof((models)[0]))

/* The url of the database that the test runs on. */
const char *fixture_url(void);

/* Memory of the runtime that the database is on. refuse_at: the allocation of that number from now on fails, from 1;
 * 0: none. on: and all after it. refused: whether one was. */
void fixture_refuse(size_t refuse_at, bool on);
bool fixture_refused(void);
size_t fixture_live(void);

/* Calls `work` again and again, with the first, the second ... allocation refused, until none is; `check` is called
 * after each refusal, with memory to be had. Once, and once more with all after it refused too. */
void fixture_each_refusal(ar_status (*work)(void), void (*check)(void));

#endif
