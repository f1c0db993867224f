/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_ENTRY_POINTS_H
#define TESTS_SUPPORT_ENTRY_POINTS_H

#include <stdbool.h>
#include <stddef.h>

/* Every way in for a text, a value, a key, a pattern, a path, an alias or a name, by the program of tests/conformance that
 * sends hostile ones through it. tests/unit/test_injection_entries.c compares these lists with what the public headers
 * declare, each program its own with the probes that it has. */

/* test_injection_values: what records hold. */
#define ENTRIES_OF_VALUES                                                                                         \
    "ar_record_new ar_record_insert ar_record_insert_async ar_record_save ar_record_save_async ar_record_upsert " \
    "ar_record_upsert_async ar_record_upsert_with ar_record_upsert_with_async ar_record_upsert_many "             \
    "ar_record_upsert_many_async ar_record_insert_many ar_record_insert_many_async ar_record_insert_each "        \
    "ar_record_insert_each_async ar_record_update ar_record_update_async ar_record_update_many "                  \
    "ar_record_update_many_async ar_record_save_many ar_record_save_many_async ar_record_change "                 \
    "ar_record_change_async ar_query_set_list AR_SET AR_SET_NULL AR_SET_SQL AR_ADD AR_CHANGES "                   \
    "ar_record_refresh ar_record_refresh_async ar_record_reset ar_record_reset_member ar_record_validate "        \
    "ar_record_validate_many ar_scope_open ar_rows_value ar_rows_text"

/* test_injection_keys: what they are found by. */
#define ENTRIES_OF_KEYS                                                                                      \
    "ar_record_find_one ar_record_find_one_async ar_record_find_for_update ar_record_find_for_update_async " \
    "ar_record_find_many ar_record_find_many_async ar_record_find_in_place ar_record_find_in_place_async "   \
    "ar_record_find_one_with ar_record_find_one_with_async ar_record_delete ar_record_delete_async "         \
    "ar_record_delete_many ar_record_delete_many_async ar_record_hard_delete ar_record_hard_delete_async "   \
    "ar_record_restore ar_record_restore_async ar_relation_load ar_relation_load_async ar_query_include"

/* test_injection_queries: values in queries. */
#define ENTRIES_OF_QUERIES                                                                                       \
    "ar_query_create ar_query_filter_list ar_query_where_sql ar_query_having_sql ar_query_having_list "          \
    "ar_query_group_expr ar_query_order_expr ar_query_after_values ar_query_before_values ar_query_all "         \
    "ar_query_all_async ar_query_first ar_query_first_async ar_query_one ar_query_one_async ar_query_stream "    \
    "ar_query_stream_async ar_query_with_query ar_query_with_steps ar_sql_text AR_EQ AR_NE AR_LT AR_LE AR_GT "   \
    "AR_GE AR_BETWEEN AR_LIKE AR_NOT_LIKE AR_ILIKE AR_NOT_ILIKE AR_SAME AR_NOT_SAME AR_IN AR_NOT_IN AR_LIST "    \
    "AR_IS_NULL AR_IS_NOT_NULL AR_OR AR_AND AR_NOT AR_VALUE AR_SQL AR_COUNT AR_SUM AR_AVG AR_MIN AR_MAX "        \
    "AR_DISTINCT AR_FILTER AR_COALESCE AR_CASE AR_WHEN AR_ELSE AR_SUBQUERY AR_JSON_TEXT AR_JSON_NUMBER AR_OVER " \
    "AR_PARTITION_BY AR_ROWS_BETWEEN AR_RANGE_BETWEEN AR_NTILE AR_LAG AR_LEAD AR_FIRST_VALUE AR_LAST_VALUE "     \
    "AR_NTH_VALUE AR_ASC AR_DESC AR_COMPARE AR_COL AR_ON AR_IN_QUERY AR_NOT_IN_QUERY AR_EXISTS AR_NOT_EXISTS "   \
    "AR_OUTER AR_JSON_CONTAINS AR_JSON_CONTAINS_AT"

/* test_injection_names: names and SQL of queries, and what reads a text without a database. */
#define ENTRIES_OF_NAMES                                                                                            \
    "ar_sql_text ar_query_where_sql ar_query_having_sql ar_query_set_list ar_query_alias ar_query_join_on "         \
    "ar_query_order_by ar_query_group_by ar_query_select ar_query_select_avg "                                      \
    "ar_query_select_count ar_query_select_max ar_query_select_min ar_query_select_sum ar_query_select_expr AR_AS " \
    "AR_COL_AS AR_OUTER_AS ar_rows_column_index ar_rows_value_named ar_schema_find ar_schema_table_column "         \
    "ar_tx_savepoint "                                                                                              \
    "ar_tx_savepoint_async ar_tx_rollback_to ar_tx_rollback_to_async ar_tx_release ar_tx_release_async "            \
    "ar_uuid_parse ar_uuid_parse_n ar_date_parse ar_date_parse_n ar_time_parse ar_time_parse_n ar_timestamp_parse " \
    "ar_timestamp_parse_n ar_decimal_parse ar_decimal_parse_n ar_failures_add ar_related_one ar_related_many"

/* test_injection_schema: names of tables, columns, indexes, checks and schemas. */
#define ENTRIES_OF_SCHEMA                                                                                       \
    "ar_table_create ar_table_create_async ar_table_create_if_missing ar_table_create_if_missing_async "        \
    "ar_table_drop ar_table_drop_async ar_table_drop_if_exists ar_table_drop_if_exists_async ar_tables_create " \
    "ar_tables_create_async ar_tables_create_if_missing ar_tables_create_if_missing_async ar_tables_drop "      \
    "ar_tables_drop_async ar_tables_drop_if_exists ar_tables_drop_if_exists_async ar_schema_read "              \
    "ar_schema_read_async ar_schema_compare ar_schema_compare_async"

/* test_injection_outside: migrations, channels and URLs. */
#define ENTRIES_OF_OUTSIDE                                                                        \
    "ar_migrate_up ar_migrate_up_async ar_migrate_down ar_migrate_down_async ar_migrate_resolve " \
    "ar_migrate_resolve_async ar_listen ar_listen_async ar_unlisten ar_unlisten_async ar_db_open"

/* Of actors and errors, from which nothing goes to a database, and options without a text. */
#define ENTRIES_OF_NONE                                                                                   \
    "ar_actor_ask ar_actor_call ar_actor_find ar_actor_spawn ar_actor_tell ar_context_fail ar_error_set " \
    "ar_reply_fail ar_runtime_create ar_supervisor_spawn ar_tx_backoff ar_tx_begin"

/* Whether the word stands in the list. */
bool entry_is_listed(const char *list, const char *name, size_t length);

#endif
