/* SPDX-License-Identifier: MIT */
#include <actrec/bulk.h>

#include "orm/find.h"
#include "orm/scope.h"

/* Inserting rows of which some may be rejected. A chunk goes whole, as insert_many sends it; one that is refused because of a row is taken
 * apart by halves until the rows are found. Nothing of a refused one is left: alone it is all or none, and in a
 * transaction of the caller's it runs behind a savepoint. One chunk is under way at a time, so that memory is bounded.
 *
 * It is a machine of steps, each one future: the insert of a range and, in a transaction, the end of its savepoint. The
 * synchronous call awaits them; the other has a then for each on the executor, and is a future of its own, which it works for
 * with a second reference. */

enum { CHUNK = 1000, DEEPEST = 16 };

typedef struct range {
    size_t at, count;
} range;

typedef enum phase { INSERTING = 1, ENDING } phase;

typedef struct each {
    ar_future future; /* first; of the asynchronous one */
    const ar_env *env;
    ar_executor *executor;
    ar_db *handle;
    ar_db *savepoint;
    bool in_transaction;
    const ar_model *model;
    char *rows;
    size_t count, next; /* the first that is in no chunk yet */
    range now;
    range later[DEEPEST]; /* halves of the chunk that were put off */
    size_t depth;
    phase phase;
    ar_status outcome; /* of the range */
    int64_t inserted;
    ar_rejected_fn rejected;
    void *arg;
    ar_error error;
} each;

static bool begin_chunk(each *self)
{
    size_t left = self->count - self->next;
    self->now = (range){ .at = self->next, .count = left < CHUNK ? left : CHUNK };
    self->next += self->now.count;
    return self->now.count > 0;
}

static ar_future *send(each *self)
{
    if (self->phase == ENDING)
        return (self->outcome == AR_OK ? ar_tx_commit_async(&self->savepoint) : ar_tx_rollback_async(&self->savepoint))
            .raw;
    self->savepoint = self->in_transaction ? ari_transaction_begin(self->handle, NULL, true) : NULL;
    ar_db *through = self->in_transaction ? self->savepoint : self->handle;
    char *first = self->rows + self->now.at * self->model->record_size;
    return ar_record_insert_many_async(through, self->model, first, self->now.count).raw;
}

/* Whether it is about a row, and not about the database. */
static bool is_about_a_row(const each *self)
{
    switch (self->outcome) {
    case AR_E_CONSTRAINT:
    case AR_E_TYPE:
    case AR_E_INVALID:
    case AR_E_VETOED: return !self->error.outcome_unknown;
    default: return false;
    }
}

/* What came of the range; true: there is another. */
static bool conclude(each *self)
{
    if (self->outcome == AR_OK) {
        self->inserted += (int64_t)self->now.count;
    } else if (!is_about_a_row(self)) {
        return false;
    } else if (self->now.count > 1) {
        size_t half = self->now.count / 2;
        self->later[self->depth++] = (range){ self->now.at + half, self->now.count - half };
        self->now.count = half;
        self->outcome = AR_OK;
        return true;
    } else if (self->rejected != NULL) {
        self->rejected(self->arg, self->now.at, &self->error);
    }
    self->outcome = AR_OK;
    if (self->depth == 0)
        return begin_chunk(self);
    self->now = self->later[--self->depth];
    return true;
}

/* A step is done; true: there is another. What is wrong then is in self->outcome and self->error. */
static bool step(each *self, ar_status status, const ar_error *error)
{
    if (self->phase == INSERTING || status != AR_OK) {
        self->outcome = status;
        if (status != AR_OK)
            self->error = *error;
    }
    if (self->phase == INSERTING && self->in_transaction) {
        self->phase = ENDING;
        return true;
    }
    if (self->phase == ENDING && status != AR_OK)
        return false;
    self->phase = INSERTING;
    return conclude(self);
}

