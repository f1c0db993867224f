/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/decimal.h>
#include <actrec/time.h>
#include <actrec/uuid.h>

#include "backends/mysql/backend.h"
#include "tests/support/mysql_host.h"

static const char *column_type(const mysql_host *h, ar_type type)
{
    return ari_mysql_backend.dialect_of(h->connection)->column_types[type];
}

/* Stores a value in a column of its type and reads it back; the operation that read it, or the one that was refused. */
static fake_op *there_and_back(mysql_host *h, ar_value value, const char *declared, ar_type wanted)
{
    static int tables;
    char sql[256];
    tables++;
    snprintf(sql, sizeof sql, "CREATE TABLE v%d (id INT, v %s)", tables, declared);
    mysql_host_rows(h, sql);
    snprintf(sql, sizeof sql, "INSERT INTO v%d VALUES (1, ?)", tables);
    fake_op *op = fake_sql(&h->host, sql);
    fake_bind(op, value);
    mysql_host_run(h);
    if (op->status != AR_OK)
        return op;
    snprintf(sql, sizeof sql, "SELECT v FROM v%d", tables);
    op = fake_sql(&h->host, sql);
    fake_want(op, wanted);
    mysql_host_run(h);
    return op;
}

static fake_op *kept(mysql_host *h, ar_value value)
{
    fake_op *op = there_and_back(h, value, column_type(h, value.type), value.type);
    mysql_host_tells(op, AR_OK);
    assert_int_equal(op->last_count, 1);
    assert_int_equal(op->last[0].type, value.type);
    return op;
}

static void refused(mysql_host *h, ar_value value)
{
    mysql_host_tells(there_and_back(h, value, column_type(h, value.type), value.type), AR_E_TYPE);
}

static void whole(mysql_host *h, ar_type type, int64_t number)
{
    fake_op *op = kept(h, (ar_value){ .type = type, .as.integer = number });
    assert_true(op->last[0].as.integer == number);
}

static void whole_numbers(void **state)
{
    mysql_host *h = *state;
    whole(h, AR_TYPE_INT16, INT16_MIN);
    whole(h, AR_TYPE_INT16, INT16_MAX);
    whole(h, AR_TYPE_INT32, INT32_MIN);
    whole(h, AR_TYPE_INT32, INT32_MAX);
    whole(h, AR_TYPE_INT64, INT64_MIN);
    whole(h, AR_TYPE_INT64, INT64_MAX);
    whole(h, AR_TYPE_ENUM, -5);
    refused(h, (ar_value){ .type = AR_TYPE_INT16, .as.integer = 40000 });
    mysql_host_tells(
        there_and_back(h, (ar_value){ .type = AR_TYPE_INT64, .as.integer = 40000 }, "SMALLINT", AR_TYPE_INT64),
        AR_E_TYPE);
    for (int b = 0; b < 2; b++)
        assert_int_equal(kept(h, (ar_value){ .type = AR_TYPE_BOOL, .as.boolean = b == 1 })->last[0].as.boolean, b);
    fake_op *op = fake_sql(&h->host, "SELECT 18446744073709551615");
    fake_want(op, AR_TYPE_INT64);
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_TYPE);
}

static void floating_point(void **state)
{
    mysql_host *h = *state;
    const double doubles[] = { 0.1, -1.5, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 1.0 / 3, 0 };
    const float floats[] = { 0.1F, -1.5F, 1.17549435e-38F, 3.40282347e38F, 16777217.0F, 1.0F / 3 };
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        fake_op *op = kept(h, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = doubles[i] });
        assert_memory_equal(&op->last[0].as.real, &doubles[i], sizeof doubles[i]);
    }
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        fake_op *op = kept(h, (ar_value){ .type = AR_TYPE_FLOAT, .as.single = floats[i] });
        assert_memory_equal(&op->last[0].as.single, &floats[i], sizeof floats[i]);
    }
    refused(h, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = (double)NAN });
    refused(h, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = (double)INFINITY });
    refused(h, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = -0.0 });
    refused(h, (ar_value){ .type = AR_TYPE_FLOAT, .as.single = -0.0F });
}

