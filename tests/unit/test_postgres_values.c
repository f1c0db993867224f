/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/decimal.h>

#include "backends/postgres/postgres.h"
#include "tests/support/poll_host.h"

/* Values into columns and back, bit for bit, or refused. */

static poll_host host;
static ar_backend_config *config;
static ar_connection *connection;

static int set_up(void **state)
{
    (void)state;
    poll_host_init(&host, &ari_postgres_backend);
    config = poll_configure(&host, getenv("AR_TEST_POSTGRES_URL"), NULL);
    connection = poll_open(&host, config, AR_ROLE_WRITER);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host.fake.backend->close(connection);
    host.fake.backend->config_free(config);
    poll_host_fini(&host);
    return 0;
}

static fake_op *one(const char *sql, ar_value value, ar_type wanted)
{
    fake_op *op = poll_sql(&host, sql);
    fake_bind(op, value);
    if (wanted != AR_TYPE_NULL)
        fake_want(op, wanted);
    poll_run(&host, connection);
    return op;
}

static fake_op *through(const char *type, ar_value value, ar_type wanted)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT $1::%s", type);
    return one(sql, value, wanted);
}

static void same(const char *type, ar_value value)
{
    fake_op *op = through(type, value, value.type);
    if (op->status != AR_OK)
        fail_msg("%s: %s", type, op->error.message);
    assert_int_equal(op->last_count, 1);
    assert_int_equal(op->last[0].type, value.type);
    const ar_value *got = &op->last[0];
    switch (value.type) {
    case AR_TYPE_NULL: break;
    case AR_TYPE_BOOL: assert_int_equal(got->as.boolean, value.as.boolean); break;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: assert_true(got->as.integer == value.as.integer); break;
    case AR_TYPE_FLOAT: assert_memory_equal(&got->as.single, &value.as.single, sizeof value.as.single); break;
    case AR_TYPE_DOUBLE: assert_memory_equal(&got->as.real, &value.as.real, sizeof value.as.real); break;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON:
        assert_int_equal(got->as.text.length, value.as.text.length);
        assert_memory_equal(got->as.text.data, value.as.text.data, value.as.text.length);
        break;
    case AR_TYPE_BYTES:
        assert_int_equal(got->as.bytes.length, value.as.bytes.length);
        assert_memory_equal(got->as.bytes.data, value.as.bytes.data, value.as.bytes.length);
        break;
    case AR_TYPE_TIMESTAMP: assert_true(got->as.timestamp.us == value.as.timestamp.us); break;
    case AR_TYPE_DATE: assert_int_equal(got->as.date.days, value.as.date.days); break;
    case AR_TYPE_TIME: assert_true(got->as.time.us == value.as.time.us); break;
    case AR_TYPE_DECIMAL:
        assert_true(got->as.decimal.low == value.as.decimal.low && got->as.decimal.high == value.as.decimal.high &&
                    got->as.decimal.scale == value.as.decimal.scale &&
                    got->as.decimal.negative == value.as.decimal.negative);
        break;
    case AR_TYPE_UUID: assert_memory_equal(got->as.uuid.bytes, value.as.uuid.bytes, 16); break;
    }
}

static void refused(const char *type, ar_value value)
{
    fake_op *op = through(type, value, AR_TYPE_NULL);
    if (op->status != AR_E_TYPE)
        fail_msg("%s: %s instead of AR_E_TYPE: %s", type, ar_status_name(op->status), op->error.message);
    assert_string_equal(poll_rows(&host, connection, "SELECT 1"), "1;");
}

static ar_value integer(ar_type type, int64_t number)
{
    return (ar_value){ .type = type, .as.integer = number };
}

static ar_value text_of(ar_type type, const char *text)
{
    return (ar_value){ .type = type, .as.text = { text, strlen(text) } };
}

static ar_value decimal(const char *text)
{
    ar_value value = { .type = AR_TYPE_DECIMAL };
    assert_int_equal(ar_decimal_parse(text, &value.as.decimal, NULL), AR_OK);
    return value;
}

static ar_value real(double number)
{
    return (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = number };
}

