/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_HOSTILE_H
#define TESTS_SUPPORT_HOSTILE_H

#include "tests/support/entry_points.h"
#include "tests/support/fixture.h"

/* Texts that no program should be given, sent through each way in (actrec has them listed in support/entry_points.h).
 * What each test does with one is a probe; hostile_run goes through all probes with all texts, and sees to it that the
 * database is as it was: the rows of the canary, the tables that there are. */

/* In every text; no message may show it, where it was a value. */
#define MARK "s3cr3t"

typedef struct hostile {
    const char *name; /* for messages */
    ar_text text;     /* with a NUL behind it */
    bool is_utf8;     /* and has no NUL inside */
    bool has_nul;
    bool is_huge; /* a MiB */
} hostile;

extern hostile hostiles[];
extern const size_t hostile_count;

/* Whether a `const char *` can be it. */
static inline bool hostile_is_string(const hostile *text)
{
    return !text->has_nul;
}

/* What a text answers that is sent as a value. */
static inline ar_status hostile_status(const hostile *text)
{
    return text->is_utf8 ? AR_OK : AR_E_TYPE;
}

typedef struct probe {
    const char *entries; /* what it goes through, with spaces between */
    void (*run)(const hostile *text);
} probe;

/* Three rows, with the ids 1 to 3, which stay as they are. To be among the models of the program. */
typedef struct Canary {
    int64_t id;
    const char *song;
} Canary;

AR_MODEL_DECLARE(Canary);

void hostile_run(const probe *probes, size_t count);
#define hostile_run_all(probes) hostile_run((probes), sizeof(probes) / sizeof((probes)[0]))

/* The last test of a program: its probes are what `entries` lists, no more and no less. */
void hostile_check_entries(const char *entries, const probe *const *probes, const size_t *counts, size_t count);

/* As ok and fails, naming the text; the error has a message, which shows none of it. */
#define answers(call, status) hostile_check((call), (status), true, #call, __FILE__, __LINE__)
/* The same of a call whose text is a name or SQL, which its message may show. */
#define named(call, status) hostile_check((call), (status), false, #call, __FILE__, __LINE__)
void hostile_check(ar_status status, ar_status expected, bool quiet, const char *call, const char *file, int line);

/* Any status: the error has a message that shows none of the text. */
#define quiet(call) hostile_check_quiet((call), #call, __FILE__, __LINE__)
ar_status hostile_check_quiet(ar_status status, const char *call, const char *file, int line);

#define same_text(given, expected) hostile_check_text((given), (expected), #given, __FILE__, __LINE__)
void hostile_check_text(ar_text given, ar_text expected, const char *what, const char *file, int line);

/* JSON that is a string with that text, or an object with it in its member "k"; to be freed. Bytes that are no UTF-8 are
 * written as U+00xx. */
ar_json hostile_json(const hostile *text, const char *before, const char *after);

/* The text as a pattern of LIKE that finds it alone; to be freed. */
char *hostile_pattern(const hostile *text);

/* What a future comes to. */
ar_status hostile_await(ar_future *future);

#endif
