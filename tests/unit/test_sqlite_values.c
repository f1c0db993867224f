/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/decimal.h>

#include "backends/sqlite/sqlite.h"
#include "tests/support/sqlite_fixture.h"

static bool same(const ar_value *a, const ar_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case AR_TYPE_NULL: return true;
    case AR_TYPE_BOOL: return a->as.boolean == b->as.boolean;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return a->as.integer == b->as.integer;
    case AR_TYPE_FLOAT: return memcmp(&a->as.single, &b->as.single, sizeof a->as.single) == 0;
    case AR_TYPE_DOUBLE: return memcmp(&a->as.real, &b->as.real, sizeof a->as.real) == 0;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON:
        return a->as.text.length == b->as.text.length &&
               memcmp(a->as.text.data, b->as.text.data, a->as.text.length) == 0;
    case AR_TYPE_BYTES:
        return a->as.bytes.length == b->as.bytes.length && a->as.bytes.data != NULL && b->as.bytes.data != NULL &&
               memcmp(a->as.bytes.data, b->as.bytes.data, a->as.bytes.length) == 0;
    case AR_TYPE_TIMESTAMP: return a->as.timestamp.us == b->as.timestamp.us;
    case AR_TYPE_DATE: return a->as.date.days == b->as.date.days;
    case AR_TYPE_TIME: return a->as.time.us == b->as.time.us;
    case AR_TYPE_DECIMAL:
        return a->as.decimal.low == b->as.decimal.low && a->as.decimal.high == b->as.decimal.high &&
               a->as.decimal.scale == b->as.decimal.scale && a->as.decimal.negative == b->as.decimal.negative;
    case AR_TYPE_UUID: return memcmp(a->as.uuid.bytes, b->as.uuid.bytes, 16) == 0;
    }
    return false;
}

/* Stores the value in a column of the dialect's type and reads it back, from memory and from the file's bytes. */
static void round_trip(sqlite_fixture *f, ar_value value)
{
    char text[100];
    snprintf(text, sizeof text, "CREATE TABLE IF NOT EXISTS t%d (v %s)", (int)value.type,
             ari_sqlite_backend.dialect->column_types[value.type]);
    sqlite_fixture_rows(f, text);
    snprintf(text, sizeof text, "INSERT INTO t%d VALUES (?)", (int)value.type);
    fake_op *insert = fake_sql(&f->host, text);
    fake_bind(insert, value);
    snprintf(text, sizeof text, "SELECT v FROM t%d ORDER BY rowid DESC LIMIT 1", (int)value.type);
    fake_op *select = fake_sql(&f->host, text);
    fake_want(select, value.type);
    sqlite_fixture_run(f);
    assert_ended(insert, AR_OK);
    assert_ended(select, AR_OK);
    assert_int_equal(select->last_count, 1);
    if (!same(&select->last[0], &value))
        fail_msg("a %s comes back changed: %s", ar_type_name(value.type), select->rows);
}

static void integers_round_trip(void **state)
{
    sqlite_fixture *f = *state;
    round_trip(f, (ar_value){ .type = AR_TYPE_BOOL, .as.boolean = true });
    round_trip(f, (ar_value){ .type = AR_TYPE_BOOL, .as.boolean = false });
    round_trip(f, (ar_value){ .type = AR_TYPE_INT16, .as.integer = INT16_MIN });
    round_trip(f, (ar_value){ .type = AR_TYPE_INT16, .as.integer = INT16_MAX });
    round_trip(f, (ar_value){ .type = AR_TYPE_INT32, .as.integer = INT32_MIN });
    round_trip(f, (ar_value){ .type = AR_TYPE_INT32, .as.integer = INT32_MAX });
    round_trip(f, (ar_value){ .type = AR_TYPE_INT64, .as.integer = INT64_MIN });
    round_trip(f, (ar_value){ .type = AR_TYPE_INT64, .as.integer = INT64_MAX });
    round_trip(f, (ar_value){ .type = AR_TYPE_ENUM, .as.integer = -7 });
    round_trip(f, (ar_value){ .type = AR_TYPE_ENUM, .as.integer = UINT32_MAX });
}

