/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/fixture.h"
#include "tests/support/outside.h"

/* Notifications of the database as messages to actors, which write down what they are told. */

typedef struct ear {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char heard[1024];
    ar_actor *actor;
} ear;

static ear left = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
static ear right = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
static outside *server;

static ar_status hear(ar_context *self, void *state, ar_message *message, ar_error *error)
{
    ear *e = state;
    const ar_notification *told = message->data;
    (void)self;
    (void)error;
    pthread_mutex_lock(&e->lock);
    size_t used = strlen(e->heard);
    snprintf(e->heard + used, sizeof e->heard - used, "%s%s:%s;", message->kind == AR_MESSAGE_LISTENING ? "again " : "",
             told->channel, told->payload);
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    return AR_OK;
}

static void spawn(ear *e)
{
    e->heard[0] = '\0';
    ok(ar_actor_spawn(fixture_runtime(), &(ar_actor_options){ .behaviour = hear, .state = e }, &e->actor, &err));
}

static int set_up(void **state)
{
    (void)state;
    spawn(&left);
    spawn(&right);
    server = outside_open(fixture_url());
    return server == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    ar_ignore(ar_actor_stop(left.actor, NULL));
    ar_ignore(ar_actor_stop(right.actor, NULL));
    outside_close(server);
    return 0;
}

static void expect_heard(ear *e, const char *expected)
{
    struct timespec until;
    char text[sizeof e->heard];
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&e->lock);
    while (strcmp(e->heard, expected) != 0 && late == 0)
        late = pthread_cond_timedwait(&e->changed, &e->lock, &until);
    memcpy(text, e->heard, sizeof text);
    pthread_mutex_unlock(&e->lock);
    assert_string_equal(text, expected);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void expect_last(ear *e, const char *last)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&e->lock);
    while (!ends_with(e->heard, last) && late == 0)
        late = pthread_cond_timedwait(&e->changed, &e->lock, &until);
    bool came = ends_with(e->heard, last);
    pthread_mutex_unlock(&e->lock);
    assert_true(came);
}

static void notify(const char *channel, const char *payload)
{
    ar_rows *rows;
    ok(ar_query_rows(ar_sql(db, "SELECT pg_notify(?, ?)", channel, payload), &rows, &err));
    ar_rows_free(rows);
}

static void a_notification_becomes_a_message(void **state)
{
    (void)state;
    ok(ar_listen(db, "news", left.actor, &err));
    notify("news", "one");
    notify("other", "not this");
    notify("news", "");
    expect_heard(&left, "news:one;news:;");
    assert_true(outside_exec(server, "NOTIFY news, 'from elsewhere'"));
    expect_heard(&left, "news:one;news:;news:from elsewhere;");
}

static void listening_twice_is_listening_once(void **state)
{
    (void)state;
    ok(ar_listen(db, "news", left.actor, &err));
    ar_done again = ar_listen_async(db, "news", left.actor);
    ok(ar_done_await(&again, &err));
    notify("news", "one");
    notify("news", "two");
    expect_heard(&left, "news:one;news:two;");
}

static void one_that_is_given_up_leaves_the_other(void **state)
{
    (void)state;
    ar_done first = ar_listen_async(db, "news", left.actor), second = ar_listen_async(db, "news", left.actor);
    ar_ignore(ar_future_cancel(first.raw, NULL));
    ar_future_drop(&first.raw);
    ok(ar_done_await(&second, &err));
    notify("news", "one");
    expect_heard(&left, "news:one;");
}

static void who_listens_while_another_ends_to_is_heard(void **state)
{
    (void)state;
    ok(ar_listen(db, "a", left.actor, &err));
    for (int i = 0; i < 20; i++) {
        ar_done ends = ar_unlisten_async(db, "a", left.actor), begins = ar_listen_async(db, "a", right.actor);
        ok(ar_done_await(&ends, &err));
        ok(ar_done_await(&begins, &err));
        ok(ar_listen(db, "a", left.actor, &err));
        ok(ar_unlisten(db, "a", right.actor, &err));
    }
    /* It may have been told that something may have been missed. */
    notify("a", "1");
    expect_last(&left, "a:1;");
}

static void each_actor_hears_its_own_channels(void **state)
{
    (void)state;
    ok(ar_listen(db, "a", left.actor, &err));
    ok(ar_listen(db, "b", left.actor, &err));
    ok(ar_listen(db, "b", right.actor, &err));
    notify("a", "1");
    notify("b", "2");
    expect_heard(&left, "a:1;b:2;");
    expect_heard(&right, "b:2;");
}

