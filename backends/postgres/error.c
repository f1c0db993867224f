/* SPDX-License-Identifier: MIT */
#include "backends/postgres/error.h"

#include <stdio.h>
#include <string.h>

#include "values/utf8.h"

typedef struct meaning {
    const char *state; /* all five characters, or the class of two */
    ar_status status;
    const char *text; /* what is said where the server's message is kept back; NULL: its own is harmless */
    bool retryable;
} meaning;

/* Exact ones before their class. */
static const meaning meanings[] = {
    { "01", AR_E_QUERY, "the statement gave a warning that was taken for an error", false },
    { "02", AR_E_QUERY, "there is no data", false },
    { "03", AR_E_QUERY, "the SQL statement is not complete", false },
    { "08", AR_E_CONNECTION, NULL, true },
    { "0A", AR_E_UNSUPPORTED, NULL, false },
    { "0B", AR_E_QUERY, NULL, false },
    { "21", AR_E_QUERY, NULL, false },
    { "22001", AR_E_TYPE, "a text or bit string is too long for its column", false },
    { "22003", AR_E_TYPE, "a number is out of the range of its type", false },
    { "22004", AR_E_TYPE, "a null is not allowed there", false },
    { "22007", AR_E_TYPE, "a text is no date or time", false },
    { "22008", AR_E_TYPE, "a date or time is out of range", false },
    { "22009", AR_E_TYPE, "a time zone displacement is not valid", false },
    { "2200C", AR_E_INVALID, "an escape character is not used rightly", false },
    { "22012", AR_E_TYPE, "division by zero", false },
    { "22019", AR_E_INVALID, "an escape character is not valid", false },
    { "2201B", AR_E_INVALID, "a regular expression is not valid", false },
    { "2201W", AR_E_INVALID, "LIMIT must not be negative", false },
    { "2201X", AR_E_INVALID, "OFFSET must not be negative", false },
    { "22021", AR_E_TYPE, "a text has a character that the database's encoding does not have", false },
    { "22023", AR_E_INVALID, "a value is not valid for a parameter of a function or setting", false },
    { "22025", AR_E_INVALID, "an escape sequence is not valid", false },
    { "2202E", AR_E_TYPE, "an array subscript is not right", false },
    { "22030", AR_E_TYPE, "a JSON object has a key twice", false },
    { "22032", AR_E_TYPE, "a JSON text is not valid", false },
    { "22P01", AR_E_TYPE, "a floating point operation failed", false },
    { "22P02", AR_E_TYPE, "a text cannot be read as a value of the type that it is to have", false },
    { "22P03", AR_E_TYPE, "a value cannot be read as one of the type that it is to have", false },
    { "22P05", AR_E_TYPE, "a character has no equivalent in the encoding that it is to have", false },
    { "22", AR_E_TYPE, "a value is not right for what is done with it", false },
    { "23", AR_E_CONSTRAINT, NULL, false },
    { "25006", AR_E_READ_ONLY, NULL, false },
    { "25P02", AR_E_TX_ABORTED, NULL, false },
    { "25P03", AR_E_CONNECTION, NULL, false },
    { "25", AR_E_INVALID, NULL, false },
    { "26", AR_E_CONFLICT, NULL, true },
    { "27", AR_E_CONFLICT, NULL, false },
    { "28", AR_E_CONNECTION, NULL, false },
    { "2D", AR_E_INVALID, NULL, false },
    { "34", AR_E_INVALID, NULL, false },
    { "3D", AR_E_CONNECTION, NULL, false },
    { "40001", AR_E_CONFLICT, NULL, true },
    { "40002", AR_E_CONSTRAINT, NULL, false },
    { "40003", AR_E_CONNECTION, NULL, false },
    { "40P01", AR_E_CONFLICT, NULL, true },
    { "40", AR_E_CONFLICT, NULL, true },
    { "42501", AR_E_QUERY, "permission denied", false },
    { "42601", AR_E_QUERY, "there is a syntax error", false },
    { "42703", AR_E_QUERY, "there is no such column", false },
    { "42704", AR_E_QUERY, "there is no such object", false },
    { "42804", AR_E_QUERY, "types do not match", false },
    { "42883", AR_E_QUERY, "there is no such function or operator", false },
    { "42P01", AR_E_QUERY, "there is no such table", false },
    { "42P18", AR_E_QUERY, "the type of a parameter cannot be told; cast it: $1::integer", false },
    { "42", AR_E_QUERY, "the statement is not right", false },
    { "44", AR_E_CONSTRAINT, NULL, false },
    { "53100", AR_E_DISK_FULL, NULL, false },
    { "53200", AR_E_NO_MEMORY, NULL, false },
    { "53300", AR_E_CONNECTION, NULL, true },
    { "53", AR_E_OVERLOAD, NULL, true },
    { "54", AR_E_QUERY, NULL, false },
    { "55P03", AR_E_CONFLICT, NULL, true },
    { "55006", AR_E_CONFLICT, NULL, true },
    { "55", AR_E_QUERY, NULL, false },
    { "57014", AR_E_CANCELLED, NULL, false },
    { "57P01", AR_E_CONNECTION, NULL, true },
    { "57P02", AR_E_CONNECTION, NULL, true },
    { "57P03", AR_E_CONNECTION, NULL, true },
    { "57P04", AR_E_CONNECTION, NULL, false },
    { "57P05", AR_E_CONNECTION, NULL, true },
    { "57", AR_E_QUERY, NULL, false },
    { "58", AR_E_IO, "the server's system refused something; the server's log says more", false },
    { "72", AR_E_CONFLICT, NULL, true },
    { "P0", AR_E_QUERY, "a function of the database raised an error", false },
    { "XX001", AR_E_CORRUPT, NULL, false },
    { "XX002", AR_E_CORRUPT, NULL, false },
    { "XX", AR_E_QUERY, "the server has an internal error; its log says more", false },
};

static const meaning *meaning_of(const char *state)
{
    static const meaning unknown = { "", AR_E_QUERY, "the server refused it", false };
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
