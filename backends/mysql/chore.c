/* SPDX-License-Identifier: MIT */
#include "backends/mysql/chore.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "backends/mysql/error.h"

/* A chore has two owners, its thread and the connection; `lock` protects what both touch. It is done, or abandoned, or
 * neither; whoever comes second frees it. The host is woken with the lock held: once it is abandoned, never again. */

enum { STACK_SIZE = 256 * 1024 }; /* name resolution and OpenSSL */

static const int64_t kill_timeout = INT64_C(5000000);

struct ari_mysql_chore {
    pthread_mutex_t lock;
    bool done;
    bool abandoned;
    bool killing; /* the KILL is being sent, or was */
    ari_mysql_target *target;
    ar_backend_host *host;
    int64_t timeout;
    unsigned long kill; /* 0: connect */
    bool ends;          /* the connection, not only its statement */
    ari_mysql_session session;
    ar_status status;
    ar_error error;
};

static void destroy(ari_mysql_chore *chore)
{
    ari_mysql_session_close(&chore->session);
    ari_mysql_target_unref(chore->target);
    (void)pthread_mutex_destroy(&chore->lock);
    free(chore);
}

static void kill_query(ari_mysql_chore *chore)
{
    char sql[48];
    int length = snprintf(sql, sizeof sql, chore->ends ? "KILL %lu" : "KILL QUERY %lu", chore->kill);
    if (mysql_real_query(chore->session.mysql, sql, (unsigned long)length) != 0)
        chore->status = ari_mysql_error(chore->session.mysql, "stopping a statement on the server", &chore->error);
    ari_mysql_session_close(&chore->session);
}

static bool may_kill(ari_mysql_chore *chore)
{
    pthread_mutex_lock(&chore->lock);
    chore->killing = chore->ends || !chore->abandoned;
    bool may = chore->killing;
    pthread_mutex_unlock(&chore->lock);
    return may;
}

static void *run(void *arg)
{
    ari_mysql_chore *chore = arg;
    (void)mysql_thread_init();
    chore->status = ari_mysql_session_open(chore->target, chore->timeout, &chore->session, &chore->error);
    if (chore->status == AR_OK && chore->kill != 0 && may_kill(chore))
        kill_query(chore);
    pthread_mutex_lock(&chore->lock);
    bool abandoned = chore->abandoned;
    chore->done = true;
    if (!abandoned)
        chore->host->wake(chore->host);
    pthread_mutex_unlock(&chore->lock);
    if (abandoned)
        destroy(chore);
    mysql_thread_end();
    return NULL;
}

/* With all signals blocked: the application's handlers run on the application's threads. */
static bool start_thread(ari_mysql_chore *chore)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = pthread_create(&thread, &attributes, run, chore) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return started;
}

static ari_mysql_chore *create(ari_mysql_target *target, ar_backend_host *host, int64_t timeout, unsigned long kill)
{
    ari_mysql_chore *chore = calloc(1, sizeof *chore);
    if (chore == NULL)
        return NULL;
    (void)pthread_mutex_init(&chore->lock, NULL);
    chore->target = ari_mysql_target_ref(target);
    chore->host = host;
    chore->timeout = timeout;
    chore->kill = kill;
    return chore;
}

static ari_mysql_chore *start(ari_mysql_chore *chore)
{
    if (chore == NULL || start_thread(chore))
        return chore;
    destroy(chore);
    return NULL;
}

ari_mysql_chore *ari_mysql_chore_connect(ari_mysql_target *target, ar_backend_host *host, int64_t timeout)
{
    return start(create(target, host, timeout, 0));
}

ari_mysql_chore *ari_mysql_chore_kill(ari_mysql_target *target, ar_backend_host *host, unsigned long thread_id)
{
    return start(create(target, host, kill_timeout, thread_id));
}

void ari_mysql_chore_end(ari_mysql_target *target, unsigned long thread_id)
{
    ari_mysql_chore *chore = create(target, NULL, kill_timeout, thread_id);
    if (chore == NULL)
        return;
    chore->ends = true;
    chore->abandoned = true;
    (void)start(chore);
}

bool ari_mysql_chore_cancel(ari_mysql_chore *chore)
{
    pthread_mutex_lock(&chore->lock);
    bool done = chore->done, cancelled = !chore->killing;
    chore->abandoned = chore->abandoned || cancelled;
    pthread_mutex_unlock(&chore->lock);
    if (cancelled && done)
        destroy(chore);
    return cancelled;
}

bool ari_mysql_chore_done(ari_mysql_chore *chore)
{
    pthread_mutex_lock(&chore->lock);
    bool done = chore->done;
    pthread_mutex_unlock(&chore->lock);
    return done;
}

ar_status ari_mysql_chore_take(ari_mysql_chore *chore, ari_mysql_session *session, ar_error *err)
{
    ar_status status = chore->status;
    if (status != AR_OK && err != NULL)
        *err = chore->error;
    if (session != NULL) {
        *session = chore->session;
        chore->session = (ari_mysql_session){ .mysql = NULL };
    }
    destroy(chore);
    return status;
}

void ari_mysql_chore_abandon(ari_mysql_chore *chore)
{
    if (chore == NULL)
        return;
    pthread_mutex_lock(&chore->lock);
    bool done = chore->done;
    chore->abandoned = true;
    pthread_mutex_unlock(&chore->lock);
    if (done)
        destroy(chore);
}
