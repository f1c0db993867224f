/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/mysql/backend.h"
#include "pools/url.h"
#include "tests/support/mysql_host.h"
#include "tests/support/proxy.h"

/* URLs, and how connections open and do not. */

static ar_status read_url(const char *text, ar_topology *topology, ar_error *err)
{
    fake_host host;
    ar_url *url;
    ar_backend_config *config = NULL;
    fake_host_init(&host, &ari_mysql_backend);
    assert_int_equal(ari_url_parse(&host.env, text, &url, err), AR_OK);
    ar_status status = ari_mysql_backend.configure(&host.env, url, &config, topology, err);
    if (status == AR_OK)
        ari_mysql_backend.config_free(config);
    ari_url_free(&host.env, url);
    fake_host_fini(&host);
    return status;
}

static void urls_are_checked(void **state)
{
    (void)state;
    ar_topology topology;
    ar_error error;
    const char *good[] = { "mysql://u:p@db.example/app",
                           "mariadb://localhost/app?pool=7&timezone=Europe/Berlin&collation=utf8mb4_bin",
                           "mysql://u@%2Frun%2Fmysqld.sock/app",
                           "mysql://u@localhost/app?socket=/run/s&charset=utf8mb4",
                           "mysql://h/app?sslmode=verify-ca&sslrootcert=/ca.pem&sslcert=/c&sslkey=/k",
                           "mysql://h/app?connect_timeout_ms=5&statement_timeout_ms=1&lock_timeout_s=1" };
    const char *bad[][2] = {
        { "mysql://h/app?nonsense=1", "nonsense" },
        { "mysql://h/app?pool=0", "pool" },
        { "mysql://h/app?pool=many", "pool" },
        { "mysql://h/app?timezone='x", "timezone" },
        { "mysql://h/app?charset=latin1", "charset" },
        { "mysql://h/app?sslmode=prefer", "verify-full" },
        { "mysql://h/app?sslmode=verify-ca", "sslrootcert" },
        { "mysql://h/app?sslcert=/c", "sslkey" },
        { "mysql://u@%2Fs/app?sslmode=verify-full", "socket" },
        { "mysql://h/app?socket=/s", "socket" },
        { "mysql://h/app/more", "slash" },
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (read_url(good[i], &topology, &error) != AR_OK)
            fail_msg("%s: %s", good[i], error.message);
    assert_int_equal(read_url("mysql://localhost/app?pool=7", &topology, &error), AR_OK);
    assert_int_equal(topology.writers, 7);
    assert_int_equal(topology.readers, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_url(bad[i][0], &topology, &error), AR_E_INVALID);
        if (strstr(error.message, bad[i][1]) == NULL)
            fail_msg("%s: %s", bad[i][0], error.message);
    }
}

/* The host is tried with a URL of its own, from the environment. */
static bool opens(const char *url, ar_error *err, char *cipher)
{
    mysql_host h;
    mysql_host_try_url(&h, url);
    bool good = h.opened.status == AR_OK;
    *err = h.opened;
    if (good && cipher != NULL)
        snprintf(cipher, 64, "%s", strchr(mysql_host_rows(&h, "SHOW STATUS LIKE 'Ssl_cipher'"), '|') + 1);
    mysql_host_fini(&h);
    return good;
}

static void sessions_are_set_up(void **state)
{
    (void)state;
    mysql_host h;
    mysql_host_init(&h, "application_name=tests&initial_sql=SET @x = 7&lock_timeout_s=3&statement_timeout_ms=5000");
    assert_string_equal(mysql_host_rows(&h, "SELECT @x, @@innodb_lock_wait_timeout, @@autocommit"), "7|3|1;");
    assert_string_equal(mysql_host_rows(&h, "SELECT @@character_set_client, @@character_set_results, @@time_zone"),
                        "utf8mb4|utf8mb4|+00:00;");
    fake_op *op = mysql_host_sql(&h, "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE nowhere");
    assert_true(op->status != AR_OK);
    op = mysql_host_sql(&h, "SELECT 1; SELECT 2");
    mysql_host_tells(op, AR_E_QUERY);
    fake_op *reset = fake_kind(&h.host, AR_OP_RESET);
    mysql_host_run(&h);
    assert_int_equal(reset->status, AR_OK);
    assert_string_equal(mysql_host_rows(&h, "SELECT @x"), "7;");
    mysql_host_fini(&h);
}

static void a_wrong_password_is_told_without_it(void **state)
{
    (void)state;
    char url[512];
    ar_error error;
    const char *at = strchr(strstr(mysql_host_url(), "//"), '@');
    if (at == NULL)
        skip();
    snprintf(url, sizeof url, "mysql://nobody:verysecret%s", at);
    assert_false(opens(url, &error, NULL));
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_int_equal(error.native_code, 1045);
    assert_false(error.retryable);
    assert_null(strstr(error.message, "verysecret"));
}

