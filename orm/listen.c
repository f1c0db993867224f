/* SPDX-License-Identifier: MIT */
#include <actrec/listen.h>

#include <string.h>

#include "orm/scope.h"
#include "values/utf8.h"

typedef ari_op *make_fn(ari_pool *pool, const char *channel, ar_actor *actor, ar_error *err);

/* NAMEDATALEN - 1 of a server built as usual (PostgreSQL manual, "Identifiers and Key Words"): it would cut what is longer. */
enum { CHANNEL_MAX = 63 };

static ar_status check(const ari_db *db, const char *channel, const ar_actor *actor, ar_error *err)
{
    if (channel == NULL || actor == NULL)
        return ar_error_set(err, AR_E_INVALID, "listening to a channel: the %s is NULL",
                            channel == NULL ? "channel" : "actor");
    if (channel[0] == '\0' || strlen(channel) > CHANNEL_MAX)
        return ar_error_set(err, AR_E_INVALID, "listening to a channel: its name has %zu bytes; it takes 1 to %d",
                            strlen(channel), CHANNEL_MAX);
    if (!ari_utf8_is_valid(channel, strlen(channel)))
        return ar_error_set(err, AR_E_INVALID, "listening to a channel: its name is not UTF-8");
    if (ari_db_in_transaction(db))
        return ar_error_set(err, AR_E_INVALID,
                            "listening to a channel has nothing to do with a transaction: give the database's handle");
    if (!ari_db_dialect(db)->listens)
        return ar_error_set(err, AR_E_UNSUPPORTED, "listening to a channel: %s has no notifications",
                            ari_db_dialect(db)->name);
    return AR_OK;
}

/* *db is entered on AR_OK alone. */
static ar_status enter(ar_db *handle, const char *channel, ar_actor *actor, make_fn *make, ari_db **db, ari_op **op,
                       ar_error *err)
{
    *db = ari_db_enter(handle, err);
    if (*db == NULL)
        return err->status;
    ar_status status = check(*db, channel, actor, err);
    if (status == AR_OK && (*op = make((*db)->pool, channel, actor, err)) == NULL)
        status = err->status;
    if (status != AR_OK)
        ari_db_leave(*db);
    return status;
}

static ar_status run(ar_db *handle, const char *channel, ar_actor *actor, make_fn *make, ar_error *err)
{
    ari_db *db;
    ari_op *op = NULL;
    ar_error error;
    ar_status status = enter(handle, channel, actor, make, &db, &op, &error);
    if (status != AR_OK) {
        if (err != NULL)
            *err = error;
        return status;
    }
    status = ari_db_run(db, op, err);
    ari_op_release(op);
    ari_db_leave(db);
    return status;
}

static ar_done submit(ar_db *handle, const char *channel, ar_actor *actor, make_fn *make)
{
    ari_db *db;
    ari_op *op = NULL;
    ar_error error;
    ar_status status = enter(handle, channel, actor, make, &db, &op, &error);
    if (status != AR_OK)
        return (ar_done){ .raw = ari_future_failed(NULL, status, &error) };
    ar_done done = { .raw = ari_db_submit(db, op) };
    ari_db_leave(db);
    return done;
}

ar_status ar_listen(ar_db *db, const char *channel, ar_actor *actor, ar_error *err)
{
    return run(db, channel, actor, ari_pool_listen, err);
}

ar_done ar_listen_async(ar_db *db, const char *channel, ar_actor *actor)
{
    return submit(db, channel, actor, ari_pool_listen);
}

ar_status ar_unlisten(ar_db *db, const char *channel, ar_actor *actor, ar_error *err)
{
    return run(db, channel, actor, ari_pool_unlisten, err);
}

ar_done ar_unlisten_async(ar_db *db, const char *channel, ar_actor *actor)
{
    return submit(db, channel, actor, ari_pool_unlisten);
}
