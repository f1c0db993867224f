/* SPDX-License-Identifier: MIT */
#include "backends/sqlite/config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backends/sqlite/library.h"
#include "values/memory.h"
#include "values/number.h"

enum {
    default_busy_timeout_ms = 5000,
    default_cache_size_kib = 8192,
    default_readers = 4,
    default_statement_cache = 128
};
enum { readers_not_given = UINT16_MAX };

static const char *const mode_words[] = { "rwc", "rw", "ro", NULL }; /* as in ari_sqlite_mode */
static const char *const journal_words[] = { "wal", "delete", "truncate", "persist", "memory", NULL };
static const char *const synchronous_words[] = { "off", "normal", "full", "extra", NULL };
static const char *const switch_words[] = { "off", "on", "false", "true", "0", "1", NULL }; /* odd: on */

static ar_status choose(const ar_url_option *option, const char *const *words, const char *allowed, size_t *out,
                        ar_error *err)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcasecmp(option->value, words[i]) == 0) {
            *out = i;
            return AR_OK;
        }
    return ar_error_set(err, AR_E_INVALID, "sqlite URL: option %s is \"%s\"; it takes %s", option->name, option->value,
                        allowed);
}

static ar_status count(const ar_url_option *option, int64_t least, int64_t most, int64_t *out, ar_error *err)
{
    if (ari_parse_int64(option->value, strlen(option->value), out) && *out >= least && *out <= most)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "sqlite URL: option %s is \"%s\"; it takes a number from %lld to %lld",
                        option->name, option->value, (long long)least, (long long)most);
}

static ar_status set_mode(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    size_t choice = 0;
    ar_status status = choose(option, mode_words, "rwc, rw or ro", &choice, err);
    if (status == AR_OK)
        config->mode = (ari_sqlite_mode)choice;
    return status;
}

static ar_status set_journal_mode(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    size_t choice = 0;
    ar_status status = choose(option, journal_words, "wal, delete, truncate, persist or memory", &choice, err);
    if (status == AR_OK)
        config->journal_mode = journal_words[choice];
    return status;
}

static ar_status set_synchronous(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    size_t choice = 0;
    ar_status status = choose(option, synchronous_words, "off, normal, full or extra", &choice, err);
    if (status == AR_OK)
        config->synchronous = synchronous_words[choice];
    return status;
}

static ar_status set_busy_timeout(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    int64_t number = 0;
    ar_status status = count(option, 0, INT32_MAX, &number, err);
    if (status == AR_OK)
        config->busy_timeout = number * 1000;
    return status;
}

static ar_status set_cache_size(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    int64_t number = 0;
    ar_status status = count(option, 0, INT32_MAX, &number, err);
    if (status == AR_OK)
        config->cache_size_kib = (uint32_t)number;
    return status;
}

static ar_status set_readers(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    int64_t number = 0;
    ar_status status = count(option, 0, 64, &number, err);
    if (status == AR_OK)
        config->readers = (uint16_t)number;
    return status;
}

static ar_status set_foreign_keys(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    size_t choice = 0;
    ar_status status = choose(option, switch_words, "on or off", &choice, err);
    if (status == AR_OK)
        config->foreign_keys = choice % 2 == 1;
    return status;
}

static ar_status set_statement_cache(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    int64_t number = 0;
    ar_status status = count(option, 0, 65536, &number, err);
    if (status == AR_OK)
        config->statement_cache = (uint32_t)number;
    return status;
}

static ar_status set_vfs(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    char *copy = ari_copy_text(config->env, option->value, strlen(option->value));
    if (copy == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "sqlite URL: no memory for the option vfs");
    ari_release(config->env, config->vfs);
    config->vfs = copy;
    return AR_OK;
}

static const struct option_setter {
    const char *name;
    ar_status (*set)(ar_backend_config *config, const ar_url_option *option, ar_error *err);
} option_setters[] = {
    { "mode", set_mode },
    { "journal_mode", set_journal_mode },
    { "synchronous", set_synchronous },
    { "busy_timeout_ms", set_busy_timeout },
    { "cache_size_kib", set_cache_size },
    { "readers", set_readers },
    { "foreign_keys", set_foreign_keys },
    { "statement_cache", set_statement_cache },
    { "vfs", set_vfs },
};

static ar_status set_option(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    for (size_t i = 0; i < sizeof option_setters / sizeof option_setters[0]; i++)
        if (strcmp(option->name, option_setters[i].name) == 0)
            return option_setters[i].set(config, option, err);
    return ar_error_set(
        err, AR_E_INVALID,
        "sqlite URL: there is no option \"%s\"; there are mode, journal_mode, synchronous, busy_timeout_ms, "
        "cache_size_kib, readers, foreign_keys, statement_cache and vfs",
        option->name);
}

