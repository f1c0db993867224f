/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include <sqlite3.h>

#include "backends/sqlite/classify.h"
#include "backends/sqlite/tokens.h"

/* What a statement does, told from its text, against what SQLite's authorizer is asked when it prepares the same text. */

typedef struct deeds {
    bool transaction;
    bool session;
    bool pragma;
} deeds;

static sqlite3 *judge;
static deeds seen;

static bool is_temp(const char *schema)
{
    return schema != NULL && strcmp(schema, "temp") == 0;
}

static int watch(void *unused, int action, const char *first, const char *second, const char *schema,
                 const char *trigger)
{
    (void)unused;
    (void)first;
    (void)second;
    (void)trigger;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: seen.transaction = true; break;
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW: seen.session = true; break;
    case SQLITE_PRAGMA: /* SQLite runs some while it prepares them, behind an EXPLAIN too */
        seen.pragma = true;
        return SQLITE_DENY;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        if (is_temp(schema))
            seen.session = true;
        break;
    default: break;
    }
    return SQLITE_OK;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    CLAIM(sqlite3_open(":memory:", &judge) == SQLITE_OK);
    CLAIM(sqlite3_exec(judge, "CREATE TABLE t (a, b); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t;", NULL,
                       NULL, NULL) == SQLITE_OK);
    (void)sqlite3_db_config(judge, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_limit(judge, SQLITE_LIMIT_LENGTH, 100000);
    CLAIM(sqlite3_set_authorizer(judge, watch, NULL) == SQLITE_OK);
    return 0;
}

static bool explains(const char *sql, size_t length)
{
    ari_sqlite_tokens tokens = ari_sqlite_tokens_of(sql, length);
    return ari_sqlite_token_is(ari_sqlite_main_keyword(&tokens), "EXPLAIN");
}

static void compare(const char *sql, size_t length, ar_statement_class is)
{
    sqlite3_stmt *statement = NULL;
    const char *tail = NULL;
    memset(&seen, 0, sizeof seen);
    int code = sqlite3_prepare_v2(judge, sql, (int)length, &statement, &tail);
    CLAIM(!seen.pragma || is == AR_STATEMENT_SESSION);
    if (code != SQLITE_OK || statement == NULL)
        return;
    bool whole = ari_sqlite_tokens_blank(ari_sqlite_tokens_of(tail, length - (size_t)(tail - sql)));
    if (whole && !explains(sql, length)) {
        CLAIM(seen.transaction == (is == AR_STATEMENT_TRANSACTION));
        CLAIM(!seen.session || is == AR_STATEMENT_SESSION || is == AR_STATEMENT_OTHER);
        CLAIM(is != AR_STATEMENT_READ || sqlite3_stmt_readonly(statement));
    } else if (whole) {
        CLAIM(is == AR_STATEMENT_READ);
    }
    (void)sqlite3_finalize(statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = { data, size };
    size_t length;
    char *sql = fuzz_line(&input, &length);
    ar_statement_class is = ari_sqlite_classify(sql, length);
    char name[16];
    ari_sqlite_tokens tokens = ari_sqlite_tokens_of(sql, length);
    for (;;) {
        ari_sqlite_token token = ari_sqlite_token_next(&tokens);
        if (token.kind == ARI_SQLITE_TOKEN_END)
            break;
        CLAIM(token.length > 0 && token.text >= sql && token.text + token.length <= sql + length);
        if (ari_sqlite_token_name(token, name, sizeof name))
            CLAIM(strlen(name) < sizeof name);
    }
    CLAIM(is == ari_sqlite_classify(sql, length));
    compare(sql, length, is);
    free(sql);
    return 0;
}
