/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "actors/future.h"
#include "tests/support/fixture.h"

typedef struct Point {
    int64_t id;
    const char *label;
} Point;

AR_MODEL_DECLARE(Point);
AR_MODEL_DEFINE(Point, "points", AR_COLUMN(Point, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Point, label, AR_NOT_NULL));

enum { POINTS = 1000 };

static int add_points(void **state)
{
    static Point points[POINTS];
    static char labels[POINTS][16];
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        snprintf(labels[i], sizeof labels[i], "point %d", i + 1);
        points[i] = (Point){ .id = i + 1, .label = labels[i] };
    }
    return Point_insert_many(db, points, POINTS, &err) == AR_OK ? 0 : -1;
}

static ar_query *all_points(ar_db *handle)
{
    ar_query *q = Point_query(handle);
    ar_query_order_by(q, "id");
    return q;
}

typedef struct progress {
    ar_db *handle;
    int64_t rows;
    int64_t stop_at;
    ar_status stop_with;
    bool set_error;
    bool wrong;
    Point *kept;
    ar_future *stream;
    int done;
    ar_status status;
} progress;

static ar_status on_point(void *arg, Point *row, ar_error *error)
{
    progress *at = arg;
    char label[32];
    snprintf(label, sizeof label, "point %lld", (long long)row->id);
    at->wrong = at->wrong || row->id != at->rows + 1 || strcmp(row->label, label) != 0;
    at->rows++;
    if (at->rows == at->stop_at && at->stop_with != AR_OK) {
        if (at->set_error)
            return ar_error_set(error, at->stop_with, "enough");
        return at->stop_with;
    }
    if (at->rows == 300 && at->kept == NULL && Point_keep(row, error) == AR_OK)
        at->kept = row;
    return AR_OK;
}

static void every_row_is_given_in_order(void **state)
{
    (void)state;
    progress seen = { .rows = 0 };
    ar_status status = Point_stream(all_points(db), on_point, &seen, &err);
    if (status != AR_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, AR_OK);
    assert_int_equal(seen.rows, POINTS);
    assert_false(seen.wrong);
    assert_string_equal(seen.kept->label, "point 300");
    Point_free(seen.kept);
    seen.rows = 0;
    ar_query *q = Point_query(db);
    ar_query_where(q, "id > ?", 100000);
    assert_int_equal(Point_stream(q, on_point, &seen, &err), AR_OK);
    assert_int_equal(seen.rows, 0);
}

static void exact_batches(void **state)
{
    (void)state;
    static const int64_t limits[] = { 1, 255, 256, 257, 512 };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        progress seen = { .rows = 0 };
        ar_query *q = all_points(db);
        ar_query_limit(q, limits[i]);
        assert_int_equal(Point_stream(q, on_point, &seen, &err), AR_OK);
        assert_int_equal(seen.rows, limits[i]);
        Point_free(seen.kept);
    }
}

static void the_callback_ends_it(void **state)
{
    (void)state;
    int64_t count;
    progress seen = { .stop_at = 400, .stop_with = AR_E_VETOED, .set_error = true };
    assert_int_equal(Point_stream(all_points(db), on_point, &seen, &err), AR_E_VETOED);
    assert_int_equal(err.status, AR_E_VETOED);
    assert_string_equal(err.message, "enough");
    assert_int_equal(seen.rows, 400);
    Point_free(seen.kept);
    seen = (progress){ .stop_at = 1, .stop_with = AR_E_BUSY };
    assert_int_equal(Point_stream(all_points(db), on_point, &seen, &err), AR_E_BUSY);
    assert_int_equal(err.status, AR_E_BUSY);
    assert_int_equal(Point_stream(all_points(db), on_point, &(progress){ .stop_at = 1, .stop_with = AR_E_BUSY }, NULL),
                     AR_E_BUSY);
    assert_int_equal(ar_query_count(Point_query(db), &count, &err), AR_OK);
    assert_int_equal(count, POINTS);
}

