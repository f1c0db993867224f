/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_DIALECTS_H
#define TESTS_SUPPORT_DIALECTS_H

#include <actrec/sys/backend.h>

/* Dialects that stand for the engines where only text is looked at. */
extern const ar_dialect question_dialect; /* as SQLite writes */
extern const ar_dialect dollar_dialect;   /* as PostgreSQL does */
extern const ar_dialect backtick_dialect; /* as MySQL does */

#endif
