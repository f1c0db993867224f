/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_UUID_H
#define ACTREC_UUID_H

#include <stddef.h>

#include <actrec/error.h>
#include <actrec/value.h>

AR_BEGIN_DECLS

/* UUIDs (RFC 9562). `out` is left alone on an error. */

#define AR_UUID_TEXT_SIZE 37 /* bytes of one as text, the NUL included */

/* Reads the 36 characters "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", digits in either case; any version.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  AR_E_TYPE for any other text, braces and missing hyphens among them; AR_E_INVALID for NULL. */
AR_API AR_NODISCARD ar_status ar_uuid_parse(const char *text, ar_uuid *out, ar_error *err);

/* ar_uuid_parse of `length` bytes that need not end with a NUL.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  as ar_uuid_parse. */
AR_API AR_NODISCARD ar_status ar_uuid_parse_n(const char *text, size_t length, ar_uuid *out, ar_error *err);

/* Writes `uuid` in lower case and returns 36, the bytes without the NUL.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  returns 0, and "" where `size` is not 0, when `size` is below AR_UUID_TEXT_SIZE or `buffer` is NULL. */
AR_API size_t ar_uuid_format(ar_uuid uuid, char *buffer, size_t size);

/* Compares byte by byte, which is the order of the texts too: less than 0, 0, or more than 0.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  none. */
AR_API int ar_uuid_compare(ar_uuid a, ar_uuid b);

/* A new random UUID, version 4: 122 bits from the system's generator.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  as the system's generator does: only while it is not seeded yet, at boot.
 * Errors:  what the generator answers; AR_E_INVALID for NULL. */
AR_API AR_NODISCARD ar_status ar_uuid_v4(ar_uuid *out, ar_error *err);

/* A new UUID, version 7: the wall clock in milliseconds, its microseconds in 12 bits more, and 62 random bits. Those
 * made later sort later as far as the clock tells them apart and is not set back, so that they suit an index.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  as ar_uuid_v4.
 * Errors:  as ar_uuid_v4; AR_E_UNSUPPORTED when the clock shows a time before 1970 or after 10889. */
AR_API AR_NODISCARD ar_status ar_uuid_v7(ar_uuid *out, ar_error *err);

AR_END_DECLS

#endif
