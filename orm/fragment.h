/* SPDX-License-Identifier: MIT */
#ifndef ORM_FRAGMENT_H
#define ORM_FRAGMENT_H

#include <actrec/model.h>

#include "orm/clause.h"
#include "orm/source.h"

/* SQL that an application wrote, with its arguments, on its way into a clause. */

/* Appends `fragment`, a condition to be put between parentheses, which it cannot leave: AR_E_INVALID for parentheses
 * that do not match, unclosed quotes, semicolons and a count of arguments that is off. Arguments compared with a column
 * of `model` take its type, or AR_E_TYPE. */
ar_status ari_fragment_condition(ari_clause *clause, const ar_dialect *dialect, const ar_model *model,
                                 const char *fragment, const ar_value *values, size_t count, ar_error *err);

/* The same, of a query that may have several tables. */
ar_status ari_fragment_condition_in(ari_clause *clause, const ari_naming *naming, const char *fragment,
                                    const ar_value *values, size_t count, ar_error *err);

/* Appends a whole statement, without the semicolon at its end. Its first placeholders that the arguments are bound to
 * are those of the clause. */
ar_status ari_fragment_statement(ari_clause *clause, const ar_dialect *dialect, const char *sql, const ar_value *values,
                                 size_t count, ar_error *err);

/* Appends `count` values of an IN, as the inside of its parentheses: as many placeholders as the next power of two, so
 * that lists of many lengths share a statement. Values take `type` (AR_TYPE_NULL: their own). */
ar_status ari_fragment_list(ari_clause *clause, const ar_dialect *dialect, const ar_value *list, ar_type type,
                            const char *what, ar_error *err);

/* Appends a placeholder for `value` as a `type` (AR_TYPE_NULL: its own). `what` names it in messages: "users.age". */
ar_status ari_fragment_value(ari_clause *clause, const ar_value *value, ar_type type, const char *what, ar_error *err);

#endif
