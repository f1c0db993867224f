/* SPDX-License-Identifier: MIT */
#include "pools/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/counting_env.h"

/* URLs taken apart. Every block is counted: nothing may be left. */

static counting_env counting;
static ar_url *url;
static ar_error err;

static int set_up(void **state)
{
    (void)state;
    counting_env_init(&counting);
    url = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ari_url_free(&counting.env, url);
    return counting.live == 0 ? 0 : -1;
}

static void assert_text(const char *is, const char *expected)
{
    if (expected == NULL)
        assert_null(is);
    else
        assert_string_equal(is, expected);
}

/* "user|password|host|port|path", where - stands for NULL. */
static void assert_parts(const char *text, const char *scheme, const char *parts)
{
    char is[256];
    ari_url_free(&counting.env, url);
    url = NULL;
    if (ari_url_parse(&counting.env, text, &url, &err) != AR_OK)
        fail_msg("%s: %s", text, err.message);
    assert_text(url->scheme, scheme);
    snprintf(is, sizeof is, "%s|%s|%s|%u|%s", url->user ? url->user : "-", url->password ? url->password : "-",
             url->host ? url->host : "-", (unsigned)url->port, url->path);
    assert_text(is, parts);
}

static void assert_invalid(const char *text, const char *what)
{
    ar_url *none = NULL;
    if (ari_url_parse(&counting.env, text, &none, &err) != AR_E_INVALID)
        fail_msg("%s was read", text);
    assert_null(none);
    assert_int_equal(err.status, AR_E_INVALID);
    if (strstr(err.message, what) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", text, err.message, what);
}

static void a_file_has_a_path_and_no_host(void **state)
{
    (void)state;
    assert_parts("sqlite:app.db", "sqlite", "-|-|-|0|app.db");
    assert_parts("sqlite::memory:", "sqlite", "-|-|-|0|:memory:");
    assert_parts("sqlite:///tmp/a.db", "sqlite", "-|-|-|0|/tmp/a.db");
    assert_parts("sqlite:/tmp/a.db", "sqlite", "-|-|-|0|/tmp/a.db");
    assert_parts("sqlite:dir/a.db", "sqlite", "-|-|-|0|dir/a.db");
    assert_parts("sqlite:", "sqlite", "-|-|-|0|");
    assert_parts("sqlite://", "sqlite", "-|-|-|0|");
    assert_parts("sqlite:a#b@c:d.db", "sqlite", "-|-|-|0|a#b@c:d.db");
}

static void the_scheme_is_made_small(void **state)
{
    (void)state;
    assert_parts("SQLite:A.DB", "sqlite", "-|-|-|0|A.DB");
    assert_parts("x-y.z+1:p", "x-y.z+1", "-|-|-|0|p");
}

static void a_server_has_user_password_host_and_port(void **state)
{
    (void)state;
    assert_parts("postgresql://joe:secret@db.example:5433/shop", "postgresql", "joe|secret|db.example|5433|/shop");
    assert_parts("postgresql://db.example/shop", "postgresql", "-|-|db.example|0|/shop");
    assert_parts("postgresql://joe@db.example", "postgresql", "joe|-|db.example|0|");
    assert_parts("postgresql://joe:@db", "postgresql", "joe||db|0|");
    assert_parts("postgresql://:pw@db", "postgresql", "|pw|db|0|");
    assert_parts("postgresql://joe@/shop", "postgresql", "joe|-|-|0|/shop");
    assert_parts("postgresql://db:/shop", "postgresql", "-|-|db|0|/shop");
    assert_parts("postgresql://db:65535/", "postgresql", "-|-|db|65535|/");
    assert_parts("postgresql://j:a@b@db/x", "postgresql", "j|a@b|db|0|/x"); /* the last @ counts */
    assert_parts("postgresql://db/a/b", "postgresql", "-|-|db|0|/a/b");
}

static void an_ipv6_address_stands_in_brackets(void **state)
{
    (void)state;
    assert_parts("mysql://[::1]:3306/x", "mysql", "-|-|::1|3306|/x");
    assert_parts("mysql://[2001:db8::7]/x", "mysql", "-|-|2001:db8::7|0|/x");
    assert_parts("mysql://u:p@[fe80::1%25eth0]", "mysql", "u|p|fe80::1%eth0|0|");
    assert_invalid("mysql://[::1/x", "brackets");
    assert_invalid("mysql://[::1]5/x", "brackets");
    assert_invalid("mysql://::1/x", "port");
}

static void every_part_is_decoded_after_it_was_cut_out(void **state)
{
    (void)state;
    assert_parts("pg://j%6fe%3A:p%40%2F%3f@h%2ex:1/a%20b%2f%3F", "pg", "joe:|p@/?|h.x|1|/a b/?");
    assert_parts("sqlite:100%25.db", "sqlite", "-|-|-|0|100%.db");
    assert_parts("sqlite:%C3%a9.db", "sqlite", "-|-|-|0|\303\251.db");
    assert_invalid("sqlite:100%.db", "path");
    assert_invalid("sqlite:a%2", "path");
    assert_invalid("sqlite:a%", "path");
    assert_invalid("sqlite:a%g0", "path");
    assert_invalid("sqlite:a%00b", "path"); /* would end the text */
    assert_invalid("pg://j%zz@h/", "user or the password");
    assert_invalid("pg://j:%1@h/", "user or the password");
    assert_invalid("pg://j@h%2/", "host");
    assert_invalid("pg://h/?a=%", "option");
    assert_invalid("pg://h/?%=a", "option");
}

static void options_keep_their_order(void **state)
{
    (void)state;
    static const char *const expected[][2] = { { "a", "1" }, { "b", "" }, { "a", "2=3" }, { "c d", "&" } };
    assert_parts("sqlite:a.db?a=1&b=&&a=2=3&c%20d=%26&", "sqlite", "-|-|-|0|a.db");
    assert_int_equal(url->option_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(url->options[i].name, expected[i][0]);
        assert_string_equal(url->options[i].value, expected[i][1]);
    }
    assert_parts("sqlite:a.db?", "sqlite", "-|-|-|0|a.db");
    assert_int_equal(url->option_count, 0);
    assert_parts("pg://h?x=/?y", "pg", "-|-|h|0|");
    assert_int_equal(url->option_count, 1);
    assert_string_equal(url->options[0].value, "/?y");
    assert_invalid("sqlite:a.db?wal", "no value");
}

static void what_is_no_url_is_refused(void **state)
{
    (void)state;
    assert_invalid("", "no scheme");
    assert_invalid("app.db", "no scheme");
    assert_invalid(":memory:", "no scheme");
    assert_invalid("/tmp/a:b", "scheme");
    assert_invalid("1a:b", "scheme");
    assert_invalid("a b:c", "scheme");
    assert_invalid("pg://h:65536/", "port");
    assert_invalid("pg://h:-1/", "port");
    assert_invalid("pg://h:99999999999999999999/", "port");
    assert_invalid("pg://h: 1/", "port");
}

static void a_message_never_shows_a_password(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "pg://joe:hunter2@h:port/", "pg://joe:hunter2%@h/",    "pg://joe:hunter2@[::1/", "pg://joe:hunter2@h/%",
        "pg://joe:hunter2@h/?x",    "pg://joe:hunter2@h/?x=%", "joe:hunter2@h/%",        "pg://joe:hunter2/x@h/%",
        "pg://joe:hunter2?x@h/%",   "://joe:hunter2@h/",       "9pg://joe:hunter2@h/",   "//joe:hunter2@h/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ar_url *none = NULL;
        assert_int_equal(ari_url_parse(&counting.env, urls[i], &none, &err), AR_E_INVALID);
        assert_null(strstr(err.message, "hunter2"));
        assert_null(strstr(err.message, "joe"));
    }
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    ar_url *none = NULL;
    counting.refuse_at = counting.allocations + 1;
    assert_int_equal(ari_url_parse(&counting.env, "sqlite:a", &none, &err), AR_E_NO_MEMORY);
    assert_null(none);
}

