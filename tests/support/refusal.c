/* SPDX-License-Identifier: MIT */
#include "tests/support/refusal.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "values/memory.h"

/* The parent makes no thread and uses no library: the children start from the same state. What a child has to say goes
 * through one shared page, and its output into a file that is shown when the run is not as it should be.
 *
 * Only the test itself is refused memory: its setup and teardown are cmocka's and get what they ask for. */

enum {
    SOME = 32,     /* allocations are refused one by one up to here, then in wider steps: more repeats itself */
    EVERY = 1000,  /* likewise, when every one is asked for */
    DEADLINE = 20, /* seconds; less than TEST_PATIENCE */
    ENDED = 3,
    MOST_SHOWN = 10,
    FOLDERS = 4
};

typedef struct account {
    atomic_size_t left;        /* allocations until the refusal; 0: none is refused */
    atomic_bool on;            /* and all after it */
    atomic_bool refused;       /* one was */
    atomic_size_t allocations; /* in the test */
    atomic_bool through;       /* the test did not end with a failed assertion */
    atomic_bool armed;
    size_t folder_count; /* that the test made */
    char folders[FOLDERS][64];
} account;

static size_t one_by_one = SOME;
static account idle;
static account *now_running = &idle;
static char common_folder[64]; /* that the parent made last */

static bool refuses(void)
{
    account *a = now_running;
    if (!atomic_load(&a->armed))
        return false;
    atomic_fetch_add(&a->allocations, 1);
    size_t left = atomic_load(&a->left);
    while (left > 0 && !atomic_compare_exchange_weak(&a->left, &left, left - (left > 1 || !atomic_load(&a->on))))
        ;
    if (left != 1)
        return false;
    atomic_store(&a->refused, true);
    return true;
}

bool refusal_happened(void)
{
    return atomic_load(&now_running->refused);
}

