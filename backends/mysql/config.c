/* SPDX-License-Identifier: MIT */
#include "backends/mysql/config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backends/mysql/driver.h"
#include "values/host.h"
#include "values/memory.h"
#include "values/number.h"

enum { default_pool = 4, default_statement_cache = 128, default_port = 3306 };

static const int64_t default_connect_timeout = INT64_C(10000000);

ari_mysql_target *ari_mysql_target_ref(ari_mysql_target *target)
{
    (void)atomic_fetch_add_explicit(&target->references, 1, memory_order_relaxed);
    return target;
}

/* The release pairs with the acquire of whoever frees it, as all uses of the others come before. */
void ari_mysql_target_unref(ari_mysql_target *target)
{
    if (target == NULL || atomic_fetch_sub_explicit(&target->references, 1, memory_order_acq_rel) != 1)
        return;
    char *texts[] = { target->user,        target->password,  target->host,
                      target->socket,      target->database,  target->root_certificate,
                      target->certificate, target->key,       target->application_name,
                      target->timezone,    target->collation, target->initial_sql };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    free(target);
}

static ar_status keep(char **to, const char *text, ar_error *err)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "mysql URL: no memory");
    memcpy(copy, text, size);
    free(*to);
    *to = copy;
    return AR_OK;
}

static ar_status number(const ar_url_option *option, int64_t least, int64_t most, int64_t *out, ar_error *err)
{
    if (ari_parse_int64(option->value, strlen(option->value), out) && *out >= least && *out <= most)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "mysql URL: option %s is \"%s\"; it takes a number from %lld to %lld",
                        option->name, option->value, (long long)least, (long long)most);
}

/* Names that become part of a SET statement. */
static ar_status keep_word(char **to, const ar_url_option *option, ar_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-:/";
    if (option->value[0] != '\0' && option->value[strspn(option->value, allowed)] == '\0')
        return keep(to, option->value, err);
    return ar_error_set(err, AR_E_INVALID, "mysql URL: option %s is \"%s\"; it takes letters, digits and _ + - : /",
                        option->name, option->value);
}

static ar_status set_tls(ari_mysql_target *target, const ar_url_option *option, ar_error *err)
{
    static const char *const words[] = { "disable", "require", "verify-ca", "verify-full" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(option->value, words[i]) == 0) {
            target->tls = (ari_mysql_tls)i;
            return AR_OK;
        }
    return ar_error_set(err, AR_E_INVALID,
                        "mysql URL: option sslmode is \"%s\"; it takes disable, require, verify-ca or verify-full",
                        option->value);
}

static ar_status set_charset(const ar_url_option *option, ar_error *err)
{
    if (strcasecmp(option->value, "utf8mb4") == 0)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "mysql URL: option charset is \"%s\"; texts are UTF-8, it takes utf8mb4",
                        option->value);
}

static ar_status set_numbers(ar_backend_config *config, const ar_url_option *option, bool *known, ar_error *err)
{
    ari_mysql_target *target = config->target;
    int64_t value = 0;
    ar_status status = AR_OK;
    *known = true;
    if (strcmp(option->name, "pool") == 0) {
        status = number(option, 1, 1000, &value, err);
        config->pool = (uint16_t)value;
    } else if (strcmp(option->name, "statement_cache") == 0) {
        status = number(option, 0, 65536, &value, err);
        config->statement_cache = (uint32_t)value;
    } else if (strcmp(option->name, "connect_timeout_ms") == 0) {
        status = number(option, 1, INT32_MAX, &value, err);
        target->connect_timeout = value * 1000;
    } else if (strcmp(option->name, "statement_timeout_ms") == 0) {
        status = number(option, 0, 31536000000, &target->statement_timeout, err);
    } else if (strcmp(option->name, "lock_timeout_s") == 0) {
        status = number(option, 1, 1073741824, &target->lock_timeout, err);
    } else {
        *known = false;
    }
    return status;
}

static ar_status set_texts(ari_mysql_target *target, const ar_url_option *option, bool *known, ar_error *err)
{
    const struct {
        const char *name;
        char **text;
    } texts[] = { { "application_name", &target->application_name },
                  { "initial_sql", &target->initial_sql },
                  { "sslrootcert", &target->root_certificate },
                  { "sslcert", &target->certificate },
                  { "sslkey", &target->key },
                  { "socket", &target->socket } };
    *known = true;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(option->name, texts[i].name) == 0)
            return keep(texts[i].text, option->value, err);
    if (strcmp(option->name, "timezone") == 0)
        return keep_word(&target->timezone, option, err);
    if (strcmp(option->name, "collation") == 0)
        return keep_word(&target->collation, option, err);
    if (strcmp(option->name, "sslmode") == 0)
        return set_tls(target, option, err);
    if (strcmp(option->name, "charset") == 0)
        return set_charset(option, err);
    *known = false;
    return AR_OK;
}