static void in_a_transaction_it_sees_what_that_sees(void **state)
{
    (void)state;
    progress seen = { .rows = 0 };
    ar_db *tx = ar_tx_begin(db, NULL);
    assert_int_equal(
        ar_query_exec(ar_sql(tx, "insert into points (id, label) values (1001, 'point 1001')"), NULL, &err), AR_OK);
    assert_int_equal(Point_stream(all_points(tx), on_point, &seen, &err), AR_OK);
    assert_int_equal(seen.rows, POINTS + 1);
    assert_false(seen.wrong);
    Point_free(seen.kept);
    seen = (progress){ .stop_at = 10, .stop_with = AR_E_VETOED };
    assert_int_equal(Point_stream(all_points(tx), on_point, &seen, &err), AR_E_VETOED);
    assert_int_equal(ar_query_exec(ar_sql(tx, "delete from points where id > 5"), NULL, &err), AR_OK);
    assert_int_equal(ar_tx_commit(&tx, &err), AR_OK);
    seen = (progress){ .rows = 0 };
    assert_int_equal(Point_stream(all_points(db), on_point, &seen, &err), AR_OK);
    assert_int_equal(seen.rows, 5);
}

static ar_status write_meanwhile(void *arg, Point *row, ar_error *error)
{
    progress *at = arg;
    at->rows++;
    if (row->id != 1)
        return AR_OK;
    return ar_query_exec(ar_sql(at->handle, "update points set label = 'x' where id = ?", row->id), NULL, error);
}

static void writing_beside_it_works_or_says_deadlock(void **state)
{
    (void)state;
    progress seen = { .handle = db };
    ar_status status = Point_stream(all_points(db), write_meanwhile, &seen, &err);
    bool one_connection = strstr(fixture_url(), ":memory:") != NULL;
    assert_int_equal(status, one_connection ? AR_E_DEADLOCK : AR_OK);
    assert_int_equal(seen.rows, one_connection ? 1 : POINTS);
}

static void what_is_no_reading_is_refused(void **state)
{
    (void)state;
    progress seen = { .rows = 0 };
    assert_int_equal(Point_stream(ar_sql(db, "delete from points returning id, label"), on_point, &seen, &err),
                     AR_E_INVALID);
    assert_int_equal(Point_stream(NULL, on_point, &seen, &err), AR_E_INVALID);
    assert_int_equal(Point_stream(all_points(db), NULL, &seen, &err), AR_E_INVALID);
    assert_int_equal(Point_stream(all_points(NULL), on_point, &seen, &err), AR_E_INVALID);
    assert_int_equal(Point_stream(ar_sql(db, "select nothing"), on_point, &seen, &err), AR_E_QUERY);
    assert_int_equal(ar_query_stream(all_points(db), NULL, NULL, NULL, NULL, &err), AR_E_INVALID);
    assert_int_equal(seen.rows, 0);
    assert_int_equal(Point_stream(ar_sql(db, "select label, id from points order by id"), on_point, &seen, &err),
                     AR_OK);
    assert_int_equal(seen.rows, POINTS);
    Point_free(seen.kept);
}

static void run_until_done(ar_cq *cq, ar_done *done)
{
    while (!ar_future_is_done(done->raw)) {
        ar_status status = ar_cq_run(cq, 0, 5, NULL, &err);
        assert_true(status == AR_OK || status == AR_E_PENDING);
    }
}

