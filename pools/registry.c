/* SPDX-License-Identifier: MIT */
#include "pools/registry.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#ifdef AR_HAVE_POSTGRES
#include "backends/postgres/postgres.h"
#endif
#ifdef AR_HAVE_SQLITE
#include "backends/sqlite/sqlite.h"
#endif
#ifdef AR_HAVE_MYSQL
#include "backends/mysql/backend.h"
#endif

/* The backends of this build, and those that applications register. */

enum { REGISTERED_MAX = 16 };

static const ar_backend *const built_in[] = {
#ifdef AR_HAVE_SQLITE
    &ari_sqlite_backend,
#endif
#ifdef AR_HAVE_MYSQL
    &ari_mysql_backend,
#endif
#ifdef AR_HAVE_POSTGRES
    &ari_postgres_backend,
#endif
    NULL,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* both below */
static const ar_backend *registered[REGISTERED_MAX];
static size_t registered_count;

static bool has_scheme(const ar_backend *backend, const char *scheme)
{
    for (const char *const *known = backend->schemes; *known != NULL; known++)
        if (strcmp(*known, scheme) == 0)
            return true;
    return false;
}

/* With the lock held. */
static const ar_backend *find(const char *scheme)
{
    for (size_t i = 0; built_in[i] != NULL; i++)
        if (has_scheme(built_in[i], scheme))
            return built_in[i];
    for (size_t i = 0; i < registered_count; i++)
        if (has_scheme(registered[i], scheme))
            return registered[i];
    return NULL;
}

static size_t add_scheme(char *text, size_t size, size_t used, const ar_backend *backend)
{
    int length =
        used < size ? snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", backend->schemes[0]) : 0;
    return used + (size_t)length;
}

/* With the lock held. */
static void list_schemes(char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; built_in[i] != NULL; i++)
        used = add_scheme(text, size, used, built_in[i]);
    for (size_t i = 0; i < registered_count; i++)
        used = add_scheme(text, size, used, registered[i]);
}

const ar_backend *ari_backend_find(const char *scheme, ar_error *err)
{
    char known[128];
    pthread_mutex_lock(&lock);
    const ar_backend *backend = find(scheme);
    if (backend == NULL) {
        list_schemes(known, sizeof known);
        ar_error_set(err, AR_E_UNSUPPORTED,
                     "opening a database: this build of actrec has no engine for %.32s: URLs; it has: %s", scheme,
                     known[0] != '\0' ? known : "none");
    }
    pthread_mutex_unlock(&lock);
    return backend;
}

/* As a URL's is after reading: "a-z", then those, digits, "+", "-" and ".". */
static bool is_scheme(const char *text)
{
    if (*text < 'a' || *text > 'z')
        return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] == '\0';
}

static bool is_complete(const ar_backend *backend)
{
    return backend->struct_size == sizeof *backend && backend->name != NULL && backend->schemes != NULL &&
           backend->schemes[0] != NULL && backend->dialect != NULL && backend->configure != NULL &&
           backend->config_free != NULL && backend->classify != NULL && backend->open != NULL &&
           backend->submit != NULL && backend->usable != NULL && backend->close != NULL &&
           (backend->progress != NULL) == (backend->shed != NULL);
}

ar_status ar_backend_register(const ar_backend *backend, ar_error *err)
{
    if (backend == NULL || !is_complete(backend))
        return ar_error_set(err, AR_E_INVALID,
                            "registering a backend: struct_size, name, schemes, dialect and every entry that must be "
                            "there, must be there");
    ar_status status = AR_OK;
    pthread_mutex_lock(&lock);
    for (const char *const *scheme = backend->schemes; *scheme != NULL && status == AR_OK; scheme++) {
        if (!is_scheme(*scheme))
            status = ar_error_set(err, AR_E_INVALID,
                                  "registering backend %s: \"%s\" is no scheme: small letters, digits, + - and .",
                                  backend->name, *scheme);
        else if (find(*scheme) != NULL)
            status =
                ar_error_set(err, AR_E_BUSY, "registering backend %s: the scheme %s is taken", backend->name, *scheme);
    }
    if (status == AR_OK && registered_count == REGISTERED_MAX)
        status = ar_error_set(err, AR_E_NO_MEMORY, "registering backend %s: there is room for 16 backends only",
                              backend->name);
    if (status == AR_OK)
        registered[registered_count++] = backend;
    pthread_mutex_unlock(&lock);
    return status;
}
