/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef AR_HAVE_MYSQL
#include <mysql.h>
#endif

#include "tests/faults/line.h"

/* Who answers must be who was asked for: certificates that are wrong, and servers without any, are refused. The servers
 * are those of tests/servers: AR_TEST_<ENGINE>_TLS_…_URL. */

static const char *named(const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "AR_TEST_%s_TLS%s_URL", fixture_on("postgres") ? "POSTGRES" : "MYSQL", what);
    const char *url = getenv(name);
    if (url == NULL || url[0] == '\0') {
        print_error("SKIPPED: %s is not set\n", name);
        skip();
    }
    return url;
}

static ar_status attempt(const char *url)
{
    ar_db *opened = NULL;
    watchdog(url);
    ar_status status = ar_db_open(url, &(ar_db_options){ .runtime = fixture_runtime() }, &opened, &err);
    assert_true((status == AR_OK) == (opened != NULL));
    if (status == AR_OK) {
        ar_rows *rows = NULL;
        ok(ar_query_rows(ar_sql(opened, "SELECT 1"), &rows, &err));
        assert_int_equal(ar_rows_count(rows), 1);
        ar_rows_free(rows);
    }
    ar_db_close(&opened);
    watchdog(NULL);
    return status;
}

static const char *without(const char *url, const char *option, const char *instead)
{
    static char changed[1024];
    const char *found = strstr(url, option);
    assert_non_null(found);
    size_t length = strcspn(found, "&");
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(found - url), url, instead, found + length);
    return changed;
}

static void refused(const char *url, const char *why)
{
    ar_status status = attempt(url);
    if (status != AR_E_CONNECTION || strcasestr(err.message, why) == NULL)
        fail_msg("%s: %s, and no word of \"%s\"", ar_status_name(status), err.message, why);
    assert_null(strstr(err.message, "tr0ub4dor"));
}

static bool mysql_client_is_strict(void)
{
#ifdef AR_HAVE_MYSQL
    return mysql_get_client_version() >= 30400 && mysql_get_client_version() < 50000;
#else
    return false;
#endif
}

/* Either of two words: the drivers have their own. */
static void refused_as(const char *url, const char *postgres, const char *mysql)
{
    refused(url, fixture_on("postgres") ? postgres : mysql);
}

static void a_certificate_that_is_right_is_taken(void **state)
{
    (void)state;
    ok(attempt(named("")));
}

static void one_for_another_host_is_refused(void **state)
{
    (void)state;
    refused_as(named("_WRONG_HOST"), "does not match", mysql_client_is_strict() ? "Hostname" : "certificate");
}

static void one_whose_time_is_over_is_refused(void **state)
{
    (void)state;
    refused_as(named("_EXPIRED"), "certificate verify failed", "expired");
}

static void one_that_nobody_signed_is_refused(void **state)
{
    (void)state;
    refused_as(named("_SELF_SIGNED"), "certificate verify failed", "self");
}

static void one_of_an_authority_that_is_not_known_is_refused(void **state)
{
    char other[512];
    (void)state;
    const char *folder = getenv("AR_TEST_TLS_FOLDER");
    const char *url = named("");
    assert_non_null(folder);
    snprintf(other, sizeof other, "sslrootcert=%s/self_signed.crt", folder);
    refused(without(url, "sslrootcert=", other), "certificate");
}

static void a_server_without_tls_is_refused(void **state)
{
    (void)state;
    refused_as(named("_NONE"), "SSL", "TLS");
}

static void stripped(proxy_strip strip)
{
    char url[1024];
    proxy *p = proxy_start_for(named(""));
    assert_non_null(p);
    proxy_url(p, named(""), url, sizeof url);
    ok(attempt(url)); /* as it is, it works that way too */
    proxy_strip_tls(p, strip);
    ar_status status = attempt(url);
    proxy_stop(p);
    assert_int_equal(status, AR_E_CONNECTION);
    assert_true(strstr(err.message, "SSL") != NULL || strstr(err.message, "TLS") != NULL);
}

static void tls_that_is_taken_away_is_missed(void **state)
{
    (void)state;
    stripped(fixture_on("postgres") ? PROXY_STRIP_POSTGRES : PROXY_STRIP_MYSQL);
}

static void a_client_shows_its_certificate(void **state)
{
    (void)state;
    ok(attempt(named("_CLIENT")));
}

static void a_client_without_its_certificate_is_refused(void **state)
{
    char shorter[1024];
    (void)state;
    const char *url = named("_CLIENT");
    const char *certificate = strstr(url, "&sslcert="); /* the key stands behind it */
    assert_non_null(certificate);
    snprintf(shorter, sizeof shorter, "%.*s", (int)(certificate - url), url);
    assert_int_equal(attempt(shorter), AR_E_CONNECTION);
}

static void weaker_is_asked_for_by_name(void **state)
{
    (void)state;
    /* Connector/C 3.4 compares the name whenever it is to ask for an authority (docs/connections.md). */
    const char *weaker = without(named("_WRONG_HOST"), "sslmode=", "sslmode=verify-ca");
    if (fixture_on("mysql") && mysql_client_is_strict())
        refused(weaker, "Hostname");
    else
        ok(attempt(weaker));
    assert_int_equal(attempt(without(named("_SELF_SIGNED"), "sslmode=", "sslmode=verify-ca")), AR_E_CONNECTION);
    assert_int_equal(attempt(without(named("_SELF_SIGNED"), "sslmode=", "sslmode=prefer")), AR_E_INVALID);
}

static void an_operation_runs_over_tls(void **state)
{
    ar_db *opened = NULL;
    ar_rows *rows = NULL;
    const char *cipher = NULL;
    (void)state;
    ok(ar_db_open(named(""), &(ar_db_options){ .runtime = fixture_runtime() }, &opened, &err));
    ar_query *q = fixture_on("postgres")
                      ? ar_sql(opened, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                      : ar_sql(opened, "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE "
                                       "VARIABLE_NAME = 'Ssl_version'");
    ok(ar_query_rows(q, &rows, &err));
    ok(ar_rows_text(rows, 0, 0, &cipher, &err));
    assert_non_null(strstr(cipher, "TLSv1."));
    ar_rows_free(rows);
    ar_db_close(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_that_is_right_is_taken),
        cmocka_unit_test(one_for_another_host_is_refused),
        cmocka_unit_test(one_whose_time_is_over_is_refused),
        cmocka_unit_test(one_that_nobody_signed_is_refused),
        cmocka_unit_test(one_of_an_authority_that_is_not_known_is_refused),
        cmocka_unit_test(a_server_without_tls_is_refused),
        cmocka_unit_test(tls_that_is_taken_away_is_missed),
        cmocka_unit_test(a_client_shows_its_certificate),
        cmocka_unit_test(a_client_without_its_certificate_is_refused),
        cmocka_unit_test(weaker_is_asked_for_by_name),
        cmocka_unit_test(an_operation_runs_over_tls),
    };
    return fixture_run("tls", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
