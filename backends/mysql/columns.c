/* SPDX-License-Identifier: MIT */
#include "backends/mysql/value.h"

#include <string.h>

#include "values/memory.h"

/* The columns of a result are bound once for a prepared statement, and anew only when the server describes them in
 * another way. Texts and bytes go to buffers that grow to what comes, and are cut back when they have become large. */

enum { FIRST_CAPACITY = 64, KEPT_CAPACITY = 16 * 1024, BINARY_CHARSET = 63 };

static bool is_text(const MYSQL_FIELD *field)
{
    return field->charsetnr != BINARY_CHARSET;
}

#if ARI_MYSQL_MARIADB
/* MariaDB's UUID and JSON travel as texts, and say so beside (MARIADB_CLIENT_EXTENDED_METADATA). */
static ar_type extended_type(const MYSQL_FIELD *field)
{
    MARIADB_CONST_STRING name;
    if (mariadb_field_attr(&name, field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0 && name.length == 4 &&
        memcmp(name.str, "json", 4) == 0)
        return AR_TYPE_JSON;
    if (mariadb_field_attr(&name, field, MARIADB_FIELD_ATTR_DATA_TYPE_NAME) == 0 && name.length == 4 &&
        memcmp(name.str, "uuid", 4) == 0)
        return AR_TYPE_UUID;
    return AR_TYPE_NULL;
}
#else
static ar_type extended_type(const MYSQL_FIELD *field)
{
    (void)field;
    return AR_TYPE_NULL;
}
#endif

static void describe_integer(ari_mysql_column *column, const MYSQL_FIELD *field)
{
    bool is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
    column->holds = is_unsigned ? ARI_MYSQL_UNSIGNED : ARI_MYSQL_INTEGER;
    switch ((int)field->type) {
    case MYSQL_TYPE_TINY: column->natural = field->length == 1 && !is_unsigned ? AR_TYPE_BOOL : AR_TYPE_INT16; break;
    case MYSQL_TYPE_YEAR: column->natural = AR_TYPE_INT16; break;
    case MYSQL_TYPE_SHORT: column->natural = is_unsigned ? AR_TYPE_INT32 : AR_TYPE_INT16; break;
    case MYSQL_TYPE_INT24: column->natural = AR_TYPE_INT32; break;
    case MYSQL_TYPE_LONG: column->natural = is_unsigned ? AR_TYPE_INT64 : AR_TYPE_INT32; break;
    default: column->natural = AR_TYPE_INT64; break;
    }
}

static void describe_string(ari_mysql_column *column, const MYSQL_FIELD *field)
{
    ar_type extended = extended_type(field);
    column->holds = is_text(field) || extended != AR_TYPE_NULL ? ARI_MYSQL_TEXT : ARI_MYSQL_BYTES;
    column->natural = extended != AR_TYPE_NULL ? extended : is_text(field) ? AR_TYPE_TEXT : AR_TYPE_BYTES;
}

static void describe(ari_mysql_column *column, const MYSQL_FIELD *field)
{
    column->type = field->type;
    column->flags = field->flags;
    column->charset = field->charsetnr;
    column->decimals = field->decimals;
    column->width = field->length;
    switch ((int)field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_YEAR:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG: describe_integer(column, field); break;
    case MYSQL_TYPE_FLOAT: column->holds = ARI_MYSQL_SINGLE, column->natural = AR_TYPE_FLOAT; break;
    case MYSQL_TYPE_DOUBLE: column->holds = ARI_MYSQL_REAL, column->natural = AR_TYPE_DOUBLE; break;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL: column->holds = ARI_MYSQL_NUMBER, column->natural = AR_TYPE_DECIMAL; break;
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP: column->holds = ARI_MYSQL_DATETIME, column->natural = AR_TYPE_TIMESTAMP; break;
    case MYSQL_TYPE_NEWDATE:
    case MYSQL_TYPE_DATE: column->holds = ARI_MYSQL_DATE, column->natural = AR_TYPE_DATE; break;
    case MYSQL_TYPE_TIME: column->holds = ARI_MYSQL_TIME_OF_DAY, column->natural = AR_TYPE_TIME; break;
    case MYSQL_TYPE_NULL: column->holds = ARI_MYSQL_NOTHING, column->natural = AR_TYPE_NULL; break;
    case MYSQL_TYPE_BIT: column->holds = ARI_MYSQL_BITS, column->natural = AR_TYPE_INT64; break;
    case MYSQL_TYPE_JSON: column->holds = ARI_MYSQL_TEXT, column->natural = AR_TYPE_JSON; break;
    case MYSQL_TYPE_GEOMETRY: column->holds = ARI_MYSQL_BYTES, column->natural = AR_TYPE_BYTES; break;
    default: describe_string(column, field); break;
    }
}

static bool has_buffer(const ari_mysql_column *column)
{
    return column->holds == ARI_MYSQL_TEXT || column->holds == ARI_MYSQL_BYTES || column->holds == ARI_MYSQL_NUMBER ||
           column->holds == ARI_MYSQL_BITS;
}

static enum enum_field_types bound_type(const ari_mysql_column *column)
{
    switch (column->holds) {
    case ARI_MYSQL_NOTHING: return MYSQL_TYPE_NULL;
    case ARI_MYSQL_INTEGER:
    case ARI_MYSQL_UNSIGNED: return MYSQL_TYPE_LONGLONG;
    case ARI_MYSQL_SINGLE: return MYSQL_TYPE_FLOAT;
    case ARI_MYSQL_REAL: return MYSQL_TYPE_DOUBLE;
    case ARI_MYSQL_TEXT:
    case ARI_MYSQL_NUMBER: return MYSQL_TYPE_STRING;
    case ARI_MYSQL_BYTES:
    case ARI_MYSQL_BITS: return MYSQL_TYPE_BLOB;
    case ARI_MYSQL_DATETIME: return MYSQL_TYPE_DATETIME;
    case ARI_MYSQL_DATE: return MYSQL_TYPE_DATE;
    case ARI_MYSQL_TIME_OF_DAY: return MYSQL_TYPE_TIME;
    }
    return MYSQL_TYPE_NULL;
}

static void fill_bind(ari_mysql_column *column, MYSQL_BIND *bind)
{
    memset(bind, 0, sizeof *bind);
    bind->buffer_type = bound_type(column);
    bind->buffer = has_buffer(column) ? (void *)column->buffer : (void *)&column->as;
    bind->buffer_length = has_buffer(column) ? column->capacity : sizeof column->as;
    bind->is_unsigned = column->holds == ARI_MYSQL_UNSIGNED;
    bind->length = &column->length;
    bind->is_null = &column->is_null;
    bind->error = &column->is_cut;
}

static bool grow(const ar_env *env, ari_mysql_column *column, unsigned long capacity)
{
    char *buffer = ari_reallocate(env, column->buffer, capacity);
    if (buffer == NULL)
        return false;
    column->buffer = buffer;
    column->capacity = capacity;
    return true;
}

static bool is_same(const ari_mysql_column *column, const MYSQL_FIELD *field)
{
    return column->type == field->type && column->flags == field->flags && column->charset == field->charsetnr &&
           column->decimals == field->decimals && column->width == field->length;
}

static bool are_same(const ari_mysql_statement *statement, const MYSQL_FIELD *fields, unsigned count)
{
    if (statement->column_count != count)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!is_same(&statement->columns[i], &fields[i]))
            return false;
    return true;
}

