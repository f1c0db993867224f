/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/expression.h"

/* Looking into JSON columns. The dialect has the SQL, with \1 for the column, \2 for the path and \3 for a value. The
 * path is bound: as one text, $."a"[0], or as a text for each step. Engines disagree on what a quote or a backslash in a
 * quoted step means: there is none. */

static ar_status refuse_step(const ari_writing *writing, const ar_expr *expr, const char *what)
{
    return ar_error_set(writing->err, AR_E_INVALID, "building a query: a step into the JSON of %s %s",
                        expr->member != NULL ? expr->member : "?", what);
}

static bool is_plain_text(const ar_text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
            return false;
    }
    return text->length > 0;
}

static bool is_index(const ar_value *step)
{
    return step->type >= AR_TYPE_INT16 && step->type <= AR_TYPE_INT64;
}

static ar_status check_steps(const ari_writing *writing, const ar_expr *expr)
{
    const ar_dialect *dialect = writing->naming.dialect;
    for (size_t i = 0; i < expr->value_count; i++) {
        const ar_value *step = &expr->values[i];
        if (is_index(step)) {
            if (step->as.integer < 0 || step->as.integer > INT32_MAX)
                return refuse_step(writing, expr, "is an index that is negative or too large");
        } else if (step->type != AR_TYPE_TEXT) {
            return refuse_step(writing, expr, "is neither the name of a member nor an index");
        } else if (step->as.text.length > 0 && step->as.text.data[0] == '-' && dialect->json_loses_dash) {
            return ar_error_set(writing->err, AR_E_UNSUPPORTED,
                                "building a query: %s finds no member whose name begins with -", dialect->name);
        } else if (!is_plain_text(&step->as.text)) {
            return refuse_step(writing, expr,
                               "is an empty name, or one with a quote, a backslash or a control character in it");
        }
    }
    return AR_OK;
}

static void bind_text(ari_writing *writing, const char *data, size_t length)
{
    ari_clause_value(writing->clause, &(ar_value){ .type = AR_TYPE_TEXT, .as.text = { data, length } });
}

static void add_step(ari_text_buffer *path, const ar_value *step, bool as_path)
{
    if (is_index(step)) {
        ari_text_buffer_append_cstr(path, as_path ? "[" : "");
        ari_text_buffer_append_int64(path, step->as.integer);
        ari_text_buffer_append_cstr(path, as_path ? "]" : "");
        return;
    }
    ari_text_buffer_append_cstr(path, as_path ? ".\"" : "");
    ari_text_buffer_append(path, step->as.text.data, step->as.text.length);
    ari_text_buffer_append_cstr(path, as_path ? "\"" : "");
}

static void bind_path(ari_writing *writing, const ari_text_buffer *path)
{
    if (path->failed)
        writing->clause->failed = true;
    else
        bind_text(writing, ari_text_buffer_cstr(path), path->length);
}

static void write_path(ari_writing *writing, const ar_expr *expr)
{
    ari_text_buffer path;
    bool by_step = writing->naming.dialect->json_by_step;
    ari_text_buffer_init(&path, writing->clause->text.env);
    if (!by_step)
        ari_text_buffer_append_cstr(&path, "$");
    for (size_t i = 0; i < expr->value_count; i++) {
        add_step(&path, &expr->values[i], !by_step);
        if (!by_step)
            continue;
        ari_clause_sql(writing->clause, ", ");
        bind_path(writing, &path);
        ari_clause_sql(writing->clause, "::text");
        ari_text_buffer_clear(&path);
    }
    if (!by_step)
        bind_path(writing, &path);
    ari_text_buffer_fini(&path);
}

static ar_status write_column(ari_writing *writing, const ar_expr *expr)
{
    const ar_column *column = NULL;
    size_t source;
    ar_status status = ari_expr_column(writing, expr, &source, &column);
    if (status != AR_OK)
        return status;
    if (ari_column_type(column) != AR_TYPE_JSON && ari_column_type(column) != AR_TYPE_TEXT)
        return ar_error_set(writing->err, AR_E_TYPE, "building a query: column %s is %s, and not JSON",
                            ari_column_name(column), ar_type_name(ari_column_type(column)));
    ari_source_write(writing->clause, &writing->naming, source, column);
    return AR_OK;
}

static ar_status write_template(ari_writing *writing, const char *template, const ar_expr *expr, const ar_value *value)
{
    ar_status status = check_steps(writing, expr);
    if (status == AR_OK && expr->from != 1)
        status = refuse_step(writing, expr, "is of something else than a column: take AR_COL or AR_COL_AS");
    while (status == AR_OK && *template != '\0') {
        size_t plain = strcspn(template, "\1\2\3");
        ari_clause_bytes(writing->clause, template, plain);
        template += plain;
        if (*template == '\1')
            status = write_column(writing, expr);
        else if (*template == '\2')
            write_path(writing, expr);
        else if (*template == '\3' && value != NULL)
            bind_text(writing, value->as.text.data, value->as.text.length);
        template += *template != '\0';
    }
    return status;
}

ar_status ari_json_write(ari_writing *writing, const ar_expr *expr)
{
    const ar_dialect *dialect = writing->naming.dialect;
    const char *template = expr->operation == AR_EXPR_JSON_TEXT ? dialect->json_text : dialect->json_number;
    if (template == NULL)
        return ar_error_set(writing->err, AR_E_UNSUPPORTED, "building a query: %s cannot look into JSON",
                            dialect->name);
    return write_template(writing, template, expr, NULL);
}

ar_status ari_json_write_contains(ari_writing *writing, const ar_expr *expr, const ar_value *value)
{
    const ar_dialect *dialect = writing->naming.dialect;
    const char *template = expr->value_count == 0 ? dialect->json_contains : dialect->json_contains_at;
    if (template == NULL)
        return ar_error_set(writing->err, AR_E_UNSUPPORTED, "building a query: %s cannot tell what JSON contains",
                            dialect->name);
    ar_status status = ari_value_check(value, "JSON", writing->err);
    if (status != AR_OK)
        return status;
    if (value->type != AR_TYPE_TEXT && value->type != AR_TYPE_JSON)
        return ar_error_set(writing->err, AR_E_TYPE, "building a query: what JSON is to contain is JSON or text");
    return write_template(writing, template, expr, value);
}
