/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_COUNTED_H
#define TESTS_SUPPORT_COUNTED_H

#include <actrec.h>

/* The database of the fixture once more, through a backend that counts what it is asked to execute. One in memory is
 * another database: the tables of `models` are made in it, and empty; true says so. */
bool counted_open(const ar_model *const *models, size_t count, ar_db **out);

/* Statements since the last call. */
size_t counted_statements(void);

#endif