static bool make_columns(ari_mysql_statement *statement, unsigned count)
{
    for (unsigned i = 0; i < statement->column_count; i++)
        ari_release(statement->env, statement->columns[i].buffer);
    statement->column_count = 0;
    ari_release(statement->env, statement->columns);
    ari_release(statement->env, statement->column_binds);
    statement->columns = ari_allocate_zero_array(statement->env, count, sizeof *statement->columns);
    statement->column_binds = ari_allocate_zero_array(statement->env, count, sizeof *statement->column_binds);
    if (statement->columns == NULL || statement->column_binds == NULL)
        return false;
    statement->column_count = count;
    return true;
}

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "running a statement: no memory for its columns");
}

static ar_status bind_all(ari_mysql_statement *statement, ar_error *err)
{
    for (unsigned i = 0; i < statement->column_count; i++)
        fill_bind(&statement->columns[i], &statement->column_binds[i]);
    if (mysql_stmt_bind_result(statement->handle, statement->column_binds) == 0)
        return AR_OK;
    return ar_error_set(err, AR_E_NO_MEMORY, "running a statement: %s", mysql_stmt_error(statement->handle));
}

ar_status ari_mysql_bind_columns(ari_mysql_statement *statement, ar_error *err)
{
    unsigned count = mysql_stmt_field_count(statement->handle);
    const MYSQL_FIELD *fields = ari_mysql_statement_fields(statement);
    if (fields == NULL)
        return no_memory(err);
    if (are_same(statement, fields, count))
        return AR_OK;
    if (!make_columns(statement, count))
        return no_memory(err);
    for (unsigned i = 0; i < count; i++) {
        describe(&statement->columns[i], &fields[i]);
        if (has_buffer(&statement->columns[i]) && !grow(statement->env, &statement->columns[i], FIRST_CAPACITY)) {
            (void)make_columns(statement, 0);
            return no_memory(err);
        }
    }
    return bind_all(statement, err);
}

ar_status ari_mysql_read_on(ari_mysql_statement *statement, ar_error *err)
{
    bool grown = false;
    for (unsigned i = 0; i < statement->column_count; i++) {
        ari_mysql_column *column = &statement->columns[i];
        if (column->is_null || !has_buffer(column) || column->length <= column->capacity)
            continue;
        unsigned long doubled = column->capacity * 2;
        if (!grow(statement->env, column, column->length > doubled ? column->length : doubled))
            return no_memory(err);
        fill_bind(column, &statement->column_binds[i]);
        if (mysql_stmt_fetch_column(statement->handle, &statement->column_binds[i], i, 0) != 0)
            return ar_error_set(err, AR_E_CONNECTION, "reading column %u: %s", i + 1,
                                mysql_stmt_error(statement->handle));
        grown = true;
    }
    return grown ? bind_all(statement, err) : AR_OK;
}

void ari_mysql_trim_columns(ari_mysql_statement *statement)
{
    for (unsigned i = 0; i < statement->column_count; i++)
        if (statement->columns[i].capacity > KEPT_CAPACITY) {
            (void)make_columns(statement, 0);
            return;
        }
}
