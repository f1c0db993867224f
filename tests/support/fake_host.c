/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/decimal.h>
#include <actrec/uuid.h>

#include "values/number.h"

static bool may_allocate(fake_host *host)
{
    host->allocations++;
    bool fails =
        host->fail_at != 0 && (host->fail_on ? host->allocations >= host->fail_at : host->allocations == host->fail_at);
    host->failures += fails ? 1 : 0;
    return !fails;
}

static void *allocate(void *ctx, size_t size)
{
    fake_host *host = ctx;
    if (!may_allocate(host))
        return NULL;
    host->blocks++;
    return malloc(size);
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    fake_host *host = ctx;
    if (!may_allocate(host))
        return NULL;
    host->blocks += block == NULL ? 1 : 0;
    return realloc(block, size);
}

static void release(void *ctx, void *block)
{
    fake_host *host = ctx;
    host->blocks -= block == NULL ? 0 : 1;
    free(block);
}

static int64_t now(void *ctx)
{
    return ((fake_host *)ctx)->clock;
}

static uint64_t random_bits(void *ctx)
{
    (void)ctx;
    return UINT64_C(0x9e3779b97f4a7c15);
}

static bool wait(void *ctx, uint32_t *word, uint32_t expected, int64_t deadline)
{
    fake_host *host = ctx;
    (void)word;
    (void)expected;
    assert_true(deadline > host->clock && deadline != INT64_MAX);
    host->clock = deadline;
    host->waits++;
    if (host->on_wait != NULL)
        host->on_wait(host, host->on_wait_arg);
    return true;
}

static void complete(ar_backend_host *base, ar_operation *operation, const ar_error *error)
{
    fake_host *host = (fake_host *)base;
    fake_op *op = operation->host_data;
    op->completions++;
    assert_int_equal(op->completions, 1);
    op->order = ++host->completed;
    if (error != NULL) {
        assert_int_not_equal(error->status, AR_OK);
        assert_true(strlen(error->message) > 0);
        op->error = *error;
    }
    op->status = op->error.status;
    op->changes = operation->changes;
    op->row_id = operation->row_id;
    op->cursor = operation->cursor;
    op->ended_transaction = operation->ended_transaction;
    op->unsent = operation->unsent;
    for (size_t i = 0; i < op->bound; i++) { /* gone, as they are for a real caller */
        ar_value *value = &op->parameters[i];
        if (value->type == AR_TYPE_TEXT || value->type == AR_TYPE_JSON)
            free((void *)(uintptr_t)value->as.text.data);
        else if (value->type == AR_TYPE_BYTES)
            free((void *)(uintptr_t)value->as.bytes.data);
    }
    free(op->parameters);
    op->parameters = NULL;
    memset(operation, 0xdd, sizeof *operation);
    if (host->on_complete != NULL)
        host->on_complete(host, op);
}

static bool interrupted(const ar_backend_host *base, const ar_operation *operation)
{
    const fake_host *host = (const fake_host *)base;
    fake_op *op = operation->host_data;
    assert_int_equal(op->completions, 0);
    if (op->looks > 0 && --op->looks == 0) {
        if (op->late)
            op->operation.deadline = host->clock;
        else
            op->cancelled = true;
    }
    return op->cancelled || host->clock >= operation->deadline;
}

static size_t count_of(const ar_operation *operation)
{
    size_t count = 0;
    for (; operation != NULL; operation = operation->next)
        count++;
    return count;
}

static ar_operation *take_made(fake_host *host)
{
    fake_op *first = host->first;
    host->first = host->last = NULL;
    return first == NULL ? NULL : &first->operation;
}

static ar_operation *more(ar_backend_host *base)
{
    fake_host *host = (fake_host *)base;
    assert_true(host->running);
    host->asked++;
    host->on_more(host, host->on_more_arg);
    ar_operation *first = take_made(host);
    host->joined += count_of(first);
    return first;
}

void fake_join(fake_host *host, void (*on_more)(fake_host *host, void *arg), void *arg)
{
    host->on_more = on_more;
    host->on_more_arg = arg;
    host->base.more = on_more == NULL ? NULL : more;
    host->asked = 0;
}

void fake_host_init(fake_host *host, const ar_backend *backend)
{
    *host = (fake_host){ .backend = backend, .clock = 1000000 };
    host->env = (ar_env){ .struct_size = sizeof(ar_env),
                          .ctx = host,
                          .allocator_ctx = host,
                          .allocate = allocate,
                          .reallocate = reallocate,
                          .release = release,
                          .now = now,
                          .wall_now = now,
                          .random = random_bits,
                          .wait = wait };
    host->base = (ar_backend_host){ .env = &host->env, .complete = complete, .interrupted = interrupted };
}

