/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <sqlite3.h>

#include "orm/fragment.h"
#include "orm/scan.h"
#include "tests/support/dialects.h"
#include "values/memory.h"

/* SQL of an application: the tokens are the text; a condition that is accepted cannot leave its parentheses, which SQLite itself
 * says: nothing that stands in `0 AND (…)` makes it true. */

enum { MOST_VALUES = 8 };

static sqlite3 *judge;

static int patience(void *unused)
{
    (void)unused;
    return 1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    CLAIM(sqlite3_open(":memory:", &judge) == SQLITE_OK);
    CLAIM(sqlite3_exec(judge, "CREATE TABLE t (id, name, age)", NULL, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_db_config(judge, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_limit(judge, SQLITE_LIMIT_LENGTH, 100000);
    (void)sqlite3_limit(judge, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(judge, 20000, patience, NULL);
    return 0;
}

static void check_tokens(const ar_dialect *dialect, const char *text, size_t length)
{
    ari_scan scan;
    const char *at = text;
    ari_scan_init(&scan, dialect, text, length);
    for (;;) {
        ari_token token = ari_scan_next(&scan);
        CLAIM(token.text == at);
        if (token.kind == ARI_TOKEN_END)
            break;
        CLAIM(token.length > 0);
        at += token.length;
        (void)ari_token_names(&token, "name");
        (void)ari_token_is(&token, "in");
        if (token.kind == ARI_TOKEN_UNTERMINATED)
            CLAIM(at == text + length);
    }
    CLAIM(at == text + length);
}

static void check_contained(const char *sql, size_t parameters)
{
    size_t length = strlen(sql) + 32;
    char *text = malloc(length);
    sqlite3_stmt *statement = NULL;
    const char *tail = NULL;
    CLAIM(text != NULL);
    snprintf(text, length, "SELECT 0 AND (%s)", sql);
    if (sqlite3_prepare_v2(judge, text, -1, &statement, &tail) == SQLITE_OK) {
        CLAIM(*tail == '\0');
        CLAIM(sqlite3_column_count(statement) == 1);
        CLAIM(sqlite3_bind_parameter_count(statement) >= (int)parameters);
        int rows = 0;
        while (sqlite3_step(statement) == SQLITE_ROW) {
            CLAIM(++rows == 1);
            CLAIM(sqlite3_column_type(statement, 0) == SQLITE_INTEGER && sqlite3_column_int(statement, 0) == 0);
        }
    }
    (void)sqlite3_finalize(statement);
    free(text);
}

static void check_fragment(const ar_dialect *dialect, const char *text, const ar_value *values, size_t count,
                           int condition)
{
    ari_arena arena;
    ari_clause clause;
    ar_error error;
    char *sql = NULL;
    size_t length = 0;
    memset(&error, 0, sizeof error);
    ari_arena_init(&arena, ar_env_default(), 0);
    ari_clause_init_whole(&clause, ar_env_default(), &arena, dialect, NULL);
    ar_status status = condition ? ari_fragment_condition(&clause, dialect, NULL, text, values, count, &error)
                                 : ari_fragment_statement(&clause, dialect, text, values, count, &error);
    CLAIM(status == AR_OK || (error.status == status && error.message[0] != '\0'));
    if (status == AR_OK)
        CLAIM(ari_clause_finish(&clause, &sql, &length, &error) == AR_OK && strlen(sql) == length);
    if (status == AR_OK && condition && dialect == &question_dialect)
        check_contained(sql, clause.count);
    ari_release(ar_env_default(), sql);
    ari_clause_fini(&clause);
    ari_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ar_dialect *const dialects[] = { &question_dialect, &dollar_dialect, &backtick_dialect };
    static const int32_t list[] = { 1, 2, 3 };
    fuzz_input input = { data, size };
    uint8_t choice = fuzz_byte(&input);
    size_t length;
    char *text = fuzz_line(&input, &length);
    ar_value values[MOST_VALUES];
    const ar_dialect *dialect = dialects[choice % 3];
    for (size_t i = 0; i < MOST_VALUES; i++)
        values[i] = (choice & 0x40) != 0 && i == 0 ? AR_LIST(list, 3) : ar_bind((int)i);
    check_tokens(dialect, text, length);
    for (size_t count = 0; count <= MOST_VALUES; count++)
        check_fragment(dialect, text, values, count, (choice & 0x80) == 0);
    free(text);
    return 0;
}
