/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_MYSQL_CONFIG_H
#define BACKENDS_MYSQL_CONFIG_H

#include <stdatomic.h>

#include <actrec/sys/backend.h>

typedef enum ari_mysql_tls {
    ARI_MYSQL_TLS_DISABLE,
    ARI_MYSQL_TLS_REQUIRE,     /* encrypted, to whomever */
    ARI_MYSQL_TLS_VERIFY_CA,   /* to someone with a certificate of that authority */
    ARI_MYSQL_TLS_VERIFY_FULL, /* and the certificate is for that host */
    ARI_MYSQL_TLS_NOT_GIVEN
} ari_mysql_tls;

/* Everything that connecting takes. Threads that connect hold it too, and may do so after the connection, the database
 * and its environment are gone (see chore.h): that is why it is counted, and comes from malloc itself. Texts may be
 * NULL. */
typedef struct ari_mysql_target {
    atomic_size_t references;
    char *user;
    char *password;
    char *host;   /* NULL: the socket */
    char *socket; /* NULL: the client's own default, when there is no host */
    char *database;
    char *root_certificate;
    char *certificate;
    char *key;
    char *application_name;
    char *timezone;
    char *collation;
    char *initial_sql;
    uint16_t port;
    ari_mysql_tls tls;
    int64_t connect_timeout;   /* microseconds */
    int64_t statement_timeout; /* milliseconds; 0: none, likewise below */
    int64_t lock_timeout;      /* seconds */
} ari_mysql_target;

ari_mysql_target *ari_mysql_target_ref(ari_mysql_target *target);
void ari_mysql_target_unref(ari_mysql_target *target);

struct ar_backend_config {
    const ar_env *env;
    ari_mysql_target *target;
    uint16_t pool;
    uint32_t statement_cache;
};

ar_status ari_mysql_configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                              ar_error *err);
void ari_mysql_config_free(ar_backend_config *config);

#endif
