/* SPDX-License-Identifier: MIT */
#include <actrec/bulk.h>

#include "orm/chunks.h"
#include "orm/find.h"

/* Saving many records: each is a save of its own, sent behind the one before in one transaction. */

typedef struct records {
    ari_chunks chunks; /* first */
    const char *at;    /* the first that was not sent yet, of an array of T * */
} records;

static ar_future *send_next(ari_chunks *chunks)
{
    records *self = (records *)chunks;
    void *record;
    memcpy(&record, self->at, sizeof record);
    self->at += sizeof record;
    chunks->left--;
    return ari_chunks_save(chunks->handle, chunks->model, record);
}

ar_done ar_record_save_many_async(ar_db *handle, const ar_model *model, const void *first, size_t count)
{
    ar_error error = { .status = AR_OK };
    const ari_plan *plan;
    records self = { .chunks = { .db = ari_db_enter(handle, &error),
                                 .handle = handle,
                                 .model = model,
                                 .doing = "saving in",
                                 .left = count,
                                 .send = send_next },
                     .at = first };
    if (self.chunks.db == NULL)
        return (ar_done){ ari_future_failed(NULL, error.status, &error) };
    ar_status status = ari_plan_get(self.chunks.db, model, &plan, &error);
    if (status == AR_OK && first == NULL && count > 0)
        status = ar_error_set(&error, AR_E_INVALID, "saving in %s: the records are NULL", model->table);
    if (status != AR_OK)
        return (ar_done){ ari_fail_and_leave(self.chunks.db, &error) };
    ar_future *future = ari_chunks_submit(&self.chunks);
    ari_db_leave(self.chunks.db);
    return (ar_done){ future };
}

ar_status ar_record_save_many(ar_db *db, const ar_model *model, const void *first, size_t count, ar_error *err)
{
    ar_done done = ar_record_save_many_async(db, model, first, count);
    return ar_done_await(&done, err);
}
