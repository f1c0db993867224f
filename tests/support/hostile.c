/* SPDX-License-Identifier: MIT */
#include "tests/support/hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/introspect.h>

AR_MODEL_DEFINE(Canary, "canary", AR_COLUMN(Canary, id, AR_PRIMARY_KEY), AR_COLUMN(Canary, song, AR_NOT_NULL));

enum { MEBIBYTE = 1 << 20, SONGS = 3 };

#define HOSTILE(name, utf8, nul, x)                           \
    {                                                         \
        (name), { "" x, sizeof(x) - 1 }, (utf8), (nul), false \
    }
#define TEXT(x)   HOSTILE(#x, true, false, x MARK x)
#define BROKEN(x) HOSTILE(#x, false, false, x MARK x)
#define HUGE_TEXT(what, opening)                            \
    {                                                       \
        (what), { "" opening, MEBIBYTE }, true, false, true \
    }

hostile hostiles[] = {
    HOSTILE("nothing but the mark", true, false, MARK),
    TEXT("'"),
    TEXT("''"),
    TEXT("\""),
    TEXT("`"),
    TEXT("\\"),
    TEXT("\\'"),
    TEXT("\\\""),
    TEXT("]"),
    TEXT("'''\"\"\"```"),
    TEXT("' or '1'='1"),
    TEXT("\" or \"1\"=\"1"),
    TEXT("'; drop table canary; --"),
    TEXT("\"; drop table canary; --"),
    TEXT("`; drop table canary; -- "),
    TEXT("\\'; drop table canary; -- "),
    TEXT("1; delete from canary; #"),
    TEXT("1); delete from canary; --"),
    TEXT("'); insert into canary values (9, 'x'); --"),
    TEXT("' union select song from canary --"),
    TEXT("/* "),
    TEXT(" */ "),
    TEXT("/*! drop table canary */"),
    TEXT("-- "),
    TEXT("# "),
    TEXT("?"),
    TEXT("??"),
    TEXT("$1"),
    TEXT("$$"),
    TEXT("$x$ "),
    TEXT(":name @name ?1"),
    TEXT("{\"a\": [1, null]}"),
    TEXT("$.\"k\"[0]"),
    TEXT("%_%"),
    TEXT("%s%n%s%d"),
    TEXT("NULL"),
    TEXT("\r\n"),
    TEXT("\t \v \f"),
    TEXT(" "),
    TEXT("\x01\x1b[2J\x7f"),
    TEXT("\x1a\b"),
    TEXT("\xc2\x85 \xe2\x80\xa8 \xc2\xa0"),             /* ends of lines and spaces of Unicode */
    TEXT("\xca\xbc or 1=1"),                            /* what other encodings turn into a quote */
    TEXT("\xef\xbc\x87; drop table canary; --"),        /* FULLWIDTH APOSTROPHE */
    TEXT("\xe2\x80\x99 \xe2\x80\xb2 \xef\xbc\x82"),     /* more quotes */
    TEXT("\xc2\xa5 \xe2\x82\xa9 \xef\xbc\xbc"),         /* backslashes of Shift JIS and others */
    TEXT("\xe8\xa1\xa8 \xe7\xb8\x97'"),                 /* letters that end with a backslash there */
    TEXT("\xf0\x9f\x92\xa3\xf0\x9f\x98\x80"),           /* four bytes, which an old utf8 cuts off */
    TEXT("\xef\xbb\xbf \xef\xbf\xbe \xf4\x8f\xbf\xbf"), /* no characters */
    TEXT("\xe2\x80\xae\xe2\x80\x8b"),                   /* from right to left, of no width */
    TEXT("e\xcc\x81 \xc3\xa9"),                         /* the same letter in two ways */
    HUGE_TEXT("a MiB of quotes", "'"),
    HUGE_TEXT("a MiB of letters", "x"),
    HUGE_TEXT("a MiB of question marks", "?"),
    BROKEN("\xff"),
    BROKEN("\xbf'; drop table canary; --"), /* GBK: the quote's backslash would be half of a letter */
    BROKEN("\xbf\\' or 1=1 --"),
    BROKEN("\x83\\'"),                         /* Shift JIS */
    BROKEN("\xc0\xa7; drop table canary; --"), /* too long for a quote */
    BROKEN("\xe0\x80\xa7"),
    BROKEN("\xed\xa0\x80"),
    BROKEN("\xf5\x80\x80\x80"),
    HOSTILE("a letter that ends early", false, false, MARK "\xe2\x80"),
    HOSTILE("a NUL inside", false, true, MARK "\0'; drop table canary; --"),
    HOSTILE("a NUL at the end", false, true, MARK "\0"),
    HOSTILE("a NUL at the beginning", false, true, "\0" MARK),
};
const size_t hostile_count = sizeof hostiles / sizeof hostiles[0];

