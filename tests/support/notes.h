/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_NOTES_H
#define TESTS_SUPPORT_NOTES_H

#include "tests/support/fixture.h"

/* Models with every kind of event: what was called is written down, and may fail or do something. */

typedef struct Note {
    int64_t id;
    const char *text; /* at most 9 characters are valid */
    int32_t edits;
    const char *context; /* not a column */
} Note;

/* A model with rows that depend on it: deleting one is a transaction of the library's own. */
typedef struct Sheet Sheet;
typedef struct Folder {
    int64_t id;
    const char *name;
    AR_MANY(Sheet) sheets;
} Folder;

struct Sheet {
    int64_t id;
    int64_t folder_id;
};

AR_MODEL_DECLARE(Note);
AR_MODEL_DECLARE(Folder);
AR_MODEL_DECLARE(Sheet);

enum { NOTES_MODELS = 3, CALLS_SIZE = 4096 };
extern const ar_model *const notes_models[NOTES_MODELS];

/* What was called, with the text of a note: "before_insert(a) after_insert(a) ". Those of a folder say before, after or
 * committed alone, with a ! where the handle could not be used. */
extern char calls[CALLS_SIZE];

/* Each call of that name answers stops_with. */
extern const char *stops_at;
extern ar_status stops_with;

/* What the next call of that name does, of a note. */
extern ar_status (*does)(ar_db *handle, Note *note, ar_error *error);
extern const char *does_at;

int forget_all(void **state);           /* before each test */
void were_called(const char *expected); /* since the last time */
Note *new_note(const char *text);
int64_t count_notes(void);

#define events_test(test) cmocka_unit_test_setup(test, forget_all)

#define BEFORE_INSERT(text) \
    "before_validate(" text ") after_validate(" text ") before_insert(" text ") also_before_insert(" text ") "
#define INSERT(text)        BEFORE_INSERT(text) "after_insert(" text ") "
#define BEFORE_UPDATE(text) "before_validate(" text ") after_validate(" text ") before_update(" text ") "
#define UPDATE(text)        BEFORE_UPDATE(text) "after_update(" text ") "
#define DELETE(text)        "before_delete(" text ") after_delete(" text ") "
#define COMMIT(text)        "after_commit(" text ") "
#define ROLLBACK(text)      "after_rollback(" text ") "

#endif
