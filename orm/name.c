/* SPDX-License-Identifier: MIT */
#include "orm/name.h"

#include <stdint.h>
#include <string.h>

#include "orm/behaviour.h"
#include "values/utf8.h"

/* Bytes that begin a character: all but those of the form 10xxxxxx. */
static size_t count_characters(const char *name)
{
    size_t count = 0;
    for (; *name != '\0'; name++)
        count += ((unsigned char)*name & 0xc0) != 0x80;
    return count;
}

static bool has_supplementary(const char *name)
{
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name >= 0xf0)
            return true;
    }
    return false;
}

const char *ari_name_trouble(const ar_dialect *dialect, const char *name)
{
    size_t length = strlen(name);
    if (!ari_utf8_is_valid(name, length))
        return "is not UTF-8";
    if (dialect->max_name_bytes > 0 && length > dialect->max_name_bytes)
        return "has more bytes than the engine takes";
    if (dialect->max_name_characters > 0 && length > dialect->max_name_characters &&
        count_characters(name) > dialect->max_name_characters)
        return "has more characters than the engine takes";
    if (dialect->basic_names && has_supplementary(name))
        return "has a character above U+FFFF, which the engine does not take";
    return NULL;
}

/* Without the name, which may be long and hold anything. */
static ar_status check(const ar_model *model, const ar_dialect *dialect, const char *what, const char *of,
                       const char *name, ar_error *err)
{
    const char *trouble = name != NULL ? ari_name_trouble(dialect, name) : NULL;
    if (trouble == NULL)
        return AR_OK;
    return ar_error_set(err, AR_E_INVALID, "model %s: the name of its %s%s %s; give it another one", model->name, what,
                        of, trouble);
}

ar_status ari_names_check(const ar_model *model, const ar_dialect *dialect, ar_error *err)
{
    const ar_model_options *options = ari_model_options(model);
    const ar_column *entry;
    size_t cursor = 0;
    if (options->match != AR_MATCH_SOME)
        return AR_OK; /* rows of a query, of which no name is ever sent */
    ar_status status = check(model, dialect, "table", "", model->table, err);
    if (status == AR_OK)
        status = check(model, dialect, "schema", "", options->schema, err);
    while (status == AR_OK && (entry = ari_column_next(model, &cursor)) != NULL)
        status = check(model, dialect, "column ", entry->member, ari_column_name(entry), err);
    for (cursor = 0; status == AR_OK && (entry = ari_entry_next(model, AR_ENTRY_INDEX, &cursor)) != NULL;)
        status = check(model, dialect, "index", "", ((const ar_index *)entry->extra)->name, err);
    for (cursor = 0; status == AR_OK && (entry = ari_entry_next(model, AR_ENTRY_CHECK, &cursor)) != NULL;)
        status = check(model, dialect, "check", "", ((const ar_check *)entry->extra)->name, err);
    return status;
}
