/* SPDX-License-Identifier: MIT */
#include "orm/scope.h"

#include <stdio.h>
#include <string.h>

#include "orm/bind.h"
#include "orm/find.h"
#include "values/memory.h"

/* A database, the scopes on it, the transactions on those and so on are a tree: each keeps its parent in memory, is on its parent's list, and is closed before it. A
 * handle is closed once (its bit in the table decides who does it); what it stands for is then taken apart by that thread: its children, its operations, its
 * transaction, what it owns; and its memory goes when the last call that had entered it leaves. */

bool ari_scope_begin_close(ari_db *db)
{
    return ari_handle_close(&ari_db_handles, db->handle);
}

/* The first child, from `at` on, that is not being closed, entered; NULL: none. One that another thread is closing at this moment, or whose end was sent and not
 * awaited, leaves the list by itself. With the lock held. */
static ari_db *enter_child(ari_db *at, bool only_transactions)
{
    ari_db *child = NULL;
    for (; at != NULL && child == NULL; at = at->next)
        if (!only_transactions || at->kind == ARI_TRANSACTION)
            child = ari_handle_enter(&ari_db_handles, at->handle);
    return child;
}

static void close_each(ari_db *db, bool only_transactions)
{
    for (;;) {
        pthread_mutex_lock(&db->lock);
        ari_db *child = enter_child(db->children, only_transactions);
        pthread_mutex_unlock(&db->lock);
        if (child == NULL)
            return;
        if (ari_scope_begin_close(child)) {
            ari_scope_fini(child);
            ari_db_leave(child);
        }
        ari_db_leave(child);
    }
}

void ari_scope_close_children(ari_db *db)
{
    close_each(db, false);
}

void ari_scope_close_transactions(ari_db *db)
{
    close_each(db, true);
    pthread_mutex_lock(&db->lock);
    ari_db *scope = enter_child(db->children, false);
    pthread_mutex_unlock(&db->lock);
    while (scope != NULL) {
        ari_scope_close_transactions(scope);
        pthread_mutex_lock(&db->lock);
        ari_db *next = enter_child(scope->next, false);
        pthread_mutex_unlock(&db->lock);
        ari_db_leave(scope);
        scope = next;
    }
}

void ari_scope_cancel_operations(ari_db *db)
{
    pthread_mutex_lock(&db->lock);
    for (ari_op *op = db->operations; op != NULL; op = op->owner_next)
        ar_ignore(ar_future_cancel(&op->future, NULL));
    pthread_mutex_unlock(&db->lock);
}

void ari_scope_stop_operations(ari_db *db)
{
    pthread_mutex_lock(&db->lock);
    ari_op *op = db->operations;
    db->operations = NULL;
    db->operation_count = 0;
    pthread_mutex_unlock(&db->lock);
    for (ari_op *at = op; at != NULL; at = at->owner_next)
        ar_ignore(ar_future_cancel(&at->future, NULL));
    while (op != NULL) {
        ari_op *next = op->owner_next;
        ari_future_join(&op->future); /* what was not sent is done, the rest is being run */
        ari_op_release(op);
        op = next;
    }
}

static ari_owned *take_owned(ari_db *db)
{
    pthread_mutex_lock(&db->lock);
    ari_owned *owned = db->owned;
    if (owned != NULL) {
        db->owned = owned->next;
        if (db->owned != NULL)
            db->owned->prev = NULL;
        owned->next = NULL;
        owned->scope = NULL;
    }
    pthread_mutex_unlock(&db->lock);
    return owned;
}

void ari_scope_free_owned(ari_db *db)
{
    ari_owned *owned;
    while ((owned = take_owned(db)) != NULL)
        owned->free(owned);
}

void ari_db_own(ari_db *db, ari_owned *owned)
{
    if (db->kind == ARI_DATABASE)
        return;
    pthread_mutex_lock(&db->lock);
    owned->scope = db;
    owned->prev = NULL;
    owned->next = db->owned;
    if (owned->next != NULL)
        owned->next->prev = owned;
    db->owned = owned;
    pthread_mutex_unlock(&db->lock);
}