static void asynchronously_on_an_executor(void **state)
{
    (void)state;
    ar_cq *cq = NULL;
    progress seen = { .rows = 0 };
    assert_int_equal(ar_cq_create(NULL, &cq, &err), AR_OK);
    ar_done done = Point_stream_async(all_points(db), ar_cq_executor(cq), on_point, &seen);
    assert_int_equal(seen.rows, 0);
    run_until_done(cq, &done);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    assert_int_equal(seen.rows, POINTS);
    assert_false(seen.wrong);
    Point_free(seen.kept);

    seen = (progress){ .stop_at = 700, .stop_with = AR_E_VETOED, .set_error = true };
    done = Point_stream_async(all_points(db), ar_cq_executor(cq), on_point, &seen);
    run_until_done(cq, &done);
    assert_int_equal(ar_done_await(&done, &err), AR_E_VETOED);
    assert_string_equal(err.message, "enough");
    assert_int_equal(seen.rows, 700);
    Point_free(seen.kept);

    done = Point_stream_async(ar_sql(db, "select nothing"), ar_cq_executor(cq), on_point, &seen);
    run_until_done(cq, &done);
    assert_int_equal(ar_done_await(&done, &err), AR_E_QUERY);
    done = Point_stream_async(NULL, ar_cq_executor(cq), on_point, &seen);
    assert_int_equal(ar_done_await(&done, &err), AR_E_INVALID);
    done = Point_stream_async(all_points(db), NULL, on_point, &seen);
    assert_int_equal(ar_done_await(&done, &err), AR_E_INVALID);
    ar_cq_destroy(&cq);
}

static void on_the_runtimes_workers_it_may_be_awaited(void **state)
{
    (void)state;
    progress seen = { .rows = 0 };
    ar_done done = Point_stream_async(all_points(db), ar_runtime_executor(fixture_runtime()), on_point, &seen);
    assert_int_equal(ar_done_await(&done, &err), AR_OK);
    assert_int_equal(seen.rows, POINTS);
    assert_false(seen.wrong);
    Point_free(seen.kept);
}

static ar_status cancel_itself(void *arg, Point *row, ar_error *error)
{
    progress *at = arg;
    (void)row;
    if (++at->rows == 10)
        ar_ignore(ar_future_cancel(at->stream, error));
    return AR_OK;
}

static void cancelling_stops_it_before_the_next_row(void **state)
{
    (void)state;
    ar_cq *cq = NULL;
    progress seen = { .rows = 0 };
    int64_t count;
    assert_int_equal(ar_cq_create(NULL, &cq, &err), AR_OK);
    ar_done done = Point_stream_async(all_points(db), ar_cq_executor(cq), cancel_itself, &seen);
    seen.stream = done.raw;
    run_until_done(cq, &done);
    assert_int_equal(ar_done_await(&done, &err), AR_E_CANCELLED);
    assert_int_equal(seen.rows, 10);
    assert_int_equal(ar_query_count(Point_query(db), &count, &err), AR_OK);
    ar_cq_destroy(&cq);
}

static void dropped_it_goes_on(void **state)
{
    (void)state;
    ar_cq *cq = NULL;
    progress seen = { .rows = 0 };
    assert_int_equal(ar_cq_create(NULL, &cq, &err), AR_OK);
    ar_done done = Point_stream_async(all_points(db), ar_cq_executor(cq), on_point, &seen);
    ar_done watched = { .raw = ari_future_ref(done.raw) };
    ar_future_drop(&done.raw);
    run_until_done(cq, &watched);
    ari_future_unref(watched.raw);
    assert_int_equal(seen.rows, POINTS);
    Point_free(seen.kept);
    ar_cq_destroy(&cq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_row_is_given_in_order, add_points),
        cmocka_unit_test_setup(exact_batches, add_points),
        cmocka_unit_test_setup(the_callback_ends_it, add_points),
        cmocka_unit_test_setup(in_a_transaction_it_sees_what_that_sees, add_points),
        cmocka_unit_test_setup(writing_beside_it_works_or_says_deadlock, add_points),
        cmocka_unit_test_setup(what_is_no_reading_is_refused, add_points),
        cmocka_unit_test_setup(asynchronously_on_an_executor, add_points),
        cmocka_unit_test_setup(on_the_runtimes_workers_it_may_be_awaited, add_points),
        cmocka_unit_test_setup(cancelling_stops_it_before_the_next_row, add_points),
        cmocka_unit_test_setup(dropped_it_goes_on, add_points),
    };
    const ar_model *const models[] = { &Point_model };
    return fixture_main("stream", tests, models);
}
