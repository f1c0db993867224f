/* SPDX-License-Identifier: MIT */
#include "backends/postgres/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "values/host.h"
#include "values/memory.h"
#include "values/number.h"

enum { default_pool = 8, default_connect_timeout_ms = 10000, default_statement_cache = 128 };

/* A word of a list, for options that take one. The first of each list is no default. */
static const char *const ssl_words[] = { "disable", "require", "verify-ca", "verify-full", NULL };
static const char *const target_words[] = { "any",     "read-write",     "read-only", "primary",
                                            "standby", "prefer-standby", NULL };
static const char *const switch_words[] = { "off", "on", "false", "true", "0", "1", NULL }; /* odd: on */

typedef struct reading {
    ar_backend_config *config;
    ar_topology *topology;
    ar_error *err;
} reading;

static ar_status choose(const reading *self, const ar_url_option *option, const char *const *words, size_t *out)
{
    ari_text_buffer allowed;
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcasecmp(option->value, words[i]) == 0) {
            *out = i;
            return AR_OK;
        }
    ari_text_buffer_init(&allowed, self->config->env);
    for (size_t i = 0; words[i] != NULL; i++) {
        ari_text_buffer_append_cstr(&allowed, i == 0 ? "" : ", ");
        ari_text_buffer_append_cstr(&allowed, words[i]);
    }
    ar_status status = ar_error_set(self->err, AR_E_INVALID, "postgresql URL: option %s is \"%s\"; it takes %s",
                                    option->name, option->value, ari_text_buffer_cstr(&allowed));
    ari_text_buffer_fini(&allowed);
    return status;
}

static ar_status count(const reading *self, const ar_url_option *option, int64_t least, int64_t most, int64_t *out)
{
    if (ari_parse_int64(option->value, strlen(option->value), out) && *out >= least && *out <= most)
        return AR_OK;
    return ar_error_set(self->err, AR_E_INVALID,
                        "postgresql URL: option %s is \"%s\"; it takes a number from %lld to %lld", option->name,
                        option->value, (long long)least, (long long)most);
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "postgresql URL: no memory");
}

static ar_status copy(const reading *self, const char *text, char **out)
{
    char *made = ari_copy_text(self->config->env, text, strlen(text));
    if (made == NULL)
        return no_memory(self->err);
    ari_release(self->config->env, *out);
    *out = made;
    return AR_OK;
}

static ar_status set_pool(reading *self, const ar_url_option *option)
{
    int64_t number = 0;
    ar_status status = count(self, option, 1, 1000, &number);
    if (status == AR_OK)
        self->topology->writers = (uint16_t)number;
    return status;
}

static ar_status set_host(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->host);
}

static ar_status set_connect_timeout(reading *self, const ar_url_option *option)
{
    int64_t number = 0;
    ar_status status = count(self, option, 0, INT32_MAX, &number);
    if (status == AR_OK)
        self->config->connect_timeout = number * 1000;
    return status;
}

static ar_status set_application_name(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->application_name);
}

static ar_status set_timezone(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->timezone);
}

static ar_status set_search_path(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->search_path);
}

static ar_status set_statement_timeout(reading *self, const ar_url_option *option)
{
    return count(self, option, 0, INT32_MAX, &self->config->statement_timeout_ms);
}

static ar_status set_lock_timeout(reading *self, const ar_url_option *option)
{
    return count(self, option, 0, INT32_MAX, &self->config->lock_timeout_ms);
}

static ar_status set_idle_timeout(reading *self, const ar_url_option *option)
{
    return count(self, option, 0, INT32_MAX, &self->config->idle_timeout_ms);
}

static ar_status set_initial_sql(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->initial_sql);
}

static ar_status set_statement_cache(reading *self, const ar_url_option *option)
{
    int64_t number = 0;
    ar_status status = count(self, option, 0, 65536, &number);
    if (status == AR_OK)
        self->config->statement_cache = (uint32_t)number;
    return status;
}

static ar_status set_target(reading *self, const ar_url_option *option)
{
    size_t choice = 0;
    ar_status status = choose(self, option, target_words, &choice);
    if (status == AR_OK)
        self->config->target_session_attrs = target_words[choice];
    return status;
}

static ar_status set_keepalives(reading *self, const ar_url_option *option)
{
    size_t choice = 0;
    ar_status status = choose(self, option, switch_words, &choice);
    if (status == AR_OK)
        self->config->keepalives = choice % 2 == 1;
    return status;
}

