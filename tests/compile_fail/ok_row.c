/* SPDX-License-Identifier: MIT */
#include <actrec/row.h>

typedef struct Stat {
    int64_t people;
    const char *department;
} Stat;

typedef struct Pair {
    int32_t first;
} Pair;

AR_ROW_DEFINE(Stat, AR_COLUMN(Stat, people), AR_COLUMN(Stat, department, 0, .name = "d"));
AR_ROW_DEFINE_BY_POSITION(Pair, AR_COLUMN(Pair, first));

ar_status read_both(ar_query *stats, ar_query *pairs, Stat_list *all, Pair **one, ar_error *err);

ar_status read_both(ar_query *stats, ar_query *pairs, Stat_list *all, Pair **one, ar_error *err)
{
    ar_status status = Stat_all(stats, all, err);
    return status == AR_OK ? Pair_one(pairs, one, err) : status;
}
