/* SPDX-License-Identifier: MIT */
#include "pools/url.h"

#include <string.h>

#include "values/memory.h"

/* scheme ":" ["//" [user [":" password] "@"] [host [":" port]]] path ["?" name "=" value *("&" …)], after RFC 3986: a host in brackets is an IPv6 address, and
 * every part is percent-decoded after it was cut out. One block holds the struct, the options and a copy of the text, which is cut up and decoded in place. */

typedef struct parse {
    char *at;
    ar_url *url;
    ar_error *err;
} parse;

static ar_status invalid(const parse *p, const char *what)
{
    return ar_error_set(
        p->err, AR_E_INVALID,
        "reading the database URL: %s; it looks like sqlite:app.db or scheme://user@host/name?option=value", what);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = hex(from[1]);
        int low = high < 0 ? -1 : hex(from[2]);
        if (low < 0 || (high | low) == 0)
            return false;
        *to++ = (char)(high << 4 | low);
        from += 2;
    }
    *to = '\0';
    return true;
}

/* Cuts at the first of `set`; gives what stands behind it, NULL when there is none. */
static char *cut(char *text, const char *set)
{
    char *found = strpbrk(text, set);
    if (found == NULL)
        return NULL;
    *found = '\0';
    return found + 1;
}

static ar_status parse_scheme(parse *p)
{
    char *colon = strchr(p->at, ':');
    if (colon == NULL || colon == p->at)
        return invalid(p, "there is no scheme");
    *colon = '\0';
    for (char *c = p->at; c < colon; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
        bool letter = *c >= 'a' && *c <= 'z';
        bool other = (*c >= '0' && *c <= '9') || *c == '+' || *c == '-' || *c == '.';
        if (!letter && (c == p->at || !other))
            return invalid(p, "the scheme has a character that it may not have");
    }
    p->url->scheme = p->at;
    p->at = colon + 1;
    return AR_OK;
}

static ar_status parse_options(parse *p, ar_url_option *options)
{
    char *query = cut(p->at, "?");
    while (query != NULL) {
        char *next = cut(query, "&");
        char *value = cut(query, "=");
        if (*query != '\0') {
            if (value == NULL)
                return invalid(p, "an option has no value");
            if (!decode(query) || !decode(value))
                return invalid(p, "an option has a bad percent escape");
            options[p->url->option_count++] = (ar_url_option){ query, value };
        }
        query = next;
    }
    return AR_OK;
}

static ar_status parse_port(parse *p, const char *text)
{
    uint32_t port = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || (port = port * 10 + (uint32_t)(*text - '0')) > UINT16_MAX)
            return invalid(p, "the port is not a number up to 65535");
    }
    p->url->port = (uint16_t)port;
    return AR_OK;
}

static ar_status parse_host(parse *p, char *text)
{
    char *port = NULL;
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return invalid(p, "the address in brackets is not closed");
        *end = '\0';
        text++;
        port = end[1] == ':' ? end + 2 : NULL;
    } else {
        port = cut(text, ":");
    }
    if (!decode(text))
        return invalid(p, "the host has a bad percent escape");
    p->url->host = *text == '\0' ? NULL : text;
    return port == NULL || *port == '\0' ? AR_OK : parse_port(p, port);
}

/* The authority is moved one byte to the left over a slash, so that the path keeps its own. */
static ar_status parse_authority(parse *p)
{
    if (p->at[0] != '/' || p->at[1] != '/')
        return AR_OK;
    char *authority = p->at + 1;
    size_t length = strcspn(p->at + 2, "/");
    memmove(authority, p->at + 2, length);
    authority[length] = '\0';
    p->at += 2 + length;

    char *at_sign = strrchr(authority, '@');
    char *host = authority;
    if (at_sign != NULL) {
        *at_sign = '\0';
        host = at_sign + 1;
        char *password = cut(authority, ":");
        if (!decode(authority) || (password != NULL && !decode(password)))
            return invalid(p, "the user or the password has a bad percent escape");
        p->url->user = authority;
        p->url->password = password;
    }
    return parse_host(p, host);
}

static ar_status parse_all(parse *p, ar_url_option *options)
{
    ar_status status = parse_scheme(p);
    if (status == AR_OK)
        status = parse_options(p, options);
    if (status == AR_OK)
        status = parse_authority(p);
    if (status == AR_OK && !decode(p->at))
        status = invalid(p, "the path has a bad percent escape");
    p->url->path = p->at;
    return status;
}

ar_status ari_url_parse(const ar_env *env, const char *text, ar_url **out, ar_error *err)
{
    size_t length = strlen(text);
    size_t most = 1;
    for (const char *c = text; *c != '\0'; c++)
        most += *c == '&' || *c == '?';
    ar_url *url = ari_allocate_zero(env, sizeof *url + most * sizeof(ar_url_option) + length + 1);
    if (url == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "reading the database URL: out of memory");
    ar_url_option *options = (ar_url_option *)(url + 1);
    parse p = { .at = (char *)(options + most), .url = url, .err = err };
    memcpy(p.at, text, length + 1);
    url->options = options;
    ar_status status = parse_all(&p, options);
    if (status == AR_OK)
        *out = url;
    else
        ari_url_free(env, url);
    return status;
}

void ari_url_free(const ar_env *env, ar_url *url)
{
    ari_release(env, url);
}