/* A relative path is made absolute once, so that every connection opens the same file, also after a chdir. That also
 * keeps SQLite from taking a name like "file:x" for a URI, which builds with SQLITE_USE_URI do. */
static ar_status set_path(ar_backend_config *config, const char *path, ar_error *err)
{
    char folder[4096];
    folder[0] = '\0';
    config->memory = strcmp(path, ":memory:") == 0;
    if (!config->memory && path[0] != '/') {
        if (getcwd(folder, sizeof folder - 1) == NULL)
            return ar_error_set(err, AR_E_INVALID,
                                "sqlite URL: the working folder cannot be told, so \"%s\" has no place; "
                                "give an absolute path: sqlite:///folder/%s",
                                path, path);
        strcat(folder, "/");
    }
    size_t folder_length = strlen(folder);
    config->path = ari_allocate(config->env, folder_length + strlen(path) + 1);
    if (config->path == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "sqlite URL: no memory for the path");
    memcpy(config->path, folder, folder_length);
    memcpy(config->path + folder_length, path, strlen(path) + 1);
    return AR_OK;
}

static ar_status check_parts(const ar_url *url, ar_error *err)
{
    if (url->host != NULL && url->host[0] != '\0')
        return ar_error_set(err, AR_E_INVALID,
                            "sqlite URL: a file has no host \"%s\"; write sqlite:app.db or "
                            "sqlite:///folder/app.db",
                            url->host);
    if (url->user != NULL || url->password != NULL || url->port != 0)
        return ar_error_set(err, AR_E_INVALID, "sqlite URL: a file has no user, password or port; write sqlite:app.db");
    if (url->path == NULL || url->path[0] == '\0')
        return ar_error_set(err, AR_E_INVALID,
                            "sqlite URL: it names no file; write sqlite:app.db, sqlite:///folder/app.db or "
                            "sqlite::memory:");
    return AR_OK;
}

static ar_status decide_topology(ar_backend_config *config, ar_topology *topology, ar_error *err)
{
    bool wal = strcmp(config->journal_mode, "wal") == 0;
    if (config->memory) {
        if (config->mode != ARI_SQLITE_CREATE)
            return ar_error_set(err, AR_E_INVALID,
                                "sqlite URL: option mode is \"%s\", but :memory: starts empty; leave it out",
                                mode_words[config->mode]);
        if (config->readers != readers_not_given && config->readers != 0)
            return ar_error_set(err, AR_E_INVALID,
                                "sqlite URL: option readers is %u, but a reader would see a :memory: of its "
                                "own; leave it out",
                                (unsigned)config->readers);
        config->readers = 0;
    }
    if (config->readers == readers_not_given) /* without WAL readers stand in the writer's way */
        config->readers = wal || config->mode == ARI_SQLITE_READ_ONLY ? default_readers : 0;
    if (config->mode == ARI_SQLITE_READ_ONLY && config->readers == 0)
        return ar_error_set(err, AR_E_INVALID,
                            "sqlite URL: option readers is 0 and option mode is \"ro\": nobody could read");
    topology->writers = config->mode == ARI_SQLITE_READ_ONLY ? 0 : 1;
    topology->readers = config->readers;
    topology->blocking = true;
    topology->connection_is_database = config->memory;
    return AR_OK;
}

ar_status ari_sqlite_configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                               ar_error *err)
{
    ar_status status = check_parts(url, err);
    if (status == AR_OK) /* for all connections to come: an application configures SQLite before it uses it */
        status = ari_sqlite_check_library(err);
    if (status != AR_OK)
        return status;
    ar_backend_config *config = ari_allocate_zero(env, sizeof *config);
    if (config == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "sqlite URL: no memory");
    config->env = env;
    config->mode = ARI_SQLITE_CREATE;
    config->journal_mode = "wal";
    config->synchronous = "full";
    config->busy_timeout = default_busy_timeout_ms * INT64_C(1000);
    config->cache_size_kib = default_cache_size_kib;
    config->readers = readers_not_given;
    config->foreign_keys = true;
    config->statement_cache = default_statement_cache;
    status = set_path(config, url->path, err);
    for (size_t i = 0; status == AR_OK && i < url->option_count; i++)
        status = set_option(config, &url->options[i], err);
    if (status == AR_OK)
        status = decide_topology(config, topology, err);
    if (status != AR_OK) {
        ari_sqlite_config_free(config);
        return status;
    }
    *out = config;
    return AR_OK;
}

void ari_sqlite_config_free(ar_backend_config *config)
{
    if (config == NULL)
        return;
    ari_release(config->env, config->path);
    ari_release(config->env, config->vfs);
    ari_release(config->env, config);
}
