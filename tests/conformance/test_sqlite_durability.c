/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <actrec.h>

/* A save whose future said AR_OK outlives its process. This program runs itself anew as the writer, which saves from
 * four threads and tells each number through a pipe once its future is complete; it is killed while they are at it,
 * and what the file then holds is compared with what was told. The numbers are chosen here and the column is not unique,
 * so that a row that was written twice is seen. */

enum { THREADS = 4, IN_FLIGHT = 16, ROUNDS = 30, LEAST = 50, SPREAD = 900, PER_THREAD = 1000000 };

typedef struct Entry {
    int64_t id;
    int64_t number;
    const char *text;
} Entry;

AR_MODEL_DECLARE(Entry);
AR_MODEL_DEFINE(Entry, "entries", AR_COLUMN(Entry, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Entry, number, AR_NOT_NULL),
                AR_COLUMN(Entry, text, AR_NOT_NULL));

/* --- The writer, a process of its own --- */

typedef struct writer {
    ar_db *db;
    int pipe;
    int64_t first; /* of the numbers of this thread */
} writer;

static void *give_up(const char *doing, const ar_error *err)
{
    fprintf(stderr, "writer: %s: %s\n", doing, err->message);
    _exit(1);
}

static void *save_for_ever(void *arg)
{
    writer *self = arg;
    ar_error err;
    Entry *entries[IN_FLIGHT];
    ar_done futures[IN_FLIGHT];
    for (int64_t i = 0;; i++) {
        int64_t slot = i % IN_FLIGHT;
        if (i >= IN_FLIGHT) {
            int64_t number = entries[slot]->number;
            if (ar_done_await(&futures[slot], &err) != AR_OK)
                return give_up("saving", &err);
            if (write(self->pipe, &number, sizeof number) != (ssize_t)sizeof number)
                _exit(1);
            Entry_free(entries[slot]);
        }
        entries[slot] = Entry_new();
        if (entries[slot] == NULL)
            _exit(1);
        entries[slot]->number = self->first + i;
        entries[slot]->text = "a row that must be there once its future is complete";
        futures[slot] = Entry_save_async(self->db, entries[slot]);
    }
}

