/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "orm/migration.h"
#include "values/memory.h"

/* ar_migrate_resolve: a script of one statement. */

enum { START, RESOLVING };

typedef struct resolving {
    ari_script script; /* first */
    int64_t version;
    bool holds;
    char *table;
} resolving;

static ari_act next_resolving(ari_script *script)
{
    resolving *self = (resolving *)script;
    if (script->state != START) {
        if (script->status == AR_OK && script->changes == 0)
            script->status =
                ar_error_set(&script->error, AR_E_NOT_FOUND,
                             "migration %" PRId64 " did not stop half way: there is nothing to resolve", self->version);
        return ARI_ACT_END;
    }
    ari_history history = { .table = self->table };
    ari_history_resolve(&history, script, script->db, self->version, self->holds);
    script->state = RESOLVING;
    return ARI_ACT_EXEC;
}

static void fini_resolving(ari_script *script)
{
    ari_release(script->env, ((resolving *)script)->table);
}

static const ari_script_class resolving_class = { .size = sizeof(resolving),
                                                  .next = next_resolving,
                                                  .fini = fini_resolving };

static ar_status create_resolving(ar_db *db, int64_t version, bool holds, const ar_migrate_options *options,
                                  ari_script **out, ar_error *err)
{
    ari_script *script;
    static const ar_migrate_options defaults;
    options = options != NULL ? options : &defaults;
    ar_status status = ari_migrate_options_check(options, err);
    if (status == AR_OK)
        status = ari_script_create(db, &resolving_class, &script, err);
    if (status != AR_OK)
        return status;
    resolving *self = (resolving *)script;
    ar_error refused;
    self->version = version;
    self->holds = holds;
    self->table = ari_migrate_table(script, options->table, &refused);
    *out = script;
    if (self->table != NULL)
        return AR_OK;
    ari_script_release(script);
    return ar_error_set(err, refused.status, "%s", refused.message);
}

ar_status ar_migrate_resolve(ar_db *db, int64_t version, bool holds, const ar_migrate_options *options, ar_error *err)
{
    ari_script *script;
    ar_status status = create_resolving(db, version, holds, options, &script, err);
    if (status != AR_OK)
        return status;
    status = ari_script_run(script, err);
    ari_script_release(script);
    return status;
}

ar_done ar_migrate_resolve_async(ar_db *db, int64_t version, bool holds, const ar_migrate_options *options)
{
    ari_script *script;
    ar_error error;
    ar_status status = create_resolving(db, version, holds, options, &script, &error);
    if (status != AR_OK)
        return (ar_done){ .raw = ari_future_failed(NULL, status, &error) };
    return (ar_done){ .raw = ari_script_start(script, NULL) };
}
