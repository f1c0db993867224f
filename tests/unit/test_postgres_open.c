/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/postgres/connection.h"
#include "backends/postgres/postgres.h"
#include "pools/url.h"
#include "tests/support/poll_host.h"

static poll_host host;

static int set_up(void **state)
{
    (void)state;
    poll_host_init(&host, &ari_postgres_backend);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    poll_host_fini(&host);
    return 0;
}

static ar_status configure(const char *text, ar_error *err)
{
    ar_url *url = NULL;
    ar_topology topology;
    ar_backend_config *config = NULL;
    assert_int_equal(ari_url_parse(&host.fake.env, text, &url, err), AR_OK);
    ar_status status = ari_postgres_backend.configure(&host.fake.env, url, &config, &topology, err);
    ari_url_free(&host.fake.env, url);
    if (status == AR_OK)
        ari_postgres_backend.config_free(config);
    return status;
}

static const char *sslmode_of(const char *url)
{
    ar_backend_config *config = poll_configure(&host, url, NULL);
    const char *mode = config->sslmode;
    ari_postgres_backend.config_free(config);
    return mode;
}

static char *with(const char *options)
{
    static char url[1024];
    const char *base = poll_server_url();
    snprintf(url, sizeof url, "%s%c%s", base, strchr(base, '?') == NULL ? '?' : '&', options);
    return url;
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = { "postgresql://h/db?pool=0",
                                        "postgresql://h/db?pool=1001",
                                        "postgresql://h/db?pool=x",
                                        "postgresql://h/db?sslmode=prefer",
                                        "postgresql://h/db?sslmode=allow",
                                        "postgresql://h/db?sslmode=",
                                        "postgresql://h/db?nothing=1",
                                        "postgresql://h/db?connect_timeout_ms=-1",
                                        "postgresql://h/db?target_session_attrs=best",
                                        "postgresql://h/db?keepalives=maybe",
                                        "postgresql://h/",
                                        "postgresql://h",
                                        "postgresql://a%2Cb/db" };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ar_error error;
        if (configure(urls[i], &error) != AR_E_INVALID)
            fail_msg("%s is taken", urls[i]);
    }
}

static void tls_is_the_default_beyond_this_machine(void **state)
{
    (void)state;
    assert_string_equal(sslmode_of("postgresql://db.example.org/db"), "verify-full");
    assert_string_equal(sslmode_of("postgresql://10.0.0.1/db"), "verify-full");
    assert_string_equal(sslmode_of("postgresql://[2001:db8::1]/db"), "verify-full");
    assert_string_equal(sslmode_of("postgresql://localhost/db"), "disable");
    assert_string_equal(sslmode_of("postgresql://127.1.2.3/db"), "disable");
    assert_string_equal(sslmode_of("postgresql://[::1]/db"), "disable");
    assert_string_equal(sslmode_of("postgresql:///db"), "disable");
    assert_string_equal(sslmode_of("postgresql://%2Ftmp/db"), "disable");
    assert_string_equal(sslmode_of("postgres://db.example.org/db?sslmode=require"), "require");
    assert_string_equal(sslmode_of("postgresql://localhost/db?sslmode=verify-full"), "verify-full");
    assert_string_equal(sslmode_of("postgresql:///db?host=db.example.org"), "verify-full");
}

static void a_session_is_as_the_url_says(void **state)
{
    (void)state;
    ar_topology topology;
    setenv("PGTZ", "Asia/Tokyo", 1);
    setenv("PGOPTIONS", "-c search_path=elsewhere", 1);
    setenv("PGSSLMODE", "verify-full", 1);
    setenv("PGAPPNAME", "somebody", 1);
    ar_backend_config *config =
        poll_configure(&host,
                       with("pool=3&application_name=test app&search_path=pg_catalog, public&statement_timeout_ms=5000&"
                            "lock_timeout_ms=4000&idle_in_transaction_timeout_ms=3000&timezone=Europe/Berlin&"
                            "initial_sql=SET work_mem = '5MB'; SET DateStyle = 'SQL'"),
                       &topology);
    assert_int_equal(topology.writers, 3);
    assert_int_equal(topology.readers, 0);
    assert_false(topology.blocking);
    assert_true(topology.pipelines);
    ar_connection *connection = poll_open(&host, config, AR_ROLE_WRITER);
    unsetenv("PGTZ");
    unsetenv("PGOPTIONS");
    unsetenv("PGSSLMODE");
    unsetenv("PGAPPNAME");
    static const char sql[] = "SELECT current_setting('TimeZone'), current_setting('application_name'), "
                              "current_setting('search_path'), current_setting('statement_timeout'), "
                              "current_setting('lock_timeout'), "
                              "current_setting('idle_in_transaction_session_timeout'), current_setting('work_mem'), "
                              "current_setting('client_encoding')";
    static const char expected[] = "Europe/Berlin|test app|pg_catalog, public|5s|4s|3s|5MB|UTF8;";
    assert_string_equal(poll_rows(&host, connection, sql), expected);
    (void)fake_kind(&host.fake, AR_OP_RESET);
    poll_run(&host, connection);
    assert_string_equal(poll_rows(&host, connection, sql), expected);
    ari_postgres_backend.close(connection);
    ari_postgres_backend.config_free(config);
}

