/* SPDX-License-Identifier: MIT */
#ifndef ORM_RULE_H
#define ORM_RULE_H

#include <regex.h>

#include <actrec/sys/env.h>
#include <actrec/validation.h>

/* The rules of one column, worked out. See orm/rule.c. */
typedef struct ari_rule {
    const ar_column *column;
    const ar_rules *rules;
    ar_value min, max; /* in the type of the column; NULL: none */
    bool has_pattern;
    regex_t pattern;
} ari_rule;

/* AR_E_INVALID for rules that make no sense for their column; AR_E_NO_MEMORY. To be finished all the same. */
ar_status ari_rule_init(ari_rule *rule, const ar_model *model, const ar_column *column, ar_error *err);
void ari_rule_fini(ari_rule *rule);

/* Adds the failures of the column of `object`. An error: that of a function of the application's, AR_E_NO_MEMORY. */
ar_status ari_rule_check(const ari_rule *rule, const ar_env *env, const void *object, size_t row, ar_failures *failures,
                         ar_error *err);

#endif
