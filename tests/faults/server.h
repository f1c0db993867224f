/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_SERVER_H
#define TESTS_FAULTS_SERVER_H

#include <stdbool.h>

/* A server of the program's own, of the engine that AR_TEST_ENGINE names, which may be killed. It is the one that
 * tests/servers/run.sh starts, whose commits outlive it; it is gone when the program is, however that ends. */

/* The first call in main. Runs the program anew as the command of run.sh, unless it is that already. False when there
 * is no engine to be killed, and main is to return SERVER_SKIPPED. */
bool server_own(void);
enum { SERVER_SKIPPED = 77 };

/* Kills every process of it at once, as a power cut would, and waits until they are gone. */
void server_kill(void);
/* PostgreSQL: one process, which serves a client. The server then ends the others, and starts anew by itself. */
void server_kill_backend(int pid);
void server_await_anew(void);
/* On the same data and port; waits until it takes connections. */
void server_start(void);
/* Kills the one that server_start started; the last call in main. */
void server_end(void);

#endif