static ar_error open_error(const char *url)
{
    ar_backend_config *config = poll_configure(&host, url, NULL);
    ar_error error = poll_open_error(&host, config);
    ari_postgres_backend.config_free(config);
    return error;
}

static void errors_of_opening_say_where_and_hide_the_password(void **state)
{
    (void)state;
    ar_error error = open_error("postgresql://app:hush%20hush@127.0.0.1:1/db");
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_non_null(strstr(error.message, "127.0.0.1:1"));
    assert_null(strstr(error.message, "hush"));
    assert_null(strchr(error.message, '\n'));
    error = open_error("postgresql://app@no-such-host.invalid/db?sslmode=require");
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_non_null(strstr(error.message, "resolved"));
    error = open_error("postgresql://app@%2Fno%2Fsuch%2Ffolder/db");
    assert_int_equal(error.status, AR_E_CONNECTION);
    error = open_error(with("initial_sql=SELECT 1/0"));
    assert_int_equal(error.status, AR_E_TYPE);
    error = open_error(with("initial_sql=BEGIN"));
    assert_int_equal(error.status, AR_E_INVALID);
    error = open_error(with("initial_sql=COPY pg_class TO STDOUT"));
    assert_int_equal(error.status, AR_E_INVALID);
    error = open_error(with("timezone=Nowhere/Land"));
    assert_int_not_equal(error.status, AR_OK);
}

/* The URL with another password, user or database; NULL: its own. */
static char *changed(const char *user, const char *password, const char *database)
{
    static char url[1024];
    const char *base = poll_server_url(), *start = strstr(base, "://");
    const char *at = strchr(base, '@'), *colon = start == NULL ? NULL : strchr(start + 3, ':');
    if (at == NULL || colon == NULL || colon > at || strchr(at, '/') == NULL)
        skip();
    const char *slash = strchr(at, '/');
    size_t name = strcspn(slash + 1, "?");
    char own_user[128], own_password[128], own_database[128];
    snprintf(own_user, sizeof own_user, "%.*s", (int)(colon - start - 3), start + 3);
    snprintf(own_password, sizeof own_password, "%.*s", (int)(at - colon - 1), colon + 1);
    snprintf(own_database, sizeof own_database, "%.*s", (int)name, slash + 1);
    snprintf(url, sizeof url, "postgresql://%s:%s%.*s/%s%s", user == NULL ? own_user : user,
             password == NULL ? own_password : password, (int)(slash - at), at,
             database == NULL ? own_database : database, slash + 1 + name);
    return url;
}

static void refused_for_good(const char *url, const char *sqlstate)
{
    ar_error error = open_error(url);
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_string_equal(error.sqlstate, sqlstate);
    assert_false(error.retryable);
    assert_null(strstr(error.message, ".c:"));
    assert_null(strstr(error.message, "hush"));
}

static void what_is_refused_for_good_is_not_to_be_tried_again(void **state)
{
    (void)state;
    refused_for_good(changed(NULL, "hush", NULL), "28P01");
    refused_for_good(changed(NULL, NULL, "no_such_database"), "3D000");
    refused_for_good(changed(NULL, "", NULL), ""); /* the driver finds out by itself */
    assert_true(open_error("postgresql://app:hush@127.0.0.1:1/db").retryable);
    assert_true(open_error("postgresql://app@no-such-host.invalid/db?sslmode=require").retryable);
    assert_true(open_error("postgresql://app@%2Fno%2Fsuch%2Ffolder/db").retryable);
}

