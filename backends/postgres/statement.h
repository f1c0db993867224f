/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_STATEMENT_H
#define BACKENDS_POSTGRES_STATEMENT_H

#include <libpq-fe.h>

#include <actrec/sys/backend.h>

#include "values/cache.h"

typedef enum ari_postgres_prepared {
    ARI_POSTGRES_UNKNOWN = 1, /* the server has not been asked about it */
    ARI_POSTGRES_ASKED,       /* Parse and Describe are under way */
    ARI_POSTGRES_DESCRIBED    /* its types are known; `named`: the server has it under `name` */
} ari_postgres_prepared;

enum { ARI_POSTGRES_NAME_SIZE = 48 };

/* What a connection knows of an ar_statement. */
typedef struct ari_postgres_statement ari_postgres_statement;
struct ari_postgres_statement {
    ari_cache_entry entry; /* by ar_statement.id; 0: for one execution */
    uint32_t users;        /* the cache, and each task that names it: freed with the last */
    uint32_t waiting;      /* tasks that name it: it is not evicted */
    bool named;            /* on the server */
    bool exists;           /* it has one of that name already */
    bool asked_by_name;    /* the Parse under way gives it its name */
    bool binary;           /* its result is asked for in binary */
    bool plain_read;       /* its text is a read that locks nothing, whatever its class says */
    ar_statement_class text_class;
    ari_postgres_prepared state;
    uint64_t hash[2];    /* of the text */
    uint32_t generation; /* how often a new name was needed */
    char name[ARI_POSTGRES_NAME_SIZE];
    Oid *types; /* of its parameters */
    uint32_t type_count;
    uint32_t column_count;
    ari_postgres_statement *in_text_bucket;
};

/* By ar_statement.id, and by text: the same text with another id is the same statement, and gets that id. The least recently used one goes first. */
typedef struct ari_postgres_statements {
    const ar_env *env;
    ari_cache cache;
    ari_postgres_statement **text_buckets; /* by hash, as many as the cache has */
    /* Names of evicted ones, to be taken from the server when that is convenient. */
    char (*evicted)[ARI_POSTGRES_NAME_SIZE];
    size_t evicted_count;
    size_t evicted_capacity;
} ari_postgres_statements;

bool ari_postgres_statements_init(ari_postgres_statements *statements, const ar_env *env, size_t capacity);
void ari_postgres_statements_fini(ari_postgres_statements *statements);

/* The entry of `source`, made when there is none, used by the caller until it is released. NULL: no memory, or AR_E_INVALID for a text that cannot be sent. */
ari_postgres_statement *ari_postgres_statement_use(ari_postgres_statements *statements, const ar_statement *source,
                                                   ar_error *err);
void ari_postgres_statement_release(ari_postgres_statements *statements, ari_postgres_statement *statement);

/* Whether a cursor can be declared for it. */
bool ari_postgres_statement_is_query(const ar_statement *source);

/* Takes the types out of the answer to Describe. */
ar_status ari_postgres_statement_describe(ari_postgres_statements *statements, ari_postgres_statement *statement,
                                          const PGresult *result, ar_error *err);

/* The server no longer has it, or has it otherwise: it is asked again. */
void ari_postgres_statement_forget(ari_postgres_statement *statement);

/* The server has it with a plan that no longer holds, and would keep that: it gets another name. */
void ari_postgres_statement_rename(ari_postgres_statements *statements, ari_postgres_statement *statement);

#endif
