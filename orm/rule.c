/* SPDX-License-Identifier: MIT */
#include "orm/rule.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <actrec/decimal.h>

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/convert.h"
#include "orm/failure.h"
#include "values/memory.h"
#include "values/number.h"

/* Rules are worked out once: bounds become values of the column's type, the pattern is compiled. Checking changes
 * nothing of them, so that any number of threads may; regexec is one of the functions that POSIX lets them call with
 * the same regex_t. Patterns are compiled and run in the "C" locale, whatever that of the process is: the same text
 * matches everywhere, byte by byte. What regcomp and regexec allocate comes from malloc: they can be given no
 * allocator. */

typedef struct checking {
    const ari_rule *rule;
    const ar_env *env;
    size_t row;
    ar_failures *failures;
} checking;

static bool is_text(ar_type type)
{
    return type == AR_TYPE_TEXT || type == AR_TYPE_JSON;
}

static bool is_integer(ar_type type)
{
    return type == AR_TYPE_INT16 || type == AR_TYPE_INT32 || type == AR_TYPE_INT64 || type == AR_TYPE_ENUM;
}

static bool is_ordered(ar_type type)
{
    return is_integer(type) || type == AR_TYPE_FLOAT || type == AR_TYPE_DOUBLE || type == AR_TYPE_DECIMAL ||
           type == AR_TYPE_DATE || type == AR_TYPE_TIME || type == AR_TYPE_TIMESTAMP;
}

static ar_status complain(const ar_model *model, const ar_column *column, const char *what, ar_error *err)
{
    return ar_error_set(err, AR_E_INVALID, "model %s, the rules of column %s: %s", model->name, column->member, what);
}

/* --- working out --- */

static bool bound_value(const ar_bound *bound, ar_type type, ar_value *out)
{
    ar_value given = { .type = AR_TYPE_NULL };
    switch (bound->is) {
    case 1: given = (ar_value){ .type = AR_TYPE_INT64, .as.integer = bound->integer }; break;
    case 2: given = (ar_value){ .type = AR_TYPE_DOUBLE, .as.real = bound->real }; break;
    case 3:
        if (bound->text == NULL)
            return false;
        given = (ar_value){ .type = AR_TYPE_TEXT, .as.text = { bound->text, strlen(bound->text) } };
        break;
    }
    return ari_value_as(&given, type, ARI_FROM_ARGUMENT, out);
}

static ar_status init_bounds(ari_rule *rule, const ar_model *model, ar_error *err)
{
    const ar_rules *rules = rule->rules;
    ar_type type = ari_column_type(rule->column);
    if ((rules->min.is != 0 || rules->max.is != 0) && !is_ordered(type))
        return complain(model, rule->column, "min and max are for numbers, decimals, dates, times and timestamps", err);
    if (!bound_value(&rules->min, type, &rule->min) || !bound_value(&rules->max, type, &rule->max))
        return complain(model, rule->column,
                        "a bound does not fit its type; those of decimals, dates, times and timestamps are texts", err);
    return AR_OK;
}

/* The locale of this thread becomes "C". In glibc that is there already, and takes no memory. */
static locale_t enter_locale(locale_t *before)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    *before = c != (locale_t)0 ? uselocale(c) : (locale_t)0;
    return c;
}

static void leave_locale(locale_t c, locale_t before)
{
    uselocale(before);
    freelocale(c);
}

static ar_status init_pattern(ari_rule *rule, const ar_model *model, ar_error *err)
{
    char reason[128];
    locale_t before, c;
    if (rule->rules->pattern == NULL)
        return AR_OK;
    if (!is_text(ari_column_type(rule->column)))
        return complain(model, rule->column, "a pattern is for texts", err);
    c = enter_locale(&before);
    if (c == (locale_t)0)
        return ar_error_set(err, AR_E_NO_MEMORY, "compiling the pattern of %s: out of memory", rule->column->member);
    int code = regcomp(&rule->pattern, rule->rules->pattern, REG_EXTENDED | REG_NOSUB);
    if (code != 0)
        regerror(code, &rule->pattern, reason, sizeof reason);
    leave_locale(c, before);
    rule->has_pattern = code == 0;
    if (code == REG_ESPACE)
        return ar_error_set(err, AR_E_NO_MEMORY, "compiling the pattern of %s: out of memory", rule->column->member);
    return code == 0 ? AR_OK : complain(model, rule->column, reason, err);
}