static const char *current_entry = "?", *current_text = "?";

static char *huge_of(char filler)
{
    char *text = malloc(MEBIBYTE + 1);
    assert_non_null(text);
    memset(text, filler, MEBIBYTE);
    memcpy(text + MEBIBYTE / 2, MARK, sizeof MARK - 1);
    memcpy(text + MEBIBYTE - sizeof MARK + 1, MARK, sizeof MARK - 1);
    text[MEBIBYTE] = '\0';
    return text;
}

/* They live as long as the program. */
static void make_huge_ones(void)
{
    static char *made[4];
    for (size_t i = 0, n = 0; i < hostile_count; i++) {
        if (hostiles[i].is_huge && made[n] == NULL) {
            made[n] = huge_of(hostiles[i].text.data[0]);
            hostiles[i].text.data = made[n];
        }
        n += hostiles[i].is_huge;
    }
}

/* --- what the calls answer --- */

static void say_where(const char *file, int line)
{
    print_error("%s:%d: through %s, with %s, on %s:\n", file, line, current_entry, current_text, fixture_engine());
}

ar_status hostile_check_quiet(ar_status status, const char *call, const char *file, int line)
{
    if (status == AR_OK)
        return status;
    if (err.status != status || err.message[0] == '\0') {
        say_where(file, line);
        print_error("    %s gave no message\n", call);
        fail();
    }
    if (strstr(err.message, MARK) != NULL || strstr(err.column, MARK) != NULL || strstr(err.constraint, MARK) != NULL) {
        say_where(file, line);
        print_error("    %s showed a value: %s (%s, %s)\n", call, err.message, err.column, err.constraint);
        fail();
    }
    return status;
}

void hostile_check(ar_status status, ar_status expected, bool is_quiet, const char *call, const char *file, int line)
{
    if (status != expected) {
        say_where(file, line);
        print_error("    %s gave %s, not %s: %s\n", call, ar_status_name(status), ar_status_name(expected),
                    status == AR_OK ? "" : err.message);
        fail();
    }
    if (is_quiet)
        ar_ignore(hostile_check_quiet(status, call, file, line));
}

void hostile_check_text(ar_text given, ar_text expected, const char *what, const char *file, int line)
{
    bool same = (given.data == NULL) == (expected.data == NULL) && given.length == expected.length;
    if (same && (given.data == NULL || memcmp(given.data, expected.data, expected.length) == 0))
        return;
    say_where(file, line);
    print_error("    %s came back as %.80s\n", what, given.data == NULL ? "NULL" : given.data);
    fail();
}

ar_status hostile_await(ar_future *future)
{
    ar_done done = { future };
    return ar_done_await(&done, &err);
}

/* --- texts in other clothes --- */

ar_json hostile_json(const hostile *text, const char *before, const char *after)
{
    const ar_text *in = &text->text;
    size_t used = strlen(before);
    char *out = malloc(in->length * 6 + used + strlen(after) + 1);
    assert_non_null(out);
    memcpy(out, before, used);
    for (size_t i = 0; i < in->length; i++) {
        unsigned char c = (unsigned char)in->data[i];
        if (c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && !text->is_utf8)) {
            (void)snprintf(out + used, 7, "\\u%04x", c == 0 ? 0x20U : (unsigned)c);
            used += 6;
        } else {
            out[used++] = (char)c;
        }
    }
    memcpy(out + used, after, strlen(after) + 1);
    return (ar_json){ out, used + strlen(after) };
}

