/* SPDX-License-Identifier: MIT */
/* Included before every file that clang-tidy looks at, but the one that defines the function. The analyzer cannot see
 * into it, and would follow paths on which a failure that was just set turns out to be AR_OK. */
#include <actrec/error.h>

#define ar_error_set(err, status, ...) (ar_error_set((err), (status), __VA_ARGS__), (status))