struct timespec refusal_patience(const struct timespec *now)
{
    long ns = now->tv_nsec + 100000000;
    return (struct timespec){ .tv_sec = now->tv_sec + ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

/* --- between the library and its allocator; what is inside of values/memory.c is not wrapped --- */

void *__real_ari_allocate(const ar_env *env, size_t size);
void *__real_ari_allocate_zero(const ar_env *env, size_t size);
void *__real_ari_allocate_array(const ar_env *env, size_t count, size_t size);
void *__real_ari_allocate_zero_array(const ar_env *env, size_t count, size_t size);
void *__real_ari_reallocate(const ar_env *env, void *block, size_t size);
void *__real_ari_reallocate_array(const ar_env *env, void *block, size_t count, size_t size);
char *__real_ari_copy_text(const ar_env *env, const char *text, size_t length);

void *__wrap_ari_allocate(const ar_env *env, size_t size)
{
    return refuses() ? NULL : __real_ari_allocate(env, size);
}

void *__wrap_ari_allocate_zero(const ar_env *env, size_t size)
{
    return refuses() ? NULL : __real_ari_allocate_zero(env, size);
}

void *__wrap_ari_allocate_array(const ar_env *env, size_t count, size_t size)
{
    return refuses() ? NULL : __real_ari_allocate_array(env, count, size);
}

void *__wrap_ari_allocate_zero_array(const ar_env *env, size_t count, size_t size)
{
    return refuses() ? NULL : __real_ari_allocate_zero_array(env, count, size);
}

void *__wrap_ari_reallocate(const ar_env *env, void *block, size_t size)
{
    return refuses() ? NULL : __real_ari_reallocate(env, block, size);
}

void *__wrap_ari_reallocate_array(const ar_env *env, void *block, size_t count, size_t size)
{
    return refuses() ? NULL : __real_ari_reallocate_array(env, block, count, size);
}

char *__wrap_ari_copy_text(const ar_env *env, const char *text, size_t length)
{
    return refuses() ? NULL : __real_ari_copy_text(env, text, length);
}

/* --- between main and cmocka --- */

int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown);
char *__real_mkdtemp(char *name);

/* A test that ends early leaves its folders to its parent. */
char *__wrap_mkdtemp(char *name)
{
    account *a = now_running;
    char *made = __real_mkdtemp(name);
    if (made != NULL && a == &idle)
        snprintf(common_folder, sizeof common_folder, "%s", made);
    else if (made != NULL && a->folder_count < FOLDERS)
        snprintf(a->folders[a->folder_count++], sizeof a->folders[0], "%s", made);
    return made;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static int remove_inside(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    return where->level == 0 ? 0 : remove(path);
}

static void remove_folders(void)
{
    if (common_folder[0] != '\0')
        (void)nftw(common_folder, remove_inside, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < now_running->folder_count; i++)
        (void)nftw(now_running->folders[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Outside of its runner, cmocka exits where an assertion fails. Other threads still use the test's variables. */
static void end_early(void)
{
    fflush(NULL);
    if (!atomic_load(&now_running->through))
        _exit(ENDED);
}

static int call(CMFixtureFunction fixture, void **state)
{
    return fixture == NULL ? 0 : fixture(state);
}

static void be_child(const struct CMUnitTest *test, CMFixtureFunction setup, CMFixtureFunction teardown, FILE *output)
{
    void *group_state = NULL;
    dup2(fileno(output), STDOUT_FILENO);
    dup2(fileno(output), STDERR_FILENO);
    atexit(end_early);
    alarm(DEADLINE);
    if (call(setup, &group_state) != 0)
        exit(1);
    void *state = group_state != NULL ? group_state : test->initial_state;
    if (call(test->setup_func, &state) != 0)
        exit(1);
    atomic_store(&now_running->armed, true);
    test->test_func(&state);
    atomic_store(&now_running->armed, false);
    atomic_store(&now_running->through, true);
    int failed = call(test->teardown_func, &state);
    failed |= call(teardown, &group_state);
    exit(failed != 0 ? 1 : 0);
}

static void show(FILE *output)
{
    char line[512];
    rewind(output);
    while (fgets(line, sizeof line, output) != NULL)
        print_error("    %s", line);
}

/* With an assertion that failed; with several at once on threads, one exits as cmocka does while another ends it. */
static bool has_ended(int status)
{
    return WIFEXITED(status) &&
           (WEXITSTATUS(status) == ENDED || (WEXITSTATUS(status) == 255 && !atomic_load(&now_running->through)));
}

/* How the child ended: waitpid(2). */
static int run_once(const struct CMUnitTest *test, size_t n, bool on, CMFixtureFunction setup,
                    CMFixtureFunction teardown)
{
    int status = 1;
    FILE *output = tmpfile();
    *now_running = (account){ .left = n, .on = on };
    if (output == NULL)
        return status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        be_child(test, setup, teardown, output);
    if (child > 0)
        (void)waitpid(child, &status, 0);
    remove_folders();
    if (status != 0 && !(has_ended(status) && (n == 0 || atomic_load(&now_running->refused)))) {
        print_error("[  FAILED  ] %s, allocation %zu%s refused: %s %d\n", test->name, n, on ? " and all after it" : "",
                    WIFSIGNALED(status) ? "killed by signal" : "ended with",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        show(output);
    }
    fclose(output);
    return status;
}

static size_t run_each(const struct CMUnitTest *test, CMFixtureFunction setup, CMFixtureFunction teardown)
{
    size_t bad = 0, runs = 0;
    if (run_once(test, 0, false, setup, teardown) != 0) {
        print_message("[  SKIPPED ] %s does not run by itself\n", test->name);
        return 0;
    }
    bool allocates = now_running->allocations > 0;
    for (int on = 0; on < 2 && allocates; on++) {
        bool more = true;
        for (size_t n = 1; more && bad < MOST_SHOWN; n += n < one_by_one ? 1 : n / 2, runs++) {
            int status = run_once(test, n, on == 1, setup, teardown);
            more = atomic_load(&now_running->refused);
            bad += status != 0 && !(more && has_ended(status));
        }
    }
    print_message("%s %s: %zu runs\n", bad == 0 ? "[       OK ]" : "[  FAILED  ]", test->name, runs);
    return bad;
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
    const char *mode = getenv("AR_TEST_REFUSE");
    if (mode == NULL || mode[0] == '\0')
        return __real__cmocka_run_group_tests(name, tests, count, setup, teardown);
    one_by_one = strcmp(mode, "every") == 0 ? EVERY : SOME;
    now_running = mmap(NULL, sizeof *now_running, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (now_running == MAP_FAILED)
        return 1;
    int failed = 0;
    for (size_t i = 0; i < count; i++)
        failed += run_each(&tests[i], setup, teardown) != 0;
    munmap(now_running, sizeof *now_running);
    now_running = &idle;
    return failed;
}