static ar_status set_keepalives_idle(reading *self, const ar_url_option *option)
{
    int64_t number = 0;
    ar_status status = count(self, option, 1, 32767, &number);
    if (status == AR_OK)
        snprintf(self->config->keepalives_idle, sizeof self->config->keepalives_idle, "%d", (int)number);
    return status;
}

static ar_status set_user_timeout(reading *self, const ar_url_option *option)
{
    int64_t number = 0;
    ar_status status = count(self, option, 0, INT32_MAX, &number);
    if (status == AR_OK)
        snprintf(self->config->tcp_user_timeout, sizeof self->config->tcp_user_timeout, "%d", (int)number);
    return status;
}

static ar_status set_passfile(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->passfile);
}

static ar_status set_sslmode(reading *self, const ar_url_option *option)
{
    size_t choice = 0;
    if (strcasecmp(option->value, "prefer") == 0 || strcasecmp(option->value, "allow") == 0)
        return ar_error_set(self->err, AR_E_INVALID,
                            "postgresql URL: option sslmode is \"%s\", which protects from nobody; it takes disable, "
                            "require, verify-ca or verify-full",
                            option->value);
    ar_status status = choose(self, option, ssl_words, &choice);
    if (status == AR_OK)
        self->config->sslmode = ssl_words[choice];
    return status;
}

static ar_status set_sslrootcert(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->sslrootcert);
}

static ar_status set_sslcert(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->sslcert);
}

static ar_status set_sslkey(reading *self, const ar_url_option *option)
{
    return copy(self, option->value, &self->config->sslkey);
}

static const struct option_setter {
    const char *name;
    ar_status (*set)(reading *self, const ar_url_option *option);
} option_setters[] = {
    { "pool", set_pool },
    { "host", set_host },
    { "connect_timeout_ms", set_connect_timeout },
    { "application_name", set_application_name },
    { "timezone", set_timezone },
    { "search_path", set_search_path },
    { "statement_timeout_ms", set_statement_timeout },
    { "lock_timeout_ms", set_lock_timeout },
    { "idle_in_transaction_timeout_ms", set_idle_timeout },
    { "initial_sql", set_initial_sql },
    { "statement_cache", set_statement_cache },
    { "target_session_attrs", set_target },
    { "keepalives", set_keepalives },
    { "keepalives_idle_s", set_keepalives_idle },
    { "tcp_user_timeout_ms", set_user_timeout },
    { "passfile", set_passfile },
    { "sslmode", set_sslmode },
    { "sslrootcert", set_sslrootcert },
    { "sslcert", set_sslcert },
    { "sslkey", set_sslkey },
};

static ar_status set_option(reading *self, const ar_url_option *option)
{
    for (size_t i = 0; i < sizeof option_setters / sizeof option_setters[0]; i++)
        if (strcmp(option->name, option_setters[i].name) == 0)
            return option_setters[i].set(self, option);
    return ar_error_set(
        self->err, AR_E_INVALID,
        "postgresql URL: there is no option \"%s\"; there are pool, host, connect_timeout_ms, application_name, "
        "timezone, search_path, statement_timeout_ms, lock_timeout_ms, idle_in_transaction_timeout_ms, initial_sql, "
        "statement_cache, target_session_attrs, keepalives, keepalives_idle_s, tcp_user_timeout_ms, passfile, sslmode, "
        "sslrootcert, sslcert and sslkey",
        option->name);
}

static ar_status set_parts(reading *self, const ar_url *url)
{
    ar_backend_config *config = self->config;
    const char *database = url->path == NULL ? "" : url->path;
    ar_status status = AR_OK;
    if (*database == '/')
        database++;
    if (*database == '\0' || strchr(database, '/') != NULL)
        return ar_error_set(self->err, AR_E_INVALID,
                            "postgresql URL: \"%s\" names no database; write postgresql://user@host/database",
                            database);
    if (url->host != NULL && url->host[0] != '\0')
        status = copy(self, url->host, &config->host);
    if (status == AR_OK && url->user != NULL)
        status = copy(self, url->user, &config->user);
    if (status == AR_OK && url->password != NULL)
        status = copy(self, url->password, &config->password);
    if (status == AR_OK)
        status = copy(self, database, &config->database);
    snprintf(config->port, sizeof config->port, "%u", url->port == 0 ? 5432U : (unsigned)url->port);
    return status;
}