static void reals_round_trip_bit_for_bit(void **state)
{
    static const double doubles[] = { 0.0,
                                      -0.0,
                                      1.0,
                                      0.1,
                                      -1.5,
                                      1e15,
                                      9.2e18,
                                      1e300,
                                      DBL_MAX,
                                      -DBL_MAX,
                                      DBL_MIN,
                                      5e-324,
                                      INFINITY,
                                      -INFINITY,
                                      9007199254740993.0,
                                      0.30000000000000004 };
    static const float floats[] = { 0.0f,    -0.0f,  0.1f,     FLT_MAX,   -FLT_MAX,
                                    FLT_MIN, 1e-45f, INFINITY, -INFINITY, 16777216.0f };
    sqlite_fixture *f = *state;
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++)
        round_trip(f, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = doubles[i] });
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
        round_trip(f, (ar_value){ .type = AR_TYPE_FLOAT, .as.single = floats[i] });
}

static ar_value text_of(ar_type type, const char *text)
{
    return (ar_value){ .type = type, .as.text = { text, strlen(text) } };
}

static void texts_and_bytes_round_trip(void **state)
{
    static const char *const texts[] = {
        "", "a", "123", "1.50", " x ", "O'Hara", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xef\xbf\xbf"
    };
    static const char *const jsons[] = { "null", "1.0", "00", "\"a\"", "{\"a\": [1, 2.50]}", "" };
    unsigned char bytes[256];
    sqlite_fixture *f = *state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        round_trip(f, text_of(AR_TYPE_TEXT, texts[i]));
    for (size_t i = 0; i < sizeof jsons / sizeof jsons[0]; i++)
        round_trip(f, text_of(AR_TYPE_JSON, jsons[i]));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    round_trip(f, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { bytes, sizeof bytes } });
    round_trip(f, (ar_value){ .type = AR_TYPE_BYTES, .as.bytes = { "", 0 } });
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM t8 WHERE v IS NULL"), "0;");
    char *large = malloc(300000);
    memset(large, 'q', 300000);
    round_trip(f, (ar_value){ .type = AR_TYPE_TEXT, .as.text = { large, 300000 } });
    free(large);
}

static void times_round_trip(void **state)
{
    static const int64_t us[] = { 0, 1, -1, INT64_MAX, INT64_MIN, 1700000000123456 };
    static const int32_t days[] = { 0, -1, INT32_MAX, INT32_MIN, 19000 };
    sqlite_fixture *f = *state;
    for (size_t i = 0; i < sizeof us / sizeof us[0]; i++)
        round_trip(f, (ar_value){ .type = AR_TYPE_TIMESTAMP, .as.timestamp = { us[i] } });
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++)
        round_trip(f, (ar_value){ .type = AR_TYPE_DATE, .as.date = { days[i] } });
    round_trip(f, (ar_value){ .type = AR_TYPE_TIME, .as.time = { 0 } });
    round_trip(f, (ar_value){ .type = AR_TYPE_TIME, .as.time = { INT64_C(86399999999) } });
}

static void decimals_and_uuids_round_trip(void **state)
{
    static const char *const decimals[] = { "0",
                                            "0.00",
                                            "1.50",
                                            "-1.5",
                                            "99999999999999999999999999999999999999",
                                            "-0.00000000000000000000000000000000000001",
                                            "123456789012345678901234567890.12" };
    sqlite_fixture *f = *state;
    for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++) {
        ar_value value = { .type = AR_TYPE_DECIMAL };
        assert_int_equal(ar_decimal_parse(decimals[i], &value.as.decimal, NULL), AR_OK);
        round_trip(f, value);
    }
    ar_value uuid = { .type = AR_TYPE_UUID };
    round_trip(f, uuid);
    for (size_t i = 0; i < 16; i++)
        uuid.as.uuid.bytes[i] = (uint8_t)(255 - i);
    round_trip(f, uuid);
}

