/* SPDX-License-Identifier: MIT */
/* Included before every file that clang-tidy looks at, but the one that defines the function. The analyzer cannot see
 * into it, and would follow paths on which a failure that was just set turns out to be AR_OK. */
#include <actrec/error.h>

/* cmocka's end a test without returning, and do not say so. */
_Noreturn void _fail(const char *const file, const int line);
_Noreturn void _skip(const char *const file, const int line);

#define ar_error_set(err, status, ...) (ar_error_set((err), (status), __VA_ARGS__), (status))
