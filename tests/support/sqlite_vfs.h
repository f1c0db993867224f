/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_SQLITE_VFS_H
#define TESTS_SUPPORT_SQLITE_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file system that misbehaves as it is told, over SQLite's own: URL option vfs=actrec-test. For one thread. It
 * never syncs for real, but remembers what a sync would have made safe, so that a power cut can be played. */

enum {
    SQLITE_VFS_OPEN = 1,
    SQLITE_VFS_READ = 2,
    SQLITE_VFS_WRITE = 4,
    SQLITE_VFS_SYNC = 8,
    SQLITE_VFS_TRUNCATE = 16,
    SQLITE_VFS_DELETE = 32,
    SQLITE_VFS_CHANGES = SQLITE_VFS_WRITE | SQLITE_VFS_SYNC | SQLITE_VFS_TRUNCATE | SQLITE_VFS_DELETE
};

typedef struct sqlite_vfs_plan {
    unsigned counted;      /* kinds of calls that count, SQLITE_VFS_… */
    size_t cut_at;         /* power is cut in front of the counted call of that number, from 1; 0: never */
    size_t fail_at;        /* the counted call of that number fails with fail_code; 0: none */
    bool fail_on;          /* and all after it */
    int fail_code;         /* SQLITE_FULL …; 0: the SQLITE_IOERR_… of the call */
    int64_t capacity;      /* bytes of all files together, at most; 0: no limit */
    bool no_write;         /* files open for reading only */
    bool no_shared_memory; /* WAL cannot work */

    size_t calls;    /* counted so far */
    size_t failures; /* calls that were made to fail */
    size_t syncs;    /* of any kind, always counted */
    bool dark;       /* the power is cut: everything fails */
} sqlite_vfs_plan;

extern sqlite_vfs_plan sqlite_vfs;

/* Registers it, once; it is not the default. */
void sqlite_vfs_install(void);

/* Forgets the plan and all files. */
void sqlite_vfs_reset(void);

/* What a power cut does to what was written but not synced, sector by sector. */
typedef enum sqlite_vfs_fate { SQLITE_VFS_LOST, SQLITE_VFS_TORN, SQLITE_VFS_KEPT } sqlite_vfs_fate;

/* Power is back: the files are as the cut left them. They must be closed. `seed` decides what is torn. */
void sqlite_vfs_restore(sqlite_vfs_fate fate, uint32_t seed);

#endif
