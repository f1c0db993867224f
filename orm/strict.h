/* SPDX-License-Identifier: MIT */
#ifndef ORM_STRICT_H
#define ORM_STRICT_H

#include <actrec/eager.h>

#include "orm/record.h"

/* Notices that a relation is loaded for the records of a list one by one, where one load would do: on handles that ask
 * for it (ar_db_options.lazy_loads). AR_E_NOT_LOADED when such a load is to be refused. */
ar_status ari_strict_check(const ari_db *db, const ari_record *record, const ar_path *path, ar_error *err);

#endif
