/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_SQLITE_SQLITE_H
#define BACKENDS_SQLITE_SQLITE_H

#include <actrec/sys/backend.h>

/* SQLite 3.38 or later. URLs: "sqlite:app.db", "sqlite:///abs/app.db", "sqlite::memory:", with these options:
 *
 *   mode             rwc (default: create the file), rw (it must exist), ro
 *   journal_mode     wal (default), delete, truncate, persist, memory
 *   synchronous      off, normal, full (default), extra
 *   busy_timeout_ms  how long to wait for another process's lock; default 5000
 *   cache_size_kib   page cache of each connection; default 8192
 *   readers          0 to 64; default 4 with WAL, else 0
 *   foreign_keys     on (default), off
 *   statement_cache  prepared statements kept by each connection, 0 to 65536; default 128
 *   vfs              an operating system interface registered with sqlite3_vfs_register; default SQLite's own
 *
 * The connections of one database have to be opened writer first: it creates the file and turns WAL on. */
extern const ar_backend ari_sqlite_backend;

#endif
