/* SPDX-License-Identifier: MIT */
#include "tests/support/sqlite_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

/* The real files hold what was written. Beside each, `safe` holds what the last sync made safe: all of the file as
 * it was then. A power cut takes each sector either from the one or from the other. A file that was never synced
 * does not survive for sure, and neither does the removal of one without a sync of its folder. */

enum { sector_size = 512, path_size = 256, most_files = 16 };

typedef struct image {
    char path[path_size]; /* "": free */
    unsigned char *safe;
    size_t safe_size;
    bool safe_exists;
} image;

typedef struct shim_file {
    sqlite3_file base;
    sqlite3_file *real;
    image *image; /* NULL: a temporary file */
    int64_t size;
} shim_file;

sqlite_vfs_plan sqlite_vfs;

static sqlite3_vfs shim;
static image images[most_files];
static int64_t used;

static sqlite3_vfs *real_vfs(void)
{
    return shim.pAppData;
}

static image *image_of(const char *path)
{
    image *free_one = NULL;
    for (size_t i = 0; i < most_files; i++) {
        if (strcmp(images[i].path, path) == 0)
            return &images[i];
        if (free_one == NULL && images[i].path[0] == '\0')
            free_one = &images[i];
    }
    assert_non_null(free_one);
    assert_true(strlen(path) < path_size);
    strcpy(free_one->path, path);
    return free_one;
}

/* The code that a call of this kind has to answer, SQLITE_OK when it may go on. */
static int trouble(unsigned kind, int own_code)
{
    if (!sqlite_vfs.dark && (sqlite_vfs.counted & kind) != 0) {
        size_t call = ++sqlite_vfs.calls;
        if (sqlite_vfs.cut_at != 0 && call >= sqlite_vfs.cut_at)
            sqlite_vfs.dark = true;
        if (sqlite_vfs.fail_at != 0 && (sqlite_vfs.fail_on ? call >= sqlite_vfs.fail_at : call == sqlite_vfs.fail_at)) {
            sqlite_vfs.failures++;
            return sqlite_vfs.fail_code != 0 ? sqlite_vfs.fail_code : own_code;
        }
    }
    return sqlite_vfs.dark ? own_code : SQLITE_OK;
}

static unsigned char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (file == NULL)
        return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = malloc(*size + 1);
    assert_int_equal(fread(data, 1, *size, file), *size);
    fclose(file);
    return data;
}

/* SQLite syncs the folder with the first sync of a new journal or log; that makes removals safe too. */
static void sync_folder_of_new_file(void)
{
    for (size_t i = 0; i < most_files; i++)
        if (images[i].path[0] != '\0' && access(images[i].path, F_OK) != 0)
            images[i].safe_exists = false;
}

static void make_safe(image *of)
{
    if (!of->safe_exists)
        sync_folder_of_new_file();
    free(of->safe);
    of->safe = read_all(of->path, &of->safe_size);
    of->safe_exists = true;
}

static shim_file *shim_of(sqlite3_file *file)
{
    return (shim_file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return shim_of(file)->real;
}

static int on_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    int code = trouble(SQLITE_VFS_READ, SQLITE_IOERR_READ);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int on_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    shim_file *shim_one = shim_of(file);
    int code = trouble(SQLITE_VFS_WRITE, SQLITE_IOERR_WRITE);
    int64_t growth = offset + size > shim_one->size ? offset + size - shim_one->size : 0;
    if (code == SQLITE_OK && sqlite_vfs.capacity != 0 && used + growth > sqlite_vfs.capacity) {
        sqlite_vfs.failures++;
        code = SQLITE_FULL;
    }
    if (code != SQLITE_OK)
        return code;
    used += growth;
    shim_one->size += growth;
    return shim_one->real->pMethods->xWrite(shim_one->real, data, size, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    shim_file *shim_one = shim_of(file);
    int code = trouble(SQLITE_VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    if (code != SQLITE_OK)
        return code;
    used -= shim_one->size - size;
    shim_one->size = size;
    return shim_one->real->pMethods->xTruncate(shim_one->real, size);
}

static int on_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    int code = trouble(SQLITE_VFS_SYNC, SQLITE_IOERR_FSYNC);
    sqlite_vfs.syncs++;
    if (code == SQLITE_OK && shim_of(file)->image != NULL)
        make_safe(shim_of(file)->image);
    return code;
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int on_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_check_lock(sqlite3_file *file, int *answer)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), answer);
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int on_sector_size(sqlite3_file *file)
{
    (void)file;
    return sector_size;
}