static void null_is_null_of_every_type(void **state)
{
    sqlite_fixture *f = *state;
    for (int type = AR_TYPE_BOOL; type <= AR_TYPE_ENUM; type++) {
        fake_op *op = fake_sql(&f->host, "SELECT ?");
        fake_bind(op, (ar_value){ .type = AR_TYPE_NULL });
        fake_want(op, (ar_type)type);
        sqlite_fixture_run(f);
        assert_ended(op, AR_OK);
        assert_int_equal(op->last[0].type, AR_TYPE_NULL);
    }
}

static void what_sqlite_cannot_keep_is_refused(void **state)
{
    static const char *const not_utf8[] = { "\x80",
                                            "a\xc0\xaf",
                                            "\xed\xa0\x80",
                                            "\xf4\x90\x80\x80",
                                            "12345678\xff",
                                            "1234567\xe2\x82",
                                            "\xe0\x80\x80",
                                            "\xf0\x80\x80\x80",
                                            "\xf8\x88\x80\x80\x80" };
    const ar_value refused[] = {
        { .type = AR_TYPE_DOUBLE, .as.real = NAN },
        { .type = AR_TYPE_FLOAT, .as.single = NAN },
        { .type = AR_TYPE_TEXT, .as.text = { "secret\0x", 8 } },
        { .type = AR_TYPE_JSON, .as.text = { "\0", 1 } },
        { .type = AR_TYPE_INT16, .as.integer = 32768 },
        { .type = AR_TYPE_INT32, .as.integer = INT64_C(2147483648) },
        { .type = AR_TYPE_ENUM, .as.integer = INT64_C(4294967296) },
        { .type = AR_TYPE_TIME, .as.time = { INT64_C(86400000000) } },
        { .type = AR_TYPE_TIME, .as.time = { -1 } },
        { .type = AR_TYPE_DECIMAL, .as.decimal = { .negative = true } },
        { .type = AR_TYPE_DECIMAL, .as.decimal = { .scale = 39 } },
    };
    sqlite_fixture *f = *state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0] + sizeof not_utf8 / sizeof not_utf8[0]; i++) {
        size_t texts = sizeof refused / sizeof refused[0];
        fake_op *op = fake_sql(&f->host, "SELECT ?, ?");
        fake_int(op, 424242);
        fake_bind(op, i < texts ? refused[i] : text_of(AR_TYPE_TEXT, not_utf8[i - texts]));
        sqlite_fixture_run(f);
        assert_ended(op, AR_E_TYPE);
        assert_says(op->error.message, "parameter 2");
        assert_null(strstr(op->error.message, "424242"));
        assert_null(strstr(op->error.message, "secret"));
    }
    fake_op *none = fake_sql(&f->host, "SELECT ?"), *odd = fake_sql(&f->host, "SELECT ?");
    fake_bind(none, (ar_value){ .type = AR_TYPE_TEXT });
    fake_bind(odd, (ar_value){ .type = (ar_type)77 });
    sqlite_fixture_run(f);
    assert_ended(none, AR_E_INVALID);
    assert_ended(odd, AR_E_INVALID);
}

static fake_op *insert_minus_zero(sqlite_fixture *f, const char *sql)
{
    fake_op *op = fake_sql(&f->host, sql);
    fake_bind(op, (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = -0.0 });
    return op;
}