static void tls_that_is_refused_is_not_to_be_tried_again(void **state)
{
    (void)state;
    static const char *const servers[] = { "WRONG_HOST", "EXPIRED", "SELF_SIGNED", "NONE" };
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "AR_TEST_POSTGRES_TLS_%s_URL", servers[i]);
        if (getenv(name) == NULL)
            skip();
        refused_for_good(getenv(name), "");
    }
    char shorter[1024];
    const char *client = getenv("AR_TEST_POSTGRES_TLS_CLIENT_URL"), *certificate = strstr(client, "&sslcert=");
    assert_non_null(certificate);
    snprintf(shorter, sizeof shorter, "%.*s", (int)(certificate - client), client);
    refused_for_good(shorter, "28000");
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    char url[128];
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int mute = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(mute, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(mute, 4), 0);
    assert_int_equal(getsockname(mute, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof url, "postgresql://app@127.0.0.1:%u/db?connect_timeout_ms=60",
             (unsigned)ntohs(address.sin_port));
    ar_error error = open_error(url);
    assert_int_equal(error.status, AR_E_CONNECTION);
    assert_non_null(strstr(error.message, "connect_timeout_ms"));
    close(mute);
}

static void a_name_is_resolved_off_the_thread(void **state)
{
    (void)state;
    char url[1024];
    const char *base = poll_server_url(), *at = strstr(base, "@127.0.0.1:");
    if (at == NULL)
        skip();
    snprintf(url, sizeof url, "%.*s@localhost%s", (int)(at - base), base, at + 10);
    ar_backend_config *config = poll_configure(&host, url, NULL);
    assert_int_equal(config->place, ARI_POSTGRES_NAME);
    ar_connection *connection = poll_open(&host, config, AR_ROLE_WRITER);
    assert_string_equal(poll_rows(&host, connection, "SELECT 1"), "1;");
    ari_postgres_backend.close(connection);
    connection = NULL;
    ar_error error; /* and one that is closed at once leaves its thread alone */
    host.opened = 0;
    assert_int_equal(ari_postgres_backend.open(config, AR_ROLE_WRITER, &host.fake.base, &connection, &error), AR_OK);
    ari_postgres_backend.close(connection);
    ari_postgres_backend.config_free(config);
}

/* Each allocation fails once: what is under way fails with AR_E_NO_MEMORY or the connection is lost, nothing leaks, and nothing hangs. */
static void each_refused_allocation_is_survived(void **state)
{
    (void)state;
    ar_backend_config *config = poll_configure(&host, poll_server_url(), NULL);
    for (size_t at = 1;; at++) {
        ar_connection *connection = NULL;
        ar_error error;
        host.opened = 0;
        host.open_error = (ar_error){ .status = AR_OK };
        host.fake.allocations = host.fake.failures = 0;
        host.fake.fail_at = at;
        ar_status status = ari_postgres_backend.open(config, AR_ROLE_WRITER, &host.fake.base, &connection, &error);
        while (status == AR_OK && host.opened == 0)
            poll_once(&host, connection, 100);
        if (status == AR_OK && host.open_error.status == AR_OK) {
            fake_kind(&host.fake, AR_OP_BEGIN);
            fake_op *op = poll_sql(&host, "SELECT $1::int8, 'x'");
            fake_int(op, 5);
            op->operation.in_transaction = true;
            op = poll_sql(&host, "SELECT i FROM generate_series(1, 9) i");
            op->operation.in_transaction = true;
            op->operation.row_limit = 2;
            fake_kind(&host.fake, AR_OP_COMMIT)->operation.in_transaction = true;
            poll_run(&host, connection);
        }
        if (connection != NULL)
            ari_postgres_backend.close(connection);
        host.fake.fail_at = 0;
        if (host.fake.failures == 0)
            break;
    }
    ari_postgres_backend.config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_options_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tls_is_the_default_beyond_this_machine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_session_is_as_the_url_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_of_opening_say_where_and_hide_the_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_refused_for_good_is_not_to_be_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tls_that_is_refused_is_not_to_be_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_says_nothing_is_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_is_resolved_off_the_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_refused_allocation_is_survived, set_up, tear_down),
    };
    if (getenv("AR_TEST_POSTGRES_URL") == NULL) {
        puts("SKIPPED: AR_TEST_POSTGRES_URL names no server");
        return 77;
    }
    return cmocka_run_group_tests_name("postgres_open", tests, NULL, NULL);
}