static ar_status check_rules(const ari_rule *rule, const ar_model *model, ar_error *err)
{
    const ar_rules *rules = rule->rules;
    const ar_column *column = rule->column;
    ar_type type = ari_column_type(column);
    if ((column->flags & (AR_GENERATED | AR_DERIVED)) != 0)
        return complain(model, column, "the database computes it, so that there is nothing to check", err);
    if (rules->required && !ari_kind_is_nullable(column->kind))
        return complain(model, column, "it cannot be NULL, so that `required` says nothing; take an ar_opt_ type", err);
    if ((rules->min_length > 0 || rules->max_length > 0) && !is_text(type) && type != AR_TYPE_BYTES)
        return complain(model, column, "lengths are for texts and bytes", err);
    if (rules->max_length > 0 && rules->max_length < rules->min_length)
        return complain(model, column, "max_length is below min_length", err);
    if (rules->one_of != NULL && !is_text(type))
        return complain(model, column, "one_of is for texts; integers and enums have one_of_integers", err);
    if (rules->one_of_integers != NULL && !is_integer(type))
        return complain(model, column, "one_of_integers is for integers and enums", err);
    return AR_OK;
}

ar_status ari_rule_init(ari_rule *rule, const ar_model *model, const ar_column *column, ar_error *err)
{
    *rule = (ari_rule){ .column = column, .rules = column->rules };
    ar_status status = check_rules(rule, model, err);
    if (status == AR_OK)
        status = init_bounds(rule, model, err);
    return status == AR_OK ? init_pattern(rule, model, err) : status;
}

void ari_rule_fini(ari_rule *rule)
{
    if (rule->has_pattern)
        regfree(&rule->pattern);
    rule->has_pattern = false;
}

/* --- checking --- */

static void fail(const checking *self, const char *which, const char *message)
{
    ari_failures_add(self->failures, self->env, self->row, ari_column_name(self->rule->column), which, message);
}

static void fail_with(const checking *self, const char *which, const char *says, const char *limit, const char *unit)
{
    char message[ARI_FAILURE_MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s %s%s", says, limit, unit);
    fail(self, which, message);
}

static int order(const ar_value *a, const ar_value *b)
{
    switch (a->type) {
    case AR_TYPE_DECIMAL: return ar_decimal_compare(a->as.decimal, b->as.decimal);
    case AR_TYPE_DATE: return (a->as.date.days > b->as.date.days) - (a->as.date.days < b->as.date.days);
    case AR_TYPE_TIME: return (a->as.time.us > b->as.time.us) - (a->as.time.us < b->as.time.us);
    case AR_TYPE_TIMESTAMP:
        return (a->as.timestamp.us > b->as.timestamp.us) - (a->as.timestamp.us < b->as.timestamp.us);
    case AR_TYPE_FLOAT: return (a->as.single > b->as.single) - (a->as.single < b->as.single);
    case AR_TYPE_DOUBLE: return (a->as.real > b->as.real) - (a->as.real < b->as.real);
    case AR_TYPE_INT16:
    case AR_TYPE_INT32:
    case AR_TYPE_INT64:
    case AR_TYPE_ENUM: return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
    case AR_TYPE_NULL:
    case AR_TYPE_BOOL:
    case AR_TYPE_TEXT:
    case AR_TYPE_BYTES:
    case AR_TYPE_UUID:
    case AR_TYPE_JSON: break;
    }
    return 0;
}

static bool is_nan(const ar_value *value)
{
    return (value->type == AR_TYPE_DOUBLE && value->as.real != value->as.real) ||
           (value->type == AR_TYPE_FLOAT && value->as.single != value->as.single);
}

static void fail_bound(const checking *self, const char *which, const char *says, const ar_bound *bound)
{
    char number[ARI_NUMBER_TEXT_SIZE];
    if (bound->is == 1)
        ari_format_int64(bound->integer, number);
    else if (bound->is == 2)
        ari_format_double(bound->real, number);
    fail_with(self, which, says, bound->is == 3 ? bound->text : number, "");
}

static void check_range(const checking *self, const ar_value *value)
{
    const ari_rule *rule = self->rule;
    bool nan = is_nan(value);
    if (rule->min.type != AR_TYPE_NULL && (nan || order(value, &rule->min) < 0))
        fail_bound(self, "min", "must be at least", &rule->rules->min);
    if (rule->max.type != AR_TYPE_NULL && (nan || order(value, &rule->max) > 0))
        fail_bound(self, "max", "must be at most", &rule->rules->max);
}

/* Bytes of the character at `at`, of which `left` are there; 0: it is none (RFC 3629, section 4). */
static size_t character_size(const unsigned char *at, size_t left)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    bool out_of_range = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
                        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
    return out_of_range ? 0 : size;
}

