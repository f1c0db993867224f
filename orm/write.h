/* SPDX-License-Identifier: MIT */
#ifndef ORM_WRITE_H
#define ORM_WRITE_H

#include "orm/plan.h"

/* What of a struct is written, by which verb, when: shared by all that write. */
typedef struct ari_write {
    const ari_plan *plan;
    const void *object;   /* the struct */
    const void *snapshot; /* what the database is known to hold; NULL: nothing is known */
    ari_plan_verb verb;
    int64_t now;            /* of the timestamps that are set by themselves */
    int64_t version;        /* that the row must have, where it is there */
    const ar_value *tenant; /* whose the row is, in the type of its column; NULL: that does not matter */
} ari_write;

enum { ARI_MAX_PARAMETERS = ARI_MAX_COLUMNS + ARI_MAX_KEY + 2 };

/* Gives a new row the UUIDs and the tenant that it does not have yet, and `write` what it needs besides the struct:
 * `object` is that, `tenant` room for one. `is_record`: it is a record's, which gets a copy of a tenant that is a text; a
 * plain struct does not get one. AR_E_INVALID without a tenant, and for a struct of another one; AR_E_TYPE;
 * AR_E_NO_MEMORY. */
ar_status ari_write_prepare(ari_write *write, const ari_db *db, void *object, ar_value *tenant, bool is_record,
                            ar_error *err);

/* Whether the member is what is left to a default of the database: 0, false, NULL. */
bool ari_write_is_zero(const ari_plan_column *column, const void *object);

/* The columns that are sent. Insert and upsert: all but an AUTO key that is 0. Update: those that changed, and then
 * the updated-at ones; without a snapshot all but the key and the created-at ones. Empty: there is nothing to do. */
ari_mask ari_write_columns(const ari_write *write);

/* The parameters of the statement: those of the columns, then, for update and delete, those of the key. `values` has
 * room for ARI_MAX_PARAMETERS; texts are borrowed from the struct. */
ar_status ari_write_values(const ari_write *write, const ari_mask *columns, ar_value *values, size_t *count,
                           ar_error *err);

/* A backend that refuses a parameter tells its number: says which column that is instead. Other errors stay as they
 * are. `columns` are those of the verb, of each row alike. */
void ari_write_name_column(const ari_plan *plan, ari_plan_verb verb, const ari_mask *columns, ar_error *err);

/* Sets the timestamps in `object`, which is the struct or a copy of it, that the verb sets by itself. */
void ari_write_stamp(const ari_write *write, const ari_mask *columns, void *object);

/* Takes the AUTO key that came back as a row. AR_E_TYPE when it does not fit its member, and the error of a sink undoes
 * the insert; else it is for the caller to see. */
ar_status ari_write_take_key(const ari_plan *plan, const ar_value *values, size_t count, int64_t *id, ar_error *err);
bool ari_write_key_fits(const ari_plan *plan, int64_t id);

/* Sets the AUTO key, which fits. */
void ari_write_key(const ari_plan *plan, void *object, int64_t id);

#endif
