/* SPDX-License-Identifier: MIT */
#ifndef ORM_STATEMENT_H
#define ORM_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include <actrec/sys/backend.h>

/* Statements by their text, one object for equal texts, so that the connections' prepared-statement caches find them by number. A cache belongs to a
 * database and is used by all threads. It keeps the most recently used; who holds a reference keeps his. */
typedef struct ari_statement_cache ari_statement_cache;

ari_statement_cache *ari_statement_cache_create(const ar_env *env); /* NULL: no memory */
void ari_statement_cache_destroy(ari_statement_cache *cache);

/* The statement of `sql` (copied), with a reference for the caller. NULL: no memory. Equal texts have equal classes and counts. */
const ar_statement *ari_statement_get(ari_statement_cache *cache, const char *sql, size_t sql_length,
                                      uint32_t parameter_count, ar_statement_class statement_class, bool generated);

/* A find by one key that is in no cache, because it says how it is run together with others: by `count` statements. The references to those are taken
 * over, also without success. NULL: no memory. */
const ar_statement *ari_statement_create_find(const ar_env *env, const char *sql, size_t sql_length,
                                              const ar_find_together *together);

const ar_statement *ari_statement_ref(const ar_statement *statement);
void ari_statement_unref(const ar_statement *statement); /* NULL does nothing */

#endif