static int on_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static sqlite3_io_methods methods_without_shm;

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    shim_file *shim_one = shim_of(file);
    (void)vfs;
    memset(shim_one, 0, sizeof *shim_one);
    shim_one->real = (sqlite3_file *)(shim_one + 1);
    int code = trouble(SQLITE_VFS_OPEN, SQLITE_CANTOPEN);
    if (sqlite_vfs.no_write) /* as SQLite's own does when the permissions are so */
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    if (code == SQLITE_OK)
        code = real_vfs()->xOpen(real_vfs(), path, shim_one->real, flags, out_flags);
    if (code != SQLITE_OK)
        return code;
    shim_one->base.pMethods = sqlite_vfs.no_shared_memory ? &methods_without_shm : &methods;
    shim_one->image = path == NULL ? NULL : image_of(path);
    (void)shim_one->real->pMethods->xFileSize(shim_one->real, (sqlite3_int64 *)&shim_one->size);
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    size_t size;
    int code = trouble(SQLITE_VFS_DELETE, SQLITE_IOERR_DELETE);
    if (code != SQLITE_OK)
        return code;
    free(read_all(path, &size));
    used -= (int64_t)size;
    if (sync_folder)
        image_of(path)->safe_exists = false;
    return real_vfs()->xDelete(real_vfs(), path, 0);
}

static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
    (void)vfs;
    return sqlite_vfs.dark ? SQLITE_IOERR_ACCESS : real_vfs()->xAccess(real_vfs(), path, flags, answer);
}

static int on_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    return real_vfs()->xFullPathname(real_vfs(), path, size, out);
}

void sqlite_vfs_install(void)
{
    if (shim.pAppData != NULL)
        return;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    methods_without_shm = methods;
    methods_without_shm.iVersion = 1;
    shim = *real;
    shim.pNext = NULL;
    shim.pAppData = real;
    shim.zName = "actrec-test";
    shim.szOsFile = (int)sizeof(shim_file) + real->szOsFile;
    shim.xOpen = on_open;
    shim.xDelete = on_delete;
    shim.xAccess = on_access;
    shim.xFullPathname = on_full_path;
    assert_int_equal(sqlite3_vfs_register(&shim, 0), SQLITE_OK);
}

void sqlite_vfs_reset(void)
{
    for (size_t i = 0; i < most_files; i++) {
        free(images[i].safe);
        images[i] = (image){ 0 };
    }
    sqlite_vfs = (sqlite_vfs_plan){ 0 };
    used = 0;
}

static bool coin(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 24) % 2 == 0;
}

static void write_all(const char *path, const unsigned char *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void tear(const image *of, unsigned char *live, size_t live_size, uint32_t *seed)
{
    size_t size = coin(seed) ? live_size : of->safe_size;
    unsigned char *mixed = calloc(size + 1, 1);
    for (size_t at = 0; at < size; at += sector_size) {
        size_t length = size - at < sector_size ? size - at : sector_size;
        bool from_live = at < live_size && (at >= of->safe_size || coin(seed));
        size_t limit = from_live ? live_size : of->safe_size;
        if (at < limit)
            memcpy(mixed + at, (from_live ? live : of->safe) + at, limit - at < length ? limit - at : length);
    }
    write_all(of->path, mixed, size);
    free(mixed);
}

static void restore_file(image *of, sqlite_vfs_fate fate, uint32_t *seed)
{
    size_t live_size;
    unsigned char *live = read_all(of->path, &live_size);
    bool torn = fate == SQLITE_VFS_TORN;
    if (fate == SQLITE_VFS_LOST || (torn && live == NULL && coin(seed))) {
        if (of->safe_exists)
            write_all(of->path, of->safe, of->safe_size);
        else
            (void)unlink(of->path);
    } else if (torn && live != NULL && of->safe_exists) {
        tear(of, live, live_size, seed);
    } else if (torn && live != NULL && coin(seed)) {
        (void)unlink(of->path);
    }
    free(live);
}

void sqlite_vfs_restore(sqlite_vfs_fate fate, uint32_t seed)
{
    for (size_t i = 0; i < most_files; i++) {
        if (images[i].path[0] == '\0')
            continue;
        char shared[path_size + 8];
        restore_file(&images[i], fate, &seed);
        snprintf(shared, sizeof shared, "%.250s-shm", images[i].path);
        (void)unlink(shared);
    }
    sqlite_vfs_reset();
}
