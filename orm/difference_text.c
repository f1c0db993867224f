/* SPDX-License-Identifier: MIT */
#include "orm/difference.h"

#include "orm/column.h"

/* What a model and a database say of the same thing, in the same words: "UNIQUE (a, b)". */

static void write_names(ari_text_buffer *text, const char *const *names, size_t count)
{
    ari_text_buffer_append_char(text, '(');
    for (size_t i = 0; i < count; i++) {
        ari_text_buffer_append_cstr(text, i > 0 ? ", " : "");
        ari_text_buffer_append_cstr(text, names[i] != NULL ? names[i] : "an expression");
    }
    ari_text_buffer_append_char(text, ')');
}

void ari_describe_key(ari_text_buffer *text, const ari_plan *plan)
{
    ari_text_buffer_append_cstr(text, plan->key_count > 0 ? "(" : "");
    for (uint32_t i = 0; i < plan->key_count; i++) {
        ari_text_buffer_append_cstr(text, i > 0 ? ", " : "");
        ari_text_buffer_append_cstr(text, plan->columns[plan->key[i]].name);
    }
    ari_text_buffer_append_cstr(text, plan->key_count > 0 ? ")" : "");
}

void ari_describe_told_key(ari_text_buffer *text, const ar_schema_table *table)
{
    if (table->key_count > 0)
        write_names(text, table->key, table->key_count);
}

void ari_describe_index(ari_text_buffer *text, const ar_model *model, const ar_index *index)
{
    ari_text_buffer_append_cstr(text, index->is_unique ? "UNIQUE (" : "(");
    for (size_t i = 0; i < index->count; i++) {
        const ar_column *column = ari_column_by_offset(model, index->offsets[i]);
        ari_text_buffer_append_cstr(text, i > 0 ? ", " : "");
        ari_text_buffer_append_cstr(text, column != NULL ? ari_column_name(column) : "?");
    }
    ari_text_buffer_append_char(text, ')');
}

void ari_describe_told_index(ari_text_buffer *text, const ar_schema_index *index)
{
    ari_text_buffer_append_cstr(text, index->is_unique ? "UNIQUE " : "");
    write_names(text, index->columns, index->column_count);
    if (index->condition == NULL)
        return;
    ari_text_buffer_append_cstr(text, " WHERE ");
    ari_text_buffer_append_cstr(text, index->condition[0] != '\0' ? index->condition : "a condition");
}
