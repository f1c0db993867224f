/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_REFUSAL_H
#define TESTS_SUPPORT_REFUSAL_H

#include <stdbool.h>
#include <time.h>

/* With AR_TEST_REFUSE in the environment, a test program runs each of its tests again and again, each time in a process
 * of its own, with the first, the second ... allocation of the library refused, once and from then on, until the test
 * gets through without a refusal. "some" takes wider steps from the 32nd on and is what ctest runs (label `memory`);
 * "every" takes each one to the 1000th: AR_TEST_REFUSE=every build/tests/test_x. No test needs to know: this stands
 * between the library and its allocator, and between main and cmocka (ld(1), --wrap).
 *
 * A run is as it should be when the test gets through, its teardown too, with nothing leaked where that is watched; or
 * when an assertion fails, since a call answers with an error. It is not when the process crashes, a sanitizer
 * complains, or the run hangs: its deadline comes before the patience of a test that waits for a future. Leaks of a test that ended with an error are not seen: the tours
 * look at those (test_oom_*.c, conformance/test_memory.c, test_query_memory.c). */

/* Whether memory was refused to this test: what it waits for may never come then, which is no fault. A future that was
 * given out always completes, so waiting for one needs no such doubt. */
bool refusal_happened(void);

/* The time to look at that again: a moment after `now`. */
struct timespec refusal_patience(const struct timespec *now);

#endif
