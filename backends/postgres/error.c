/* SPDX-License-Identifier: MIT */
#include "backends/postgres/error.h"

#include <stdio.h>
#include <string.h>

#include "values/utf8.h"

typedef struct meaning {
    const char *state; /* all five characters, or the class of two */
    const char *text;  /* what is said where the server's message is kept back; NULL: its own is harmless */
    ar_status status;
    bool retryable;
} meaning;

/* Exact ones before their class. */
static const meaning meanings[] = {
    { "01", "the statement gave a warning that was taken for an error", AR_E_QUERY, false },
    { "02", "there is no data", AR_E_QUERY, false },
    { "03", "the SQL statement is not complete", AR_E_QUERY, false },
    { "08", NULL, AR_E_CONNECTION, true },
    { "0A", NULL, AR_E_UNSUPPORTED, false },
    { "0B", NULL, AR_E_QUERY, false },
    { "21", NULL, AR_E_QUERY, false },
    { "22001", "a text or bit string is too long for its column", AR_E_TYPE, false },
    { "22003", "a number is out of the range of its type", AR_E_TYPE, false },
    { "22004", "a null is not allowed there", AR_E_TYPE, false },
    { "22007", "a text is no date or time", AR_E_TYPE, false },
    { "22008", "a date or time is out of range", AR_E_TYPE, false },
    { "22009", "a time zone displacement is not valid", AR_E_TYPE, false },
    { "2200C", "an escape character is not used rightly", AR_E_INVALID, false },
    { "22012", "division by zero", AR_E_TYPE, false },
    { "22019", "an escape character is not valid", AR_E_INVALID, false },
    { "2201B", "a regular expression is not valid", AR_E_INVALID, false },
    { "2201W", "LIMIT must not be negative", AR_E_INVALID, false },
    { "2201X", "OFFSET must not be negative", AR_E_INVALID, false },
    { "22021", "a text has a character that the database's encoding does not have", AR_E_TYPE, false },
    { "22023", "a value is not valid for a parameter of a function or setting", AR_E_INVALID, false },
    { "22025", "an escape sequence is not valid", AR_E_INVALID, false },
    { "2202E", "an array subscript is not right", AR_E_TYPE, false },
    { "22030", "a JSON object has a key twice", AR_E_TYPE, false },
    { "22032", "a JSON text is not valid", AR_E_TYPE, false },
    { "22P01", "a floating point operation failed", AR_E_TYPE, false },
    { "22P02", "a text cannot be read as a value of the type that it is to have", AR_E_TYPE, false },
    { "22P03", "a value cannot be read as one of the type that it is to have", AR_E_TYPE, false },
    { "22P05", "a character has no equivalent in the encoding that it is to have", AR_E_TYPE, false },
    { "22", "a value is not right for what is done with it", AR_E_TYPE, false },
    { "23", NULL, AR_E_CONSTRAINT, false },
    { "25006", NULL, AR_E_READ_ONLY, false },
    { "25P02", NULL, AR_E_TX_ABORTED, false },
    { "25P03", NULL, AR_E_CONNECTION, false },
    { "25", NULL, AR_E_INVALID, false },
    { "26", NULL, AR_E_CONFLICT, true },
    { "27", NULL, AR_E_CONFLICT, false },
    { "28", NULL, AR_E_CONNECTION, false },
    { "2D", NULL, AR_E_INVALID, false },
    { "34", NULL, AR_E_INVALID, false },
    { "3D", NULL, AR_E_CONNECTION, false },
    { "40001", NULL, AR_E_CONFLICT, true },
    { "40002", NULL, AR_E_CONSTRAINT, false },
    { "40003", NULL, AR_E_CONNECTION, false },
    { "40P01", NULL, AR_E_CONFLICT, true },
    { "40", NULL, AR_E_CONFLICT, true },
    { "42501", "permission denied", AR_E_QUERY, false },
    { "42601", "there is a syntax error", AR_E_QUERY, false },
    { "42703", "there is no such column", AR_E_QUERY, false },
    { "42704", "there is no such object", AR_E_QUERY, false },
    { "42804", "types do not match", AR_E_QUERY, false },
    { "42883", "there is no such function or operator", AR_E_QUERY, false },
    { "42P01", "there is no such table", AR_E_QUERY, false },
    { "42P18", "the type of a parameter cannot be told; cast it: $1::integer", AR_E_QUERY, false },
    { "42", "the statement is not right", AR_E_QUERY, false },
    { "44", NULL, AR_E_CONSTRAINT, false },
    { "53100", NULL, AR_E_DISK_FULL, false },
    { "53200", NULL, AR_E_NO_MEMORY, false },
    { "53300", NULL, AR_E_CONNECTION, true },
    { "53", NULL, AR_E_OVERLOAD, true },
    { "54", NULL, AR_E_QUERY, false },
    { "55P03", NULL, AR_E_CONFLICT, true },
    { "55006", NULL, AR_E_CONFLICT, true },
    { "55", NULL, AR_E_QUERY, false },
    { "57014", NULL, AR_E_CANCELLED, false },
    { "57P01", NULL, AR_E_CONNECTION, true },
    { "57P02", NULL, AR_E_CONNECTION, true },
    { "57P03", NULL, AR_E_CONNECTION, true },
    { "57P04", NULL, AR_E_CONNECTION, false },
    { "57P05", NULL, AR_E_CONNECTION, true },
    { "57", NULL, AR_E_QUERY, false },
    { "58", "the server's system refused something; the server's log says more", AR_E_IO, false },
    { "72", NULL, AR_E_CONFLICT, true },
    { "P0", "a function of the database raised an error", AR_E_QUERY, false },
    { "XX001", NULL, AR_E_CORRUPT, false },
    { "XX002", NULL, AR_E_CORRUPT, false },
    { "XX", "the server has an internal error; its log says more", AR_E_QUERY, false },
};

