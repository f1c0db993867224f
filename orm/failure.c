/* SPDX-License-Identifier: MIT */
#include "orm/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "values/memory.h"

/* Failures in an array that grows, their texts in an arena. That a failure could not be added for want of memory is
 * remembered: a record must not pass for valid because of that. */

typedef struct failures {
    const ar_env *env;
    ari_arena arena;
    size_t capacity;
    bool lost; /* there was no memory for one */
} failures;

/* A list that not even its own memory could be had for. */
static const failures no_memory = { .lost = true };

static failures *without_memory(void)
{
    return (failures *)(uintptr_t)&no_memory;
}

static failures *memory_of(ar_failures *list, const ar_env *env)
{
    if (list->raw != NULL)
        return list->raw;
    failures *made = ari_allocate_zero(env, sizeof *made);
    list->raw = made != NULL ? made : without_memory();
    if (made == NULL)
        return list->raw;
    made->env = env;
    ari_arena_init(&made->arena, env, 512);
    return made;
}

static bool make_room(ar_failures *list, failures *self)
{
    size_t capacity = self->capacity == 0 ? 4 : self->capacity * 2;
    if (list->count < self->capacity)
        return true;
    ar_failure *items = ari_reallocate_array(self->env, (void *)(uintptr_t)list->items, capacity, sizeof(ar_failure));
    if (items == NULL)
        return false;
    list->items = items;
    self->capacity = capacity;
    return true;
}

void ari_failures_add(ar_failures *list, const ar_env *env, size_t row, const char *column, const char *rule,
                      const char *message)
{
    failures *self = memory_of(list, env);
    if (self == &no_memory)
        return;
    char *copies[] = { ari_arena_copy_text(&self->arena, column, strlen(column)),
                       ari_arena_copy_text(&self->arena, message, strlen(message)) };
    if (copies[0] == NULL || copies[1] == NULL || !make_room(list, self)) {
        self->lost = true;
        return;
    }
    ar_failure *items = (ar_failure *)(uintptr_t)list->items;
    items[list->count++] = (ar_failure){ .row = row, .column = copies[0], .rule = rule, .message = copies[1] };
}

ar_status ari_failures_status(const ar_failures *list, ar_error *err)
{
    const failures *self = list->raw;
    if (self == NULL || !self->lost)
        return AR_OK;
    return ar_error_set(err, AR_E_NO_MEMORY, "validating: out of memory");
}

ar_status ari_failures_error(const ar_failures *list, size_t first, const ar_model *model, bool rows, ar_error *err)
{
    char text[sizeof err->message] = "";
    size_t used = 0;
    for (size_t i = first; i < list->count && used < sizeof text - 1; i++) {
        const ar_failure *item = &list->items[i];
        int added = 0;
        if (rows && (i == first || item->row != item[-1].row))
            added = snprintf(text + used, sizeof text - used, "%srow %zu: ", i > first ? "; " : "", item->row);
        else if (i > first)
            added = snprintf(text + used, sizeof text - used, "; ");
        used += added > 0 ? (size_t)added : 0;
        if (used >= sizeof text - 1)
            break;
        added = snprintf(text + used, sizeof text - used, "%s%s%s", item->column, item->column[0] != '\0' ? " " : "",
                         item->message);
        used += added > 0 ? (size_t)added : 0;
    }
    ar_status status = ar_error_set(err, AR_E_INVALID, "%s: %s", model->table, text);
    if (err != NULL)
        snprintf(err->column, sizeof err->column, "%s", list->items[first].column);
    return status;
}

ar_status ari_failure_pass_on(ar_status status, const ar_error *said, ar_error *err)
{
    if (status == AR_OK)
        return AR_OK;
    if (said->status != status)
        return ar_error_set(err, status, "%s", said->message[0] != '\0' ? said->message : ar_status_name(status));
    if (err != NULL)
        *err = *said;
    return status;
}

void ar_failures_add(ar_failures *list, const char *column, const char *format, ...)
{
    char message[ARI_FAILURE_MESSAGE_SIZE];
    va_list arguments;
    if (list == NULL || format == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    ari_failures_add(list, ar_env_default(), 0, column != NULL ? column : "", "record", message);
}

void ar_failures_free(ar_failures *list)
{
    if (list == NULL)
        return;
    failures *self = list->raw;
    if (self != NULL && self != &no_memory) {
        ari_release(self->env, (void *)(uintptr_t)list->items);
        ari_arena_fini(&self->arena);
        ari_release(self->env, self);
    }
    *list = (ar_failures){ .items = NULL, .count = 0, .raw = NULL };
}
