/* SPDX-License-Identifier: MIT */
#include "orm/validation.h"

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/failure.h"
#include "orm/plan.h"
#include "orm/rule.h"
#include "values/memory.h"

/* The rules of a model's columns are worked out once for each plan; ar_record_validate, which knows no database, works
 * them out for itself. */

struct ari_validation {
    const ar_env *env;
    const ar_model *model;
    bool has_validators;
    size_t count;
    ari_rule rules[];
};

static size_t count_rules(const ar_model *model)
{
    const ar_column *column;
    size_t cursor = 0, count = 0;
    while ((column = ari_column_next(model, &cursor)) != NULL)
        count += column->rules != NULL;
    return count;
}

static ar_status check_validators(const ar_model *model, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    while ((entry = ari_entry_next(model, AR_ENTRY_VALIDATOR, &cursor)) != NULL) {
        const ar_validator *validator = entry->extra;
        if (validator == NULL || validator->call == NULL || validator->fn == NULL)
            return ar_error_set(err, AR_E_INVALID, "model %s: a validator has no function; declare it with AR_VALIDATE",
                                model->name);
    }
    return AR_OK;
}

ar_status ari_validation_create(const ar_env *env, const ar_model *model, ari_validation **out, ar_error *err)
{
    size_t count = count_rules(model), cursor = 0;
    bool has_validators = ari_entry_next(model, AR_ENTRY_VALIDATOR, &cursor) != NULL;
    const ar_column *column;
    *out = NULL;
    if (count == 0 && !has_validators)
        return AR_OK;
    ari_validation *made = ari_allocate_zero(env, sizeof *made + count * sizeof(ari_rule));
    if (made == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "out of memory for the rules of model %s", model->name);
    made->env = env;
    made->model = model;
    made->has_validators = has_validators;
    ar_status status = check_validators(model, err);
    for (cursor = 0; status == AR_OK && (column = ari_column_next(model, &cursor)) != NULL;) {
        if (column->rules != NULL)
            status = ari_rule_init(&made->rules[made->count++], model, column, err);
    }
    if (status == AR_OK)
        *out = made;
    else
        ari_validation_destroy(made);
    return status;
}

void ari_validation_destroy(ari_validation *validation)
{
    if (validation == NULL)
        return;
    for (size_t i = 0; i < validation->count; i++)
        ari_rule_fini(&validation->rules[i]);
    ari_release(validation->env, validation);
}

bool ari_validation_needs_all(const ari_validation *validation)
{
    return validation->has_validators;
}

static bool is_as_before(const ar_column *column, const void *object, const void *snapshot)
{
    ar_value now = ari_kind_load(column->kind, (const char *)object + column->offset);
    ar_value before = ari_kind_load(column->kind, (const char *)snapshot + column->offset);
    return ari_value_equal(&now, &before);
}

static ar_status run_validator(const ari_validation *self, const ar_validator *validator, const void *object,
                               size_t row, ar_failures *failures, ar_error *err)
{
    ar_error said = { .status = AR_OK };
    size_t before = failures->count;
    ar_status status = validator->call(validator->fn, object, failures, &said);
    if (status == AR_E_INVALID)
        ari_failures_add(failures, self->env, row, said.column, "record",
                         said.message[0] != '\0' ? said.message : "is not as it must be");
    for (size_t i = before; i < failures->count; i++)
        ((ar_failure *)(uintptr_t)failures->items)[i].row = row;
    return status == AR_E_INVALID ? AR_OK : ari_failure_pass_on(status, &said, err);
}

ar_status ari_validation_check(const ari_validation *self, const void *object, const void *snapshot, size_t row,
                               ar_failures *failures, ar_error *err)
{
    const ar_column *entry;
    size_t cursor = 0;
    ar_status status = AR_OK;
    for (size_t i = 0; i < self->count && status == AR_OK; i++) {
        const ari_rule *rule = &self->rules[i];
        if (snapshot == NULL || !is_as_before(rule->column, object, snapshot))
            status = ari_rule_check(rule, self->env, object, row, failures, err);
    }
    while (status == AR_OK && (entry = ari_entry_next(self->model, AR_ENTRY_VALIDATOR, &cursor)) != NULL)
        status = run_validator(self, entry->extra, object, row, failures, err);
    return status == AR_OK ? ari_failures_status(failures, err) : status;
}

/* --- public --- */

static ar_status check_rows(const ar_model *model, const char *rows, size_t count, bool many, ar_failures *failures,
                            ar_error *err)
{
    const ar_env *env = ar_env_default();
    ari_validation *validation;
    size_t columns, keys;
    ar_status status = ari_model_check(model, &columns, &keys, err);
    if (status == AR_OK)
        status = ari_validation_create(env, model, &validation, err);
    if (status != AR_OK || validation == NULL)
        return status;
    for (size_t i = 0; i < count && status == AR_OK; i++)
        status = ari_validation_check(validation, rows + i * model->record_size, NULL, i, failures, err);
    ari_validation_destroy(validation);
    if (status == AR_OK && failures->count > 0)
        return ari_failures_error(failures, 0, model, many, err);
    if (status != AR_OK)
        ar_failures_free(failures);
    return status;
}

static ar_status validate(const ar_model *model, const void *rows, size_t count, bool many, ar_failures *failures,
                          ar_error *err)
{
    ar_failures own = { .items = NULL };
    if (failures != NULL)
        *failures = own;
    if (rows == NULL && (!many || count > 0))
        return ar_error_set(err, AR_E_INVALID, "validating: the %s NULL", many ? "rows are" : "record is");
    ar_status status = check_rows(model, rows, count, many, &own, err);
    if (failures != NULL)
        *failures = own;
    else
        ar_failures_free(&own);
    return status;
}

ar_status ar_record_validate(const ar_model *model, const void *record, ar_failures *failures, ar_error *err)
{
    return validate(model, record, 1, false, failures, err);
}

ar_status ar_record_validate_many(const ar_model *model, const void *rows, size_t count, ar_failures *failures,
                                  ar_error *err)
{
    return validate(model, rows, count, true, failures, err);
}