static const meaning *meaning_of(const char *state)
{
    static const meaning unknown = { "", "the server refused it", AR_E_QUERY, false };
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strncmp(state, meanings[i].state, strlen(meanings[i].state)) == 0)
            return &meanings[i];
    return &unknown;
}

static ar_constraint_kind constraint_kind(const char *state, const char *constraint)
{
    size_t length = strlen(constraint);
    if (strcmp(state, "23505") ==
        0) /* the server has no code of its own for primary keys, only a name that it gives them */
        return length > 5 && strcmp(constraint + length - 5, "_pkey") == 0 ? AR_CONSTRAINT_PRIMARY_KEY
                                                                           : AR_CONSTRAINT_UNIQUE;
    if (strcmp(state, "23503") == 0 || strcmp(state, "23001") == 0)
        return AR_CONSTRAINT_FOREIGN_KEY;
    if (strcmp(state, "23514") == 0)
        return AR_CONSTRAINT_CHECK;
    return strcmp(state, "23502") == 0 ? AR_CONSTRAINT_NOT_NULL : AR_CONSTRAINT_OTHER;
}

static const char *field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text == NULL ? "" : text;
}

static void name_column(const PGresult *result, ar_error *err)
{
    char both[sizeof err->column * 2];
    const char *table = field(result, PG_DIAG_TABLE_NAME), *column = field(result, PG_DIAG_COLUMN_NAME);
    if (*column == '\0')
        return;
    snprintf(both, sizeof both, "%.63s%s%.63s", table, *table != '\0' ? "." : "", column);
    ari_utf8_copy_cut(err->column, sizeof err->column, both, strlen(both));
}

static const char *advice_of(const char *state)
{
    if (strcmp(state, "53300") == 0)
        return "; raise max_connections, or lower pool in the URL";
    if (strcmp(state, "53100") == 0)
        return "; make room on the server's disk";
    if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
        return "; run the transaction again";
    if (strcmp(state, "55P03") == 0)
        return "; try again, or raise lock_timeout_ms";
    return "";
}

/* RAISE takes any SQLSTATE, and its author's words may repeat an argument (exec_stmt_raise in pl_exec.c). */
static const char *own_words(const PGresult *result, const meaning *means)
{
    if (means->text == NULL && strcmp(field(result, PG_DIAG_SOURCE_FUNCTION), "exec_stmt_raise") == 0)
        return "a function of the database raised an error";
    return means->text;
}

