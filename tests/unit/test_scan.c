/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orm/scan.h"
#include "tests/support/dialects.h"

/* The kinds of the tokens as letters: space, comment, word, name, string, number, ?, ?? as q, numbered, other as
 * itself, unterminated. */
static const char *kinds(const ar_dialect *dialect, const char *text)
{
    static char result[256];
    ari_scan scan;
    size_t length = 0, bytes = 0;
    ari_scan_init(&scan, dialect, text, strlen(text));
    for (;;) {
        ari_token token = ari_scan_next(&scan);
        if (token.kind == ARI_TOKEN_END)
            break;
        assert_true(length < sizeof result - 1);
        assert_ptr_equal(token.text, text + bytes);
        bytes += token.length;
        result[length++] = token.kind == ARI_TOKEN_OTHER ? token.text[0] : "E cwnsi?q#.!"[token.kind];
    }
    assert_int_equal(bytes, strlen(text));
    result[length] = '\0';
    return result;
}

static void words_numbers_and_operators(void **state)
{
    (void)state;
    assert_string_equal(kinds(&question_dialect, ""), "");
    assert_string_equal(kinds(&question_dialect, "a1_$ <= 1.5e3"), "w <= i");
    assert_string_equal(kinds(&question_dialect, "\xc3\xa9t\xc3\xa9=?"), "w=?");
    assert_string_equal(kinds(&question_dialect, "a\n\t b"), "w w");
    assert_string_equal(kinds(&question_dialect, "t.a->>'x'"), "w.w->>s");
}

static void placeholders_outside_quotes_and_comments_alone(void **state)
{
    (void)state;
    assert_string_equal(kinds(&question_dialect, "? '?' \"?\" `?` [?] /* ? */ -- ?"), "? s n n n c c");
    assert_string_equal(kinds(&question_dialect, "-- ?\n?"), "c ?");
    assert_string_equal(kinds(&question_dialect, "(?,?)"), "(?,?)");
}

static void doubled_question_mark_is_a_question_mark(void **state)
{
    (void)state;
    assert_string_equal(kinds(&dollar_dialect, "a ?? ?"), "w q ?");
    assert_string_equal(kinds(&dollar_dialect, "???"), "q?");
    assert_string_equal(kinds(&dollar_dialect, "????"), "qq");
    assert_string_equal(kinds(&question_dialect, "?12 ?1a"), "# #w");
}

static void doubled_quotes_stay_inside(void **state)
{
    (void)state;
    assert_string_equal(kinds(&question_dialect, "'it''s ?' ?"), "s ?");
    assert_string_equal(kinds(&question_dialect, "\"a\"\"?\" ?"), "n ?");
    assert_string_equal(kinds(&question_dialect, "[a]]?"), "n]?");
    assert_string_equal(kinds(&question_dialect, "'\\' ?"), "s ?");
}

static void what_does_not_end_is_told(void **state)
{
    (void)state;
    assert_string_equal(kinds(&question_dialect, "a 'b ?"), "w !");
    assert_string_equal(kinds(&question_dialect, "'a''"), "!");
    assert_string_equal(kinds(&question_dialect, "\"a"), "!");
    assert_string_equal(kinds(&question_dialect, "[a"), "!");
    assert_string_equal(kinds(&question_dialect, "/* a"), "!");
    assert_string_equal(kinds(&question_dialect, "/*/"), "!");
    assert_string_equal(kinds(&question_dialect, "'"), "!");
}

static void comments_nest_where_they_do(void **state)
{
    (void)state;
    assert_string_equal(kinds(&question_dialect, "/* /* */ ? */"), "c ? */");
    assert_string_equal(kinds(&dollar_dialect, "/* /* */ ? */ ?"), "c ?");
    assert_string_equal(kinds(&dollar_dialect, "/* /* */ ?"), "!");
}

static void dollar_quotes_of_postgresql(void **state)
{
    (void)state;
    assert_string_equal(kinds(&dollar_dialect, "$$ ? ' $$ ?"), "s ?");
    assert_string_equal(kinds(&dollar_dialect, "$tag$ $$ ? $tag$ ?"), "s ?");
    assert_string_equal(kinds(&dollar_dialect, "$1 a$b$c"), "$i w");
    assert_string_equal(kinds(&dollar_dialect, "$a$ ? $b$"), "!");
    assert_string_equal(kinds(&dollar_dialect, "E'\\'?' e '?'"), "s w s");
    assert_string_equal(kinds(&question_dialect, "$$ ?"), "$$ ?");
}

static void quotes_and_comments_of_mysql(void **state)
{
    (void)state;
    assert_string_equal(kinds(&backtick_dialect, "\"a\\\"?\" '\\'?' `?`"), "s s n");
    assert_string_equal(kinds(&backtick_dialect, "a # ?\n?"), "w c ?");
    assert_string_equal(kinds(&backtick_dialect, "1--1 -- ?"), "i--i c");
    assert_string_equal(kinds(&question_dialect, "1--1"), "ic");
}

static ari_token only_token(const char *text)
{
    ari_scan scan;
    ari_scan_init(&scan, &question_dialect, text, strlen(text));
    return ari_scan_next_significant(&scan);
}

static void names_compare_as_sql_does(void **state)
{
    (void)state;
    ari_token word = only_token(" /* c */ Name");
    assert_true(ari_token_names(&word, "name"));
    assert_true(ari_token_is(&word, "name"));
    assert_false(ari_token_names(&word, "nam"));
    assert_false(ari_token_names(&word, "names"));
    ari_token quoted = only_token("\"Na\"\"me\"");
    assert_true(ari_token_names(&quoted, "Na\"me"));
    assert_false(ari_token_names(&quoted, "na\"me"));
    assert_false(ari_token_names(&quoted, "Na\"m"));
    assert_false(ari_token_is(&quoted, "na\"me"));
    ari_token number = only_token("12");
    assert_false(ari_token_names(&number, "12"));
    ari_token end = only_token(" -- nothing");
    assert_int_equal(end.kind, ARI_TOKEN_END);
}

/* Whatever the bytes are, the tokens make up the text, and it ends. */
static void any_bytes_are_cut_into_tokens(void **state)
{
    (void)state;
    static const char alphabet[] = "a1?'\"`[]()$-/*#\\\n ;.e\xff";
    const ar_dialect *dialects[] = { &question_dialect, &dollar_dialect, &backtick_dialect };
    uint64_t seed = 42;
    for (int round = 0; round < 30000; round++) {
        char text[24];
        size_t length = (size_t)(round % 23);
        for (size_t i = 0; i < length; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[i] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
        }
        text[length] = '\0';
        char *exact = malloc(length + 1);
        memcpy(exact, text, length + 1);
        kinds(dialects[round % 3], exact);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_numbers_and_operators),
        cmocka_unit_test(placeholders_outside_quotes_and_comments_alone),
        cmocka_unit_test(doubled_question_mark_is_a_question_mark),
        cmocka_unit_test(doubled_quotes_stay_inside),
        cmocka_unit_test(what_does_not_end_is_told),
        cmocka_unit_test(comments_nest_where_they_do),
        cmocka_unit_test(dollar_quotes_of_postgresql),
        cmocka_unit_test(quotes_and_comments_of_mysql),
        cmocka_unit_test(names_compare_as_sql_does),
        cmocka_unit_test(any_bytes_are_cut_into_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