static ar_status start(each *self, ar_error *err)
{
    const ari_plan *plan;
    ari_db *db = ari_db_enter(self->handle, err);
    if (db == NULL)
        return err->status;
    ar_status status = ari_plan_get(db, self->model, &plan, err);
    if (status == AR_OK)
        status = ari_plan_check_writable(plan, "insert_each", err);
    if (status == AR_OK && self->rows == NULL && self->count > 0)
        status = ar_error_set(err, AR_E_INVALID, "inserting into %s: the rows are NULL", self->model->table);
    if (status == AR_OK && self->count > SIZE_MAX / self->model->record_size)
        status = ar_error_set(err, AR_E_INVALID, "inserting into %s: %zu rows do not fit memory", self->model->table,
                              self->count);
    self->env = ari_db_env(db);
    self->future.runtime = ari_db_runtime(db);
    self->in_transaction = ari_db_in_transaction(db);
    self->phase = INSERTING;
    ari_db_leave(db);
    return status;
}

ar_status ar_record_insert_each(ar_db *db, const ar_model *model, void *rows, size_t count, ar_rejected_fn rejected,
                                void *arg, int64_t *inserted, ar_error *err)
{
    ar_error error;
    each self = {
        .handle = db, .model = model, .rows = rows, .count = count, .rejected = rejected, .arg = arg, .outcome = AR_OK
    };
    self.outcome = start(&self, &self.error);
    bool more = self.outcome == AR_OK && begin_chunk(&self);
    while (more) {
        ar_done done = { send(&self) };
        ar_status status = ar_done_await(&done, &error);
        more = step(&self, status, &error);
    }
    if (inserted != NULL)
        *inserted = self.inserted;
    if (self.outcome != AR_OK && err != NULL)
        *err = self.error;
    return self.outcome;
}

static void destroy(ar_future *future)
{
    each *self = (each *)future;
    ari_release(self->env, self);
}

static const ari_future_class each_class = { .destroy = destroy };

static void finish(each *self)
{
    self->future.value = self->inserted;
    ari_future_finish(&self->future, self->outcome, self->outcome != AR_OK ? &self->error : NULL);
    ari_future_unref(&self->future);
}

static void on_step(void (*fn)(void), void *arg, ar_future *future);

static void send_next(each *self)
{
    ar_future *future = send(self);
    ar_status status =
        ar_future_then_with(&future, self->executor, on_step, (void (*)(void))on_step, self, &self->error);
    if (status == AR_OK)
        return;
    self->outcome = status;
    if (self->savepoint != NULL)
        ar_ignore(ar_tx_rollback(&self->savepoint, NULL));
    finish(self);
}

static void on_step(void (*fn)(void), void *arg, ar_future *future)
{
    each *self = arg;
    ar_error error;
    (void)fn;
    ar_status status = ari_future_outcome(future, &error);
    bool more = step(self, status, &error);
    if (more && self->phase == INSERTING && ari_future_is_cancelled(&self->future)) {
        self->outcome = ar_error_set(&self->error, AR_E_CANCELLED, "inserting into %s: cancelled; %lld rows are in",
                                     self->model->table, (long long)self->inserted);
        more = false;
    }
    if (more)
        send_next(self);
    else
        finish(self);
}

ar_int64_future ar_record_insert_each_async(ar_db *db, const ar_model *model, void *rows, size_t count,
                                            ar_executor *executor, ar_rejected_fn rejected, void *arg)
{
    each made = { .executor = executor,
                  .handle = db,
                  .model = model,
                  .rows = rows,
                  .count = count,
                  .rejected = rejected,
                  .arg = arg,
                  .outcome = AR_OK };
    made.outcome = start(&made, &made.error);
    if (made.outcome == AR_OK && executor == NULL)
        made.outcome = ar_error_set(&made.error, AR_E_INVALID, "inserting into %s: the executor is NULL", model->table);
    if (made.outcome != AR_OK || !begin_chunk(&made))
        return (ar_int64_future){ ari_future_failed(NULL, made.outcome, &made.error) };
    each *self = ari_allocate_zero(made.env, sizeof *self);
    if (self == NULL) {
        ar_ignore(ar_error_set(&made.error, AR_E_NO_MEMORY, "inserting into %s: out of memory", model->table));
        return (ar_int64_future){ ari_future_failed(NULL, AR_E_NO_MEMORY, &made.error) };
    }
    ar_runtime *runtime = made.future.runtime;
    memcpy((char *)self + sizeof self->future, (char *)&made + sizeof made.future, sizeof made - sizeof made.future);
    ari_future_init(&self->future, &each_class, runtime, 2);
    ari_future_start(&self->future);
    send_next(self);
    return (ar_int64_future){ &self->future };
}
