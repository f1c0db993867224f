/* SPDX-License-Identifier: MIT */
#include "pools/listener.h"

#include <stddef.h>
#include <string.h>

#include <actrec/listen.h>

#include "actors/actor.h"
#include "pools/private.h"
#include "values/memory.h"

/* Listening takes a connection of its own, since one that is shared would have to be watched while others work on it. It is made with the first subscription and belongs to no
 * group that operations are routed to. A subscription is there before its LISTEN is sent, so that no notification behind it is missed, and goes when none for it succeeds. Subscriptions
 * are under `lock`; `failures` and `retry_at` under the connection's token. When the connection is lost it is opened again as long as there are subscriptions, sends LISTEN for
 * each of their channels, and tells the actors that something may have been missed. */

enum { FIRST_RETRY_US = 100000, LAST_RETRY_US = 30000000 };

typedef struct subscription subscription;
struct subscription {
    subscription *next;
    ar_actor *actor;
    uint64_t serial;
    uint32_t pending; /* LISTENs for it that are not done with */
    bool confirmed;   /* one has succeeded */
    char channel[];
};

struct ari_listener {
    ari_connection connection;
    ari_group group;
    pthread_mutex_t lock;
    subscription *subscriptions;
    uint64_t serials;
    bool crossed;      /* under the token: what is not listened to any more is wanted again */
    unsigned failures; /* of the connection, since it listened last */
    int64_t retry_at;
};

static ari_listener *listener_of(const ari_connection *connection)
{
    return connection->pool->listener;
}

ari_connection *ari_listener_connection(ari_listener *listener)
{
    return &listener->connection;
}

ari_group *ari_listener_group(ari_listener *listener)
{
    return &listener->group;
}

/* --- making and freeing it --- */

static ari_listener *create(ari_pool *pool)
{
    ari_listener *listener = ari_allocate_zero(&pool->runtime->env, sizeof *listener);
    if (listener == NULL)
        return NULL;
    pthread_mutex_init(&listener->lock, NULL);
    pthread_mutex_init(&listener->group.lock, NULL);
    ari_op_list_init(&listener->group.queue);
    listener->group.connections = &listener->connection;
    listener->group.count = 1;
    listener->group.direct = true;
    listener->connection.pool = pool;
    listener->connection.group = &listener->group;
    listener->connection.role = AR_ROLE_LISTENER;
    return listener;
}

/* The pool's, made now when there is none. */
static ari_listener *get(ari_pool *pool, ar_error *err)
{
    pthread_mutex_lock(&pool->lock);
    if (pool->listener == NULL && atomic_load(&pool->closing))
        ar_error_set(err, AR_E_CLOSED, "the database is closing");
    else if (pool->listener == NULL && (pool->listener = create(pool)) == NULL)
        ar_error_set(err, AR_E_NO_MEMORY, "listening to a channel: out of memory");
    ari_listener *listener = pool->listener;
    pthread_mutex_unlock(&pool->lock);
    return listener;
}

void ari_listener_destroy(ari_pool *pool, ari_listener *listener)
{
    if (listener == NULL)
        return;
    while (listener->subscriptions != NULL) {
        subscription *next = listener->subscriptions->next;
        ari_release(&pool->runtime->env, listener->subscriptions);
        listener->subscriptions = next;
    }
    pthread_mutex_destroy(&listener->group.lock);
    pthread_mutex_destroy(&listener->lock);
    ari_release(&pool->runtime->env, listener);
}

/* --- subscriptions --- */

/* With the lock held: the link to it, or to the end. */
static subscription **find(ari_listener *listener, const char *channel, const ar_actor *actor)
{
    subscription **link = &listener->subscriptions;
    while (*link != NULL && ((*link)->actor != actor || strcmp((*link)->channel, channel) != 0))
        link = &(*link)->next;
    return link;
}

static bool subscribe(ari_pool *pool, ari_listener *listener, const char *channel, ar_actor *actor, uint64_t *serial)
{
    size_t size = strlen(channel) + 1;
    subscription *made = ari_allocate(&pool->runtime->env, sizeof *made + size);
    if (made == NULL)
        return false;
    made->next = NULL;
    made->actor = actor;
    made->confirmed = false;
    made->pending = 0;
    memcpy(made->channel, channel, size);
    pthread_mutex_lock(&listener->lock);
    subscription **link = find(listener, channel, actor);
    bool is_new = *link == NULL;
    if (is_new) {
        made->serial = ++listener->serials;
        *link = made;
    }
    *serial = (*link)->serial;
    (*link)->pending++;
    pthread_mutex_unlock(&listener->lock);
    if (!is_new)
        ari_release(&pool->runtime->env, made);
    return true;
}