static ar_value text(ar_type type, const char *data, size_t length)
{
    return (ar_value){ .type = type, .as.text = { data, length } };
}

static void texts_and_bytes(void **state)
{
    mysql_host *h = *state;
    const char *texts[] = { "", "a", "A ", "  ", "Zoë 😀", "it's \\ \"quoted\" `x` %", "\x01\x7f" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fake_op *op = kept(h, text(AR_TYPE_TEXT, texts[i], strlen(texts[i])));
        assert_int_equal(op->last[0].as.text.length, strlen(texts[i]));
        assert_string_equal(op->last[0].as.text.data, texts[i]);
    }
    refused(h, text(AR_TYPE_TEXT, "a\0b", 3));
    refused(h, text(AR_TYPE_TEXT, "\xff", 1));
    refused(h, text(AR_TYPE_TEXT, "\xed\xa0\x80", 3));
    const char json[] = "{\"b\": 1.0,  \"a\":[ ]}";
    assert_string_equal(kept(h, text(AR_TYPE_JSON, json, strlen(json)))->last[0].as.text.data, json);
    fake_op *op = kept(h, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { "\0\xff\x80 ", 4 } });
    assert_int_equal(op->last[0].as.bytes.length, 4);
    assert_memory_equal(op->last[0].as.bytes.data, "\0\xff\x80 ", 4);
    op = kept(h, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { "", 0 } });
    assert_int_equal(op->last[0].as.bytes.length, 0);
}

static void texts_compare_by_their_bytes(void **state)
{
    mysql_host *h = *state;
    char sql[300];
    snprintf(sql, sizeof sql, "CREATE TABLE k (v %s PRIMARY KEY)",
             ari_mysql_backend.dialect_of(h->connection)->key_types[AR_TYPE_TEXT]);
    mysql_host_rows(h, "DROP TABLE IF EXISTS k");
    mysql_host_rows(h, sql);
    mysql_host_rows(h, "INSERT INTO k VALUES ('a'), ('A'), ('a '), ('ä')");
    fake_op *op = fake_sql(&h->host, "SELECT COUNT(*) FROM k WHERE v = ?");
    fake_text(op, "a");
    mysql_host_run(h);
    assert_string_equal(op->rows, "1;");
}

static void calendar(void **state)
{
    mysql_host *h = *state;
    const char *instants[] = { "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2026-02-28T12:34:56.000001Z",
                               "2039-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z" };
    const char *dates[] = { "0001-01-01", "1582-10-10", "2024-02-29", "9999-12-31" };
    const char *times[] = { "00:00:00", "23:59:59.999999", "12:00:00.5" };
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        ar_value value = { .type = AR_TYPE_TIMESTAMP };
        assert_int_equal(ar_timestamp_parse_n(instants[i], strlen(instants[i]), &value.as.timestamp, NULL), AR_OK);
        assert_true(kept(h, value)->last[0].as.timestamp.us == value.as.timestamp.us);
    }
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        ar_value value = { .type = AR_TYPE_DATE };
        assert_int_equal(ar_date_parse_n(dates[i], strlen(dates[i]), &value.as.date, NULL), AR_OK);
        assert_int_equal(kept(h, value)->last[0].as.date.days, value.as.date.days);
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        ar_value value = { .type = AR_TYPE_TIME };
        assert_int_equal(ar_time_parse_n(times[i], strlen(times[i]), &value.as.time, NULL), AR_OK);
        assert_true(kept(h, value)->last[0].as.time.us == value.as.time.us);
    }
    refused(h, (ar_value){ .type = AR_TYPE_TIMESTAMP, .as.timestamp.us = INT64_MAX });
    refused(h, (ar_value){ .type = AR_TYPE_TIMESTAMP, .as.timestamp.us = INT64_MIN });
    refused(h, (ar_value){ .type = AR_TYPE_DATE, .as.date.days = INT32_MAX });
    refused(h, (ar_value){ .type = AR_TYPE_DATE, .as.date.days = -800000 });
    refused(h, (ar_value){ .type = AR_TYPE_TIME, .as.time.us = INT64_C(86400000000) });
    fake_op *op = fake_sql(&h->host, "SELECT CAST('25:00:00' AS TIME)");
    fake_want(op, AR_TYPE_TIME);
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_TYPE);
}