static void who_does_not_listen_any_more_hears_nothing(void **state)
{
    (void)state;
    ok(ar_listen(db, "a", left.actor, &err));
    ok(ar_listen(db, "a", right.actor, &err));
    ok(ar_listen(db, "b", left.actor, &err));
    ok(ar_unlisten(db, "a", left.actor, &err));
    notify("a", "1");
    notify("b", "2");
    expect_heard(&right, "a:1;");
    expect_heard(&left, "b:2;");
    ar_done done = ar_unlisten_async(db, "a", right.actor);
    ok(ar_done_await(&done, &err));
    ok(ar_unlisten(db, "never heard of", right.actor, &err));
    notify("a", "3");
    notify("b", "4");
    expect_heard(&left, "b:2;b:4;");
    expect_heard(&right, "a:1;");
}

static void a_name_is_taken_as_it_is(void **state)
{
    (void)state;
    static const char name[] = "Odd \"na'me\"; DROP TABLE x -- \xc3\xa9";
    ok(ar_listen(db, name, left.actor, &err));
    notify(name, "it's \"quoted\"");
    expect_heard(&left, "Odd \"na'me\"; DROP TABLE x -- \xc3\xa9:it's \"quoted\";");
}

static void names_that_no_channel_can_have_are_refused(void **state)
{
    (void)state;
    char longest[65];
    memset(longest, 'x', sizeof longest - 1);
    longest[64] = '\0';
    fails(ar_listen(db, "", left.actor, &err), AR_E_INVALID);
    fails(ar_listen(db, longest, left.actor, &err), AR_E_INVALID);
    longest[63] = '\0';
    ok(ar_listen(db, longest, left.actor, &err));
    ar_db *tx = ar_tx_begin(db, NULL);
    fails(ar_listen(tx, "a", left.actor, &err), AR_E_INVALID);
    ok(ar_tx_rollback(&tx, &err));
}

static void an_actor_that_has_ended_is_forgotten(void **state)
{
    (void)state;
    ok(ar_listen(db, "a", left.actor, &err));
    ok(ar_listen(db, "a", right.actor, &err));
    ar_done ended = ar_actor_ended(left.actor);
    ok(ar_actor_stop(left.actor, &err));
    ok(ar_done_await(&ended, &err));
    notify("a", "1");
    notify("a", "2");
    expect_heard(&right, "a:1;a:2;");
    assert_string_equal(left.heard, "");
}

static void a_lost_connection_listens_again_and_says_so(void **state)
{
    (void)state;
    ok(ar_listen(db, "a", left.actor, &err));
    ok(ar_listen(db, "b", left.actor, &err));
    ok(ar_listen(db, "a", right.actor, &err));
    assert_true(outside_exec(server,
                             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
                             "AND pid <> pg_backend_pid() AND datname = current_database()"));
    expect_heard(&left, "again a:;again b:;");
    expect_heard(&right, "again a:;");
    notify("b", "after");
    expect_heard(&left, "again a:;again b:;b:after;");
}

static ar_status listen_a_little(void)
{
    ar_status status = ar_listen(db, "a", left.actor, &err);
    if (status == AR_OK)
        status = ar_unlisten(db, "a", left.actor, &err);
    return status;
}

static void still_works(void)
{
    ok(ar_listen(db, "a", left.actor, &err));
    ok(ar_unlisten(db, "a", left.actor, &err));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fixture_each_refusal(listen_a_little, still_works);
}

static void elsewhere_it_is_not_there(void **state)
{
    (void)state;
    spawn(&left);
    fails(ar_listen(db, "news", left.actor, &err), AR_E_UNSUPPORTED);
    ar_done done = ar_unlisten_async(db, "news", left.actor);
    fails(ar_done_await(&done, &err), AR_E_UNSUPPORTED);
    ok(ar_actor_stop(left.actor, &err));
}

int main(void)
{
#define ON_POSTGRES(test) fixture_test_setup_on("postgres", test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_POSTGRES(a_notification_becomes_a_message),
        ON_POSTGRES(listening_twice_is_listening_once),
        ON_POSTGRES(one_that_is_given_up_leaves_the_other),
        ON_POSTGRES(who_listens_while_another_ends_to_is_heard),
        ON_POSTGRES(each_actor_hears_its_own_channels),
        ON_POSTGRES(who_does_not_listen_any_more_hears_nothing),
        ON_POSTGRES(a_name_is_taken_as_it_is),
        ON_POSTGRES(names_that_no_channel_can_have_are_refused),
        ON_POSTGRES(an_actor_that_has_ended_is_forgotten),
        ON_POSTGRES(a_lost_connection_listens_again_and_says_so),
        ON_POSTGRES(every_allocation_may_fail),
        fixture_test_on("sqlite mysql", elsewhere_it_is_not_there),
    };
    return fixture_run("listen", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
