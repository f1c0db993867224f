/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/error.h>
#include <actrec/value.h>

enum { room = sizeof(((ar_error *)0)->message) - 1 };

static void set_returns_the_status_and_formats_the_message(void **state)
{
    ar_error err;
    (void)state;
    assert_int_equal(ar_error_set(&err, AR_E_TIMEOUT, "waiting for %s: %d ms", "users", 50), AR_E_TIMEOUT);
    assert_int_equal(err.status, AR_E_TIMEOUT);
    assert_string_equal(err.message, "waiting for users: 50 ms");
}

static void set_clears_all_else(void **state)
{
    ar_error err;
    (void)state;
    memset(&err, 0x5A, sizeof err);
    ar_error_set(&err, AR_E_IO, "x");
    assert_int_equal(err.native_code, 0);
    assert_string_equal(err.sqlstate, "");
    assert_false(err.retryable);
    assert_false(err.outcome_unknown);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_NONE);
    assert_string_equal(err.constraint, "");
    assert_string_equal(err.column, "");
}

static void set_without_an_error_returns_the_status(void **state)
{
    (void)state;
    assert_int_equal(ar_error_set(NULL, AR_E_CLOSED, "closing %d", 1), AR_E_CLOSED);
}

static void set_wraps_the_message_of_the_same_error(void **state)
{
    ar_error err;
    (void)state;
    ar_error_set(&err, AR_E_IO, "reading page %d", 7);
    ar_error_set(&err, AR_E_CORRUPT, "opening app.db: %s", err.message);
    assert_string_equal(err.message, "opening app.db: reading page 7");
}

static void message_that_just_fits_is_whole(void **state)
{
    char text[room + 1];
    ar_error err;
    (void)state;
    memset(text, 'a', room);
    text[room] = '\0';
    memcpy(text + room - 3, "\xE2\x82\xAC", 3);
    ar_error_set(&err, AR_E_IO, "%s", text);
    assert_string_equal(err.message, text);
}

static void message_one_byte_too_long_loses_a_character(void **state)
{
    char text[room + 2];
    ar_error err;
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text + room - 2, "\xE2\x82\xAC", 4);
    ar_error_set(&err, AR_E_IO, "%s", text);
    assert_int_equal(strlen(err.message), room - 2);
}

/* A character of every width, put so that the cut falls behind each of its bytes. */
static void long_message_is_cut_between_characters(void **state)
{
    static const char *characters[] = { "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x90\x98" };
    char text[room + 16];
    ar_error err;
    (void)state;
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        size_t width = strlen(characters[i]);
        for (size_t inside = 1; inside < width; inside++) {
            size_t start = (size_t)room - inside;
            memset(text, 'b', sizeof text);
            memcpy(text + start, characters[i], width);
            text[sizeof text - 1] = '\0';
            ar_error_set(&err, AR_E_IO, "%s", text);
            assert_int_equal(strlen(err.message), start);
        }
        size_t start = (size_t)room - width;
        memset(text, 'b', sizeof text);
        memcpy(text + start, characters[i], width);
        text[sizeof text - 1] = '\0';
        ar_error_set(&err, AR_E_IO, "%s", text);
        assert_int_equal(strlen(err.message), room);
        assert_memory_equal(err.message + start, characters[i], width);
    }
}

static void text_that_is_not_utf8_is_cut_and_ended(void **state)
{
    char text[room + 16];
    ar_error err;
    (void)state;
    for (int byte = 0x80; byte <= 0xFF; byte++) {
        memset(text, byte, sizeof text);
        text[sizeof text - 1] = '\0';
        ar_error_set(&err, AR_E_QUERY, "%s", text);
        size_t length = strlen(err.message);
        assert_in_range(length, room - 1, room);
        assert_memory_equal(err.message, text, length);
    }
}

static void every_status_has_its_name(void **state)
{
    static const char *names[] = {
        "AR_OK",           "AR_E_NOT_FOUND",   "AR_E_INVALID", "AR_E_CONSTRAINT", "AR_E_CONFLICT", "AR_E_STALE",
        "AR_E_TIMEOUT",    "AR_E_CANCELLED",   "AR_E_PENDING", "AR_E_BUSY",       "AR_E_OVERLOAD", "AR_E_CONNECTION",
        "AR_E_TX_ABORTED", "AR_E_UNSUPPORTED", "AR_E_CLOSED",  "AR_E_DEADLOCK",   "AR_E_TYPE",     "AR_E_QUERY",
        "AR_E_VETOED",     "AR_E_NOT_LOADED",  "AR_E_IO",      "AR_E_DISK_FULL",  "AR_E_CORRUPT",  "AR_E_READ_ONLY",
        "AR_E_NO_MEMORY",  "AR_E_FORKED",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_string_equal(ar_status_name((ar_status)i), names[i]);
    assert_string_equal(ar_status_name((ar_status)(AR_E_FORKED + 1)), "AR_E_?");
    assert_string_equal(ar_status_name(AR_E_FORKED), "AR_E_FORKED");
    ar_ignore(AR_E_IO);
}

static void every_type_has_its_name(void **state)
{
    static const char *names[] = { "null",  "bool",      "int16", "int32", "int64",   "float", "double", "text",
                                   "bytes", "timestamp", "date",  "time",  "decimal", "uuid",  "json",   "enum" };
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_string_equal(ar_type_name((ar_type)i), names[i]);
    assert_string_equal(ar_type_name((ar_type)(AR_TYPE_ENUM + 1)), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_status_and_formats_the_message),
        cmocka_unit_test(set_clears_all_else),
        cmocka_unit_test(set_without_an_error_returns_the_status),
        cmocka_unit_test(set_wraps_the_message_of_the_same_error),
        cmocka_unit_test(message_that_just_fits_is_whole),
        cmocka_unit_test(message_one_byte_too_long_loses_a_character),
        cmocka_unit_test(long_message_is_cut_between_characters),
        cmocka_unit_test(text_that_is_not_utf8_is_cut_and_ended),
        cmocka_unit_test(every_status_has_its_name),
        cmocka_unit_test(every_type_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