static fake_op *converted(mysql_host *h, ar_value value, const char *declared)
{
    fake_op *op = there_and_back(h, value, declared, value.type);
    mysql_host_tells(op, AR_OK);
    return op;
}

/* As docs/models.md says: in columns that are not those of ar_table_create the server has its way, without an error. */
static void columns_of_another_type_convert(void **state)
{
    mysql_host *h = *state;
    fake_op *op = converted(h, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = 0.1 }, "FLOAT");
    assert_true(op->last[0].as.real != 0.1 && fabs(op->last[0].as.real - 0.1) < 1e-6);
    op = converted(h, (ar_value){ .type = AR_TYPE_TIMESTAMP, .as.timestamp.us = 1000001 }, "DATETIME");
    assert_true(op->last[0].as.timestamp.us == 1000000);
    op = converted(h, (ar_value){ .type = AR_TYPE_TIME, .as.time.us = 1000001 }, "TIME");
    assert_true(op->last[0].as.time.us == 1000000);
    op = there_and_back(h, (ar_value){ .type = AR_TYPE_TIMESTAMP, .as.timestamp.us = 1000001 }, "DATE", AR_TYPE_DATE);
    mysql_host_tells(op, AR_OK);
    assert_int_equal(op->last[0].as.date.days, 0);
    op = there_and_back(h, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = 1.75 }, "INT", AR_TYPE_INT32);
    mysql_host_tells(op, AR_OK);
    assert_int_equal(op->last[0].as.integer, 2);
    ar_value price = { .type = AR_TYPE_DECIMAL, .as.decimal = { .low = 1239, .scale = 3 } };
    op = converted(h, price, "DECIMAL(10,2)");
    assert_true(op->last[0].as.decimal.low == 124 && op->last[0].as.decimal.scale == 2);
    op = converted(h, text(AR_TYPE_TEXT, "a  ", 3), "CHAR(5)");
    assert_int_equal(op->last[0].as.text.length, 1);
    op = converted(h, text(AR_TYPE_TEXT, "abc  ", 5), "VARCHAR(3)");
    assert_int_equal(op->last[0].as.text.length, 3);
    op = converted(h, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { "a", 1 } }, "BINARY(4)");
    assert_int_equal(op->last[0].as.bytes.length, 4);
    mysql_host_tells(there_and_back(h, text(AR_TYPE_TEXT, "abcd", 4), "VARCHAR(3)", AR_TYPE_TEXT), AR_E_TYPE);
}

