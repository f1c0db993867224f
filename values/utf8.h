/* SPDX-License-Identifier: MIT */
#ifndef VALUES_UTF8_H
#define VALUES_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the bytes are UTF-8: nothing too long, no surrogates, nothing above U+10FFFF (RFC 3629). NUL is. */
bool ari_utf8_is_valid(const char *text, size_t length);

/* Copies `length` bytes and a NUL into `size` bytes, cut where a character begins when they are too many. */
void ari_utf8_copy_cut(char *out, size_t size, const char *text, size_t length);

#endif