void ari_disown(ari_owned *owned)
{
    ari_db *db = owned->scope;
    if (db == NULL)
        return;
    pthread_mutex_lock(&db->lock);
    if (owned->prev != NULL)
        owned->prev->next = owned->next;
    else
        db->owned = owned->next;
    if (owned->next != NULL)
        owned->next->prev = owned->prev;
    owned->prev = owned->next = NULL;
    owned->scope = NULL;
    pthread_mutex_unlock(&db->lock);
}

static void unlink_from_parent(ari_db *db)
{
    ari_db *parent = db->parent;
    if (parent == NULL)
        return;
    pthread_mutex_lock(&parent->lock);
    if (db->prev != NULL)
        db->prev->next = db->next;
    else
        parent->children = db->next;
    if (db->next != NULL)
        db->next->prev = db->prev;
    pthread_mutex_unlock(&parent->lock);
}

void ari_scope_fini(ari_db *db)
{
    pthread_mutex_lock(&db->lock);
    db->closed = true;
    pthread_mutex_unlock(&db->lock);
    ari_scope_close_children(db);
    ari_scope_stop_operations(db);
    if (db->kind == ARI_TRANSACTION)
        ari_transaction_abandon(db);
    ari_scope_free_owned(db);
    if (db->kind == ARI_DATABASE)
        ari_pool_close(db->pool);
    unlink_from_parent(db);
}

/* False: no memory. */
static bool set_tenant(ari_db *scope, const ar_scope_options *options)
{
    if (options->tenant.type == AR_TYPE_NULL) {
        scope->all_tenants = scope->all_tenants || options->all_tenants;
        return true;
    }
    scope->own_tenant = ari_allocate(ari_db_env(scope), sizeof(ar_value) + ari_values_room(&options->tenant, 1));
    if (scope->own_tenant == NULL)
        return false;
    *scope->own_tenant = options->tenant;
    ari_values_move(scope->own_tenant, 1, (char *)(scope->own_tenant + 1));
    scope->tenant = scope->own_tenant;
    scope->all_tenants = false;
    return true;
}

static bool are_valid(const ar_scope_options *options, size_t trace_room)
{
    if (!ari_options_fit(options->struct_size, sizeof *options) || options->timeout_ms < 0)
        return false;
    if (options->trace != NULL && strlen(options->trace) >= trace_room)
        return false;
    if (options->tenant.type == AR_TYPE_NULL)
        return true;
    return !options->all_tenants && !ari_value_is_list(&options->tenant) &&
           ari_value_check(&options->tenant, "the tenant", NULL) == AR_OK;
}

ar_db *ar_scope_open(ar_db *db, const ar_scope_options *options)
{
    static const ar_scope_options defaults;
    ar_error error = { .status = AR_OK };
    if (options == NULL)
        options = &defaults;
    ari_db *parent = ari_db_enter(db, &error);
    if (parent == NULL)
        return (ar_db *)ari_handle_of_error((unsigned)error.status);
    if (!are_valid(options, sizeof parent->trace)) {
        ari_db_leave(parent);
        return (ar_db *)ari_handle_of_error(AR_E_INVALID);
    }
    ari_db *scope = ari_db_create(ari_db_env(parent), parent->pool, ARI_SCOPE, parent);
    if (scope == NULL || !set_tenant(scope, options)) {
        if (scope != NULL)
            ari_db_discard(scope);
        ari_db_leave(parent);
        return (ar_db *)ari_handle_of_error(AR_E_NO_MEMORY);
    }
    if (options->timeout_ms > 0) {
        int64_t deadline = ari_deadline_after(ari_pool_runtime(scope->pool), options->timeout_ms);
        scope->deadline = deadline < scope->deadline ? deadline : scope->deadline;
    }
    if (options->lazy_loads > 0) {
        scope->lazy_loads = options->lazy_loads;
        scope->lazy_refused = options->lazy_refused;
    }
    if (options->trace != NULL)
        snprintf(scope->trace, sizeof scope->trace, "%s", options->trace);
    ar_db *handle = NULL;
    ar_status status = ari_db_publish(scope, &handle);
    if (status == AR_OK)
        return handle;
    ari_db_leave(parent);
    return (ar_db *)ari_handle_of_error((unsigned)status);
}

void ar_scope_close(ar_db **scope)
{
    ar_db_close(scope);
}
