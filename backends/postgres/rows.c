/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "backends/postgres/task.h"
#include "values/number.h"

/* "INSERT 0 3", "UPDATE 3", "DELETE 3", "MERGE 3"; "SELECT 3" changes nothing. */
static int64_t changes_of(const PGresult *result)
{
    int64_t count = 0;
    const char *tag = PQcmdStatus((PGresult *)(uintptr_t)result);
    const char *number = PQcmdTuples((PGresult *)(uintptr_t)result);
    if (tag[0] != 'I' && tag[0] != 'U' && tag[0] != 'D' && tag[0] != 'M')
        return 0;
    return ari_parse_int64(number, strlen(number), &count) ? count : 0;
}

static ar_status give_rows(ar_connection *connection, const ar_operation *operation, const PGresult *result,
                           ar_error *err)
{
    ari_postgres_columns *columns = &connection->columns;
    const ar_sink *sink = operation->sink;
    int count = PQntuples(result);
    ar_status status = ari_postgres_columns_prepare(columns, result, operation->wanted, err);
    if (status == AR_OK && sink->begin != NULL)
        status = sink->begin(operation->sink_ctx, columns->names, columns->count, err);
    for (int row = 0; status == AR_OK && row < count; row++) {
        status = ari_postgres_decode(columns, result, row, err);
        if (status == AR_OK)
            status = sink->row(operation->sink_ctx, columns->values, columns->count, err);
    }
    return status;
}

ar_status ari_postgres_give(ar_connection *connection, ar_operation *operation, const PGresult *result, ar_error *err)
{
    size_t columns = (size_t)PQnfields(result);
    operation->changes = changes_of(result);
    if (operation->wanted != NULL && operation->wanted_count != columns)
        return ar_error_set(err, AR_E_TYPE, "running a statement: it has %zu columns and %zu are wanted", columns,
                            operation->wanted_count);
    return operation->sink == NULL ? AR_OK : give_rows(connection, operation, result, err);
}