static void free_last(fake_op *op)
{
    for (size_t i = 0; i < op->last_count; i++)
        if (op->last[i].type == AR_TYPE_TEXT || op->last[i].type == AR_TYPE_JSON)
            free((void *)(uintptr_t)op->last[i].as.text.data);
        else if (op->last[i].type == AR_TYPE_BYTES)
            free((void *)(uintptr_t)op->last[i].as.bytes.data);
    free(op->last);
    op->last = NULL;
    op->last_count = 0;
}

void fake_host_fini(fake_host *host)
{
    while (host->made != NULL) {
        fake_op *op = host->made;
        host->made = op->next_made;
        free_last(op);
        free((void *)(uintptr_t)op->statement.sql);
        free(op->rows);
        free(op->parameters);
        free(op->wanted);
        free(op);
    }
    assert_int_equal(host->blocks, 0);
}

ar_status fake_configure(fake_host *host, const char *path, const char *options, ar_backend_config **out,
                         ar_topology *topology, ar_error *err)
{
    char copy[512] = "";
    ar_url_option list[16];
    ar_url url = { .scheme = host->backend->schemes[0], .path = path, .options = list };
    ar_topology ignored;
    snprintf(copy, sizeof copy, "%s", options == NULL ? "" : options);
    for (char *rest = copy, *pair; (pair = strsep(&rest, "&")) != NULL && *pair != '\0';) {
        list[url.option_count].name = strsep(&pair, "=");
        list[url.option_count++].value = pair;
    }
    return host->backend->configure(&host->env, &url, out, topology == NULL ? &ignored : topology, err);
}

ar_connection *fake_open(fake_host *host, ar_backend_config *config, ar_connection_role role)
{
    ar_connection *connection = NULL;
    ar_error error;
    ar_status status = host->backend->open(config, role, &host->base, &connection, &error);
    if (status != AR_OK)
        fail_msg("%s: %s", ar_status_name(status), error.message);
    return connection;
}

static ar_status on_begin(void *ctx, const ar_result_column *columns, size_t count, ar_error *err)
{
    fake_op *op = ctx;
    op->begins++;
    op->column_count = count;
    if (count > 0) {
        snprintf(op->first_column, sizeof op->first_column, "%s", columns[0].name);
        snprintf(op->first_declared, sizeof op->first_declared, "%s",
                 columns[0].declared == NULL ? "-" : columns[0].declared);
    }
    return op->refuse_begin ? ar_error_set(err, AR_E_NO_MEMORY, "the sink has no memory") : AR_OK;
}

static void append(fake_op *op, const char *text, size_t length)
{
    size_t used = op->rows == NULL ? 0 : strlen(op->rows);
    op->rows = realloc(op->rows, used + length + 1);
    memcpy(op->rows + used, text, length);
    op->rows[used + length] = '\0';
}

static void append_value(fake_op *op, const ar_value *value)
{
    char text[64] = "";
    size_t length = 0;
    switch (value->type) {
    case AR_TYPE_NULL: strcpy(text, "NULL"); break;
    case AR_TYPE_BOOL: strcpy(text, value->as.boolean ? "true" : "false"); break;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: snprintf(text, sizeof text, "%lld", (long long)value->as.integer); break;
    case AR_TYPE_FLOAT: length = ari_format_float(value->as.single, text); break;
    case AR_TYPE_DOUBLE: length = ari_format_double(value->as.real, text); break;
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: append(op, value->as.text.data, value->as.text.length); return;
    case AR_TYPE_BYTES:
        append(op, "x", 1);
        for (size_t i = 0; i < value->as.bytes.length; i++) {
            snprintf(text, sizeof text, "%02x", ((const unsigned char *)value->as.bytes.data)[i]);
            append(op, text, 2);
        }
        return;
    case AR_TYPE_TIMESTAMP: snprintf(text, sizeof text, "%lld", (long long)value->as.timestamp.us); break;
    case AR_TYPE_DATE: snprintf(text, sizeof text, "%d", (int)value->as.date.days); break;
    case AR_TYPE_TIME: snprintf(text, sizeof text, "%lld", (long long)value->as.time.us); break;
    case AR_TYPE_DECIMAL: length = ar_decimal_format(value->as.decimal, text, sizeof text); break;
    case AR_TYPE_UUID: length = ar_uuid_format(value->as.uuid, text, sizeof text); break;
    }
    append(op, text, length == 0 ? strlen(text) : length);
}