static void integers_keep_their_range(void **state)
{
    (void)state;
    same("int8", integer(AR_TYPE_INT64, INT64_MIN));
    same("int8", integer(AR_TYPE_INT64, INT64_MAX));
    same("int4", integer(AR_TYPE_INT32, INT32_MIN));
    same("int4", integer(AR_TYPE_ENUM, 7));
    same("int8", integer(AR_TYPE_ENUM, UINT32_MAX));
    same("int2", integer(AR_TYPE_INT16, INT16_MAX));
    same("int4", integer(AR_TYPE_INT64, -5));
    same("numeric", integer(AR_TYPE_INT64, INT64_MIN));
    same("float8", integer(AR_TYPE_INT64, INT64_C(1) << 53));
    same("text", text_of(AR_TYPE_TEXT, "12"));
    refused("int4", integer(AR_TYPE_INT64, INT64_C(1) << 31));
    refused("int2", integer(AR_TYPE_INT64, 40000));
    refused("float8", integer(AR_TYPE_INT64, (INT64_C(1) << 53) + 1));
    refused("int8", integer(AR_TYPE_INT16, 40000));
    refused("int4", integer(AR_TYPE_ENUM, UINT32_MAX));
}

static void reals_keep_their_bits(void **state)
{
    (void)state;
    static const double numbers[] = { 0.0, -0.0, 0.1, DBL_MAX, DBL_TRUE_MIN, -1e300 };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        same("float8", real(numbers[i]));
    same("float8", real((double)INFINITY));
    same("float8", real(-(double)INFINITY));
    same("float4", (ar_value){ .type = AR_TYPE_FLOAT, .as.single = -0.0F });
    same("float4", (ar_value){ .type = AR_TYPE_FLOAT, .as.single = FLT_TRUE_MIN });
    same("float8", (ar_value){ .type = AR_TYPE_FLOAT, .as.single = 0.1F });
    refused("float8", real((double)NAN));
    refused("float4", real(0.1));
    refused("int8", real(0.5));
    refused("int8", real(-0.0));
    refused("numeric", real(-0.0));
    assert_string_equal(through("float4", real(0.5), AR_TYPE_DOUBLE)->rows, "0.5;");
}

static void decimals_keep_their_digits(void **state)
{
    (void)state;
    static const char *const numbers[] = { "0",
                                           "0.00",
                                           "1.50",
                                           "-1.5",
                                           "10000",
                                           "100000000",
                                           "0.0001",
                                           "0.00010",
                                           "-0.00000000000000000000000000000000000001",
                                           "99999999999999999999999999999999999999",
                                           "-0.99999999999999999999999999999999999999",
                                           "1234567890123456789.0123456789012345678",
                                           "123456789.123",
                                           "12345.6789",
                                           "5000.0005",
                                           "0.12345",
                                           "100.0" };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        same("numeric", decimal(numbers[i]));
        assert_string_equal(through("text", decimal(numbers[i]), AR_TYPE_NULL)->rows,
                            one("SELECT ($1::numeric)::text", decimal(numbers[i]), AR_TYPE_NULL)->rows);
    }
    assert_string_equal(through("text", decimal("1.50"), AR_TYPE_TEXT)->rows, "1.50;");
    assert_string_equal(through("float8", decimal("0.5"), AR_TYPE_DOUBLE)->rows, "0.5;");
    refused("float8", decimal("0.12345678901234567890123"));
    refused("int8", decimal("1.5"));
    same("int8", integer(AR_TYPE_INT64, 3));
    assert_int_equal(through("numeric", text_of(AR_TYPE_TEXT, "NaN"), AR_TYPE_DECIMAL)->status, AR_E_TYPE);
    assert_int_equal(through("numeric", text_of(AR_TYPE_TEXT, "Infinity"), AR_TYPE_DECIMAL)->status, AR_E_TYPE);
    assert_int_equal(through("numeric", text_of(AR_TYPE_TEXT, "1e38"), AR_TYPE_DECIMAL)->status, AR_E_TYPE);
    assert_string_equal(through("numeric", text_of(AR_TYPE_TEXT, "1e300"), AR_TYPE_DOUBLE)->rows, "1e300;");
    assert_string_equal(through("numeric", text_of(AR_TYPE_TEXT, "0.1"), AR_TYPE_DOUBLE)->rows, "0.1;");
    assert_string_equal(through("numeric", text_of(AR_TYPE_TEXT, "12345678901234567890.5"), AR_TYPE_DOUBLE)->rows,
                        "1.2345678901234567e19;");
}

