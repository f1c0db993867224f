/* SPDX-License-Identifier: MIT */
#include "backends/mysql/error.h"

#include <stdio.h>
#include <string.h>

#include "values/utf8.h"

/* How the message of a number is shown. */
typedef enum showing {
    HIDE,      /* it may quote values anywhere: what stands between quotes is left out */
    SHOW,      /* it quotes names only */
    DUPLICATE, /* Duplicate entry 'value' for key 'name' */
    AT_COLUMN, /* … for column `database`.`table`.`column` at row 1, with a value before that */
    INSTEAD    /* our own text */
} showing;

typedef struct meaning {
    unsigned number;
    ar_status status;
    ar_constraint_kind constraint;
    bool retryable;
    showing showing;
    const char *text; /* for INSTEAD, or advice behind what is shown */
} meaning;

static const meaning meanings[] = {
    { 1062, AR_E_CONSTRAINT, AR_CONSTRAINT_UNIQUE, false, DUPLICATE, NULL },
    { 1586, AR_E_CONSTRAINT, AR_CONSTRAINT_UNIQUE, false, DUPLICATE, NULL },
    { 1859, AR_E_CONSTRAINT, AR_CONSTRAINT_UNIQUE, false, INSTEAD, "duplicate entry for a key" },
    { 1022, AR_E_CONSTRAINT, AR_CONSTRAINT_UNIQUE, false, INSTEAD, "duplicate entry for a key" },
    { 1169, AR_E_CONSTRAINT, AR_CONSTRAINT_UNIQUE, false, INSTEAD, "duplicate entry for a unique constraint" },
    { 1048, AR_E_CONSTRAINT, AR_CONSTRAINT_NOT_NULL, false, SHOW, NULL },
    { 1364, AR_E_CONSTRAINT, AR_CONSTRAINT_NOT_NULL, false, SHOW, NULL },
    { 1263, AR_E_CONSTRAINT, AR_CONSTRAINT_NOT_NULL, false, SHOW, NULL },
    { 1566, AR_E_CONSTRAINT, AR_CONSTRAINT_NOT_NULL, false, SHOW, NULL },
    { 1451, AR_E_CONSTRAINT, AR_CONSTRAINT_FOREIGN_KEY, false, SHOW, NULL },
    { 1452, AR_E_CONSTRAINT, AR_CONSTRAINT_FOREIGN_KEY, false, SHOW, NULL },
    { 1216, AR_E_CONSTRAINT, AR_CONSTRAINT_FOREIGN_KEY, false, SHOW, NULL },
    { 1217, AR_E_CONSTRAINT, AR_CONSTRAINT_FOREIGN_KEY, false, SHOW, NULL },
    { 1557, AR_E_CONSTRAINT, AR_CONSTRAINT_FOREIGN_KEY, false, HIDE, NULL },
    { 1761, AR_E_CONSTRAINT, AR_CONSTRAINT_FOREIGN_KEY, false, INSTEAD, "a foreign key would get a duplicate entry" },
    { 1762, AR_E_CONSTRAINT, AR_CONSTRAINT_FOREIGN_KEY, false, INSTEAD, "a foreign key would get a duplicate entry" },
    { 3819, AR_E_CONSTRAINT, AR_CONSTRAINT_CHECK, false, SHOW, NULL },
    { 4025, AR_E_CONSTRAINT, AR_CONSTRAINT_CHECK, false, SHOW, NULL },
    { 1644, AR_E_CONSTRAINT, AR_CONSTRAINT_OTHER, false, SHOW, NULL }, /* SIGNAL: the application's own text */
    { 1213, AR_E_CONFLICT, AR_CONSTRAINT_NONE, true, INSTEAD, "deadlock; try the transaction again" },
    { 1205, AR_E_CONFLICT, AR_CONSTRAINT_NONE, true, INSTEAD,
      "another transaction held a lock for longer than innodb_lock_wait_timeout; try again" },
    { 1020, AR_E_CONFLICT, AR_CONSTRAINT_NONE, true, SHOW, NULL },
    { 3572, AR_E_CONFLICT, AR_CONSTRAINT_NONE, true, INSTEAD, "a row is locked by another transaction; try again" },
    { 1206, AR_E_CONFLICT, AR_CONSTRAINT_NONE, true, INSTEAD, "the table of locks is full; try again" },
    { 1637, AR_E_CONFLICT, AR_CONSTRAINT_NONE, true, INSTEAD, "too many transactions at once; try again" },
    { 1614, AR_E_CONFLICT, AR_CONSTRAINT_NONE, true, INSTEAD, "deadlock; try the transaction again" },
    { 1047, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, SHOW, NULL }, /* a Galera node that is not ready */
    { 1317, AR_E_CANCELLED, AR_CONSTRAINT_NONE, false, INSTEAD, "the statement was stopped" },
    { 1150, AR_E_CANCELLED, AR_CONSTRAINT_NONE, false, INSTEAD, "the statement was stopped" },
    { 1028, AR_E_CANCELLED, AR_CONSTRAINT_NONE, false, INSTEAD, "the statement was stopped" },
    { 1969, AR_E_TIMEOUT, AR_CONSTRAINT_NONE, false, INSTEAD, "the statement took longer than max_statement_time" },
    { 3024, AR_E_TIMEOUT, AR_CONSTRAINT_NONE, false, INSTEAD, "the statement took longer than max_execution_time" },
    { 1290, AR_E_READ_ONLY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1836, AR_E_READ_ONLY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1792, AR_E_READ_ONLY, AR_CONSTRAINT_NONE, false, INSTEAD,
      "it changes the database, and the transaction is read-only" },
    { 1036, AR_E_READ_ONLY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1874, AR_E_READ_ONLY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1021, AR_E_DISK_FULL, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1114, AR_E_DISK_FULL, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1037, AR_E_NO_MEMORY, AR_CONSTRAINT_NONE, false, SHOW, "; the server is out of memory" },
    { 1038, AR_E_NO_MEMORY, AR_CONSTRAINT_NONE, false, SHOW, "; raise sort_buffer_size on the server" },
    { 1041, AR_E_NO_MEMORY, AR_CONSTRAINT_NONE, false, SHOW, "; the server is out of memory" },
    { 2008, AR_E_NO_MEMORY, AR_CONSTRAINT_NONE, false, INSTEAD, "no memory" },
    { 1002, AR_E_IO, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1005, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1016, AR_E_IO, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1023, AR_E_IO, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1024, AR_E_IO, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1026, AR_E_IO, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1030, AR_E_IO, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1033, AR_E_CORRUPT, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1034, AR_E_CORRUPT, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1035, AR_E_CORRUPT, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1194, AR_E_CORRUPT, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1195, AR_E_CORRUPT, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 2006, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server has closed the connection" },
    { 2013, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was lost" },
    { 2055, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was lost" },
    { 1053, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server is shutting down" },
    { 1077, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server is shutting down" },
    { 1079, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server is shutting down" },
    { 1927, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was killed" },
    { 3169, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was killed" },
    { 4031, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server closed a connection that was idle" },
    { 1152, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server aborted the connection" },
    { 1184, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server aborted the connection" },
    { 1153, AR_E_INVALID, AR_CONSTRAINT_NONE, false, INSTEAD,
      "the values take more bytes than the server's max_allowed_packet" },
    { 1156, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "packets came out of order" },
    { 1158, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was lost" },
    { 1159, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was lost" },
    { 1160, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was lost" },
    { 1161, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the connection was lost" },
    { 2027, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, INSTEAD, "the server sent what is no packet" },
    { 2020, AR_E_INVALID, AR_CONSTRAINT_NONE, false, INSTEAD, "the values take more bytes than a packet may have" },
    { 1040, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, SHOW, "; raise max_connections, or lower the option pool" },
    { 1203, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, SHOW, "; lower the option pool" },
    { 1226, AR_E_CONNECTION, AR_CONSTRAINT_NONE, true, SHOW, NULL },
    { 1129, AR_E_CONNECTION, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1130, AR_E_CONNECTION, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1044, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1045, AR_E_CONNECTION, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1049, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1142, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1143, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1227, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1054, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1064, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1146, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1050, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1051, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1052, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1066, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1068, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1072, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1091, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1170, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1305, AR_E_QUERY, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1295, AR_E_UNSUPPORTED, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1235, AR_E_UNSUPPORTED, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1461, AR_E_OVERLOAD, AR_CONSTRAINT_NONE, true, SHOW, "; raise it, or lower the option statement_cache" },
    { 1264, AR_E_TYPE, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1406, AR_E_TYPE, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1265, AR_E_TYPE, AR_CONSTRAINT_NONE, false, SHOW, NULL },
    { 1366, AR_E_TYPE, AR_CONSTRAINT_NONE, false, AT_COLUMN, "incorrect value" },
    { 1292, AR_E_TYPE, AR_CONSTRAINT_NONE, false, AT_COLUMN, "incorrect value" },
    { 1367, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a value has the wrong form" },
    { 1411, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a value has the wrong form" },
    { 1416, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a value has the wrong form" },
    { 1690, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a number is out of its range" },
    { 1365, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "division by zero" },
    { 1300, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a text is not valid in its character set" },
    { 1441, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a date is out of its range" },
    { 3140, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a text is not JSON" },
    { 3141, AR_E_TYPE, AR_CONSTRAINT_NONE, false, INSTEAD, "a text is not JSON" },
};

static const meaning *find(unsigned number)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].number == number)
            return &meanings[i];
    return NULL;
}

/* The classes of SQLSTATE (ISO 9075) stand for the numbers that the table does not know. */
static ar_status status_of(unsigned number, const char *sqlstate)
{
    if (number >= 2000 && number < 3000)
        return AR_E_CONNECTION;
    if (strncmp(sqlstate, "08", 2) == 0)
        return AR_E_CONNECTION;
    if (strncmp(sqlstate, "22", 2) == 0)
        return AR_E_TYPE;
    if (strncmp(sqlstate, "23", 2) == 0)
        return AR_E_CONSTRAINT;
    if (strncmp(sqlstate, "40", 2) == 0)
        return AR_E_CONFLICT;
    return AR_E_QUERY;
}

/* What stands between the last two `quote`s before `end`. */
static bool last_quoted(const char *text, const char *end, char quote, const char **from, size_t *length)
{
    const char *close = end;
    while (close > text && *--close != quote)
        ;
    if (close <= text || *close != quote)
        return false;
    const char *open = close;
    while (open > text && *--open != quote)
        ;
    if (*open != quote)
        return false;
    *from = open + 1;
    *length = (size_t)(close - open - 1);
    return true;
}

/* Behind `word`. */
static bool quoted_behind(const char *message, const char *word, char quote, const char **from, size_t *length)
{
    const char *at = strstr(message, word);
    const char *open = at != NULL ? strchr(at + strlen(word), quote) : NULL;
    const char *close = open != NULL ? strchr(open + 1, quote) : NULL;
    if (close == NULL)
        return false;
    *from = open + 1;
    *length = (size_t)(close - open - 1);
    return true;
}

/* MySQL 8 names a key "table.key", MariaDB "key". */
static void read_duplicate(const char *message, ar_error *err)
{
    const char *name;
    size_t length;
    if (!last_quoted(message, message + strlen(message), '\'', &name, &length))
        return;
    const char *dot = memchr(name, '.', length);
    if (dot != NULL) {
        length -= (size_t)(dot + 1 - name);
        name = dot + 1;
    }
    ari_utf8_copy_cut(err->constraint, sizeof err->constraint, name, length);
    if (strcmp(err->constraint, "PRIMARY") == 0)
        err->constraint_kind = AR_CONSTRAINT_PRIMARY_KEY;
}

static void read_names(unsigned number, const char *message, ar_error *err)
{
    const char *name;
    size_t length;
    switch (number) {
    case 1062:
    case 1586: read_duplicate(message, err); break;
    case 1048:
    case 1364:
    case 1263:
    case 1264:
    case 1406:
    case 1265:
        if (quoted_behind(message, "", '\'', &name, &length))
            ari_utf8_copy_cut(err->column, sizeof err->column, name, length);
        break;
    case 1366:
    case 1292:
        if (last_quoted(message, message + strlen(message), '`', &name, &length) ||
            (quoted_behind(message, "for column ", '\'', &name, &length) && strstr(message, " at row") != NULL))
            ari_utf8_copy_cut(err->column, sizeof err->column, name, length);
        break;
    case 1451:
    case 1452:
        if (quoted_behind(message, "CONSTRAINT ", '`', &name, &length))
            ari_utf8_copy_cut(err->constraint, sizeof err->constraint, name, length);
        break;
    case 4025:
        if (quoted_behind(message, "CONSTRAINT ", '`', &name, &length))
            ari_utf8_copy_cut(err->constraint, sizeof err->constraint, name, length);
        break;
    case 3819:
        if (quoted_behind(message, "", '\'', &name, &length))
            ari_utf8_copy_cut(err->constraint, sizeof err->constraint, name, length);
        break;
    default: break;
    }
}

/* From the first quote to the last: a value may have quotes of its own. */
static void hide_quoted(char *text)
{
    char *first = strchr(text, '\''), *last = strrchr(text, '\'');
    if (first == NULL || last == first)
        return;
    (void)memmove(first + 4, last, strlen(last) + 1);
    memset(first + 1, '.', 3);
}

static void describe(const meaning *known, const char *message, const ar_error *err, char *text, size_t size)
{
    const char *column = err->column;
    showing how = known == NULL ? HIDE : known->showing;
    const char *advice = known != NULL && known->text != NULL ? known->text : "";
    switch (how) {
    case SHOW: (void)snprintf(text, size, "%s%s", message, advice); break;
    case INSTEAD: (void)snprintf(text, size, "%s", advice); break;
    case DUPLICATE: (void)snprintf(text, size, "duplicate entry for key '%s'", err->constraint); break;
    case AT_COLUMN:
        (void)snprintf(text, size, "%s%s%s", advice, column[0] != '\0' ? " for column " : "", column);
        break;
    case HIDE:
        ari_utf8_copy_cut(text, size - 4, message, strlen(message));
        hide_quoted(text);
        break;
    }
}

ar_status ari_mysql_error_of(unsigned number, const char *sqlstate, const char *message, const char *doing,
                             ar_error *err)
{
    char text[300];
    ar_error names = { .status = AR_OK };
    const meaning *known = find(number);
    ar_status status = known != NULL ? known->status : status_of(number, sqlstate);
    if (known != NULL)
        names.constraint_kind = known->constraint;
    else if (status == AR_E_CONSTRAINT)
        names.constraint_kind = AR_CONSTRAINT_OTHER;
    read_names(number, message, &names);
    describe(known, message, &names, text, sizeof text);
    (void)ar_error_set(err, status, "%s: %s", doing, text);
    if (err == NULL)
        return status;
    err->native_code = (int)number;
    err->retryable = known != NULL ? known->retryable : status == AR_E_CONFLICT || status == AR_E_CONNECTION;
    err->constraint_kind = names.constraint_kind;
    ari_utf8_copy_cut(err->sqlstate, sizeof err->sqlstate, sqlstate, strlen(sqlstate));
    ari_utf8_copy_cut(err->constraint, sizeof err->constraint, names.constraint, strlen(names.constraint));
    ari_utf8_copy_cut(err->column, sizeof err->column, names.column, strlen(names.column));
    return status;
}

/* SIGNAL: the text and often the SQLSTATE are the application's, and may be made of what was bound. */
static bool is_signal(unsigned number, const char *sqlstate)
{
    return number == 1643 || number == 1644 || strncmp(sqlstate, "45", 2) == 0;
}

static const char signalled[] = "refused by SIGNAL in a trigger, procedure or function; its text may repeat what was "
                                "bound and is not shown";

ar_status ari_mysql_error(MYSQL *mysql, const char *doing, ar_error *err)
{
    return ari_mysql_error_of(mysql_errno(mysql), mysql_sqlstate(mysql), mysql_error(mysql), doing, err);
}

/* An error among the rows of a result is told to the connection alone. */
ar_status ari_mysql_statement_error(MYSQL *mysql, MYSQL_STMT *statement, const char *doing, ar_error *err)
{
    bool mine = mysql_stmt_errno(statement) != 0;
    unsigned number = mine ? mysql_stmt_errno(statement) : mysql_errno(mysql);
    const char *sqlstate = mine ? mysql_stmt_sqlstate(statement) : mysql_sqlstate(mysql);
    const char *message = mine ? mysql_stmt_error(statement) : mysql_error(mysql);
    if (mysql_stmt_param_count(statement) > 0 && is_signal(number, sqlstate))
        message = signalled;
    return ari_mysql_error_of(number, sqlstate, message, doing, err);
}

/* The client's own messages say what failed, also of TLS; the server's name user, host and database. None quotes the
 * password. Everything means that there is no connection; what may pass can be tried again. */
ar_status ari_mysql_connect_error(MYSQL *mysql, const char *doing, const char *place, ar_error *err)
{
    unsigned number = mysql_errno(mysql);
    const meaning *known = find(number);
    (void)ar_error_set(err, AR_E_CONNECTION, "%s at %s: %s", doing, place, mysql_error(mysql));
    if (err != NULL) {
        const char *sqlstate = mysql_sqlstate(mysql);
        err->native_code = (int)number;
        ari_utf8_copy_cut(err->sqlstate, sizeof err->sqlstate, sqlstate, strlen(sqlstate));
        err->retryable = number == 2002 || number == 2003 || number == 2013 || (known != NULL && known->retryable);
    }
    return AR_E_CONNECTION;
}

unsigned ari_mysql_statement_errno(MYSQL *mysql, MYSQL_STMT *statement)
{
    unsigned number = mysql_stmt_errno(statement);
    return number != 0 ? number : mysql_errno(mysql);
}

/* Of the client's own errors (errmsg.h) these are about one statement; after all others nobody knows what comes next on
 * the connection. */
static bool is_about_statement(unsigned number)
{
    static const unsigned numbers[] = { CR_NO_PREPARE_STMT,        CR_PARAMS_NOT_BOUND, CR_INVALID_PARAMETER_NO,
                                        CR_UNSUPPORTED_PARAM_TYPE, CR_NO_DATA,          ARI_MYSQL_NEW_COLUMNS };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

bool ari_mysql_is_lost(unsigned number)
{
    static const unsigned goodbyes[] = { 1053, 1077, 1079, 1927, 3169, 4031, 1152,
                                         1184, 1153, 1156, 1158, 1159, 1160, 1161 };
    if (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR)
        return !is_about_statement(number);
    for (size_t i = 0; i < sizeof goodbyes / sizeof goodbyes[0]; i++)
        if (goodbyes[i] == number)
            return true;
    return false;
}

bool ari_mysql_is_killed(unsigned number)
{
    return number == 1317 || number == 1150 || number == 1028 || number == 1969 || number == 3024;
}

bool ari_mysql_wants_prepare(unsigned number)
{
    return number == 1615 || number == 1243;
}
