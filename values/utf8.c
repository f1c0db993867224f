/* SPDX-License-Identifier: MIT */
#include "values/utf8.h"

#include <stdint.h>
#include <string.h>

/* The length of the sequence at `p`, 0 when it is none. */
static size_t sequence_length(const unsigned char *p, size_t left)
{
    unsigned char lead = p[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f) || (lead == 0xf0 && p[1] < 0x90) ||
        (lead == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

bool ari_utf8_is_valid(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    while (p < end) {
        uint64_t eight;
        while (end - p >= 8 && (memcpy(&eight, p, 8), (eight & UINT64_C(0x8080808080808080)) == 0))
            p += 8;
        if (p == end)
            break;
        size_t step = sequence_length(p, (size_t)(end - p));
        if (step == 0)
            return false;
        p += step;
    }
    return true;
}

void ari_utf8_copy_cut(char *out, size_t size, const char *text, size_t length)
{
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}