char *hostile_pattern(const hostile *text)
{
    char *out = malloc(text->text.length * 2 + 1), *end = out;
    assert_non_null(out);
    for (const char *c = text->text.data; *c != '\0'; c++) {
        if (strchr("\\%_", *c) != NULL)
            *end++ = '\\';
        *end++ = *c;
    }
    *end = '\0';
    return out;
}

/* --- the canary --- */

static void hatch(void)
{
    Canary birds[SONGS] = { { 1, "do" }, { 2, "re" }, { 3, "mi" } };
    ok(Canary_insert_many(db, birds, SONGS, &err));
}

static void check_canary(const char *entry, const char *text)
{
    static const char *const songs[SONGS] = { "do", "re", "mi" };
    Canary_list birds;
    ar_query *query = Canary_query(db);
    ar_query_order_by(query, "id");
    ok(Canary_all(query, &birds, &err));
    bool alive = birds.count == SONGS;
    for (size_t i = 0; alive && i < SONGS; i++)
        alive = strcmp(birds.items[i]->song, songs[i]) == 0;
    if (!alive) {
        print_error("%s, with %s: the canary is dead (%zu rows)\n", entry, text, birds.count);
        fail();
    }
    Canary_list_free(&birds);
}

static ar_schema *tables(void)
{
    ar_schema *schema = NULL;
    ok(ar_schema_read(db, NULL, &schema, &err));
    return schema;
}

static void check_tables(const ar_schema *before, const char *entry)
{
    ar_schema *after = tables();
    bool same = before->table_count == after->table_count;
    for (size_t i = 0; same && i < after->table_count; i++)
        same = strcmp(before->tables[i].name, after->tables[i].name) == 0 &&
               before->tables[i].column_count == after->tables[i].column_count &&
               before->tables[i].index_count == after->tables[i].index_count;
    for (size_t i = 0; !same && i < after->table_count; i++)
        print_error("%s: there is %s\n", entry, after->tables[i].name);
    ar_schema_free(after);
    if (!same) {
        print_error("%s: there are other tables than before\n", entry);
        fail();
    }
}

void hostile_run(const probe *probes, size_t count)
{
    make_huge_ones();
    hatch();
    ar_schema *before = tables();
    for (size_t i = 0; i < count; i++) {
        current_entry = probes[i].entries;
        for (size_t j = 0; j < hostile_count; j++) {
            current_text = hostiles[j].name;
            probes[i].run(&hostiles[j]);
            check_canary(current_entry, current_text);
        }
        check_tables(before, current_entry);
    }
    ar_schema_free(before);
}

/* --- whether something was forgotten --- */

static size_t word_length(const char *at)
{
    return strcspn(at, " ");
}

bool entry_is_listed(const char *list, const char *name, size_t length)
{
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        if (word_length(at) == length && strncmp(at, name, length) == 0)
            return true;
        at += word_length(at);
    }
    return false;
}

void hostile_check_entries(const char *entries, const probe *const *probes, const size_t *counts, size_t count)
{
    int complaints = 0;
    for (const char *at = entries; *at != '\0'; at += strspn(at, " ")) {
        bool probed = false;
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; !probed && j < counts[i]; j++)
                probed = entry_is_listed(probes[i][j].entries, at, word_length(at));
        if (!probed) {
            print_error("%.*s has no probe\n", (int)word_length(at), at);
            complaints++;
        }
        at += word_length(at);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < counts[i]; j++)
            for (const char *at = probes[i][j].entries; *at != '\0'; at += strspn(at, " ")) {
                if (!entry_is_listed(entries, at, word_length(at))) {
                    print_error("%.*s is not in the list of entry points\n", (int)word_length(at), at);
                    complaints++;
                }
                at += word_length(at);
            }
    assert_int_equal(complaints, 0);
}
