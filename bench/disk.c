/* SPDX-License-Identifier: MIT */
#include "bench/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What a durable write costs depends on the disk alone, so it is measured before anything is judged by it: on a file
 * system in memory, or behind a controller that says yes at once, a durable insert costs no more than any other. */

enum { syncs = 65, page = 4096 };

static char folder[] = "build/bench-XXXXXX";

static const char *kind_of(const char *path)
{
    static const struct {
        long magic;
        const char *name;
    } kinds[] = { { TMPFS_MAGIC, "tmpfs" },
                  { RAMFS_MAGIC, "ramfs" },
                  { EXT4_SUPER_MAGIC, "ext4" },
                  { BTRFS_SUPER_MAGIC, "btrfs" },
                  { XFS_SUPER_MAGIC, "xfs" },
                  { F2FS_SUPER_MAGIC, "f2fs" },
                  { OVERLAYFS_SUPER_MAGIC, "overlay" },
                  { NFS_SUPER_MAGIC, "nfs" } };
    struct statfs info;
    if (statfs(path, &info) != 0)
        return "unknown";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((long)info.f_type == kinds[i].magic)
            return kinds[i].name;
    }
    return "other";
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Appends and syncs, as a database log does. */
static double time_fsync(const char *in)
{
    char path[128];
    char block[page];
    int64_t times[syncs];
    snprintf(path, sizeof path, "%s/fsync", in);
    memset(block, 'x', sizeof block);
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0)
        bench_fail("creating %s: %s", path, strerror(errno));
    for (int i = 0; i < syncs; i++) {
        int64_t start = bench_now();
        if (write(file, block, sizeof block) != (ssize_t)sizeof block || fsync(file) != 0)
            bench_fail("writing %s: %s", path, strerror(errno));
        times[i] = bench_now() - start;
    }
    close(file);
    unlink(path);
    qsort(times, syncs, sizeof times[0], compare);
    int64_t middle = times[syncs / 2];
    return (double)middle * 1e-9;
}

void bench_disk_open(bench_place *place)
{
    if (mkdir("build", 0777) != 0 && errno != EEXIST)
        bench_fail("making the folder build: %s", strerror(errno));
    if (mkdtemp(folder) == NULL)
        bench_fail("making the folder %s: %s", folder, strerror(errno));
    place->folder = folder;
    place->kind = kind_of(folder);
    place->fsync_seconds = time_fsync(folder);
}

void bench_disk_clear(const bench_place *place)
{
    char path[512];
    DIR *files = opendir(place->folder);
    if (files == NULL)
        return;
    for (struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files)) {
        snprintf(path, sizeof path, "%s/%s", place->folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(files);
}

void bench_disk_close(bench_place *place)
{
    bench_disk_clear(place);
    rmdir(place->folder);
}
