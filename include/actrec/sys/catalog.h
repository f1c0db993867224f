/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_SYS_CATALOG_H
#define ACTREC_SYS_CATALOG_H

#include <stdbool.h>

#include <actrec/config.h>

AR_BEGIN_DECLS

/* A type as a model's column is declared, and as the engine tells it afterwards; both compare without case. */
typedef struct ar_type_alias {
    const char *declared;
    const char *told;
} ar_type_alias;

/* How tables are made and looked up on an engine: data for whoever writes or reads a schema.
 *
 * The queries take two parameters, a schema (NULL: the one that unqualified names are in) and a table (NULL: all), and
 * answer in the order in which they name their columns first; what is of one table stands together. */
typedef struct ar_catalog {
    bool inline_indexes;          /* INDEX name (…) stands in CREATE TABLE; else each is a statement of its own */
    bool index_in_schema;         /* a schema stands before the name of an index, not before that of its table */
    bool forward_references;      /* a foreign key may name a table that is still to be made; no ALTER TABLE adds one */
    bool actions_alike;           /* NO ACTION and RESTRICT are the same */
    bool exact_names;             /* names that differ in the case of their letters are two */
    const char *index_prefix;     /* behind a column in an index whose type is not one of key_types; NULL: nothing */
    const char *drop_foreign_key; /* in an ALTER TABLE, before its name; NULL: there is no such thing */

    const char *tables;  /* name, 't' or 'v' for a view, its text (NULL: unknown) */
    const char *columns; /* table, name, type, whether not null, default, 's' stored or 'v' virtual or '',
                                 whether numbered by the database, position in the primary key from 1, else 0 */
    const char *indexes; /* table, name, whether unique, 'p' of the primary key, 'u' of a unique constraint, 'f' of a
                                 foreign key, else 'c'; condition (NULL: none; the text of the index where `checks` is NULL),
                                 column (NULL: an expression) */
    const char *foreign_keys; /* table, name, column, and what it references: schema, table, column (NULL: the primary
                                 key); ON DELETE, ON UPDATE */
    const char *checks;       /* table, name, condition; NULL: they are read from the text of the table */
    const ar_type_alias *type_aliases; /* ended by a NULL; may be NULL */

    /* Locks that migrators hold: `lock` takes a name and answers 1, or waits. NULL: a transaction that writes is the
     * lock. With `lock_waits` it takes the seconds to wait too, and answers something else when they are over. `unlock` is
     * NULL where the lock goes with the transaction. */
    const char *lock;
    bool lock_waits;
    const char *unlock;
    const char *lock_held; /* beside unlock: answers 1 where the session has the lock of that name */
} ar_catalog;

AR_END_DECLS

#endif