static void *copy_of(const void *data, size_t length)
{
    char *copy = malloc(length + 1);
    if (length > 0)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

static void copy_value(ar_value *out, const ar_value *value)
{
    *out = *value;
    if ((value->type == AR_TYPE_TEXT || value->type == AR_TYPE_JSON) && value->as.text.data != NULL)
        out->as.text.data = copy_of(value->as.text.data, value->as.text.length);
    else if (value->type == AR_TYPE_BYTES && value->as.bytes.data != NULL)
        out->as.bytes.data = copy_of(value->as.bytes.data, value->as.bytes.length);
}

static ar_status on_row(void *ctx, const ar_value *values, size_t count, ar_error *err)
{
    fake_op *op = ctx;
    op->row_count++;
    if (op->refused_row != 0 && (size_t)op->refused_row == op->row_count)
        return ar_error_set(err, op->refuse_with, "the sink refuses a row");
    free_last(op);
    op->last = malloc((count + 1) * sizeof *op->last);
    op->last_count = count;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            append(op, "|", 1);
        append_value(op, &values[i]);
        copy_value(&op->last[i], &values[i]);
    }
    append(op, ";", 1);
    return AR_OK;
}

static void on_restart(void *ctx)
{
    fake_op *op = ctx;
    op->restarts++;
    op->begins = 0;
    op->row_count = 0;
    free_last(op);
    free(op->rows);
    op->rows = NULL;
    append(op, "", 0);
}

static const ar_sink sink = { on_begin, on_row, on_restart };

fake_op *fake_kind(fake_host *host, ar_operation_kind kind)
{
    fake_op *op = calloc(1, sizeof *op);
    op->host = host;
    op->operation.kind = kind;
    op->operation.deadline = INT64_MAX;
    op->operation.host_data = op;
    op->operation.sink = &sink;
    op->operation.sink_ctx = op;
    append(op, "", 0);
    op->next_made = host->made;
    host->made = op;
    if (host->last != NULL)
        host->last->operation.next = &op->operation;
    else
        host->first = op;
    host->last = op;
    return op;
}

static uint32_t count_placeholders(const char *sql)
{
    uint32_t count = 0;
    for (; *sql != '\0'; sql++)
        count += *sql == '?' ? 1 : 0;
    return count;
}

fake_op *fake_sql(fake_host *host, const char *sql)
{
    uint64_t id = 0;
    for (const fake_op *other = host->made; other != NULL; other = other->next_made)
        if (other->statement.sql != NULL && strcmp(other->statement.sql, sql) == 0)
            id = other->statement.id;
    fake_op *op = fake_kind(host, AR_OP_EXECUTE);
    op->statement.id = id != 0 ? id : ++host->ids;
    op->statement.sql = copy_of(sql, strlen(sql));
    op->statement.sql_length = strlen(sql);
    op->statement.parameter_count = count_placeholders(sql);
    op->statement.statement_class = host->backend->classify(sql, strlen(sql));
    op->operation.statement = &op->statement;
    return op;
}

void fake_bind(fake_op *op, ar_value value)
{
    op->parameters = realloc(op->parameters, (op->bound + 1) * sizeof *op->parameters);
    copy_value(&op->parameters[op->bound++], &value);
    op->operation.parameters = op->parameters;
}

void fake_int(fake_op *op, int64_t value)
{
    fake_bind(op, (ar_value){ .type = AR_TYPE_INT64, .as.integer = value });
}

void fake_text(fake_op *op, const char *value)
{
    fake_bind(op, (ar_value){ .type = AR_TYPE_TEXT, .as.text = { value, strlen(value) } });
}

void fake_want(fake_op *op, ar_type type)
{
    op->wanted = realloc(op->wanted, (op->wanted_count + 1) * sizeof *op->wanted);
    op->wanted[op->wanted_count++] = type;
    op->operation.wanted = op->wanted;
    op->operation.wanted_count = op->wanted_count;
}

void fake_run(fake_host *host, ar_connection *connection)
{
    ar_operation *first = take_made(host);
    size_t before = host->completed, count = count_of(first);
    if (first == NULL)
        return;
    host->joined = 0;
    host->running = true;
    host->backend->submit(connection, first);
    host->running = false;
    assert_int_equal(host->completed - before, count + host->joined);
}

const char *fake_rows(fake_host *host, ar_connection *connection, const char *sql)
{
    fake_op *op = fake_sql(host, sql);
    fake_run(host, connection);
    if (op->status != AR_OK)
        fail_msg("%s: %s: %s", sql, ar_status_name(op->status), op->error.message);
    return op->rows;
}