static void decimals_keep_their_scale(void **state)
{
    mysql_host *h = *state;
    const char *decimals[] = { "0",
                               "1.50",
                               "1.5",
                               "-0.01",
                               "12345678901234567890123456789012345",
                               "12345678.901234567890123456789012345678",
                               "0.000000000000000000000000000001" };
    for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++) {
        ar_value value = { .type = AR_TYPE_DECIMAL };
        assert_int_equal(ar_decimal_parse_n(decimals[i], strlen(decimals[i]), &value.as.decimal, NULL), AR_OK);
        fake_op *op = kept(h, value);
        assert_int_equal(op->last[0].as.decimal.scale, value.as.decimal.scale);
        assert_true(op->last[0].as.decimal.low == value.as.decimal.low &&
                    op->last[0].as.decimal.high == value.as.decimal.high &&
                    op->last[0].as.decimal.negative == value.as.decimal.negative);
        char sql[160];
        snprintf(sql, sizeof sql, "SELECT CAST('%s' AS DECIMAL(65,30)) = ?", decimals[i]);
        op = fake_sql(&h->host, sql);
        fake_bind(op, value);
        mysql_host_run(h);
        assert_string_equal(op->rows, "1;");
    }
    refused(h, (ar_value){ .type = AR_TYPE_DECIMAL, .as.decimal = { .low = 1, .scale = 31 } });
    refused(h, (ar_value){ .type = AR_TYPE_DECIMAL, .as.decimal = { .low = 1, .high = UINT64_C(0x4B3B4CA85A86C47A) } });
    assert_string_equal(
        mysql_host_rows(h, "SELECT SUM(CAST(v AS DECIMAL(65,30))) FROM (SELECT '1.50' v UNION SELECT '2.25') q"),
        "3.75;");
}

static void uuids(void **state)
{
    mysql_host *h = *state;
    ar_value value = { .type = AR_TYPE_UUID };
    const char *written = "00112233-4455-6677-8899-aabbccddeeff";
    assert_int_equal(ar_uuid_parse_n(written, strlen(written), &value.as.uuid, NULL), AR_OK);
    assert_memory_equal(kept(h, value)->last[0].as.uuid.bytes, value.as.uuid.bytes, 16);
    fake_op *op = there_and_back(h, value, "UUID", AR_TYPE_UUID); /* MariaDB's own */
    if (op->status == AR_OK)
        assert_memory_equal(op->last[0].as.uuid.bytes, value.as.uuid.bytes, 16);
    op = fake_sql(&h->host, "SELECT '00112233-4455-6677-8899-aabbccddeeff'");
    fake_want(op, AR_TYPE_UUID);
    mysql_host_run(h);
    assert_memory_equal(op->last[0].as.uuid.bytes, value.as.uuid.bytes, 16);
}

static void nulls_of_each_type(void **state)
{
    mysql_host *h = *state;
    for (ar_type type = AR_TYPE_BOOL; type <= AR_TYPE_ENUM; type++) {
        fake_op *op = there_and_back(h, (ar_value){ .type = AR_TYPE_NULL }, column_type(h, type), type);
        mysql_host_tells(op, AR_OK);
        assert_int_equal(op->last[0].type, AR_TYPE_NULL);
    }
}

static void a_misfit_names_the_column_and_not_the_value(void **state)
{
    mysql_host *h = *state;
    fake_op *op = fake_sql(&h->host, "SELECT 'secret' AS town");
    fake_want(op, AR_TYPE_INT64);
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_TYPE);
    assert_non_null(strstr(op->error.message, "town"));
    assert_null(strstr(op->error.message, "secret"));
    op = fake_sql(&h->host, "SELECT 1, 2");
    fake_want(op, AR_TYPE_INT64);
    mysql_host_run(h);
    mysql_host_tells(op, AR_E_TYPE);
}

static void what_is_not_said_comes_as_it_is(void **state)
{
    mysql_host *h = *state;
    mysql_host_rows(h, "DROP TABLE IF EXISTS n");
    mysql_host_rows(
        h, "CREATE TABLE n (a BOOLEAN, b SMALLINT, c INT, d BIGINT UNSIGNED, e FLOAT, f DOUBLE, g DECIMAL(10,2), "
           "h DATE, i DATETIME(3), j TIME, k BLOB, l TEXT, m BIT(9), o YEAR, p ENUM('x','y'), q BINARY(2))");
    mysql_host_rows(h, "INSERT INTO n VALUES (1, 2, 3, 4, 0.5, 0.25, 1.50, '1970-01-02', '1970-01-01 00:00:01.5', "
                       "'00:00:01', 'ab', 'cd', b'100000001', 2026, 'y', 'ef')");
    fake_op *op = mysql_host_sql(h, "SELECT * FROM n");
    mysql_host_tells(op, AR_OK);
    assert_string_equal(op->rows, "true|2|3|4|0.5|0.25|1.50|1|1500000|1000000|x6162|cd|257|2026|y|x6566;");
    op = fake_sql(&h->host, "SELECT SUM(c), AVG(c), COUNT(*), 1 FROM n");
    fake_want(op, AR_TYPE_INT64);
    fake_want(op, AR_TYPE_DOUBLE);
    fake_want(op, AR_TYPE_INT64);
    fake_want(op, AR_TYPE_INT64);
    mysql_host_run(h);
    assert_string_equal(op->rows, "3|3|1|1;");
}