static void texts_bytes_and_json_come_back_as_they_went(void **state)
{
    (void)state;
    static const unsigned char bytes[] = { 0, 1, 255, '\\', 'x', '\'' };
    same("text", text_of(AR_TYPE_TEXT, ""));
    same("text", text_of(AR_TYPE_TEXT, "J\xc3\xbcrgen '\"\\x41 $1"));
    same("varchar", text_of(AR_TYPE_TEXT, "x"));
    same("json", text_of(AR_TYPE_JSON, "{ \"a\" : 1.0, \"a\" : 2 }"));
    same("text", text_of(AR_TYPE_JSON, "[1]"));
    same("bytea", (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { bytes, sizeof bytes } });
    same("bytea", (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { bytes, 0 } });
    assert_string_equal(through("jsonb", text_of(AR_TYPE_JSON, "{ \"b\":1}"), AR_TYPE_JSON)->rows, "{\"b\": 1};");
    refused("text", (ar_value){ .type = AR_TYPE_TEXT, .as.text = { "a\0b", 3 } });
    refused("text", text_of(AR_TYPE_TEXT, "\xff"));
    refused("json", text_of(AR_TYPE_JSON, "\xc0\x80"));
    refused("json", text_of(AR_TYPE_JSON, "{"));
    refused("int4", (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { bytes, 4 } });
}

static void the_calendar_is_exact(void **state)
{
    (void)state;
    ar_value timestamp = { .type = AR_TYPE_TIMESTAMP };
    static const int64_t instants[] = { 0, 1, -1, INT64_C(253402300799999999), INT64_C(-62135596800000000) };
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        timestamp.as.timestamp.us = instants[i];
        same("timestamptz", timestamp);
        same("timestamp", timestamp);
    }
    timestamp.as.timestamp.us = INT64_C(-210866803200000000); /* the first there is: 4714-11-24 BC */
    same("timestamptz", timestamp);
    timestamp.as.timestamp.us = INT64_MAX; /* the last there is lies beyond */
    same("timestamptz", timestamp);
    timestamp.as.timestamp.us = INT64_MIN;
    refused("timestamptz", timestamp);
    timestamp.as.timestamp.us = INT64_C(-210866803200000001);
    refused("timestamptz", timestamp);
    same("date", (ar_value){ .type = AR_TYPE_DATE, .as.date.days = 0 });
    same("date", (ar_value){ .type = AR_TYPE_DATE, .as.date.days = -2440588 });
    same("date", (ar_value){ .type = AR_TYPE_DATE, .as.date.days = 2145042905 });
    refused("date", (ar_value){ .type = AR_TYPE_DATE, .as.date.days = 2145042906 });
    refused("date", (ar_value){ .type = AR_TYPE_DATE, .as.date.days = -2440589 });
    same("time", (ar_value){ .type = AR_TYPE_TIME, .as.time.us = 0 });
    same("time", (ar_value){ .type = AR_TYPE_TIME, .as.time.us = INT64_C(86399999999) });
    refused("time", (ar_value){ .type = AR_TYPE_TIME, .as.time.us = INT64_C(86400000000) });
    assert_string_equal(
        through("timestamptz", (ar_value){ .type = AR_TYPE_DATE, .as.date.days = 1 }, AR_TYPE_TIMESTAMP)->rows,
        "86400000000;");
    assert_int_equal(through("timestamptz", text_of(AR_TYPE_TEXT, "infinity"), AR_TYPE_TIMESTAMP)->status, AR_E_TYPE);
    assert_int_equal(through("date", text_of(AR_TYPE_TEXT, "-infinity"), AR_TYPE_DATE)->status, AR_E_TYPE);
    assert_int_equal(through("time", text_of(AR_TYPE_TEXT, "24:00"), AR_TYPE_TIME)->status, AR_E_TYPE);
    assert_non_null(strstr(poll_rows(&host, connection, "SHOW TimeZone"), "UTC;"));
}

static void uuids_and_booleans(void **state)
{
    (void)state;
    ar_value uuid = { .type = AR_TYPE_UUID };
    for (size_t i = 0; i < 16; i++)
        uuid.as.uuid.bytes[i] = (uint8_t)(i * 17);
    same("uuid", uuid);
    same("bytea", uuid);
    assert_string_equal(through("text", uuid, AR_TYPE_TEXT)->rows, "00112233-4455-6677-8899-aabbccddeeff;");
    assert_string_equal(
        through("uuid", text_of(AR_TYPE_TEXT, "00112233-4455-6677-8899-AABBCCDDEEFF"), AR_TYPE_UUID)->rows,
        "00112233-4455-6677-8899-aabbccddeeff;");
    assert_string_equal(through("uuid", uuid, AR_TYPE_TEXT)->rows, "00112233-4455-6677-8899-aabbccddeeff;");
    refused("uuid", text_of(AR_TYPE_TEXT, "no uuid"));
    same("bool", (ar_value){ .type = AR_TYPE_BOOL, .as.boolean = true });
    same("bool", (ar_value){ .type = AR_TYPE_BOOL, .as.boolean = false });
    assert_string_equal(through("bool", integer(AR_TYPE_INT32, 1), AR_TYPE_BOOL)->rows, "true;");
    refused("bool", integer(AR_TYPE_INT32, 2));
}

