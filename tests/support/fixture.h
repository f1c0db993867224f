/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <actrec.h>

/* A database for each test, on each engine that there is: SQLite in memory and in a file, PostgreSQL and MySQL/MariaDB
 * on the servers that AR_TEST_POSTGRES_URL and AR_TEST_MYSQL_URL name; there, a database is made for the program and
 * dropped at its end. AR_TEST_ENGINE=sqlite|postgres|mysql runs the tests on that one alone, and exits with 77 when its
 * server is missing. Memory comes from an allocator that counts, and that can be told to refuse; after each test
 * everything must have been given back. */

extern ar_db *db;
extern ar_error err; /* for the test's own thread */

/* Fails the test unless the call is AR_OK, saying what `err` says. */
#define ok(call)            fixture_check((call), AR_OK, #call, __FILE__, __LINE__)
#define fails(call, status) fixture_check((call), (status), #call, __FILE__, __LINE__)
void fixture_check(ar_status status, ar_status expected, const char *call, const char *file, int line);

/* Runs the tests on each database; before each, the tables of `models` are made anew, then comes the test's own set-up.
 * What main returns. */
int fixture_run(const char *name, const struct CMUnitTest *tests, size_t count, const ar_model *const *models,
                size_t model_count);

#define fixture_main(name, tests, models) \
    fixture_run((name), (tests), sizeof(tests) / sizeof((tests)[0]), (models), sizeof(models) / sizeof((models)[0]))

/* In the list of tests: one that is about some engines only, "sqlite" or "postgres mysql", and not run on the others. */
#define fixture_test_on(engines, test) fixture_test_setup_on(engines, test, NULL, NULL)
#define fixture_test_setup_on(engines, test, up, down)                                                        \
    {                                                                                                         \
        .name = #test, .test_func = test, .setup_func = up, .teardown_func = down, .initial_state = (engines) \
    }

/* For a program that opens its databases itself: calls `run` (what cmocka_run_group_tests returns) once for each
 * database, which fixture_url names. What main returns. */
int fixture_each(const char *name, int (*run)(void));

/* The database that the test runs on: its URL, and "sqlite", "postgres" or "mysql". */
const char *fixture_url(void);
const char *fixture_engine(void);
bool fixture_on(const char *engine);

/* The runtime that the database is on. */
ar_runtime *fixture_runtime(void);

/* Memory of the runtime that the database is on. refuse_at: the allocation of that number from now on fails, from 1;
 * 0: none. on: and all after it. refused: whether one was. */
void fixture_refuse(size_t refuse_at, bool on);
bool fixture_refused(void);
size_t fixture_live(void);

/* Calls `work` again and again, with the first, the second ... allocation refused, until none is; `check` is called
 * after each refusal, with memory to be had. Once, and once more with all after it refused too. */
void fixture_each_refusal(ar_status (*work)(void), void (*check)(void));

#endif
