/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_SHOW_H
#define EXAMPLES_SHOW_H

#include <actrec.h>

/* How the examples talk to a person: titles, tables of rows, a progress bar, and what each step took. */

void show_title(const char *title);

/* Starts and ends a step; the time between them stands in show_summary's table. */
void show_begin(const char *step);
void show_end(void);
void show_summary(void);

/* All rows of a result, with its column names. */
void show_rows(const ar_rows *rows);

/* A bar that grows from 0 to total; on something that is no terminal, a line at every tenth. */
void show_progress(const char *what, size_t done, size_t total);

/* Prints what went wrong, and ends the program, when `status` is not AR_OK. */
void must(ar_status status, const ar_error *err, const char *what);

#endif
