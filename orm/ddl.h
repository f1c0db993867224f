/* SPDX-License-Identifier: MIT */
#ifndef ORM_DDL_H
#define ORM_DDL_H

#include "orm/clause.h"
#include "orm/plan.h"

/* The statements that make, change and drop tables, in the order in which they are to be run. */

typedef struct ari_ddl_statement {
    struct ari_ddl_statement *next;
    const char *table;      /* that it is about */
    size_t group;           /* as ari_ddl.group was when it was added */
    const char *constraint; /* that it drops; NULL: none */
    const char *sql;
    size_t length;
} ari_ddl_statement;

typedef struct ari_ddl {
    const ar_env *env;
    const ar_dialect *dialect;
    ari_arena arena;
    ari_ddl_statement *first;
    ari_ddl_statement **end;
    size_t count;
    size_t group; /* the caller's: of what is added from now on */
} ari_ddl;

void ari_ddl_init(ari_ddl *ddl, const ar_env *env, const ar_dialect *dialect);
void ari_ddl_fini(ari_ddl *ddl);

/* Each adds what is needed. AR_E_INVALID for a model that does not fit, AR_E_UNSUPPORTED, AR_E_NO_MEMORY. */

/* The table; the foreign keys of the columns in `later` (NULL: none) are left out. */
ar_status ari_ddl_create_table(ari_ddl *ddl, const ari_plan *plan, bool if_missing, const ari_mask *later,
                               ar_error *err);
/* Its indexes, where they are statements of their own; index NULL: all of them, else that one. */
ar_status ari_ddl_create_indexes(ari_ddl *ddl, const ari_plan *plan, const ar_index *index, ar_error *err);
ar_status ari_ddl_add_column(ari_ddl *ddl, const ari_plan *plan, uint32_t column, ar_error *err);
ar_status ari_ddl_add_foreign_key(ari_ddl *ddl, const ari_plan *plan, uint32_t column, ar_error *err);
ar_status ari_ddl_drop_foreign_key(ari_ddl *ddl, const ari_plan *plan, uint32_t column, ar_error *err);
ar_status ari_ddl_add_check(ari_ddl *ddl, const ari_plan *plan, const char *name, const char *sql, ar_error *err);
ar_status ari_ddl_drop_table(ari_ddl *ddl, const ari_plan *plan, bool if_exists, ar_error *err);

/* The name of what has none of its own, "users_email_check": no longer than any engine takes. */
enum { ARI_DDL_NAME = 64 };
void ari_ddl_name(char name[ARI_DDL_NAME], const ari_plan *plan, uint32_t column, const char *what);

/* The type of a column that is not the AUTO key, as it is declared; NULL: the engine has none. */
const char *ari_ddl_type(const ari_plan *plan, const ari_plan_column *column);
/* Of the AUTO key: the beginning of its declaration. */
const char *ari_ddl_auto_type(const ari_plan *plan, const ari_plan_column *column);

/* Whether the column is one of the table, and not an expression that is read into a member. */
static inline bool ari_ddl_has_column(const ari_plan_column *column)
{
    return (column->flags & AR_DERIVED) == 0;
}

const char *ari_model_schema(const ar_model *model); /* NULL: none */
bool ari_model_is_read_only(const ar_model *model);

/* Writes a query of the catalogue: one of ar_catalog, with its two parameters, each a text or NULL. */
void ari_clause_catalog(ari_clause *clause, const char *query, const ar_value *schema, const ar_value *table);

#endif