static void rows_in_one_message_keep_each_type(void **state)
{
    mysql_host *h = *state;
    if (ari_mysql_backend.dialect_of(h->connection)->bulk != AR_BULK_EXECUTE)
        skip();
    mysql_host_rows(h, "DROP TABLE IF EXISTS b");
    mysql_host_rows(
        h, "CREATE TABLE b (a BOOLEAN, f FLOAT, d DOUBLE, ts DATETIME(6), da DATE, ti TIME(6), de VARCHAR(42), "
           "u BINARY(16), by_ LONGBLOB, te LONGTEXT)");
    fake_op *op = fake_sql(&h->host, "INSERT INTO b VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (int i = 0; i < 3; i++) {
        const ar_value row[] = { { .type = AR_TYPE_BOOL, .as.boolean = i == 1 },
                                 { .type = AR_TYPE_FLOAT, .as.single = 0.5F + (float)i },
                                 { .type = AR_TYPE_DOUBLE, .as.real = 0.25 + i },
                                 { .type = AR_TYPE_TIMESTAMP, .as.timestamp.us = i + 1 },
                                 { .type = AR_TYPE_DATE, .as.date.days = i },
                                 { .type = AR_TYPE_TIME, .as.time.us = i * 1000 },
                                 { .type = AR_TYPE_DECIMAL, .as.decimal = { .low = (uint64_t)i + 10, .scale = 1 } },
                                 { .type = AR_TYPE_UUID, .as.uuid.bytes = { (uint8_t)i } },
                                 { .type = AR_TYPE_BYTES, .as.bytes = { "\0z", 2 } },
                                 { .type = AR_TYPE_TEXT, .as.text = { "abc", (size_t)i } } };
        for (size_t k = 0; k < 10; k++)
            fake_bind(op, i == 2 ? (ar_value){ .type = AR_TYPE_NULL } : row[k]);
    }
    op->operation.rows = 3;
    mysql_host_run(h);
    mysql_host_tells(op, AR_OK);
    assert_int_equal(op->changes, 3);
    assert_string_equal(mysql_host_rows(h, "SELECT * FROM b"),
                        "false|0.5|0.25|1|0|0|1.0|x00000000000000000000000000000000|x007a|;"
                        "true|1.5|1.25|2|1|1000|1.1|x01000000000000000000000000000000|x007a|a;"
                        "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL;");
}

#define on_server(test) cmocka_unit_test_setup_teardown(test, mysql_host_set_up, mysql_host_tear_down)

static int run(void)
{
    const struct CMUnitTest tests[] = {
        on_server(whole_numbers),
        on_server(floating_point),
        on_server(texts_and_bytes),
        on_server(texts_compare_by_their_bytes),
        on_server(calendar),
        on_server(decimals_keep_their_scale),
        on_server(columns_of_another_type_convert),
        on_server(uuids),
        on_server(nulls_of_each_type),
        on_server(a_misfit_names_the_column_and_not_the_value),
        on_server(what_is_not_said_comes_as_it_is),
        on_server(rows_in_one_message_keep_each_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return mysql_host_main("mysql_values", run);
}