static ari_postgres_place place_of(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    if (host == NULL || host[0] == '\0' || host[0] == '/' || host[0] == '@') /* '@': Linux's abstract sockets */
        return ARI_POSTGRES_SOCKET;
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return ARI_POSTGRES_ADDRESS;
    return ARI_POSTGRES_NAME;
}

/* libpq takes lists of hosts, separated by commas; each would have a TLS default of its own. */
static ar_status decide_tls(const reading *self)
{
    ar_backend_config *config = self->config;
    config->place = place_of(config->host);
    if (config->host != NULL && strchr(config->host, ',') != NULL)
        return ar_error_set(self->err, AR_E_INVALID,
                            "postgresql URL: the host \"%s\" is a list; give one host, its addresses are tried in turn",
                            config->host);
    if (config->sslmode != NULL)
        return AR_OK;
    bool here = config->place == ARI_POSTGRES_SOCKET || ari_host_is_loopback(config->host);
    config->sslmode = here ? "disable" : "verify-full";
    return AR_OK;
}

/* -c name=value, with blanks and backslashes escaped (pg_split_opts in the server's postinit.c). */
static void append_setting(ari_text_buffer *text, const char *name, const char *value)
{
    ari_text_buffer_append_cstr(text, text->length > 0 ? " -c " : "-c ");
    ari_text_buffer_append_cstr(text, name);
    ari_text_buffer_append_char(text, '=');
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == ' ' || (*value >= '\t' && *value <= '\r'))
            ari_text_buffer_append_char(text, '\\');
        ari_text_buffer_append_char(text, *value);
    }
}

static void append_timeout(ari_text_buffer *text, const char *name, int64_t milliseconds)
{
    char number[ARI_NUMBER_TEXT_SIZE];
    if (milliseconds < 0)
        return;
    number[ari_format_int64(milliseconds, number)] = '\0';
    append_setting(text, name, number);
}

static ar_status write_options(const reading *self)
{
    ar_backend_config *config = self->config;
    ari_text_buffer text;
    ari_text_buffer_init(&text, config->env);
    if (config->search_path != NULL)
        append_setting(&text, "search_path", config->search_path);
    append_timeout(&text, "statement_timeout", config->statement_timeout_ms);
    append_timeout(&text, "lock_timeout", config->lock_timeout_ms);
    append_timeout(&text, "idle_in_transaction_session_timeout", config->idle_timeout_ms);
    bool failed = text.failed;
    ar_status status = failed ? no_memory(self->err) : copy(self, ari_text_buffer_cstr(&text), &config->options);
    ari_text_buffer_fini(&text);
    return status;
}

ar_status ari_postgres_configure(const ar_env *env, const ar_url *url, ar_backend_config **out, ar_topology *topology,
                                 ar_error *err)
{
    ar_backend_config *config = ari_allocate_zero(env, sizeof *config);
    if (config == NULL)
        return no_memory(err);
    config->env = env;
    config->connect_timeout = default_connect_timeout_ms * INT64_C(1000);
    config->statement_timeout_ms = config->lock_timeout_ms = config->idle_timeout_ms = -1;
    config->statement_cache = default_statement_cache;
    config->target_session_attrs = target_words[0];
    config->keepalives = true;
    *topology = (ar_topology){ .writers = default_pool, .pipelines = true };
    reading self = { config, topology, err };
    ar_status status = set_parts(&self, url);
    if (status == AR_OK)
        status = copy(&self, "actrec", &config->application_name);
    if (status == AR_OK)
        status = copy(&self, "UTC", &config->timezone);
    for (size_t i = 0; status == AR_OK && i < url->option_count; i++)
        status = set_option(&self, &url->options[i]);
    if (status == AR_OK)
        status = decide_tls(&self);
    if (status == AR_OK)
        status = write_options(&self);
    if (status == AR_OK)
        *out = config;
    else
        ari_postgres_config_free(config);
    return status;
}

/* Through a volatile pointer, so that the stores are not left out as dead ones. */
static void wipe(char *text)
{
    for (volatile char *p = text; p != NULL && *p != '\0'; p++)
        *p = '\0';
}

void ari_postgres_config_free(ar_backend_config *config)
{
    if (config == NULL)
        return;
    wipe(config->password);
    char *texts[] = { config->host,        config->user,        config->password,
                      config->passfile,    config->database,    config->application_name,
                      config->timezone,    config->search_path, config->initial_sql,
                      config->sslrootcert, config->sslcert,     config->sslkey,
                      config->options };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ari_release(config->env, texts[i]);
    ari_release(config->env, config);
}
