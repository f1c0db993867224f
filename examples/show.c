/* SPDX-License-Identifier: MIT */
#include "examples/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STEPS_MAX = 32, COLUMNS_MAX = 16 };

static struct {
    const char *name;
    double ms;
} steps[STEPS_MAX];
static size_t step_count;
static struct timespec begun;

void must(ar_status status, const ar_error *err, const char *what)
{
    if (status == AR_OK)
        return;
    fflush(stdout);
    fprintf(stderr, "%s: %s: %s\n", what, ar_status_name(status), err->message);
    exit(EXIT_FAILURE);
}

void show_title(const char *title)
{
    printf("\n%s\n", title);
    for (const char *c = title; *c != '\0'; c++)
        putchar('-');
    putchar('\n');
}

void show_begin(const char *step)
{
    if (step_count < STEPS_MAX)
        steps[step_count].name = step;
    clock_gettime(CLOCK_MONOTONIC, &begun);
}

void show_end(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (step_count < STEPS_MAX)
        steps[step_count++].ms =
            (double)(now.tv_sec - begun.tv_sec) * 1e3 + (double)(now.tv_nsec - begun.tv_nsec) / 1e6;
}

void show_summary(void)
{
    show_title("What each step took");
    for (size_t i = 0; i < step_count; i++)
        printf("  %-52s %10.2f ms\n", steps[i].name, steps[i].ms);
}

static void print_value(char *text, size_t size, const ar_rows *rows, size_t row, size_t column)
{
    ar_value value;
    ar_error err;
    must(ar_rows_value(rows, row, column, &value, &err), &err, "reading a row");
    switch (value.type) {
    case AR_TYPE_NULL: snprintf(text, size, "NULL"); break;
    case AR_TYPE_TEXT: snprintf(text, size, "%.*s", (int)value.as.text.length, value.as.text.data); break;
    case AR_TYPE_FLOAT:
    case AR_TYPE_DOUBLE:
        snprintf(text, size, "%.2f", value.type == AR_TYPE_DOUBLE ? value.as.real : (double)value.as.single);
        break;
    case AR_TYPE_DATE: ar_date_format(value.as.date, text, size); break;
    case AR_TYPE_TIMESTAMP: ar_timestamp_format(value.as.timestamp, text, size); break;
    case AR_TYPE_BOOL: snprintf(text, size, "%s", value.as.boolean ? "true" : "false"); break;
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: snprintf(text, size, "%" PRId64, value.as.integer); break;
    case AR_TYPE_BYTES:
    case AR_TYPE_TIME:
    case AR_TYPE_DECIMAL:
    case AR_TYPE_UUID:
    case AR_TYPE_JSON: snprintf(text, size, "(%s)", ar_type_name(value.type)); break;
    }
}

static void print_line(const size_t *widths, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        fputs(c == 0 ? "  +" : "+", stdout);
        for (size_t i = 0; i < widths[c] + 2; i++)
            putchar('-');
    }
    puts("+");
}

void show_rows(const ar_rows *rows)
{
    size_t columns = ar_rows_column_count(rows) < COLUMNS_MAX ? ar_rows_column_count(rows) : COLUMNS_MAX;
    size_t widths[COLUMNS_MAX] = { 0 };
    char text[64];

    for (size_t c = 0; c < columns; c++) {
        widths[c] = strlen(ar_rows_column_name(rows, c));
        for (size_t r = 0; r < ar_rows_count(rows); r++) {
            print_value(text, sizeof text, rows, r, c);
            widths[c] = strlen(text) > widths[c] ? strlen(text) : widths[c];
        }
    }
    print_line(widths, columns);
    for (size_t c = 0; c < columns; c++)
        printf("%s %-*s ", c == 0 ? "  |" : "|", (int)widths[c], ar_rows_column_name(rows, c));
    puts("|");
    print_line(widths, columns);
    for (size_t r = 0; r < ar_rows_count(rows); r++) {
        for (size_t c = 0; c < columns; c++) {
            print_value(text, sizeof text, rows, r, c);
            printf("%s %-*s ", c == 0 ? "  |" : "|", (int)widths[c], text);
        }
        puts("|");
    }
    print_line(widths, columns);
}

void show_progress(const char *what, size_t done, size_t total)
{
    enum { WIDTH = 40 };
    static size_t last_tenth;
    size_t tenth = done * 10 / total;

    if (!isatty(STDOUT_FILENO)) {
        if (tenth != last_tenth)
            printf("  %s: %zu%%\n", what, tenth * 10);
        last_tenth = tenth;
        return;
    }
    size_t filled = done * WIDTH / total;
    printf("\r  %s [", what);
    for (size_t i = 0; i < WIDTH; i++)
        putchar(i < filled ? '#' : '.');
    printf("] %3zu%% %zu", done * 100 / total, done);
    if (done == total)
        putchar('\n');
    fflush(stdout);
}