static void minus_zero_is_refused_where_it_would_lose_its_sign(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE kept (id INTEGER PRIMARY KEY, x DOUBLE_BLOB, y TEXT, z)");
    sqlite_fixture_rows(f, "CREATE TABLE \"lo\"\"st\" (id INTEGER PRIMARY KEY, x DOUBLE PRECISION)");
    fake_op *good[] = { insert_minus_zero(f, "INSERT INTO kept (x) VALUES (?)"),
                        insert_minus_zero(f, "WITH lost AS (SELECT 1) INSERT OR IGNORE INTO main.kept (x) VALUES (?)"),
                        insert_minus_zero(f, "UPDATE OR FAIL kept SET x = ?"), insert_minus_zero(f, "SELECT ?"),
                        insert_minus_zero(f, "DELETE FROM kept WHERE x = ? + 1") };
    fake_op *bad[] = { insert_minus_zero(f, "INSERT INTO \"lo\"\"st\" (x) VALUES (?)"),
                       insert_minus_zero(f, "REPLACE INTO main.\"lo\"\"st\" (x) VALUES (?)"),
                       insert_minus_zero(f, "UPDATE OR ABORT [lo\"st] SET x = ?") };
    sqlite_fixture_run(f);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_ended(good[i], AR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_ended(bad[i], AR_E_TYPE);
}

/* The tables that the next two tests write: columns that keep the sign, and one of each affinity that does not. */
static void create_mixed(sqlite_fixture *f)
{
    sqlite_fixture_rows(f, "CREATE TABLE mixed (id INTEGER PRIMARY KEY, x DOUBLE_BLOB, i INTEGER, n NUMERIC, r REAL, "
                           "d DECIMAL(10, 2), p \"FLOATING POINT\", \"a,\"\"b\", g AS (x), t TEXT)");
    sqlite_fixture_rows(f, "CREATE TABLE plain (i INTEGER, n NUMERIC)");
    sqlite_fixture_rows(f, "CREATE TABLE kept (x DOUBLE_BLOB, y)");
    sqlite_fixture_rows(f, "CREATE VIEW v AS SELECT x FROM mixed");
    sqlite_fixture_rows(f, "CREATE TRIGGER w INSTEAD OF INSERT ON v BEGIN SELECT 1; END");
}

/* Each is run with -0.0 for the first parameter and 1, 2, 3 … for the others. */
static fake_op *minus_zero_first(sqlite_fixture *f, const char *sql)
{
    fake_op *op = insert_minus_zero(f, sql);
    for (uint32_t i = 1; i < op->statement.parameter_count; i++)
        fake_bind(op, (ar_value){ .type = AR_TYPE_INT64, .as.integer = i });
    return op;
}

static void minus_zero_is_refused_in_every_numeric_column(void **state)
{
    static const char *const bad[] = {
        "INSERT INTO plain (n) VALUES (?)",
        "INSERT INTO plain (i) VALUES (?)",
        "UPDATE plain SET i = ?",
        "INSERT INTO mixed (i) VALUES (?)",
        "INSERT INTO mixed (n) VALUES (?)",
        "INSERT INTO mixed (r) VALUES (?)",
        "INSERT INTO mixed (d) VALUES (?)",
        "INSERT INTO mixed (p) VALUES (?)",
        "INSERT INTO mixed (x, \"n\") VALUES (1, max(?, ?)), (2, 3)",
        "INSERT INTO main.mixed AS m (x, n) VALUES (coalesce(1, '?'), 2), (1, -?)",
        "INSERT INTO mixed VALUES (NULL, 1, ?, 1, 1, 1, 1, 1, 1)",
        "REPLACE INTO mixed VALUES (NULL, 1, 1, 1, 1, ?, 1, 1, 1)",
        "UPDATE mixed SET x = 1, i = ?",
        "UPDATE mixed SET n = coalesce(?, x), x = 2 WHERE id = 1",
        "UPDATE mixed SET (x, n) = (?, ?)",
        "UPDATE mixed SET x = s.y FROM (SELECT ? AS y) AS s",
        "INSERT INTO mixed (id, x) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET x = 1, r = ? WHERE x < 1",
        "INSERT INTO mixed (x, n) SELECT 1, ?",
        "INSERT INTO mixed SELECT NULL, 1, ?, 1, 1, 1, 1, 1, 1",
        "INSERT INTO mixed (x, n) SELECT coalesce(1, 2), (SELECT max(1, ?))",
        "INSERT INTO mixed (x, n) SELECT *, ? FROM (SELECT 1)",
        "INSERT INTO mixed (x, t, n) SELECT s.*, ? FROM (SELECT 1, 2) AS s",
        "INSERT INTO mixed (x, n) SELECT s.y, s.y FROM (SELECT ? AS y) AS s",
        "INSERT INTO mixed (x, n) SELECT 1 IS DISTINCT FROM 2, ?",
        "INSERT INTO mixed (x, n) SELECT 1, 2 WHERE 1 UNION ALL VALUES (1, ?)",
        "INSERT INTO mixed (x, n) SELECT 1, 2 WHERE 1 UNION ALL SELECT 1, ?",
        "INSERT INTO mixed (id, x) SELECT 1, 1 WHERE 1 ON CONFLICT (id) DO UPDATE SET x = 1, r = ?",
        "INSERT INTO mixed (x, n) WITH c (y) AS (SELECT ?) SELECT y, y FROM c",
        "WITH c (y) AS (SELECT ?) INSERT INTO mixed (x, n) SELECT y, y FROM c",
        "INSERT INTO mixed (x, n) VALUES (1, 2) UNION ALL SELECT 1, ?",
        "INSERT INTO v (x) VALUES (?)",
        "INSERT INTO v VALUES (?)",
        "INSERT INTO v SELECT ?",
        "WITH c (y) AS (SELECT ?) INSERT INTO v SELECT y FROM c",
    };
    sqlite_fixture *f = *state;
    create_mixed(f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fake_op *op = minus_zero_first(f, bad[i]);
        op->statement.parameter_count = strstr(bad[i], "'?'") == NULL ? op->statement.parameter_count : 1;
        sqlite_fixture_run(f);
        assert_ended(op, AR_E_TYPE);
        assert_says(op->error.message, "loses the sign");
    }
}

static void minus_zero_is_kept_beside_numeric_columns(void **state)
{
    static const char *const good[] = {
        "INSERT INTO mixed (x) VALUES (?)",
        "INSERT INTO mixed (\"a,\"\"b\", n, i) VALUES (?, ?, ?)",
        "INSERT OR IGNORE INTO mixed (n, [X]) VALUES (1, 2), (1 /* ? */, coalesce(?, 1)), (3, 4) RETURNING id",
        "INSERT INTO mixed VALUES (NULL, ?, 1, 1, 1, 1, 1, 1, 1)",
        "INSERT INTO mixed VALUES (NULL, 1, 1, 1, 1, 1, 1, ?, 1)",
        "INSERT INTO mixed (id, x) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = 1, x = ? WHERE n = ?",
        "INSERT INTO mixed (n) VALUES (1) RETURNING x + ?",
        "UPDATE OR IGNORE main.mixed AS m SET x = ?, n = ?, i = 5 WHERE n = 77 RETURNING id",
        "UPDATE mixed SET (i, n) = (1, 2), x = ? WHERE id = 99",
        "UPDATE mixed SET i = 7 WHERE x = ?",
        "DELETE FROM mixed WHERE n = ? + 100",
        "INSERT INTO kept SELECT ?, ?",
        "INSERT INTO mixed (x) SELECT ?",
        "INSERT INTO mixed (n, x) SELECT DISTINCT max(1, 2), coalesce(?, 1) UNION ALL SELECT 3, 4",
        "INSERT INTO mixed (n, x) SELECT 1, 2 UNION ALL SELECT 3 + (SELECT 1), ?",
        "INSERT INTO mixed SELECT NULL, ?, 1, 1, 1, 1, 1, 1, 1",
        "INSERT INTO mixed (n) SELECT i FROM mixed WHERE x = ? ORDER BY 1",
        "INSERT INTO mixed (n, x) SELECT 1, ? FROM mixed WHERE n < 0 GROUP BY id",
        "WITH c (y) AS (SELECT ?) INSERT INTO kept (x) SELECT y FROM c",
    };
    sqlite_fixture *f = *state;
    create_mixed(f);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        fake_op *op = minus_zero_first(f, good[i]);
        op->statement.parameter_count -= strstr(good[i], "/* ?") != NULL ? 1 : 0;
        sqlite_fixture_run(f);
        assert_ended(op, AR_OK);
    }
    sqlite_fixture_rows(f, "DELETE FROM mixed");
    fake_op *rows = fake_sql(&f->host, "INSERT INTO mixed (i, x, t) VALUES (?, ?, ?), (?, ?, ?)");
    for (int i = 0; i < 6; i++)
        fake_bind(rows, i % 3 == 1 ? (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = -0.0 }
                                   : (ar_value){ .type = AR_TYPE_INT64, .as.integer = i });
    fake_op *read = fake_sql(&f->host, "SELECT x FROM mixed");
    sqlite_fixture_run(f);
    assert_ended(rows, AR_OK);
    assert_string_equal(read->rows, "-0;-0;");
    sqlite_fixture_rows(f, "DELETE FROM mixed");
    (void)insert_minus_zero(f, "INSERT INTO mixed (n, x) SELECT 1, ? UNION ALL SELECT i, x FROM mixed");
    sqlite_fixture_run(f);
    assert_string_equal(sqlite_fixture_rows(f, "SELECT x FROM mixed"), "-0;");
}

