/* SPDX-License-Identifier: MIT */
#include "tests/support/notes.h"

#include <stdio.h>
#include <string.h>

char calls[CALLS_SIZE];
const char *stops_at = "";
ar_status stops_with;
ar_status (*does)(ar_db *handle, Note *note, ar_error *error);
const char *does_at = "";

static ar_status called(const char *name, ar_db *handle, Note *note, ar_error *error)
{
    size_t used = strlen(calls);
    snprintf(calls + used, sizeof calls - used, "%s(%s) ", name, note->text != NULL ? note->text : "NULL");
    if (strcmp(name, does_at) == 0) {
        does_at = "";
        return does(handle, note, error);
    }
    if (strcmp(name, stops_at) != 0)
        return AR_OK;
    return ar_error_set(error, stops_with, "%s says no", name);
}

#define HANDLER(name)                                                 \
    static ar_status name(ar_db *handle, Note *note, ar_error *error) \
    {                                                                 \
        return called(#name, handle, note, error);                    \
    }

HANDLER(before_validate)
HANDLER(after_validate)
HANDLER(before_insert)
HANDLER(also_before_insert)
HANDLER(after_insert)
HANDLER(before_update)
HANDLER(after_update)
HANDLER(before_delete)
HANDLER(after_delete)
HANDLER(after_commit)
HANDLER(after_rollback)

AR_MODEL_DEFINE(Note, "notes", AR_COLUMN(Note, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Note, text, 0, .rules = AR_RULES(.max_length = 9)), AR_COLUMN(Note, edits, AR_NOT_NULL),
                AR_IGNORE(Note, context), AR_BEFORE_VALIDATE(Note, before_validate),
                AR_AFTER_VALIDATE(Note, after_validate), AR_BEFORE_INSERT(Note, before_insert),
                AR_BEFORE_INSERT(Note, also_before_insert), AR_AFTER_INSERT(Note, after_insert),
                AR_BEFORE_UPDATE(Note, before_update), AR_AFTER_UPDATE(Note, after_update),
                AR_BEFORE_DELETE(Note, before_delete), AR_AFTER_DELETE(Note, after_delete),
                AR_AFTER_COMMIT(Note, after_commit), AR_AFTER_ROLLBACK(Note, after_rollback));

static ar_status folder_event(const char *name, ar_db *handle, ar_error *error)
{
    int64_t count;
    strcat(calls, name);
    ar_status status = ar_query_count(Note_query(handle), &count, error); /* the handle can be used */
    strcat(calls, status == AR_OK ? " " : "! ");
    if (strcmp(name, stops_at) == 0)
        return ar_error_set(error, stops_with, "%s says no", name);
    return status;
}

static ar_status before_folder(ar_db *handle, Folder *folder, ar_error *error)
{
    (void)folder;
    return folder_event("before", handle, error);
}

static ar_status after_folder(ar_db *handle, Folder *folder, ar_error *error)
{
    (void)folder;
    return folder_event("after", handle, error);
}

static ar_status folder_committed(ar_db *handle, Folder *folder, ar_error *error)
{
    (void)folder;
    return folder_event("committed", handle, error);
}

AR_MODEL_DEFINE(Sheet, "sheets", AR_COLUMN(Sheet, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Sheet, folder_id, AR_NOT_NULL));
AR_MODEL_DEFINE(Folder, "folders", AR_COLUMN(Folder, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Folder, name),
                AR_HAS_MANY(Folder, sheets, Sheet, folder_id, .dependent = AR_DEPENDENT_DELETE),
                AR_BEFORE_DELETE(Folder, before_folder), AR_AFTER_DELETE(Folder, after_folder),
                AR_AFTER_COMMIT(Folder, folder_committed));

const ar_model *const notes_models[NOTES_MODELS] = { &Note_model, &Folder_model, &Sheet_model };

int forget_all(void **state)
{
    (void)state;
    calls[0] = '\0';
    stops_at = does_at = "";
    return 0;
}

void were_called(const char *expected)
{
    assert_string_equal(calls, expected);
    calls[0] = '\0';
}

Note *new_note(const char *text)
{
    Note *note = Note_new();
    assert_non_null(note);
    note->text = text;
    return note;
}

int64_t count_notes(void)
{
    int64_t count = -1;
    ok(ar_query_count(Note_query(db), &count, &err));
    return count;
}