static int write_until_killed(const char *url, int pipe, int64_t first)
{
    ar_error err;
    ar_db *db = NULL;
    pthread_t threads[THREADS];
    writer writers[THREADS];
    if (ar_db_open(url, NULL, &db, &err) != AR_OK)
        give_up("opening", &err);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (writer){ .db = db, .pipe = pipe, .first = first + (int64_t)i * PER_THREAD };
        if (pthread_create(&threads[i], NULL, save_for_ever, &writers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 1;
}

/* --- The test --- */

typedef struct numbers {
    int64_t *items;
    size_t count;
    size_t room;
} numbers;

static void add(numbers *to, const int64_t *items, size_t count)
{
    if (to->count + count > to->room) {
        to->room = 2 * (to->count + count);
        to->items = realloc(to->items, to->room * sizeof *to->items);
    }
    if (to->items == NULL) {
        assert_int_equal(count, 0);
        return;
    }
    memcpy(to->items + to->count, items, count * sizeof *items);
    to->count += count;
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* One that draws the same on each machine. */
static size_t draw(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(*seed >> 33) % SPREAD;
}

static pid_t start_writer(const char *url, const int ends[2], int64_t first)
{
    char pipe_text[16], first_text[32];
    snprintf(pipe_text, sizeof pipe_text, "%d", ends[1]);
    snprintf(first_text, sizeof first_text, "%lld", (long long)first);
    pid_t child = fork();
    if (child == 0) {
        if (fcntl(ends[1], F_SETFD, 0) == 0)
            execl("/proc/self/exe", "writer", "writer", url, pipe_text, first_text, (char *)NULL);
        _exit(2);
    }
    assert_true(child > 0);
    return child;
}

/* Kills the writer as soon as `enough` numbers were told. What it had told by then is in `told`. */
static void kill_while_it_writes(const char *url, int64_t first, size_t enough, numbers *told)
{
    int ends[2], status = 0;
    int64_t some[512];
    bool killed = false;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = start_writer(url, ends, first);
    close(ends[1]);
    for (size_t bytes = 0;;) {
        ssize_t got = read(ends[0], (char *)some + bytes, sizeof some - bytes);
        if (got <= 0)
            break;
        bytes += (size_t)got;
        add(told, some, bytes / sizeof *some);
        memmove(some, some + bytes / sizeof *some, bytes % sizeof *some);
        bytes %= sizeof *some;
        if (!killed && told->count >= enough)
            killed = kill(child, SIGKILL) == 0;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(killed);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static ar_db *open_db(const char *url)
{
    ar_error err;
    ar_db *db = NULL;
    if (ar_db_open(url, NULL, &db, &err) != AR_OK)
        fail_msg("opening: %s", err.message);
    return db;
}

static void read_stored(const char *url, int64_t first, numbers *stored)
{
    ar_error err;
    ar_rows *rows = NULL;
    const char *answer = NULL;
    Entry_list list;
    ar_db *db = open_db(url);
    assert_int_equal(
        ar_query_rows(ar_sql(db, "select integrity_check as answer from pragma_integrity_check"), &rows, &err), AR_OK);
    assert_int_equal(ar_rows_count(rows), 1);
    assert_int_equal(ar_rows_text(rows, 0, 0, &answer, &err), AR_OK);
    assert_string_equal(answer, "ok");
    ar_rows_free(rows);
    ar_query *q = Entry_query(db);
    ar_query_filter(q, AR_GE(Entry, number, first));
    assert_int_equal(Entry_all(q, &list, &err), AR_OK);
    for (size_t i = 0; i < list.count; i++)
        add(stored, &list.items[i]->number, 1);
    Entry_list_free(&list);
    ar_db_close(&db);
}

static void check(numbers *told, numbers *stored)
{
    if (told->items != NULL)
        qsort(told->items, told->count, sizeof *told->items, compare);
    if (stored->items != NULL)
        qsort(stored->items, stored->count, sizeof *stored->items, compare);
    for (size_t i = 1; i < stored->count; i++) {
        if (stored->items[i - 1] == stored->items[i])
            fail_msg("%lld is there twice", (long long)stored->items[i]);
    }
    for (size_t i = 0; i < told->count; i++) {
        assert_true(i == 0 || told->items[i - 1] != told->items[i]);
        if (bsearch(&told->items[i], stored->items, stored->count, sizeof *stored->items, compare) == NULL)
            fail_msg("%lld was said to be saved and is lost (%zu told, %zu stored)", (long long)told->items[i],
                     told->count, stored->count);
    }
    assert_true(stored->count <= told->count + THREADS * IN_FLIGHT);
}

static void remove_files(const char *folder)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    char path[128];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s/durable.db%s", folder, ends[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void what_was_said_to_be_saved_survives_a_kill(void **state)
{
    (void)state;
    char folder[] = "/tmp/actrec-durability-XXXXXX";
    char url[128];
    uint64_t seed = 20240229;
    ar_error err;
    assert_non_null(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/durable.db?synchronous=full", folder);
    ar_db *db = open_db(url);
    assert_int_equal(ar_table_create(db, &Entry_model, &err), AR_OK);
    ar_db_close(&db);
    for (int round = 0; round < ROUNDS; round++) {
        numbers told = { 0 }, stored = { 0 };
        int64_t first = (int64_t)round * THREADS * PER_THREAD;
        kill_while_it_writes(url, first, LEAST + draw(&seed), &told);
        read_stored(url, first, &stored);
        check(&told, &stored);
        free(told.items);
        free(stored.items);
    }
    remove_files(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_to_be_saved_survives_a_kill),
    };
    if (argc == 5 && strcmp(argv[1], "writer") == 0)
        return write_until_killed(argv[2], atoi(argv[3]), strtoll(argv[4], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