/* Which parameter is which column's is not told by the order of the text. */
static void minus_zero_under_a_number_is_refused(void **state)
{
    sqlite_fixture *f = *state;
    create_mixed(f);
    fake_op *op = insert_minus_zero(f, "INSERT INTO mixed (x, n) VALUES (?1, ?1)");
    op->statement.parameter_count = 1;
    sqlite_fixture_run(f);
    assert_ended(op, AR_E_TYPE);
}

/* What a stored value is decoded to; NULL: AR_E_TYPE. */
static void stored_values_fit_or_are_refused(void **state)
{
    static const struct {
        const char *expression;
        ar_type wanted;
        const char *expected;
    } cases[] = {
        { "12", AR_TYPE_NULL, "12;" },
        { "1.5", AR_TYPE_NULL, "1.5;" },
        { "'x'", AR_TYPE_NULL, "x;" },
        { "x'00ff'", AR_TYPE_NULL, "x00ff;" },
        { "1", AR_TYPE_BOOL, "true;" },
        { "2", AR_TYPE_BOOL, NULL },
        { "'true'", AR_TYPE_BOOL, NULL },
        { "70000", AR_TYPE_INT16, NULL },
        { "70000", AR_TYPE_INT32, "70000;" },
        { "3000000000", AR_TYPE_INT32, NULL },
        { "'abc'", AR_TYPE_INT64, NULL },
        { "'-12'", AR_TYPE_INT64, "-12;" },
        { "' 12'", AR_TYPE_INT64, NULL },
        { "'9223372036854775808'", AR_TYPE_INT64, NULL },
        { "1.5", AR_TYPE_INT64, NULL },
        { "2.0", AR_TYPE_INT64, "2;" },
        { "9223372036854775808.0", AR_TYPE_INT64, NULL },
        { "1e400", AR_TYPE_INT64, NULL },
        { "x'01'", AR_TYPE_INT64, NULL },
        { "5", AR_TYPE_DOUBLE, "5;" },
        { "9007199254740993", AR_TYPE_DOUBLE, NULL },
        { "9223372036854775807", AR_TYPE_DOUBLE, NULL },
        { "'2.5'", AR_TYPE_DOUBLE, "2.5;" },
        { "'two'", AR_TYPE_DOUBLE, NULL },
        { "0.1", AR_TYPE_FLOAT, NULL },
        { "0.5", AR_TYPE_FLOAT, "0.5;" },
        { "1e300", AR_TYPE_FLOAT, NULL },
        { "5", AR_TYPE_TEXT, NULL },
        { "x'41'", AR_TYPE_TEXT, NULL },
        { "'a' || char(0) || 'b'", AR_TYPE_TEXT, NULL },
        { "'ab'", AR_TYPE_BYTES, "x6162;" },
        { "x''", AR_TYPE_BYTES, "x;" },
        { "5", AR_TYPE_BYTES, NULL },
        { "'1970-01-01 00:00:01.5'", AR_TYPE_TIMESTAMP, "1500000;" },
        { "'1970-01-01T01:00:00+01:00'", AR_TYPE_TIMESTAMP, "0;" },
        { "'yesterday'", AR_TYPE_TIMESTAMP, NULL },
        { "1.5", AR_TYPE_TIMESTAMP, NULL },
        { "'1970-01-02'", AR_TYPE_DATE, "1;" },
        { "3000000000", AR_TYPE_DATE, NULL },
        { "'00:00:01'", AR_TYPE_TIME, "1000000;" },
        { "86400000000", AR_TYPE_TIME, NULL },
        { "5", AR_TYPE_DECIMAL, "5;" },
        { "0.1", AR_TYPE_DECIMAL, "0.1;" },
        { "'1.50'", AR_TYPE_DECIMAL, "1.50;" },
        { "'1,5'", AR_TYPE_DECIMAL, NULL },
        { "x'01'", AR_TYPE_DECIMAL, NULL },
        { "'00010203-0405-0607-0809-0A0B0C0D0E0F'", AR_TYPE_UUID, "00010203-0405-0607-0809-0a0b0c0d0e0f;" },
        { "x'0001'", AR_TYPE_UUID, NULL },
        { "1", AR_TYPE_UUID, NULL },
        { "'{}'", AR_TYPE_JSON, "{};" },
        { "x'7b7d'", AR_TYPE_JSON, NULL },
    };
    sqlite_fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[120];
        snprintf(text, sizeof text, "SELECT %s AS found", cases[i].expression);
        fake_op *op = fake_sql(&f->host, text);
        fake_want(op, cases[i].wanted);
        sqlite_fixture_run(f);
        assert_ended(op, cases[i].expected == NULL ? AR_E_TYPE : AR_OK);
        if (cases[i].expected != NULL) {
            assert_string_equal(op->rows, cases[i].expected);
        } else {
            assert_says(op->error.message, "column 1 (found)");
            assert_says(op->error.message, ar_type_name(cases[i].wanted));
            assert_null(strstr(op->error.message, "yesterday"));
        }
    }
}