static void rubbish_is_read_or_refused_and_never_more(void **state)
{
    (void)state;
    static const char alphabet[] = "sqlite:/@?&=%[]0129abfAF.-\377\1 ";
    uint64_t random = UINT64_C(0x9E3779B97F4A7C15);
    for (int round = 0; round < 20000; round++) {
        char text[48];
        ar_url *read = NULL;
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t length = (size_t)(random >> 33) % (sizeof text - 1);
        for (size_t i = 0; i < length; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[i] = alphabet[(random >> 33) % (sizeof alphabet - 1)];
        }
        text[length] = '\0';
        ar_status status = ari_url_parse(&counting.env, text, &read, &err);
        assert_true(status == AR_OK ? read != NULL : status == AR_E_INVALID && read == NULL);
        if (read == NULL)
            continue;
        size_t total = strlen(read->scheme) + strlen(read->path);
        for (size_t i = 0; i < read->option_count; i++)
            total += strlen(read->options[i].name) + strlen(read->options[i].value);
        assert_true(total <= length);
        ari_url_free(&counting.env, read);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_has_a_path_and_no_host),
        TEST(the_scheme_is_made_small),
        TEST(a_server_has_user_password_host_and_port),
        TEST(an_ipv6_address_stands_in_brackets),
        TEST(every_part_is_decoded_after_it_was_cut_out),
        TEST(options_keep_their_order),
        TEST(what_is_no_url_is_refused),
        TEST(a_message_never_shows_a_password),
        TEST(without_memory_it_says_so),
        TEST(rubbish_is_read_or_refused_and_never_more),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
