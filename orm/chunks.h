/* SPDX-License-Identifier: MIT */
#ifndef ORM_CHUNKS_H
#define ORM_CHUNKS_H

#include "orm/apply.h"

/* Work on many rows, as operations that hold all or none: one by itself; more in the caller's transaction, or in one of
 * their own, whose commit is the last thing that is waited for. See orm/chunks.c. */
typedef struct ari_chunks ari_chunks;
struct ari_chunks {
    ari_db
        *db; /* through which the operations go; entered, by the caller. A transaction of their own while one is made */
    ar_db *handle; /* its handle; likewise, and of no use afterwards */
    const ar_model *model;
    const char *doing; /* "inserting into", for messages */
    size_t left;       /* rows that are in no operation yet */
    /* Makes the next operation, of at least one row, and takes its rows from `left`. *plain is the struct that its
     * outcome goes to; NULL: none. `applied`: its payload begins with an ari_applied. */
    ar_status (*make)(ari_chunks *chunks, ari_op **op, void **plain, ar_error *err);
    bool applied;
    bool binding; /* an operation may fail once its rows are written: not by itself, but in a transaction */
    bool loose;   /* an operation of several rows that fails may leave some of them written */
    /* Instead of make: sends the next, whose future is never NULL. */
    ar_future *(*send)(ari_chunks *chunks);
};

/* A save (orm/save.c) as an operation of chunks: whatever it fails with, its transaction fails too. */
ar_future *ari_chunks_save(ar_db *handle, const ar_model *model, void *record);

/* Sends all. The future's value is the sum of those of the operations. */
ar_future *ari_chunks_submit(ari_chunks *chunks);

#endif
