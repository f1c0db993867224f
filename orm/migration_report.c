/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "orm/migration.h"
#include "values/memory.h"

struct ari_report {
    ar_migration_report report; /* first */
    const ar_env *env;
    ar_migration_step *steps;
    size_t capacity;
    ari_arena names;
    char *text;
};

ari_report *ari_report_create(const ar_env *env)
{
    ari_report *report = ari_allocate_zero(env, sizeof *report);
    if (report == NULL)
        return NULL;
    report->env = env;
    ari_arena_init(&report->names, env, 0);
    return report;
}

void ar_migration_report_free(ar_migration_report *report)
{
    if (report == NULL)
        return;
    ari_report *freed = (ari_report *)report;
    ari_arena_fini(&freed->names);
    ari_release(freed->env, freed->steps);
    ari_release(freed->env, freed->text);
    ari_release(freed->env, freed);
}

ar_migration_step *ari_report_add(ari_report *report, const ar_migration *migration, bool is_down, size_t statements)
{
    if (report->report.count == report->capacity) {
        size_t capacity = report->capacity * 2 + 8;
        ar_migration_step *steps = ari_reallocate_array(report->env, report->steps, capacity, sizeof *steps);
        if (steps == NULL)
            return NULL;
        report->report.steps = report->steps = steps;
        report->capacity = capacity;
    }
    const char *name = ari_arena_copy_text(&report->names, migration->name, strlen(migration->name));
    if (name == NULL)
        return NULL;
    ar_migration_step *step = &report->steps[report->report.count++];
    *step = (ar_migration_step){
        .version = migration->version, .name = name, .is_down = is_down, .statements = statements
    };
    return step;
}

static void write_step(ari_text_buffer *text, const ar_migration_step *step, bool dry_run)
{
    const char *outcome = dry_run ? "would be" : step->is_done ? "was" : "was not";
    ari_text_buffer_append_cstr(text, "migration ");
    ari_text_buffer_append_int64(text, step->version);
    ari_text_buffer_append_format(text, " \"%s\" %s %s", step->name, outcome, step->is_down ? "undone" : "applied");
    if (step->statements > 0 && (dry_run || step->is_done))
        ari_text_buffer_append_format(text, " (statements: %zu)", step->statements);
    else if (step->statements > 0)
        ari_text_buffer_append_format(text, " (statements that ran: %zu of %zu)", step->statements_done,
                                      step->statements);
    ari_text_buffer_append_char(text, '\n');
}

ar_migration_report *ari_report_finish(ari_report *report, bool dry_run)
{
    ari_text_buffer text;
    ari_text_buffer_init(&text, report->env);
    for (size_t i = 0; i < report->report.count; i++)
        write_step(&text, &report->steps[i], dry_run);
    ari_text_buffer_append_cstr(&text, "");
    report->text = text.failed ? NULL : ari_copy_text(report->env, ari_text_buffer_cstr(&text), text.length);
    report->report.text = report->text;
    ari_text_buffer_fini(&text);
    if (report->text != NULL)
        return &report->report;
    ar_migration_report_free(&report->report);
    return NULL;
}