static ar_status set_option(ar_backend_config *config, const ar_url_option *option, ar_error *err)
{
    bool known = false;
    ar_status status = set_numbers(config, option, &known, err);
    if (!known)
        status = set_texts(config->target, option, &known, err);
    if (known)
        return status;
    return ar_error_set(err, AR_E_INVALID,
                        "mysql URL: there is no option \"%s\"; there are pool, statement_cache, connect_timeout_ms, "
                        "statement_timeout_ms, lock_timeout_s, application_name, timezone, charset, collation, "
                        "initial_sql, socket, sslmode, sslrootcert, sslcert and sslkey",
                        option->name);
}

/* MySQL's clients connect in clear text, or authenticate nobody, unless they are told otherwise. */
static ar_status check_tls(ari_mysql_target *target, ar_error *err)
{
    bool remote = target->host != NULL && !ari_host_is_loopback(target->host);
    if (target->tls == ARI_MYSQL_TLS_NOT_GIVEN)
        target->tls = remote || target->root_certificate != NULL ? ARI_MYSQL_TLS_VERIFY_FULL : ARI_MYSQL_TLS_DISABLE;
    if (target->tls == ARI_MYSQL_TLS_VERIFY_CA && target->root_certificate == NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "mysql URL: option sslmode is \"verify-ca\", but sslrootcert names no certificates to "
                            "verify with");
    if (target->tls == ARI_MYSQL_TLS_VERIFY_FULL && target->host == NULL)
        return ar_error_set(err, AR_E_INVALID,
                            "mysql URL: a socket has no host name for sslmode \"verify-full\"; leave it out");
    if ((target->certificate == NULL) != (target->key == NULL))
        return ar_error_set(err, AR_E_INVALID, "mysql URL: options sslcert and sslkey come together");
    return AR_OK;
}

/* A host that begins with a slash is a socket, like the option. */
static ar_status set_place(ari_mysql_target *target, const ar_url *url, ar_error *err)
{
    ar_status status = AR_OK;
    bool is_path = url->host != NULL && url->host[0] == '/';
    if (is_path)
        status = keep(&target->socket, url->host, err);
    else if (url->host != NULL && url->host[0] != '\0')
        status = keep(&target->host, url->host, err);
    target->port = url->port != 0 ? url->port : default_port;
    return status;
}

static ar_status set_parts(ari_mysql_target *target, const ar_url *url, ar_error *err)
{
    const char *database = url->path == NULL ? "" : url->path[0] == '/' ? url->path + 1 : url->path;
    ar_status status = set_place(target, url, err);
    if (status == AR_OK && url->user != NULL)
        status = keep(&target->user, url->user, err);
    if (status == AR_OK && url->password != NULL)
        status = keep(&target->password, url->password, err);
    if (status == AR_OK && strchr(database, '/') != NULL)
        return ar_error_set(err, AR_E_INVALID, "mysql URL: the database \"%s\" has a slash in its name", database);
    if (status == AR_OK && database[0] != '\0')
        status = keep(&target->database, database, err);
    if (status == AR_OK)
        status = keep(&target->timezone, "+00:00", err);
    return status;
}

static ar_status fill(ar_backend_config *config, const ar_url *url, ar_error *err)
{
    ari_mysql_target *target = config->target;
    ar_status status = set_parts(target, url, err);
    for (size_t i = 0; status == AR_OK && i < url->option_count; i++)
        status = set_option(config, &url->options[i], err);
    if (status == AR_OK && target->socket != NULL && target->host != NULL) {
        if (!ari_host_is_loopback(target->host))
            return ar_error_set(err, AR_E_INVALID, "mysql URL: it has a host and a socket; leave one out");
        free(target->host);
        target->host = NULL;
    }
    return status == AR_OK ? check_tls(target, err) : status;
}

ar_status ari_mysql_configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                              ar_error *err)
{
    ar_backend_config *config = ari_allocate_zero(env, sizeof *config);
    ari_mysql_target *target = config == NULL ? NULL : calloc(1, sizeof *target);
    if (target == NULL) {
        ari_release(env, config);
        return ar_error_set(err, AR_E_NO_MEMORY, "mysql URL: no memory");
    }
    atomic_init(&target->references, 1);
    target->tls = ARI_MYSQL_TLS_NOT_GIVEN;
    target->connect_timeout = default_connect_timeout;
    *config = (ar_backend_config){
        .env = env, .target = target, .pool = default_pool, .statement_cache = default_statement_cache
    };
    ar_status status = fill(config, url, err);
    if (status != AR_OK) {
        ari_mysql_config_free(config);
        return status;
    }
    *topology = (ar_topology){ .writers = config->pool, .blocking = AR_MYSQL_BLOCKING };
    *out = config;
    return AR_OK;
}

void ari_mysql_config_free(ar_backend_config *config)
{
    if (config == NULL)
        return;
    ari_mysql_target_unref(config->target);
    ari_release(config->env, config);
}
