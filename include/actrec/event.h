/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_EVENT_H
#define ACTREC_EVENT_H

#include <actrec/db.h>
#include <actrec/error.h>
#include <actrec/model.h>

AR_BEGIN_DECLS

/* Functions that are called as records are written, declared with the model, and run in the order of declaration:
 *
 *     static ar_status lower_email(ar_db *db, User *user, ar_error *err);
 *     AR_MODEL_DEFINE(User, "users", AR_COLUMN(…), AR_BEFORE_VALIDATE(User, lower_email));
 *
 * Around one write they run so: before_validate, the rules, after_validate, before_insert (or update, delete), the
 * write, after_insert (or update, delete), and when the write holds for good, after_commit; when it was rolled back,
 * after_rollback. A delete validates nothing. A save inserts what is new, and so does an upsert as far as events go.
 *
 * before_… and after_validate run on the thread that calls the verb, before anything is sent, for asynchronous verbs
 * too; they may change the record. One that does not answer AR_OK stops the verb: AR_E_VETOED with a message says no;
 * any other error is answered as it is. A verb on the same record inside of them answers AR_E_BUSY, and they must not
 * free it.
 *
 * after_insert, update and delete run on the thread that applies the outcome: that of a synchronous verb, else the one
 * that awaits. The write holds already: an error of theirs is what the verb answers (the rest of them is not run then),
 * and undoes nothing, unless the caller rolls the transaction back for it. They run for no write whose future was
 * dropped, or whose record was freed before.
 *
 * after_commit runs right after them outside of a transaction; inside, once for each write, when the outermost one has
 * committed, in the order of the writes; after_rollback when it, or the savepoint that the write was in, was rolled
 * back, in whichever way. They run on the thread that ends the transaction (asynchronously: that takes the result of
 * the commit; a rollback: that asks for it), which may use the database again. They are for writes that had held, and
 * whose outcome was applied. `db` is the handle that the transaction was begun on. What they answer is logged, and
 * changes nothing. A record that was freed meanwhile is kept for them; for a plain struct they get a copy of what was
 * written. A commit that nobody knows the outcome of runs neither. */
typedef enum ar_event_time {
    AR_EVENT_BEFORE_VALIDATE = 0,
    AR_EVENT_AFTER_VALIDATE,
    AR_EVENT_BEFORE_INSERT,
    AR_EVENT_AFTER_INSERT,
    AR_EVENT_BEFORE_UPDATE,
    AR_EVENT_AFTER_UPDATE,
    AR_EVENT_BEFORE_DELETE,
    AR_EVENT_AFTER_DELETE,
    AR_EVENT_AFTER_COMMIT,
    AR_EVENT_AFTER_ROLLBACK
} ar_event_time;

/* What AR_BEFORE_VALIDATE and the others make. */
typedef struct ar_event {
    ar_event_time when;
    ar_status (*call)(void (*fn)(void), ar_db *db, void *record, ar_error *err);
    void (*fn)(void);
} ar_event;

AR_END_DECLS

/* `ar_status fn(ar_db *db, T *record, ar_error *err)`; a function of another type does not compile. `err` is never NULL.
 * AR_MODEL_DECLARE(T) comes first. */
#define AR_BEFORE_VALIDATE(T, fn) AR_EVENT_(T, AR_EVENT_BEFORE_VALIDATE, fn)
#define AR_AFTER_VALIDATE(T, fn)  AR_EVENT_(T, AR_EVENT_AFTER_VALIDATE, fn)
#define AR_BEFORE_INSERT(T, fn)   AR_EVENT_(T, AR_EVENT_BEFORE_INSERT, fn)
#define AR_AFTER_INSERT(T, fn)    AR_EVENT_(T, AR_EVENT_AFTER_INSERT, fn)
#define AR_BEFORE_UPDATE(T, fn)   AR_EVENT_(T, AR_EVENT_BEFORE_UPDATE, fn)
#define AR_AFTER_UPDATE(T, fn)    AR_EVENT_(T, AR_EVENT_AFTER_UPDATE, fn)
#define AR_BEFORE_DELETE(T, fn)   AR_EVENT_(T, AR_EVENT_BEFORE_DELETE, fn)
#define AR_AFTER_DELETE(T, fn)    AR_EVENT_(T, AR_EVENT_AFTER_DELETE, fn)
#define AR_AFTER_COMMIT(T, fn)    AR_EVENT_(T, AR_EVENT_AFTER_COMMIT, fn)
#define AR_AFTER_ROLLBACK(T, fn)  AR_EVENT_(T, AR_EVENT_AFTER_ROLLBACK, fn)

#define AR_EVENT_(T, time_, function)                                                                      \
    {                                                                                                      \
        .T = {                                                                                             \
            .flags = AR_IGNORE,                                                                            \
            .entry = AR_ENTRY_EVENT,                                                                       \
            .extra = &(const ar_event){ .when = time_,                                                     \
                                        .call = T##_event_call_,                                           \
                                        .fn = _Generic(&(function), ar_status(*)(ar_db *, T *, ar_error *) \
                                                       : (void (*)(void))(function)) }                     \
        }                                                                                                  \
    }

#endif
