/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_WIRE_H
#define BACKENDS_POSTGRES_WIRE_H

#include <stdint.h>

/* Numbers in the order of the network, at any address. */

static inline uint16_t ari_wire_get16(const char *data)
{
    const unsigned char *p = (const unsigned char *)data;
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t ari_wire_get32(const char *data)
{
    const unsigned char *p = (const unsigned char *)data;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t ari_wire_get64(const char *data)
{
    return (uint64_t)ari_wire_get32(data) << 32 | ari_wire_get32(data + 4);
}

static inline void ari_wire_put16(unsigned char *out, uint16_t number)
{
    out[0] = (unsigned char)(number >> 8);
    out[1] = (unsigned char)number;
}

static inline void ari_wire_put32(unsigned char *out, uint32_t number)
{
    ari_wire_put16(out, (uint16_t)(number >> 16));
    ari_wire_put16(out + 2, (uint16_t)number);
}

static inline void ari_wire_put64(unsigned char *out, uint64_t number)
{
    ari_wire_put32(out, (uint32_t)(number >> 32));
    ari_wire_put32(out + 4, (uint32_t)number);
}

#endif