static bool count_characters(const ar_text *text, size_t *count)
{
    size_t at = 0;
    for (*count = 0; at < text->length; (*count)++) {
        size_t size = character_size((const unsigned char *)text->data + at, text->length - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

static void check_length(const checking *self, const ar_value *value)
{
    const ar_rules *rules = self->rule->rules;
    char number[ARI_NUMBER_TEXT_SIZE];
    const char *unit = value->type == AR_TYPE_BYTES ? " bytes" : " characters";
    size_t length = 0;
    if (rules->min_length == 0 && rules->max_length == 0)
        return;
    if (value->type == AR_TYPE_BYTES)
        length = value->as.bytes.length;
    else if (!count_characters(&value->as.text, &length)) {
        fail(self, rules->max_length > 0 ? "max_length" : "min_length", "is not UTF-8");
        return;
    }
    if (length < rules->min_length) {
        ari_format_int64(rules->min_length, number);
        fail_with(self, "min_length", "must have at least", number, unit);
    }
    if (rules->max_length > 0 && length > rules->max_length) {
        ari_format_int64(rules->max_length, number);
        fail_with(self, "max_length", "must have at most", number, unit);
    }
}

/* regexec wants a NUL behind the text. */
static ar_status match(const checking *self, const ar_text *text, bool *matches, ar_error *err)
{
    bool ended = self->rule->column->kind == AR_KIND_STRING;
    char *copy = ended ? NULL : ari_copy_text(self->env, text->data, text->length);
    locale_t before, c = enter_locale(&before);
    int code = REG_ESPACE;
    if (c != (locale_t)0) {
        if (ended || copy != NULL)
            code = regexec(&self->rule->pattern, ended ? text->data : copy, 0, NULL, 0);
        leave_locale(c, before);
    }
    ari_release(self->env, copy);
    *matches = code == 0;
    if (code == REG_ESPACE)
        return ar_error_set(err, AR_E_NO_MEMORY, "checking column %s: out of memory",
                            ari_column_name(self->rule->column));
    return AR_OK;
}

static ar_status check_pattern(const checking *self, const ar_value *value, ar_error *err)
{
    bool matches = false;
    const ar_text *text = &value->as.text;
    if (!self->rule->has_pattern)
        return AR_OK;
    if (memchr(text->data, '\0', text->length) == NULL) {
        ar_status status = match(self, text, &matches, err);
        if (status != AR_OK)
            return status;
    }
    if (!matches)
        fail(self, "pattern", "does not have the form that it must have");
    return AR_OK;
}

static void check_choice(const checking *self, const ar_value *value)
{
    const ar_rules *rules = self->rule->rules;
    const ar_integers *integers = rules->one_of_integers;
    bool found = rules->one_of == NULL && integers == NULL;
    for (size_t i = 0; rules->one_of != NULL && rules->one_of[i] != NULL && !found; i++)
        found = strlen(rules->one_of[i]) == value->as.text.length &&
                memcmp(rules->one_of[i], value->as.text.data, value->as.text.length) == 0;
    for (size_t i = 0; integers != NULL && i < integers->count && !found; i++)
        found = integers->items[i] == value->as.integer;
    if (!found)
        fail(self, rules->one_of != NULL ? "one_of" : "one_of_integers", "is none of those that it may be");
}

static ar_status check_custom(const checking *self, const ar_value *value, ar_error *err)
{
    ar_error said = { .status = AR_OK };
    if (self->rule->rules->custom == NULL)
        return AR_OK;
    ar_status status = self->rule->rules->custom(value, &said);
    if (status == AR_E_INVALID)
        fail(self, "custom", said.message[0] != '\0' ? said.message : "is not as it must be");
    return status == AR_E_INVALID ? AR_OK : ari_failure_pass_on(status, &said, err);
}

static bool is_missing(const ar_value *value)
{
    return value->type == AR_TYPE_NULL || (is_text(value->type) && value->as.text.length == 0) ||
           (value->type == AR_TYPE_BYTES && value->as.bytes.length == 0);
}

ar_status ari_rule_check(const ari_rule *rule, const ar_env *env, const void *object, size_t row, ar_failures *failures,
                         ar_error *err)
{
    const checking self = { .rule = rule, .env = env, .row = row, .failures = failures };
    ar_value value = ari_kind_load(rule->column->kind, (const char *)object + rule->column->offset);
    if (rule->rules->required && is_missing(&value)) {
        fail(&self, "required", "is required");
        return AR_OK;
    }
    if (value.type == AR_TYPE_NULL)
        return AR_OK;
    check_length(&self, &value);
    check_range(&self, &value);
    check_choice(&self, &value);
    ar_status status = check_pattern(&self, &value, err);
    return status == AR_OK ? check_custom(&self, &value, err) : status;
}
