/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_LIBRARY_H
#define BACKENDS_SQLITE_LIBRARY_H

#include <actrec/error.h>

/* AR_E_UNSUPPORTED when the SQLite of this process is too old, or not for several threads. */
ar_status ari_sqlite_check_library(ar_error *err);

#endif