/* Statements without parameters hold no bound values, and class 42 is found out when they are parsed, before there are any. */
static ar_status describe(const PGresult *result, const char *state, const meaning *means, const char *doing,
                          bool bound, ar_error *err)
{
    const char *primary = field(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = field(result, PG_DIAG_STATEMENT_POSITION), *own = own_words(result, means);
    if (own != NULL && bound)
        return ar_error_set(err, means->status,
                            "%s: %s (the server's own words may show a bound value and are kept back)", doing, own);
    if (*position != '\0')
        return ar_error_set(err, means->status, "%s: %s (at character %s of its text)%s", doing, primary, position,
                            advice_of(state));
    return ar_error_set(err, means->status, "%s: %s%s", doing, primary, advice_of(state));
}

/* Without a SQLSTATE it is libpq's own: no memory for the result, or the connection is gone. */
static ar_status driver_error(const PGresult *result, const char *doing, ar_error *err)
{
    const char *message = PQresultErrorMessage(result);
    if (message != NULL && strncmp(message, "out of memory", 13) == 0)
        return ar_error_set(err, AR_E_NO_MEMORY, "%s: the driver has no memory for the result", doing);
    return ar_error_set(err, AR_E_CONNECTION, "%s: the connection to the server was lost", doing);
}

ar_status ari_postgres_error(const PGresult *result, const char *doing, bool bound, ar_error *err)
{
    const char *state = result == NULL ? "" : field(result, PG_DIAG_SQLSTATE);
    if (*state == '\0')
        return driver_error(result, doing, err);
    const meaning *means = meaning_of(state);
    ar_status status = describe(result, state, means, doing, bound, err);
    if (err == NULL)
        return status;
    err->retryable = means->retryable;
    ari_utf8_copy_cut(err->sqlstate, sizeof err->sqlstate, state, strlen(state));
    if (means->status == AR_E_CONSTRAINT) {
        const char *constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
        err->constraint_kind = constraint_kind(state, constraint);
        ari_utf8_copy_cut(err->constraint, sizeof err->constraint, constraint, strlen(constraint));
    }
    name_column(result, err);
    return status;
}

bool ari_postgres_is_fatal(const PGresult *result)
{
    const char *severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0;
}

bool ari_postgres_has_state(const PGresult *result, const char *state)
{
    return strcmp(field(result, PG_DIAG_SQLSTATE), state) == 0;
}

/* --- connecting --- */

/* Verbose messages begin with their severity, two spaces, and the SQLSTATE (pqBuildErrorMessage3 in fe-protocol3.c), behind what libpq itself says of the attempt. The last is of the last attempt. */
static void find_state(const char *message, char state[6])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    state[0] = '\0';
    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  "))
        if (strspn(at + 3, digits) == 5 && at[8] == ':') {
            memcpy(state, at + 3, 5);
            state[5] = '\0';
        }
}

/* libpq has no code for what it refuses itself. OpenSSL's words are never translated, nor is the name of it in libpq's; a connection that broke is a SYSCALL or an unexpected end, and says nothing about TLS. */
static bool is_about_tls(const char *message, bool in_handshake)
{
    if (strstr(message, "SYSCALL") != NULL || strstr(message, "unexpected eof") != NULL)
        return false;
    return strstr(message, "SSL error") != NULL ||
           (in_handshake && (strstr(message, "SSL") != NULL || strstr(message, "certificate") != NULL));
}

void ari_postgres_connection_error(const PGconn *pg, bool in_tls_handshake, ar_error *err)
{
    char state[6];
    const char *message = PQerrorMessage(pg);
    find_state(message, state);
    err->retryable = state[0] != '\0' ? meaning_of(state)->retryable
                                      : !PQconnectionNeedsPassword(pg) && !is_about_tls(message, in_tls_handshake);
    ari_utf8_copy_cut(err->sqlstate, sizeof err->sqlstate, state, strlen(state));
}

/* "LOCATION:  auth_failed, auth.c:335", in the language of the program. */
static bool is_location(const char *line, size_t length)
{
    size_t digits = 0;
    while (digits < length && line[length - 1 - digits] >= '0' && line[length - 1 - digits] <= '9')
        digits++;
    return digits > 0 && length > digits + 3 && memcmp(line + length - digits - 3, ".c:", 3) == 0;
}

void ari_postgres_connection_message(const char *message, const char *password, char *out, size_t size)
{
    size_t used = 0;
    if (password != NULL && *password != '\0' && strstr(message, password) != NULL)
        message = "the driver's message holds the password and is kept back";
    while (*message != '\0') {
        size_t length = strcspn(message, "\n");
        for (size_t i = 0; i < length && used + 1 < size && !is_location(message, length); i++)
            out[used++] = message[i] == '\t' ? ' ' : message[i];
        message += length + (message[length] == '\n' ? 1 : 0);
        if (used > 0 && used + 1 < size && out[used - 1] != ' ')
            out[used++] = ' ';
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}