static void confirm(ari_listener *listener, const char *channel, const ar_actor *actor)
{
    pthread_mutex_lock(&listener->lock);
    subscription *found = *find(listener, channel, actor);
    if (found != NULL)
        found->confirmed = true;
    pthread_mutex_unlock(&listener->lock);
}

static void unsubscribe(ari_pool *pool, ari_listener *listener, const char *channel, const ar_actor *actor)
{
    pthread_mutex_lock(&listener->lock);
    subscription **link = find(listener, channel, actor);
    subscription *found = *link;
    if (found != NULL)
        *link = found->next;
    pthread_mutex_unlock(&listener->lock);
    ari_release(&pool->runtime->env, found);
}

/* A LISTEN is done with: the subscription goes when none has succeeded and none is left. */
static void settle_subscription(ari_pool *pool, ari_listener *listener, uint64_t serial)
{
    pthread_mutex_lock(&listener->lock);
    subscription **link = &listener->subscriptions, *found = NULL;
    while (*link != NULL && (*link)->serial != serial)
        link = &(*link)->next;
    if (*link != NULL && --(*link)->pending == 0 && !(*link)->confirmed) {
        found = *link;
        *link = found->next;
    }
    pthread_mutex_unlock(&listener->lock);
    ari_release(&pool->runtime->env, found);
}

static bool is_wanted(ari_listener *listener, const char *channel)
{
    bool wanted = false;
    pthread_mutex_lock(&listener->lock);
    for (const subscription *s = listener->subscriptions; s != NULL && !wanted; s = s->next)
        wanted = strcmp(s->channel, channel) == 0;
    pthread_mutex_unlock(&listener->lock);
    return wanted;
}

/* --- telling --- */

/* A message's data. */
typedef struct notice {
    ar_notification notification; /* first */
    ari_pool *pool;
    char text[];
} notice;

static void release_notice(void *data)
{
    notice *told = data;
    ari_pool *pool = told->pool;
    ari_release(&pool->runtime->env, told);
    ari_pool_unref(pool);
}

