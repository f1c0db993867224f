/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_CONFIG_H
#define BACKENDS_SQLITE_CONFIG_H

#include <actrec/sys/backend.h>

typedef enum ari_sqlite_mode { ARI_SQLITE_CREATE, ARI_SQLITE_READ_WRITE, ARI_SQLITE_READ_ONLY } ari_sqlite_mode;

/* The options of a URL, checked. */
struct ar_backend_config {
    const ar_env *env;
    char *path; /* absolute, or ":memory:" */
    char *vfs;  /* NULL: the default one */
    bool memory;
    ari_sqlite_mode mode;
    const char *journal_mode; /* one of the words listed in sqlite.h; static */
    const char *synchronous;  /* likewise */
    int64_t busy_timeout;     /* microseconds */
    uint32_t cache_size_kib;
    uint16_t readers;
    bool foreign_keys;
    uint32_t statement_cache;
};

ar_status ari_sqlite_configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                               ar_error *err);
void ari_sqlite_config_free(ar_backend_config *config);

#endif