static void nulls_are_nulls_of_any_type(void **state)
{
    (void)state;
    static const char *const types[] = { "int4", "text", "bytea", "uuid", "numeric", "json", "timestamptz", "inet" };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        fake_op *op = through(types[i], (ar_value){ .type = AR_TYPE_NULL }, AR_TYPE_INT64);
        assert_int_equal(op->status, AR_OK);
        assert_string_equal(op->rows, "NULL;");
    }
}

static void types_without_a_binary_decoder_come_as_text(void **state)
{
    (void)state;
    assert_string_equal(
        poll_rows(&host, connection, "SELECT '1 day 2 hours'::interval, 5, '\\x00ff'::bytea, 'a'::text"),
        "1 day 02:00:00|5|x00ff|a;");
    assert_string_equal(poll_rows(&host, connection, "SELECT ARRAY[1,2], true, 1.50, now() > '2000-01-01'"),
                        "{1,2}|true|1.50|true;");
    assert_string_equal(through("inet", text_of(AR_TYPE_TEXT, "10.0.0.1"), AR_TYPE_TEXT)->rows, "10.0.0.1;");
    assert_int_equal(through("inet", text_of(AR_TYPE_TEXT, "ten"), AR_TYPE_TEXT)->status, AR_E_TYPE);
}

static void a_misfit_names_the_column_and_never_the_value(void **state)
{
    (void)state;
    fake_op *op = poll_sql(&host, "SELECT 'secret'::text AS word");
    fake_want(op, AR_TYPE_INT32);
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_E_TYPE);
    assert_non_null(strstr(op->error.message, "word"));
    assert_non_null(strstr(op->error.message, "int32"));
    assert_null(strstr(op->error.message, "secret"));
    op = through("int4", text_of(AR_TYPE_TEXT, "secret"), AR_TYPE_NULL);
    assert_int_equal(op->status, AR_E_TYPE);
    assert_string_equal(op->error.sqlstate, "22P02");
    assert_null(strstr(op->error.message, "secret"));
    op = one("SELECT $1::text::regclass", text_of(AR_TYPE_TEXT, "secret"), AR_TYPE_NULL);
    assert_int_equal(op->status, AR_E_QUERY);
    assert_null(strstr(op->error.message, "secret"));
}

static void hides(const fake_op *op, ar_status status, const char *sqlstate)
{
    assert_int_equal(op->status, status);
    assert_string_equal(op->error.sqlstate, sqlstate);
    assert_null(strstr(op->error.message, "secret"));
}

static void what_functions_raise_does_not_show_the_value(void **state)
{
    (void)state;
    (void)poll_rows(&host, connection,
                    "CREATE FUNCTION pg_temp.complain(word text, state text) RETURNS text LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'no %', word USING ERRCODE = state; RETURN word; END $$");
    static const struct {
        const char *sqlstate;
        ar_status status;
    } raised[] = { { "P0001", AR_E_QUERY },      { "P0002", AR_E_QUERY },       { "58030", AR_E_IO },
                   { "23514", AR_E_CONSTRAINT }, { "0A000", AR_E_UNSUPPORTED }, { "54000", AR_E_QUERY } };
    for (size_t i = 0; i < sizeof raised / sizeof raised[0]; i++) {
        char sql[96];
        snprintf(sql, sizeof sql, "SELECT pg_temp.complain($1, '%s')", raised[i].sqlstate);
        hides(one(sql, text_of(AR_TYPE_TEXT, "secret"), AR_TYPE_NULL), raised[i].status, raised[i].sqlstate);
    }
    hides(one("SELECT pg_read_file('/nowhere/' || $1)", text_of(AR_TYPE_TEXT, "secret"), AR_TYPE_NULL), AR_E_IO,
          "58P01");
    const fake_op *unbound = poll_sql(&host, "SELECT pg_temp.complain('word', 'P0001')");
    poll_run(&host, connection);
    assert_non_null(strstr(unbound->error.message, "no word"));
}