static ar_status tell(ari_pool *pool, ar_actor *actor, uint32_t kind, const char *channel, const char *payload,
                      ar_error *err)
{
    size_t channel_size = strlen(channel) + 1, payload_size = strlen(payload) + 1;
    notice *told = ari_allocate(&pool->runtime->env, sizeof *told + channel_size + payload_size);
    if (told == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory");
    memcpy(told->text, channel, channel_size);
    memcpy(told->text + channel_size, payload, payload_size);
    told->notification = (ar_notification){ .channel = told->text, .payload = told->text + channel_size };
    told->pool = ari_pool_ref(pool);
    return ari_actor_tell(actor, (ar_message){ .kind = kind, .data = told, .release = release_notice }, NULL, err);
}

/* Tells all who listen to the channel. Those that have ended are forgotten. */
static void tell_all(ari_pool *pool, ari_listener *listener, uint32_t kind, const char *channel, const char *payload)
{
    pthread_mutex_lock(&listener->lock);
    subscription **link = &listener->subscriptions;
    while (*link != NULL) {
        subscription *s = *link;
        ar_error error;
        ar_status status = AR_OK;
        if (strcmp(s->channel, channel) == 0)
            status = tell(pool, s->actor, kind, channel, payload, &error);
        if (status == AR_E_CLOSED) {
            *link = s->next;
            ari_release(&pool->runtime->env, s);
            continue;
        }
        if (status != AR_OK)
            ari_runtime_log(pool->runtime, AR_LOG_WARNING, "a notification was dropped: %s", error.message);
        link = &s->next;
    }
    pthread_mutex_unlock(&listener->lock);
}

void ari_listener_notified(ari_connection *connection, const char *channel, const char *payload)
{
    tell_all(connection->pool, listener_of(connection), AR_MESSAGE_NOTIFICATION, channel, payload);
}

/* --- LISTEN and UNLISTEN --- */

typedef struct request {
    ar_statement statement;
    ar_actor *actor; /* NULL: the connection's own, after it was opened anew */
    uint64_t serial; /* of the subscription; 0: it is the end of one */
    bool unlistens;
    char text[]; /* the channel, and behind it the SQL */
} request;

static request *request_of(ari_op *op)
{
    return (request *)(void *)op->payload;
}

static ar_status settle(ari_op *op, ar_status status, ar_error *err)
{
    ari_pool *pool = op->pool;
    ari_listener *listener = pool->listener;
    request *self = request_of(op);
    (void)err;
    if (status != AR_OK)
        return status;
    listener->failures = 0;
    if (self->actor == NULL)
        tell_all(pool, listener, AR_MESSAGE_LISTENING, self->text, "");
    else if (self->serial != 0)
        confirm(listener, self->text, self->actor);
    else if (self->unlistens && is_wanted(listener, self->text))
        listener->crossed = true;
    return status;
}

static void destroy(ari_op *op)
{
    if (request_of(op)->serial != 0)
        settle_subscription(op->pool, op->pool->listener, request_of(op)->serial);
}

static char *append_quoted(char *to, const char *channel)
{
    *to++ = '"';
    for (; *channel != '\0'; channel++) {
        if (*channel == '"')
            *to++ = '"';
        *to++ = *channel;
    }
    *to++ = '"';
    *to = '\0';
    return to;
}

static ari_op *make_request(ari_pool *pool, const char *verb, const char *channel, ar_actor *actor)
{
    size_t length = strlen(channel), verb_length = strlen(verb);
    ari_op *op = ari_op_create(pool, sizeof(request) + length + 1 + verb_length + 2 * length + 3);
    if (op == NULL)
        return NULL;
    request *self = request_of(op);
    char *sql = self->text + length + 1;
    memcpy(self->text, channel, length + 1);
    memcpy(sql, verb, verb_length + 1);
    self->actor = actor;
    self->statement = (ar_statement){ .sql = sql,
                                      .sql_length = (size_t)(append_quoted(sql + verb_length, channel) - sql),
                                      .statement_class = AR_STATEMENT_OTHER,
                                      .generated = true };
    op->listens = true;
    op->settle = settle;
    op->destroy = destroy;
    op->operation.statement = &self->statement;
    return op;
}

ari_op *ari_pool_listen(ari_pool *pool, const char *channel, ar_actor *actor, ar_error *err)
{
    ari_listener *listener = get(pool, err);
    if (listener == NULL)
        return NULL;
    ari_op *op = make_request(pool, "LISTEN ", channel, actor);
    if (op == NULL || !subscribe(pool, listener, channel, actor, &request_of(op)->serial)) {
        ari_op_release(op);
        ar_error_set(err, AR_E_NO_MEMORY, "listening to a channel: out of memory");
        return NULL;
    }
    return op;
}

ari_op *ari_pool_unlisten(ari_pool *pool, const char *channel, ar_actor *actor, ar_error *err)
{
    ari_listener *listener = get(pool, err);
    if (listener == NULL)
        return NULL;
    unsubscribe(pool, listener, channel, actor);
    /* Where others still listen it is only said that this one does not. */
    bool others = is_wanted(listener, channel);
    ari_op *op = make_request(pool, others ? "LISTEN " : "UNLISTEN ", channel, actor);
    if (op != NULL)
        request_of(op)->unlistens = !others;
    else
        ar_error_set(err, AR_E_NO_MEMORY, "ending to listen to a channel: out of memory");
    return op;
}

/* --- the connection comes and goes --- */

/* It listened before, and is the first of its channel that did. */
static bool is_to_listen_again(const ari_listener *listener, const subscription *s)
{
    if (!s->confirmed)
        return false;
    for (const subscription *other = listener->subscriptions; other != s; other = other->next)
        if (other->confirmed && strcmp(other->channel, s->channel) == 0)
            return false;
    return true;
}

void ari_listener_opened(ari_connection *connection)
{
    ari_listener *listener = listener_of(connection);
    bool complete = true;
    listener->retry_at = 0;
    pthread_mutex_lock(&listener->lock);
    for (const subscription *s = listener->subscriptions; s != NULL && complete; s = s->next) {
        if (!is_to_listen_again(listener, s))
            continue;
        ari_op *op = make_request(connection->pool, "LISTEN ", s->channel, NULL);
        complete = op != NULL;
        if (complete)
            ari_op_enlist(op, connection);
        ari_op_release(op);
    }
    pthread_mutex_unlock(&listener->lock);
    if (!complete)
        ari_connection_lose(connection);
}

bool ari_listener_listens_again(ari_connection *connection)
{
    ari_listener *listener = listener_of(connection);
    bool again = listener->crossed;
    listener->crossed = false;
    if (again)
        ari_listener_opened(connection);
    return again;
}

void ari_listener_failed(ari_connection *connection)
{
    ari_listener *listener = listener_of(connection);
    const ar_env *env = connection->host.env;
    int64_t pause = FIRST_RETRY_US;
    for (unsigned i = 0; i < listener->failures && pause < LAST_RETRY_US; i++)
        pause *= 2;
    listener->failures++;
    listener->retry_at = env->now(env->ctx) + (pause < LAST_RETRY_US ? pause : LAST_RETRY_US);
}

int64_t ari_listener_due(const ari_connection *connection)
{
    ari_listener *listener = listener_of(connection);
    pthread_mutex_lock(&listener->lock);
    bool wanted = listener->subscriptions != NULL;
    pthread_mutex_unlock(&listener->lock);
    return wanted && !atomic_load(&connection->pool->closing) ? listener->retry_at : INT64_MAX;
}
