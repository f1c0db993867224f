/* SPDX-License-Identifier: MIT */
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The test is both the client and the server: what it writes into one end of a connection that goes by way of the proxy
 * comes out of the other, or not. */

static int listener;
static uint16_t listener_port;
static proxy *p;
static int client, server;

static void be_patient(int fd)
{
    const struct timeval patience = { .tv_sec = 30 };
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
}

static int dial(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(proxy_port(p)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    be_patient(fd);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    return -1;
}

static int answer(void)
{
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    be_patient(fd);
    return fd;
}

static void connect_both(void)
{
    client = dial();
    server = answer();
}

static int set_up(void **state)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    (void)state;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, size) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0)
        return -1;
    be_patient(listener);
    listener_port = ntohs(at.sin_port);
    p = proxy_start("127.0.0.1", listener_port);
    client = server = -1;
    return p == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    proxy_stop(p);
    close(client);
    close(server);
    close(listener);
    return 0;
}

static void put(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect(int fd, const char *text)
{
    char got[256] = "";
    assert_int_equal(recv(fd, got, strlen(text), MSG_WAITALL), strlen(text));
    assert_string_equal(got, text);
}

static void expect_end(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

static void expect_reset(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
}

/* Nothing is there. Only after waiting for what shows that nothing can be under way. */
static void expect_nothing(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_true(errno == EAGAIN);
}

static void bytes_pass_both_ways_and_are_counted(void **state)
{
    (void)state;
    connect_both();
    put(client, "question");
    expect(server, "question");
    put(server, "answer");
    expect(client, "answer");
    assert_true(proxy_wait(p, PROXY_BYTES_UP, 8));
    assert_true(proxy_wait(p, PROXY_BYTES_DOWN, 6));
    assert_int_equal(proxy_count(p, PROXY_BYTES_UP), 8);
    assert_int_equal(proxy_count(p, PROXY_BYTES_DOWN), 6);
    assert_int_equal(proxy_count(p, PROXY_CONNECTIONS), 1);
    assert_int_equal(proxy_count(p, PROXY_ENDED), 0);
    proxy_count_anew(p);
    assert_int_equal(proxy_count(p, PROXY_BYTES_UP), 0);
}

static void the_end_of_a_stream_passes_and_the_other_way_goes_on(void **state)
{
    (void)state;
    connect_both();
    put(client, "last words");
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    expect(server, "last words");
    expect_end(server);
    put(server, "heard");
    expect(client, "heard");
    assert_int_equal(shutdown(server, SHUT_WR), 0);
    expect_end(client);
    assert_true(proxy_wait(p, PROXY_ENDED, 1));
}

static void a_reset_passes(void **state)
{
    (void)state;
    connect_both();
    (void)setsockopt(server, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
    close(server);
    server = -1;
    expect_reset(client);
    assert_true(proxy_wait(p, PROXY_ENDED, 1));
}

static void much_passes_when_the_reader_is_slow_to_come(void **state)
{
    enum { SIZE = 8 << 20 };
    (void)state;
    char *data = malloc(SIZE);
    char *got = malloc(SIZE);
    size_t sent = 0;
    size_t read = 0;
    assert_true(data != NULL && got != NULL);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 31 >> 3);
    connect_both();
    while (read < SIZE) {
        ssize_t n = sent < SIZE ? send(client, data + sent, SIZE - sent, MSG_DONTWAIT | MSG_NOSIGNAL) : -1;
        if (n > 0)
            sent += (size_t)n;
        else if ((n = recv(server, got + read, SIZE - read, 0)) > 0)
            read += (size_t)n;
        else
            fail();
    }
    assert_memory_equal(data, got, SIZE);
    free(data);
    free(got);
}

static void a_cut_lets_that_many_bytes_pass(void **state)
{
    static const proxy_cut cuts[] = { PROXY_RESET, PROXY_CLOSE };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        proxy_count_anew(p);
        proxy_cut_at(p, PROXY_UP, cuts[i], 5);
        connect_both();
        put(client, "123");
        expect(server, "123");
        put(client, "456");
        expect(server, "45");
        if (cuts[i] == PROXY_RESET) {
            expect_reset(server);
            expect_reset(client);
        } else {
            expect_end(server);
            expect_end(client);
        }
        assert_true(proxy_wait(p, PROXY_CUTS, 1));
        assert_int_equal(proxy_count(p, PROXY_BYTES_UP), 5);
        close(client);
        close(server);
        assert_true(proxy_wait(p, PROXY_ENDED, 1));
        connect_both(); /* once */
        put(client, "123456");
        expect(server, "123456");
        close(client);
        close(server);
    }
    client = server = -1;
}

static void a_cut_of_the_way_back_is_of_the_way_back(void **state)
{
    (void)state;
    proxy_cut_at(p, PROXY_DOWN, PROXY_RESET, 0);
    connect_both();
    put(client, "anything");
    expect(server, "anything");
    put(server, "x");
    expect_reset(client);
    assert_int_equal(proxy_count(p, PROXY_BYTES_DOWN), 0);
}

static void a_cut_that_is_taken_back_does_not_come(void **state)
{
    (void)state;
    proxy_cut_at(p, PROXY_UP, PROXY_RESET, 1);
    proxy_cut_never(p);
    connect_both();
    put(client, "123");
    expect(server, "123");
}

static void a_black_hole_swallows_both_ways_and_stays_open(void **state)
{
    (void)state;
    proxy_cut_at(p, PROXY_UP, PROXY_HOLE, 2);
    connect_both();
    put(client, "123");
    expect(server, "12");
    assert_true(proxy_wait(p, PROXY_CUTS, 1));
    put(server, "answer");
    assert_true(proxy_wait(p, PROXY_HELD_DOWN, 6));
    assert_int_equal(proxy_count(p, PROXY_HELD_UP), 1);
    expect_nothing(client);
    expect_nothing(server);
    assert_int_equal(proxy_count(p, PROXY_ENDED), 0);
}

static void every_connection_can_be_cut_at_once(void **state)
{
    (void)state;
    connect_both();
    int client2 = dial();
    int server2 = answer();
    put(client2, "x");
    expect(server2, "x");
    proxy_cut_now(p, PROXY_RESET);
    expect_reset(client);
    expect_reset(client2);
    expect_reset(server2);
    assert_true(proxy_wait(p, PROXY_ENDED, 2));
    close(client2);
    close(server2);
}

static void what_is_held_passes_later(void **state)
{
    (void)state;
    connect_both();
    proxy_set_pace(p, PROXY_DOWN, (proxy_pace){ .hold = true });
    put(server, "late");
    assert_int_equal(shutdown(server, SHUT_WR), 0);
    assert_true(proxy_wait(p, PROXY_HELD_DOWN, 4));
    put(client, "on time");
    expect(server, "on time");
    expect_nothing(client);
    proxy_set_pace(p, PROXY_DOWN, (proxy_pace){ 0 });
    expect(client, "late");
    expect_end(client);
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* A machine may be slower than what is asked for, never faster. */
static void latency_and_bandwidth_take_their_time(void **state)
{
    (void)state;
    char data[2000];
    memset(data, 'x', sizeof data);
    connect_both();
    proxy_set_pace(p, PROXY_UP, (proxy_pace){ .latency_us = 60000 });
    int64_t start = milliseconds();
    put(client, "slow");
    expect(server, "slow");
    assert_true(milliseconds() - start >= 58);
    proxy_set_pace(p, PROXY_UP, (proxy_pace){ .bytes_per_second = 20000 });
    start = milliseconds();
    assert_int_equal(send(client, data, sizeof data, MSG_NOSIGNAL), sizeof data);
    assert_int_equal(recv(server, data, sizeof data, MSG_WAITALL), sizeof data);
    assert_true(milliseconds() - start >= 80);
}

/* How many pieces a sentence comes in. */
static size_t read_pieces(void)
{
    static const char sentence[] = "a sentence of some length";
    char got[sizeof sentence] = "";
    size_t pieces = 0;
    put(server, sentence);
    for (size_t total = 0; total < sizeof sentence - 1; pieces++) {
        ssize_t n = recv(client, got + total, sizeof sentence - 1 - total, 0);
        assert_true(n > 0);
        total += (size_t)n;
    }
    assert_string_equal(got, sentence);
    return pieces;
}

/* A reader that is late finds several pieces together, so it may need another look. */
static void slices_are_small(void **state)
{
    size_t looks = 0;
    (void)state;
    connect_both();
    proxy_set_pace(p, PROXY_DOWN, (proxy_pace){ .slice = 1, .bytes_per_second = 5000 });
    while (read_pieces() < 2)
        assert_true(++looks < 1000);
}

static void refused_is_refused_by_the_system_until_it_is_not(void **state)
{
    (void)state;
    connect_both();
    proxy_refuse(p, true);
    assert_int_equal(dial(), -1);
    put(client, "still here");
    expect(server, "still here");
    proxy_refuse(p, false);
    int client2 = dial();
    int server2 = answer();
    put(client2, "x");
    expect(server2, "x");
    close(client2);
    close(server2);
}

static void a_server_that_is_not_there_resets(void **state)
{
    (void)state;
    close(listener);
    listener = -1;
    client = dial();
    if (client >= 0)
        expect_reset(client);
    assert_true(proxy_wait(p, PROXY_ENDED, 1));
}

static void a_unix_socket_is_a_server_too(void **state)
{
    char folder[] = "/tmp/actrec-test-XXXXXX";
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(at.sun_path, sizeof at.sun_path, "%s/.s.PGSQL.5432", folder);
    close(listener);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    be_patient(listener);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    proxy_stop(p);
    char url[128];
    snprintf(url, sizeof url, "postgresql://me@%%2Ftmp%%2F%s/db", folder + 5);
    p = proxy_start_for(url);
    assert_non_null(p);
    connect_both();
    put(client, "x");
    expect(server, "x");
    unlink(at.sun_path);
    rmdir(folder);
}

static const char tls_request[] = { 0, 0, 0, 8, 4, (char)210, 22, 47 };

static void a_postgresql_client_is_told_that_there_is_no_tls(void **state)
{
    (void)state;
    proxy_strip_tls(p, PROXY_STRIP_POSTGRES);
    connect_both();
    assert_int_equal(send(client, tls_request, 3, MSG_NOSIGNAL), 3);
    assert_int_equal(send(client, tls_request + 3, 5, MSG_NOSIGNAL), 5);
    expect(client, "N");
    put(client, "in clear text");
    expect(server, "in clear text");
    put(server, "so be it");
    expect(client, "so be it");
    assert_int_equal(proxy_count(p, PROXY_BYTES_UP), 13);
}

static void a_mysql_servers_greeting_loses_its_tls(void **state)
{
    char greeting[] = "\x4a\x00\x00\x00\x0a"
                      "10.11.9\0"
                      "ID__scramble\0"
                      "\xfe\xff\x2d and all the rest of it, which stays as it is, up to here";
    char got[sizeof greeting];
    (void)state;
    greeting[0] = (char)(sizeof greeting - 1 - 4);
    proxy_strip_tls(p, PROXY_STRIP_MYSQL);
    connect_both();
    assert_int_equal(send(server, greeting, 20, MSG_NOSIGNAL), 20);
    assert_int_equal(send(server, greeting + 20, sizeof greeting - 1 - 20, MSG_NOSIGNAL), sizeof greeting - 1 - 20);
    assert_int_equal(recv(client, got, sizeof greeting - 1, MSG_WAITALL), sizeof greeting - 1);
    greeting[5 + 8 + 13 + 1] = (char)0xf7;
    assert_memory_equal(got, greeting, sizeof greeting - 1);
    put(server, "\xff\xff");
    expect(client, "\xff\xff");
}

static void urls_lead_through_it(void **state)
{
    static const struct {
        const char *url;
        const char *before;
        const char *after;
    } urls[] = {
        { "postgresql://me:word@127.0.0.1:5432/db?pool=1", "postgresql://me:word@127.0.0.1:", "/db?pool=1" },
        { "mysql://localhost/db", "mysql://localhost:", "/db" },
        { "mysql://me@localhost:3306", "mysql://me@localhost:", "" },
        { "postgresql://me@%2Ftmp%2Fx:1/db", "postgresql://me@127.0.0.1:", "/db" },
        { "mysql://me@[::1]:3306?pool=1", "mysql://me@127.0.0.1:", "?pool=1" },
        { "mysql://localhostile/db", "mysql://127.0.0.1:", "/db" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char through[128];
        char expected[128];
        proxy_url(p, urls[i].url, through, sizeof through);
        snprintf(expected, sizeof expected, "%s%u%s", urls[i].before, (unsigned)proxy_port(p), urls[i].after);
        assert_string_equal(through, expected);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bytes_pass_both_ways_and_are_counted),
        TEST(the_end_of_a_stream_passes_and_the_other_way_goes_on),
        TEST(a_reset_passes),
        TEST(much_passes_when_the_reader_is_slow_to_come),
        TEST(a_cut_lets_that_many_bytes_pass),
        TEST(a_cut_of_the_way_back_is_of_the_way_back),
        TEST(a_cut_that_is_taken_back_does_not_come),
        TEST(a_black_hole_swallows_both_ways_and_stays_open),
        TEST(every_connection_can_be_cut_at_once),
        TEST(what_is_held_passes_later),
        TEST(latency_and_bandwidth_take_their_time),
        TEST(slices_are_small),
        TEST(refused_is_refused_by_the_system_until_it_is_not),
        TEST(a_server_that_is_not_there_resets),
        TEST(a_unix_socket_is_a_server_too),
        TEST(a_postgresql_client_is_told_that_there_is_no_tls),
        TEST(a_mysql_servers_greeting_loses_its_tls),
        TEST(urls_lead_through_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
