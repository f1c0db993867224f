/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_db.h"

/* Names, aliases, patterns and values that were made up, through the builders of a query: what the builders accept the database
 * understands, and nothing changes what is in it. */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_db_initialize();
    fuzz_db_open();
    return 0;
}

static void aggregate(ar_query *query, fuzz_input *input)
{
    uint8_t which = fuzz_byte(input);
    char *column = fuzz_line(input, NULL), *alias = fuzz_line(input, NULL);
    switch (which % 5) {
    case 0: ar_query_select_count(query, column, alias); break;
    case 1: ar_query_select_sum(query, column, alias); break;
    case 2: ar_query_select_avg(query, column, alias); break;
    case 3: ar_query_select_min(query, column, alias); break;
    default: ar_query_select_max(query, column, alias); break;
    }
    free(column);
    free(alias);
}

static void filter(ar_query *query, fuzz_input *input)
{
    uint8_t which = fuzz_byte(input);
    char *keep[2] = { NULL, NULL };
    ar_predicate predicates[4];
    size_t count = 1 + which % 4;
    for (size_t i = 0; i < count; i++) {
        uint8_t column = fuzz_byte(input), operation = fuzz_byte(input);
        const ar_column *of =
            (const ar_column *)((const char *)Thing_model.columns + column % 16 * Thing_model.column_size);
        predicates[i] =
            ar_predicate_of((ar_comparison)(operation % 19), &Thing_model, of->offset, of->member, AR_NULL, AR_NULL);
        if (i < 1)
            predicates[i].value = fuzz_value(input, &keep[0]);
        if (i == 0 && predicates[i].operation == AR_COMPARE_BETWEEN)
            predicates[i].upper = fuzz_value(input, &keep[1]);
    }
    ar_query_filter_list(query, predicates, count);
    free(keep[0]);
    free(keep[1]);
}

/* True: SQL of the fuzzer's own went in. */
static int build(ar_query *query, fuzz_input *input)
{
    uint8_t which = fuzz_byte(input);
    char *text = NULL;
    int64_t number;
    switch (which % 10) {
    case 0: ar_query_order_by(query, text = fuzz_line(input, NULL)); break;
    case 1: ar_query_select(query, text = fuzz_line(input, NULL)); break;
    case 2: ar_query_group_by(query, text = fuzz_line(input, NULL)); break;
    case 3: aggregate(query, input); break;
    case 4: filter(query, input); break;
    case 5: ar_query_or(query); break;
    case 6:
        fuzz_bytes(input, &number, sizeof number);
        ar_query_limit(query, number);
        break;
    case 7:
        fuzz_bytes(input, &number, sizeof number);
        ar_query_offset(query, number);
        break;
    case 8:
    default: {
        char *keep = NULL;
        ar_value value = fuzz_value(input, &keep);
        text = fuzz_line(input, NULL);
        if (which % 10 == 8)
            ar_query_where_sql(query, text, &value, which / 10 % 2);
        else
            ar_query_having_sql(query, text, &value, which / 10 % 2);
        free(keep);
        free(text);
        return 1;
    }
    }
    free(text);
    return 0;
}

static ar_status end(ar_query *query, uint8_t how, ar_error *error)
{
    ar_rows *rows = NULL;
    Thing *thing = NULL;
    Thing_list list;
    int64_t count;
    bool exists;
    ar_status status;
    switch (how % 6) {
    case 0: status = ar_query_count(query, &count, error); break;
    case 1: status = ar_query_exists(query, &exists, error); break;
    case 2:
        status = Thing_all(query, &list, error);
        Thing_list_free(&list);
        break;
    case 3:
        status = Thing_first(query, &thing, error);
        Thing_free(thing);
        break;
    case 4:
        status = Thing_one(query, &thing, error);
        Thing_free(thing);
        break;
    default:
        status = ar_query_rows(query, &rows, error);
        ar_rows_free(rows);
        break;
    }
    return status;
}

static void check_untouched(void)
{
    int64_t count = 0;
    ar_error error = { .status = AR_OK };
    ar_status status = AR_E_TIMEOUT;
    for (int i = 0; status == AR_E_TIMEOUT && i < 10; i++) /* the machine may be busy */
        status = ar_query_count(Thing_query(fuzz_db), &count, &error);
    if (status != AR_OK)
        fprintf(stderr, "%s: %s\n", ar_status_name(status), error.message);
    CLAIM(status == AR_OK && count == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = { data, size };
    ar_error error;
    uint8_t how = fuzz_byte(&input);
    int own = 0;
    ar_query *query = Thing_query(fuzz_db);
    for (int i = 0; i < 6 && input.left > 0; i++)
        own |= build(query, &input);
    ar_status status = end(query, how, &error);
    fuzz_claim_said(status, &error);
    if (status == AR_E_QUERY && !own)
        fprintf(stderr, "%s\n", error.message);
    CLAIM(status != AR_E_QUERY || own);
    check_untouched();
    return 0;
}
