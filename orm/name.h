/* SPDX-License-Identifier: MIT */
#ifndef ORM_NAME_H
#define ORM_NAME_H

#include <stdbool.h>

#include <actrec/error.h>
#include <actrec/model.h>
#include <actrec/sys/dialect.h>

/* What the names of a database may be: an engine that cuts one that is too long, or writes a question mark for a
 * character that it does not have, would find another table under it. */

/* What is wrong with a name, "is not UTF-8"; NULL: nothing. */
const char *ari_name_trouble(const ar_dialect *dialect, const char *name);

/* AR_E_INVALID for a model with a name that the engine cannot have, or that is no text. */
ar_status ari_names_check(const ar_model *model, const ar_dialect *dialect, ar_error *err);

#endif
