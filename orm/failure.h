/* SPDX-License-Identifier: MIT */
#ifndef ORM_FAILURE_H
#define ORM_FAILURE_H

#include <actrec/sys/env.h>
#include <actrec/validation.h>

enum { ARI_FAILURE_MESSAGE_SIZE = 256 };

/* ar_failures_add with all there is to say. `env`: where the memory of an empty list comes from. */
void ari_failures_add(ar_failures *failures, const ar_env *env, size_t row, const char *column, const char *rule,
                      const char *message);

/* AR_E_NO_MEMORY when a failure could not be added. */
ar_status ari_failures_status(const ar_failures *failures, ar_error *err);

/* AR_E_INVALID, and what the failures from `first` on are, in one message. rows: with the rows that they are of. */
ar_status ari_failures_error(const ar_failures *failures, size_t first, const ar_model *model, bool rows,
                             ar_error *err);

/* What a function of the application's answered. */
ar_status ari_failure_pass_on(ar_status status, const ar_error *said, ar_error *err);

#endif
