/* SPDX-License-Identifier: MIT */
#ifndef ORM_VALIDATION_H
#define ORM_VALIDATION_H

#include <actrec/sys/env.h>
#include <actrec/validation.h>

/* All that a model says of what its records must be like, worked out; constant then, and used by any thread. */
typedef struct ari_validation ari_validation;

/* *out is NULL for a model that has no rules. AR_E_INVALID for rules that make no sense; AR_E_NO_MEMORY. */
ar_status ari_validation_create(const ar_env *env, const ar_model *model, ari_validation **out, ar_error *err);
void ari_validation_destroy(ari_validation *validation); /* NULL does nothing */

/* Whether functions look at the whole record: it must have been read with all of its columns then. */
bool ari_validation_needs_all(const ari_validation *validation);

/* Checks a struct: all its columns, or, with a snapshot, those that differ from it; and adds its failures, if any. An
 * error is of something else: of a function of the application's, AR_E_NO_MEMORY. */
ar_status ari_validation_check(const ari_validation *validation, const void *object, const void *snapshot, size_t row,
                               ar_failures *failures, ar_error *err);

#endif
