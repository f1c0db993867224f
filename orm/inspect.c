/* SPDX-License-Identifier: MIT */
#include <actrec/inspect.h>

#include <string.h>

#include "orm/query.h"

static void copy_text(const char *text, size_t length, char *buffer, size_t size)
{
    if (size == 0)
        return;
    size_t fits = length < size ? length : size - 1;
    memcpy(buffer, text, fits);
    buffer[fits] = '\0';
}

ar_status ar_query_to_sql(ar_query *query, char *buffer, size_t size, size_t *length, size_t *values, ar_error *err)
{
    ari_query_sql sql;
    if (query == NULL || (buffer == NULL && size > 0))
        return ar_error_set(err, AR_E_INVALID, "showing the SQL of a query: %s is NULL",
                            query == NULL ? "it" : "the buffer");
    if (query->error.status != AR_OK) {
        if (err != NULL)
            *err = query->error;
        return query->error.status;
    }
    ar_status status = ari_query_write(query, ARI_ASK_ROWS, NULL, &sql, err);
    if (status != AR_OK)
        return status;
    copy_text(sql.sql, sql.sql_length, buffer, size);
    if (length != NULL)
        *length = sql.sql_length;
    if (values != NULL)
        *values = sql.value_count;
    ari_release(query->env, sql.sql);
    return AR_OK;
}
