/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include "pools/url.h"

/* Database URLs: what is read can be written and reads back the same; a refusal shows nothing of the URL. */

typedef struct text {
    char *data;
    size_t length, capacity;
} text;

static void add(text *to, const char *bytes, size_t length)
{
    if (to->length + length + 1 > to->capacity) {
        to->capacity = (to->length + length + 1) * 2;
        to->data = realloc(to->data, to->capacity);
        CLAIM(to->data != NULL);
    }
    memcpy(to->data + to->length, bytes, length);
    to->length += length;
    to->data[to->length] = '\0';
}

static void add_text(text *to, const char *plain)
{
    add(to, plain, strlen(plain));
}

/* Every byte escaped, but for slashes where those are to stay. */
static void add_escaped(text *to, const char *plain, bool slashes)
{
    char escape[4];
    for (; *plain != '\0'; plain++) {
        if (slashes && *plain == '/') {
            add_text(to, "/");
            continue;
        }
        snprintf(escape, sizeof escape, "%%%02X", (unsigned)(unsigned char)*plain);
        add_text(to, escape);
    }
}

static void add_authority(text *to, const ar_url *url)
{
    char port[8];
    add_text(to, "//");
    if (url->user != NULL) {
        add_escaped(to, url->user, false);
        if (url->password != NULL) {
            add_text(to, ":");
            add_escaped(to, url->password, false);
        }
        add_text(to, "@");
    }
    if (url->host != NULL)
        add_escaped(to, url->host, false);
    if (url->port != 0) {
        snprintf(port, sizeof port, ":%u", (unsigned)url->port);
        add_text(to, port);
    }
}

static char *write_url(const ar_url *url)
{
    text to = { NULL, 0, 0 };
    add_text(&to, url->scheme);
    add_text(&to, ":");
    bool authority = url->user != NULL || url->host != NULL || url->port != 0;
    if (authority || strncmp(url->path, "//", 2) == 0)
        add_authority(&to, url);
    add_escaped(&to, url->path, true);
    for (size_t i = 0; i < url->option_count; i++) {
        add_text(&to, i == 0 ? "?" : "&");
        add_escaped(&to, url->options[i].name, false);
        add_text(&to, "=");
        add_escaped(&to, url->options[i].value, false);
    }
    return to.data;
}

static void same(const char *a, const char *b)
{
    CLAIM((a == NULL) == (b == NULL));
    CLAIM(a == NULL || strcmp(a, b) == 0);
}

static void check_round_trip(const ar_url *url)
{
    char *written = write_url(url);
    ar_url *again = NULL;
    ar_error error;
    bool authority = url->host != NULL || url->user != NULL || url->port != 0;
    CLAIM(!authority || url->path[0] == '/' || url->path[0] == '\0');
    CLAIM(ari_url_parse(ar_env_default(), written, &again, &error) == AR_OK);
    same(url->scheme, again->scheme);
    same(url->user, again->user);
    same(url->password, again->password);
    same(url->host, again->host);
    same(url->path, again->path);
    CLAIM(url->port == again->port && url->option_count == again->option_count);
    for (size_t i = 0; i < url->option_count; i++) {
        same(url->options[i].name, again->options[i].name);
        same(url->options[i].value, again->options[i].value);
    }
    ari_url_free(ar_env_default(), again);
    free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = { data, size };
    char *line = fuzz_line(&input, NULL);
    ar_url *url = NULL;
    ar_error error;
    ar_status status = ari_url_parse(ar_env_default(), line, &url, &error);
    if (status == AR_OK) {
        CLAIM(url != NULL && url->scheme != NULL && url->path != NULL);
        check_round_trip(url);
        ari_url_free(ar_env_default(), url);
    } else {
        CLAIM(status == AR_E_INVALID && url == NULL && error.status == status && error.message[0] != '\0');
        CLAIM(strlen(line) < 24 || strstr(error.message, line) == NULL);
    }
    free(line);
    return 0;
}