static void a_server_that_is_not_there_is_told(void **state)
{
    (void)state;
    ar_error error;
    assert_false(opens("mysql://u:verysecret@127.0.0.1:1/app", &error, NULL));
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_true(error.retryable);
    assert_false(opens("mysql://u:verysecret@%2Fnowhere%2Fs.sock/app", &error, NULL));
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_false(opens("mysql://u:verysecret@no-such-host.invalid/app?sslmode=disable", &error, NULL));
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_null(strstr(error.message, "verysecret"));
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    char url[512], slow[600];
    ar_error error;
    proxy *p = proxy_start_for(mysql_host_url());
    proxy_set_pace(p, PROXY_DOWN, (proxy_pace){ .hold = true });
    proxy_url(p, mysql_host_url(), url, sizeof url);
    snprintf(slow, sizeof slow, "%s%cconnect_timeout_ms=100", url, strchr(url, '?') == NULL ? '?' : '&');
    assert_false(opens(slow, &error, NULL));
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_true(error.retryable);
    assert_non_null(strstr(error.message, "connect_timeout_ms"));
    proxy_stop(p);
    snprintf(slow, sizeof slow, "%s%cconnect_timeout_ms=300&initial_sql=DO%%20SLEEP(60)", mysql_host_url(),
             strchr(mysql_host_url(), '?') == NULL ? '?' : '&');
    assert_false(opens(slow, &error, NULL));
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_true(error.retryable);
    assert_non_null(strstr(error.message, "connect_timeout_ms"));
}

static void closing_while_it_opens_waits_for_nothing(void **state)
{
    (void)state;
    char url[512];
    mysql_host h;
    proxy *p = proxy_start_for(mysql_host_url());
    proxy_set_pace(p, PROXY_DOWN, (proxy_pace){ .hold = true });
    proxy_url(p, mysql_host_url(), url, sizeof url);
    mysql_host_begin_url(&h, url);
    assert_true(proxy_wait(p, PROXY_CONNECTIONS, 1));
    mysql_host_fini(&h);
    proxy_stop(p);
}

static void sigpipe_stays_as_it_was(void **state)
{
    (void)state;
    struct sigaction now;
    assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
    assert_true(now.sa_handler == SIG_DFL);
}

static void tls_verifies_whom_it_speaks_to(void **state)
{
    (void)state;
    char cipher[64] = "", plain[512], stripped[600];
    ar_error error;
    const char *good = getenv("AR_TEST_MYSQL_TLS_URL");
    const char *bad[] = { "AR_TEST_MYSQL_TLS_WRONG_HOST_URL", "AR_TEST_MYSQL_TLS_EXPIRED_URL",
                          "AR_TEST_MYSQL_TLS_SELF_SIGNED_URL", "AR_TEST_MYSQL_TLS_NONE_URL" };
    if (good == NULL) {
        fprintf(stderr, "SKIPPED: AR_TEST_MYSQL_TLS_URL names no server\n");
        skip();
    }
    if (!opens(good, &error, cipher))
        fail_msg("%s", error.message);
    assert_true(strlen(cipher) > 3);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(getenv(bad[i]));
        if (opens(getenv(bad[i]), &error, NULL))
            fail_msg("%s opens", bad[i]);
        assert_int_equal(error.status, AR_E_CONNECTION);
    }
    if (getenv("AR_TEST_MYSQL_TLS_CLIENT_URL") != NULL && !opens(getenv("AR_TEST_MYSQL_TLS_CLIENT_URL"), &error, NULL))
        fail_msg("%s", error.message);
    proxy *p = proxy_start_for(good);
    proxy_strip_tls(p, PROXY_STRIP_MYSQL);
    proxy_url(p, good, stripped, sizeof stripped);
    proxy_count_anew(p);
    assert_false(opens(stripped, &error, NULL));
    assert_int_equal(proxy_count(p, PROXY_BYTES_UP), 0); /* it has not said who it is */
    proxy_url(p, mysql_host_url(), plain, sizeof plain);
    snprintf(stripped, sizeof stripped, "%s%csslmode=require", plain, strchr(plain, '?') == NULL ? '?' : '&');
    assert_false(opens(stripped, &error, NULL));
    assert_int_equal(proxy_count(p, PROXY_BYTES_UP), 0);
    proxy_stop(p);
}

static void tls_does_the_same_work(void **state)
{
    (void)state;
    mysql_host h;
    if (getenv("AR_TEST_MYSQL_TLS_URL") == NULL)
        skip();
    mysql_host_try_url(&h, getenv("AR_TEST_MYSQL_TLS_URL"));
    assert_int_equal(h.opened.status, AR_OK);
    for (int i = 0; i < 20; i++) { /* also after it was idle: what TLS sends by itself is no goodbye */
        assert_string_equal(mysql_host_rows(&h, "SELECT LENGTH(REPEAT('x', 200000)), REPEAT('y', 3)"), "200000|yyy;");
        h.on_threads = i > 10;
    }
    const char *id = mysql_host_rows(&h, "SELECT CONNECTION_ID()");
    mysql_host other;
    char sql[64];
    mysql_host_init(&other, NULL);
    snprintf(sql, sizeof sql, "KILL %lld", strtoll(id, NULL, 10));
    mysql_host_rows(&other, sql);
    mysql_host_fini(&other);
    mysql_host_await_input(&h);
    mysql_host_tells(mysql_host_sql(&h, "SELECT 1"), AR_E_CONNECTION);
    mysql_host_fini(&h); /* says goodbye to nobody: without SIGPIPE */
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_checked),
        cmocka_unit_test(sessions_are_set_up),
        cmocka_unit_test(a_wrong_password_is_told_without_it),
        cmocka_unit_test(a_server_that_is_not_there_is_told),
        cmocka_unit_test(a_server_that_says_nothing_is_given_up),
        cmocka_unit_test(closing_while_it_opens_waits_for_nothing),
        cmocka_unit_test(tls_verifies_whom_it_speaks_to),
        cmocka_unit_test(tls_does_the_same_work),
        cmocka_unit_test(sigpipe_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return mysql_host_main("mysql_open", run);
}
