/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_LINE_BACKEND_H
#define TESTS_SUPPORT_LINE_BACKEND_H

#include <stdbool.h>

#include <actrec/sys/backend.h>

/* An engine that does not block, "line:" (and "line:serial", which does not pipeline): a backend whose answers come through a descriptor, when the test lets them. A statement is
 * as in script_backend.h:
 *
 *   ok      answered as soon as it is looked at
 *   hold    answered when the test says so (line_answer)
 *   deaf    likewise; when it is given up, the first request to stop it is lost, and a second one is made a little later
 *   lose    the connection is lost: it may have been done; what is behind it was not sent
 *   unsent  likewise, the first time that one comes, but it was not sent either; then it is ok
 *
 * The log says what was answered, in its order. */

extern const ar_backend line_backend;

/* As it is at first: nothing is held, the log is empty. When there is no connection. */
void line_reset(void);

/* So many that hold are answered. */
void line_answer(unsigned count);
/* Openings wait until they are not held any more, and then come to that; likewise BEGIN. */
void line_hold_opens(bool hold, ar_status comes);
void line_hold_begins(bool hold, ar_status comes);
/* The next BEGIN loses the connection, and was not sent. */
void line_lose_begin(void);
/* A connection that has answered ROLLBACK TO is of no use any more. */
void line_die_behind_back(void);

/* Waits until the log is that; fails the test when that takes longer than 20 seconds. */
void line_expect_log(const char *expected);
void line_forget_log(void);
/* Likewise until so many operations were sent since the log was forgotten. */
void line_wait_sent(unsigned count);

#endif
