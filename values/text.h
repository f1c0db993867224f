/* SPDX-License-Identifier: MIT */
#ifndef VALUES_TEXT_H
#define VALUES_TEXT_H

#include <stddef.h>
#include <string.h>

/* How every public ar_*_format ends: `length` bytes of `text` and a NUL go to `buffer`, or "" and 0 when they do not
 * fit. */
static inline size_t ari_text_deliver(const char *text, size_t length, char *buffer, size_t size)
{
    if (buffer == NULL || size == 0)
        return 0;
    if (length >= size)
        length = 0;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    return length;
}

#endif
