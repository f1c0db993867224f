/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "values/memory.h"
#include "values/number.h"

enum { smallest_capacity = 256, small_capacity = 1024 }; /* small ones grow faster */

void ari_text_buffer_init(ari_text_buffer *buffer, const ar_env *env)
{
    *buffer = (ari_text_buffer){ .env = env };
}

void ari_text_buffer_fini(ari_text_buffer *buffer)
{
    ari_release(buffer->env, buffer->data);
    ari_text_buffer_init(buffer, buffer->env);
}

void ari_text_buffer_clear(ari_text_buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

bool ari_text_buffer_grow(ari_text_buffer *buffer, size_t extra)
{
    size_t needed = 0;
    if (buffer->failed)
        return false;
    if (!ari_size_add(buffer->length, extra, &needed) || !ari_size_add(needed, 1, &needed))
        return !(buffer->failed = true);
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity < smallest_capacity ? smallest_capacity : buffer->capacity;
    while (capacity < needed && capacity < small_capacity)
        capacity *= 4;
    while (capacity < needed)
        capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : needed;
    char *data = ari_reallocate(buffer->env, buffer->data, capacity);
    if (data == NULL)
        return !(buffer->failed = true);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void ari_text_buffer_append_int64(ari_text_buffer *buffer, int64_t number)
{
    char digits[ARI_NUMBER_TEXT_SIZE];
    size_t length = ari_format_int64(number, digits);
    ari_text_buffer_append(buffer, digits, length);
}

void ari_text_buffer_append_format(ari_text_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (!ari_text_buffer_reserve(buffer, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

const char *ari_text_buffer_cstr(const ari_text_buffer *buffer)
{
    return buffer->data != NULL && !buffer->failed ? buffer->data : "";
}

char *ari_text_buffer_take(ari_text_buffer *buffer, size_t *length)
{
    ari_text_buffer_append(buffer, NULL, 0);
    if (buffer->failed)
        return NULL;
    char *text = buffer->data;
    if (length != NULL)
        *length = buffer->length;
    ari_text_buffer_init(buffer, buffer->env);
    return text;
}