static void decimals_compare_and_add_by_value(void **state)
{
    sqlite_fixture *f = *state;
    sqlite_fixture_rows(f, "CREATE TABLE m (v DECIMAL_TEXT)");
    sqlite_fixture_rows(f, "INSERT INTO m VALUES ('10'), ('9.50'), ('-2'), ('9.5'), (NULL), ('0.1'), ('0.2')");
    assert_string_equal(
        sqlite_fixture_rows(f, "SELECT v FROM m WHERE v IS NOT NULL ORDER BY v COLLATE AR_DECIMAL, length(v)"),
        "-2;0.1;0.2;9.5;9.50;10;");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT count(*) FROM m WHERE v COLLATE AR_DECIMAL = '9.500'"), "2;");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT max(v COLLATE AR_DECIMAL) FROM m"), "10;");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT ar_decimal_sum(v) FROM m"), "27.30;");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT ar_decimal_sum(v) FROM m WHERE v IS NULL"), "NULL;");
    assert_string_equal(sqlite_fixture_rows(f, "SELECT ar_decimal_sum(x) FROM (SELECT 1 AS x UNION ALL SELECT 0.25)"),
                        "1.25;");
    sqlite_fixture_rows(f, "INSERT INTO m VALUES ('zebra'), ('apple')");
    assert_string_equal(
        sqlite_fixture_rows(f, "SELECT v FROM m WHERE v > '' ORDER BY v COLLATE AR_DECIMAL DESC LIMIT 3"),
        "zebra;apple;10;");
    fake_op *bad = fake_sql(&f->host, "SELECT ar_decimal_sum(v) FROM m");
    fake_op *big = fake_sql(
        &f->host, "SELECT ar_decimal_sum(x) FROM (SELECT '99999999999999999999999999999999999999' AS x UNION ALL "
                  "SELECT '1')");
    sqlite_fixture_run(f);
    assert_ended(bad, AR_E_TYPE);
    assert_ended(big, AR_E_TYPE);
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, sqlite_fixture_memory, sqlite_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(integers_round_trip),
        MEMORY(reals_round_trip_bit_for_bit),
        MEMORY(texts_and_bytes_round_trip),
        MEMORY(times_round_trip),
        MEMORY(decimals_and_uuids_round_trip),
        MEMORY(null_is_null_of_every_type),
        MEMORY(what_sqlite_cannot_keep_is_refused),
        MEMORY(minus_zero_is_refused_where_it_would_lose_its_sign),
        MEMORY(minus_zero_is_refused_in_every_numeric_column),
        MEMORY(minus_zero_is_kept_beside_numeric_columns),
        MEMORY(minus_zero_under_a_number_is_refused),
        MEMORY(stored_values_fit_or_are_refused),
        MEMORY(decimals_compare_and_add_by_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
