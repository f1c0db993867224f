/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/text.h"
#include "values/uuid.h"

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hyphen_at(size_t position)
{
    return position == 8 || position == 13 || position == 18 || position == 23;
}

ar_status ar_uuid_parse(const char *text, ar_uuid *out, ar_error *err)
{
    return ar_uuid_parse_n(text, text != NULL ? strlen(text) : 0, out, err);
}

ar_status ar_uuid_parse_n(const char *text, size_t length, ar_uuid *out, ar_error *err)
{
    ar_uuid uuid;
    size_t count = 0;
    if (text == NULL || out == NULL)
        return ar_error_set(err, AR_E_INVALID, "reading a UUID: %s is NULL", text == NULL ? "the text" : "out");
    if (length != AR_UUID_TEXT_SIZE - 1)
        return ar_error_set(err, AR_E_TYPE, "reading a UUID: the text has %zu bytes; a UUID is written with 36",
                            length);
    for (size_t i = 0; i < length; i++) {
        if (hyphen_at(i)) {
            if (text[i] != '-')
                return ar_error_set(err, AR_E_TYPE, "reading a UUID: byte %zu of the text is no hyphen", i + 1);
            continue;
        }
        int high = digit_value(text[i]);
        int low = digit_value(text[i + 1]);
        if (high < 0 || low < 0)
            return ar_error_set(err, AR_E_TYPE, "reading a UUID: byte %zu of the text is no hexadecimal digit",
                                high < 0 ? i + 1 : i + 2);
        uuid.bytes[count++] = (uint8_t)(high << 4 | low);
        i++;
    }
    *out = uuid;
    return AR_OK;
}

size_t ar_uuid_format(ar_uuid uuid, char *buffer, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char text[AR_UUID_TEXT_SIZE];
    size_t length = 0;
    for (size_t i = 0; i < sizeof uuid.bytes; i++) {
        if (hyphen_at(length))
            text[length++] = '-';
        text[length++] = digits[uuid.bytes[i] >> 4];
        text[length++] = digits[uuid.bytes[i] & 15];
    }
    return ari_text_deliver(text, length, buffer, size);
}

int ar_uuid_compare(ar_uuid a, ar_uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

/* Puts version and variant in their bits (RFC 9562, sections 4.1 and 4.2). */
static void stamp(ar_uuid *uuid, unsigned version)
{
    uuid->bytes[6] = (uint8_t)((uuid->bytes[6] & 0x0F) | version << 4);
    uuid->bytes[8] = (uint8_t)((uuid->bytes[8] & 0x3F) | 0x80);
}

ar_status ari_uuid_v4(const ar_env *env, ar_uuid *out, ar_error *err)
{
    ar_uuid uuid;
    if (out == NULL)
        return ar_error_set(err, AR_E_INVALID, "making a UUID: out is NULL");
    ar_status status = env->entropy(env->ctx, uuid.bytes, sizeof uuid.bytes);
    if (status != AR_OK)
        return ar_error_set(err, status, "making a UUID: the system's random generator gave nothing");
    stamp(&uuid, 4);
    *out = uuid;
    return AR_OK;
}

ar_status ari_uuid_v7(const ar_env *env, ar_uuid *out, ar_error *err)
{
    ar_uuid uuid;
    ar_status status = ari_uuid_v4(env, out != NULL ? &uuid : NULL, err);
    if (status != AR_OK)
        return status;
    int64_t now = env->wall_now(env->ctx);
    if (now < 0 || now / 1000 >= INT64_C(1) << 48)
        return ar_error_set(err, AR_E_UNSUPPORTED,
                            "making a version 7 UUID: the wall clock is before 1970 or after 10889; set it");
    uint64_t ms = (uint64_t)now / 1000;
    /* Section 6.2, method 3: the part of the millisecond that passed, in 4096ths, in place of random bits. */
    uint64_t fraction = (uint64_t)now % 1000 * 4096 / 1000;
    for (unsigned i = 0; i < 6; i++)
        uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    uuid.bytes[6] = (uint8_t)(fraction >> 8);
    uuid.bytes[7] = (uint8_t)fraction;
    stamp(&uuid, 7);
    *out = uuid;
    return AR_OK;
}

ar_status ar_uuid_v4(ar_uuid *out, ar_error *err)
{
    return ari_uuid_v4(ar_env_default(), out, err);
}

ar_status ar_uuid_v7(ar_uuid *out, ar_error *err)
{
    return ari_uuid_v7(ar_env_default(), out, err);
}
