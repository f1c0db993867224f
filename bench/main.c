/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/disk.h"
#include "bench/report.h"
#include "bench/server.h"

/* actrec_bench [NAME...]: runs all benchmarks or those named, each in a child process, from which its result comes back
 * through a pipe. The parent uses neither the library nor a driver, so that forking is safe. Those of a server that is
 * not there are said not to have been run, which is an error for one that was named. */

/* Those of an engine whose driver was missing at build. */
#define LEFT_OUT(which, server)                                               \
    &(const bench)                                                            \
    {                                                                         \
        .name = which, .work = "left out", .engine = server, .left_out = true \
    }
#if AR_HAVE_POSTGRES
#define PG(which) &bench_pg_##which
#else
#define PG(which) LEFT_OUT("pg_" #which, BENCH_POSTGRES)
#endif
#if AR_HAVE_MYSQL
#define MYSQL(which) &bench_mysql_##which
#else
#define MYSQL(which) LEFT_OUT("mysql_" #which, BENCH_MYSQL)
#endif

static const bench *const all[] = {
    &bench_sqlite_find_sync,
    &bench_sqlite_find_async64,
    &bench_sqlite_insert_sync,
    &bench_sqlite_insert_durable64,
    &bench_sqlite_insert_normal64,
    &bench_sqlite_hydrate_10k,
    PG(find_sync),
    PG(find_async64),
    PG(find_threads8),
    PG(select_async64),
    PG(insert_async64),
    PG(insert_bulk10k),
    PG(hydrate_10k),
    MYSQL(find_sync),
    MYSQL(find_async64),
    MYSQL(insert_bulk10k),
    MYSQL(hydrate_10k),
    &bench_orm_eager_3level,
    &bench_mailbox_post,
    &bench_mailbox_help,
    &bench_orm_build_sql,
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

static bool can_run(const bench *work)
{
    if (work->engine == BENCH_NO_SERVER || (!work->left_out && server_named(work->engine) != NULL))
        return true;
    bench_report_not_run(work);
    return false;
}

/* What came of those that were to run. */
typedef struct outcome {
    bench_row rows[all_count];
    size_t count;
    size_t failed;
    size_t not_run;
} outcome;

static void run(const bench *work, outcome *out)
{
    bench_row *row = &out->rows[out->count];
    row->work = work;
    if (!can_run(work)) {
        out->not_run++;
    } else if (run_apart(work, &row->result)) {
        bench_report_row(row, &place);
        out->count++;
    } else {
        printf("%-24s FAILED\n", work->name);
        out->failed++;
    }
}

int main(int argc, char **argv)
{
    static outcome out;
    for (int i = 1; i < argc; i++) {
        if (!is_known(argv[i]))
            return usage(argv[i]);
    }
    bench_disk_open(&place);
    bench_report_place(&place);
    bench_report_head();
    for (int i = 0; i < all_count; i++) {
        if (is_named(all[i]->name, argv + 1, argc - 1))
            run(all[i], &out);
    }
    bench_report_json(out.rows, out.count, "build/bench.json");
    bench_disk_close(&place);
    if (out.not_run > 0)
        fprintf(stderr, "bench: %zu NOT RUN: see above\n", out.not_run);
    return out.failed > 0 || (argc > 1 && out.not_run > 0) ? 1 : 0;
}