/* Their errors come when nothing is bound any more. */
static void fetches_and_commits_do_not_show_the_value(void **state)
{
    (void)state;
    fake_kind(&host.fake, AR_OP_BEGIN);
    fake_op *op =
        poll_sql(&host, "SELECT CASE WHEN i < 4 THEN 1 ELSE ($1::text || i)::int4 END FROM generate_series(1, 9) AS i");
    fake_bind(op, text_of(AR_TYPE_TEXT, "secret"));
    op->operation.in_transaction = true;
    op->operation.row_limit = 2;
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_OK);
    fake_op *fetch = fake_kind(&host.fake, AR_OP_FETCH);
    fetch->operation.in_transaction = true;
    fetch->operation.cursor = op->cursor;
    fetch->operation.row_limit = 2;
    poll_run(&host, connection);
    hides(fetch, AR_E_TYPE, "22P02");
    fake_kind(&host.fake, AR_OP_ROLLBACK)->operation.in_transaction = true;
    poll_run(&host, connection);
    (void)poll_rows(&host, connection,
                    "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'no %', NEW.word; END $$");
    (void)poll_rows(&host, connection, "CREATE TEMP TABLE words (word text)");
    (void)poll_rows(&host, connection,
                    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON words DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
                    "EXECUTE FUNCTION pg_temp.refuse()");
    fake_kind(&host.fake, AR_OP_BEGIN);
    op = poll_sql(&host, "INSERT INTO words VALUES ($1)");
    fake_bind(op, text_of(AR_TYPE_TEXT, "secret"));
    op->operation.in_transaction = true;
    fake_op *commit = fake_kind(&host.fake, AR_OP_COMMIT);
    commit->operation.in_transaction = true;
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_OK);
    hides(commit, AR_E_QUERY, "P0001");
}

static void counts_and_sums_fit_what_is_wanted(void **state)
{
    (void)state;
    fake_op *op = poll_sql(&host, "SELECT count(*), sum(x), avg(x), min(x) FROM (VALUES (1::int8), (2)) AS t(x)");
    fake_want(op, AR_TYPE_INT64);
    fake_want(op, AR_TYPE_INT64);
    fake_want(op, AR_TYPE_DOUBLE);
    fake_want(op, AR_TYPE_INT64);
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_OK);
    assert_string_equal(op->rows, "2|3|1.5|1;");
    op = poll_sql(&host, "SELECT 1, 2");
    fake_want(op, AR_TYPE_INT64);
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_E_TYPE);
}

static void rows_travel_as_arrays(void **state)
{
    (void)state;
    static const unsigned char raw[] = { 0, 255 };
    assert_string_equal(poll_rows(&host, connection, "CREATE TEMP TABLE bulk (a int4, b text, c bytea, d inet)"), "");
    fake_op *op =
        poll_sql(&host, "INSERT INTO bulk SELECT * FROM unnest($1::int4[], $2::text[], $3::bytea[], $4::inet[]) "
                        "RETURNING a");
    op->operation.rows = 3;
    for (int i = 0; i < 3; i++) {
        fake_int(op, i);
        fake_bind(op, i == 1 ? (ar_value){ .type = AR_TYPE_NULL } : text_of(AR_TYPE_TEXT, "q\"u\\o,{}"));
        fake_bind(op, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { raw, sizeof raw } });
        fake_bind(op, i == 2 ? (ar_value){ .type = AR_TYPE_NULL } : text_of(AR_TYPE_TEXT, "10.0.0.1"));
    }
    poll_run(&host, connection);
    if (op->status != AR_OK)
        fail_msg("%s", op->error.message);
    assert_string_equal(op->rows, "0;1;2;");
    assert_int_equal(op->changes, 3);
    assert_string_equal(poll_rows(&host, connection, "SELECT a, b, c, d::text FROM bulk ORDER BY a"),
                        "0|q\"u\\o,{}|x00ff|10.0.0.1/32;1|NULL|x00ff|10.0.0.1/32;2|q\"u\\o,{}|x00ff|NULL;");
    op = poll_sql(&host, "INSERT INTO bulk (a) SELECT * FROM unnest($1::int4[])");
    op->operation.rows = 2;
    fake_int(op, 1);
    fake_int(op, INT64_C(1) << 40);
    poll_run(&host, connection);
    assert_int_equal(op->status, AR_E_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_keep_their_range, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reals_keep_their_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decimals_keep_their_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_bytes_and_json_come_back_as_they_went, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_calendar_is_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(uuids_and_booleans, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nulls_are_nulls_of_any_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(types_without_a_binary_decoder_come_as_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_functions_raise_does_not_show_the_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fetches_and_commits_do_not_show_the_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_misfit_names_the_column_and_never_the_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_and_sums_fit_what_is_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_travel_as_arrays, set_up, tear_down),
    };
    if (getenv("AR_TEST_POSTGRES_URL") == NULL) {
        puts("SKIPPED: AR_TEST_POSTGRES_URL names no server");
        return 77;
    }
    return cmocka_run_group_tests_name("postgres_values", tests, NULL, NULL);
}
