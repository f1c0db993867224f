/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_CONFIG_H
#define BACKENDS_POSTGRES_CONFIG_H

#include <actrec/sys/backend.h>

/* Where the server is, which decides whether a name has to be resolved and what TLS defaults to. */
typedef enum ari_postgres_place {
    ARI_POSTGRES_SOCKET,  /* a folder, or NULL */
    ARI_POSTGRES_ADDRESS, /* an IP address */
    ARI_POSTGRES_NAME     /* to be resolved */
} ari_postgres_place;

/* The options of a URL, checked. Texts that may be NULL say so. */
struct ar_backend_config {
    const ar_env *env;
    ari_postgres_place place;
    char *host; /* may be NULL, likewise user, password and passfile */
    char *user;
    char *password;
    char *passfile;
    char *database;
    char port[8];
    int64_t connect_timeout; /* microseconds; 0: none */
    char *application_name;
    char *timezone;
    char *search_path; /* NULL: the server's; timeouts: -1 */
    int64_t statement_timeout_ms;
    int64_t lock_timeout_ms;
    int64_t idle_timeout_ms;
    char *initial_sql; /* NULL: none */
    uint32_t statement_cache;
    const char *target_session_attrs; /* static, likewise sslmode */
    const char *sslmode;
    char *sslrootcert; /* NULL: the driver's default file, likewise the next two */
    char *sslcert;
    char *sslkey;
    bool keepalives;
    char keepalives_idle[12];  /* seconds; "": the system's, likewise … */
    char tcp_user_timeout[12]; /* milliseconds */
    char *options;             /* of the startup packet; "" when there are none */
};

ar_status ari_postgres_configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                                 ar_error *err);
void ari_postgres_config_free(ar_backend_config *config);

#endif
