/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/disk.h"
#include "bench/report.h"

/* actrec_bench [NAME...]: runs all benchmarks or those named, each in a child process, from which its result comes back
 * through a pipe. The parent uses neither the library nor a driver, so that forking is safe. */

static const bench *const all[] = {
    &bench_sqlite_find_sync,
    &bench_sqlite_find_async64,
    &bench_sqlite_insert_sync,
    &bench_sqlite_insert_durable64,
    &bench_sqlite_insert_normal64,
    &bench_sqlite_hydrate_10k,
    &bench_mailbox_post,
    &bench_mailbox_help,
    &bench_op_bytes,
    &bench_connection_bytes,
};

enum { all_count = sizeof all / sizeof all[0] };

static bench_place place;

static bool run_apart(const bench *work, bench_result *out)
{
    int ends[2], status = 0;
    if (pipe(ends) != 0)
        bench_fail("making a pipe: %s", strerror(errno));
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        bench_fail("starting a process: %s", strerror(errno));
    if (child == 0) {
        bench_measure(work, &place, out);
        _exit(write(ends[1], out, sizeof *out) == (ssize_t)sizeof *out ? 0 : 1);
    }
    close(ends[1]);
    bool whole = read(ends[0], out, sizeof *out) == (ssize_t)sizeof *out;
    close(ends[0]);
    waitpid(child, &status, 0);
    bench_disk_clear(&place);
    return whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool is_named(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return count == 0;
}

static bool is_known(const char *name)
{
    for (int i = 0; i < all_count; i++) {
        if (strcmp(all[i]->name, name) == 0)
            return true;
    }
    return false;
}

static int usage(const char *unknown)
{
    fprintf(stderr, "there is no benchmark \"%s\"; there are:\n", unknown);
    for (int i = 0; i < all_count; i++)
        fprintf(stderr, "  %-24s %s\n", all[i]->name, all[i]->work);
    return 2;
}

int main(int argc, char **argv)
{
    bench_row rows[all_count];
    size_t count = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (!is_known(argv[i]))
            return usage(argv[i]);
    }
    bench_disk_open(&place);
    bench_report_place(&place);
    bench_report_head();
    for (int i = 0; i < all_count; i++) {
        if (!is_named(all[i]->name, argv + 1, argc - 1))
            continue;
        rows[count].work = all[i];
        if (run_apart(all[i], &rows[count].result)) {
            bench_report_row(&rows[count], &place);
            count++;
        } else {
            printf("%-24s FAILED\n", all[i]->name);
            failed = 1;
        }
    }
    bench_report_json(rows, count, "build/bench.json");
    bench_disk_close(&place);
    return failed;
}
