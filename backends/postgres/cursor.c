/* SPDX-License-Identifier: MIT */
#include "backends/postgres/task.h"
#include "values/memory.h"

/* Cursors of the open transaction. The server drops one with its transaction, or with the savepoint behind which it was made: then it is dead, and is freed when its operation
 * closes it. A close of one that the server no longer has would fail the transaction, so none is sent where that may be. */

ari_postgres_cursor *ari_postgres_cursor_new(ar_connection *connection, bool binary)
{
    ari_postgres_cursor *cursor = ari_allocate_zero(connection->env, sizeof *cursor);
    if (cursor == NULL)
        return NULL;
    cursor->number = ++connection->cursor_number;
    cursor->rollbacks_to = connection->rollbacks_to;
    cursor->binary = binary;
    cursor->next = connection->cursors;
    connection->cursors = cursor;
    return cursor;
}

ari_postgres_cursor *ari_postgres_cursor_find(ar_connection *connection, const void *handle)
{
    ari_postgres_cursor *cursor = connection->cursors;
    while (cursor != NULL && cursor != handle)
        cursor = cursor->next;
    return cursor;
}

void ari_postgres_cursor_free(ar_connection *connection, ari_postgres_cursor *cursor)
{
    ari_postgres_cursor **link = &connection->cursors;
    while (*link != cursor)
        link = &(*link)->next;
    *link = cursor->next;
    ari_release(connection->env, cursor);
}

void ari_postgres_cursors_kill(ar_connection *connection)
{
    for (ari_postgres_cursor *cursor = connection->cursors; cursor != NULL; cursor = cursor->next)
        cursor->dead = true;
}
