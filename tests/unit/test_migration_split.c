/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orm/migration.h"
#include "tests/support/dialects.h"

/* Where the statements of a migration end. */

/* The statements, joined by " | ". */
static const char *split(const ar_dialect *dialect, const char *text)
{
    static char result[1000];
    ari_scan scan;
    ari_piece_of_sql piece;
    size_t length = 0, count = 0;
    ari_scan_init(&scan, dialect, text, strlen(text));
    for (; ari_split_next(&scan, &piece); count++) {
        assert_true(length + piece.length + 4 < sizeof result);
        if (count > 0) {
            memcpy(result + length, " | ", 3);
            length += 3;
        }
        memcpy(result + length, piece.sql, piece.length);
        length += piece.length;
    }
    assert_int_equal(ari_split_count(dialect, text), count);
    result[length] = '\0';
    return result;
}

/* Expects `text` to be statements already joined so. */
static void expect(const ar_dialect *dialect, const char *joined)
{
    char text[1000];
    char *to = text;
    for (const char *from = joined; *from != '\0'; from++) {
        bool mark = strncmp(from, " | ", 3) == 0;
        *to++ = mark ? ';' : *from;
        from += mark ? 2 : 0;
    }
    *to = '\0';
    assert_string_equal(split(dialect, text), joined);
}

static void semicolons_end_statements(void **state)
{
    (void)state;
    assert_string_equal(split(&question_dialect, ""), "");
    assert_string_equal(split(&question_dialect, " ; -- a;b\n ;/* ; */; "), "");
    assert_string_equal(split(&question_dialect, "a;; b -- ;\n;c"), "a | b | c");
}

static void quotes_hide_them(void **state)
{
    (void)state;
    assert_string_equal(split(&question_dialect, "a ';''' ; b \"x;y\"; c [z;] d `;`"),
                        "a ';''' | b \"x;y\" | c [z;] d `;`");
    assert_string_equal(split(&dollar_dialect, "do $$ a; b $$; do $x$ $$; $x$; e'\\';'; f"),
                        "do $$ a; b $$ | do $x$ $$; $x$ | e'\\';' | f");
    assert_string_equal(split(&backtick_dialect, "a '\\';' ; b \";\"; # c;\n d"), "a '\\';' | b \";\" | d");
}

static void comments_that_mysql_runs_are_statements(void **state)
{
    (void)state;
    expect(&backtick_dialect, "/*!40101 SET NAMES utf8; */ | a /* b */ c /*M!100100 d */ | e");
    assert_string_equal(split(&backtick_dialect, "/* a */; b /* c */;"), "b");
    assert_string_equal(split(&question_dialect, "/*! a */; b"), "b");
}

static void bodies_are_whole(void **state)
{
    (void)state;
    expect(&question_dialect,
           "create temp trigger if not exists t after insert on a when case new.x when 1 then 2 end begin "
           "select case when 1 then 2 end; select 3; end | b");
    expect(
        &dollar_dialect,
        "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end | b");
    expect(&dollar_dialect, "create function begin() returns int language sql as $$ select 1; $$ | b");
    expect(&backtick_dialect,
           "create procedure p() begin declare continue handler for not found begin end; if a then b; end if; "
           "for i in 1..3 do c; end for; x: loop leave x; end loop; while d do e; end while; repeat f; "
           "until g end repeat; case h when 1 then i; end case; end | b");
}

static void mysql_needs_no_begin_round_a_body(void **state)
{
    static const char trigger[] = "create definer=`a`@`b` trigger t before insert on x for each row ";
    static const char *const bodies[] = {
        "set new.a = if(new.b, 1, (2, 3)) | b",
        "set new.a = case new.b when 1 then if(1, 2, 3) end | b",
        "if new.a then set new.a = 1; elseif new.b then set new.a = if(1, 2, 3); else set new.a = 3; end if | b",
        "if (new.a) or exists (select 1) then if not exists (select 1) then c; end if; d; end if | b",
        "case new.a when 1 then b; else c; end case | b",
        "while a do drop table if exists b; set c = repeat('x', 3); end while | b",
        "repeat a; until b end repeat | b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char joined[400];
        strcpy(joined, trigger);
        strcat(joined, bodies[i]);
        expect(&backtick_dialect, joined);
    }
    expect(&backtick_dialect, "begin not atomic a; b; end | c");
    expect(&backtick_dialect, "create event e on schedule every 1 hour do begin a; b; end | c");
}

static void names_are_not_bodies(void **state)
{
    (void)state;
    expect(&question_dialect, "create table event (begin int, trigger text) | a");
    expect(&dollar_dialect, "create unlogged table event (begin int) | create index a on event (begin) | b");
    expect(&backtick_dialect,
           "create or replace table event (begin int) | create view f as select begin from event | b");
    expect(&question_dialect, "begin | a | end | insert into event values (begin) | b");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(semicolons_end_statements),
        cmocka_unit_test(quotes_hide_them),
        cmocka_unit_test(comments_that_mysql_runs_are_statements),
        cmocka_unit_test(bodies_are_whole),
        cmocka_unit_test(mysql_needs_no_begin_round_a_body),
        cmocka_unit_test(names_are_not_bodies),
    };
    return cmocka_run_group_tests_name("migration_split", tests, NULL, NULL);
}
