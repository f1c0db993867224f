/* SPDX-License-Identifier: MIT */
#include "bench/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/server.h"

typedef enum verdict { HOLDS, MISSED, NOT_JUDGED } verdict;

static verdict judge(const bench_row *row, const bench_place *place)
{
    const bench *work = row->work;
    if (place->fsync_seconds < work->fsync_at_least)
        return NOT_JUDGED;
    bool holds = row->result.ratio >= work->ratio_at_least && row->result.ours >= work->ours_at_least &&
                 (work->ours_at_most == 0 || row->result.ours <= work->ours_at_most);
    return holds ? HOLDS : MISSED;
}

static const char *verdict_name(verdict which)
{
    switch (which) {
    case HOLDS: return "holds";
    case MISSED: return "MISSED";
    case NOT_JUDGED: return "not judged: this disk syncs too fast";
    }
    return "";
}

/* Writes `number` with its thousands apart. */
static const char *grouped(double number, char *room, size_t size)
{
    char digits[32];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%.0f", number);
    size_t at = 0;
    for (size_t i = 0; i < length && at + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            room[at++] = ',';
        room[at++] = digits[i];
    }
    room[at] = '\0';
    return room;
}

static void write_target(const bench *work, char *room, size_t size)
{
    char number[32];
    int used = 0;
    room[0] = '\0';
    if (work->ratio_at_least > 0)
        used = snprintf(room, size, "ratio >= %g", work->ratio_at_least);
    if (work->ours_at_least > 0)
        used += snprintf(room + used, size - (size_t)used, "%sours >= %s", used > 0 ? ", " : "",
                         grouped(work->ours_at_least, number, sizeof number));
    if (work->ours_at_most > 0)
        snprintf(room + used, size - (size_t)used, "%sours <= %s", used > 0 ? ", " : "",
                 grouped(work->ours_at_most, number, sizeof number));
}

void bench_report_place(const bench_place *place)
{
    printf("%ld processors; files on %s, where writing and syncing 4 KiB takes %.0f us\n",
           sysconf(_SC_NPROCESSORS_ONLN), place->kind, place->fsync_seconds * 1e6);
    for (bench_engine engine = BENCH_POSTGRES; engine <= BENCH_MYSQL; engine++) {
        char text[256] = "";
        if (server_named(engine) != NULL) {
            server_write_place(engine, text, sizeof text);
            printf("%s, for ours and the floor alike\n", text);
        }
    }
}

void bench_report_head(void)
{
    printf("%-24s %14s %14s %8s %-5s %-32s\n", "name", "ours", "floor", "ratio", "unit", "target");
    fflush(stdout);
}

void bench_report_row(const bench_row *row, const bench_place *place)
{
    char ours[32], floor[32], target[64];
    write_target(row->work, target, sizeof target);
    printf("%-24s %14s %14s %8.2f %-5s %-32s %s\n", row->work->name, grouped(row->result.ours, ours, sizeof ours),
           grouped(row->result.floor, floor, sizeof floor), row->result.ratio, row->work->unit, target,
           verdict_name(judge(row, place)));
    fflush(stdout);
}

void bench_report_not_run(const bench *work)
{
    if (work->left_out)
        printf("%-24s NOT RUN: %s was left out of this build, its driver was missing\n", work->name,
               server_title(work->engine));
    else
        printf("%-24s NOT RUN: %s is not set; ./dev bench starts a server and sets it\n", work->name,
               server_variable(work->engine));
    fflush(stdout);
}

void bench_report_json(const bench_row *rows, size_t count, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        bench_fail("writing %s: %s", path, strerror(errno));
    fputs("{\n", file);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "  \"%s\": {\"ours\": %.1f, \"floor\": %.1f, \"ratio\": %.4f, \"unit\": \"%s\"}%s\n",
                rows[i].work->name, rows[i].result.ours, rows[i].result.floor, rows[i].result.ratio, rows[i].work->unit,
                i + 1 < count ? "," : "");
    fputs("}\n", file);
    if (fclose(file) != 0)
        bench_fail("writing %s: %s", path, strerror(errno));
    printf("written to %s\n", path);
}
