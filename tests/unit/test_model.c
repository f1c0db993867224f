/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/declare.h>

#include "orm/plan.h"
#include "orm/statement.h"
#include "tests/support/counting_env.h"
#include "tests/support/dialects.h"

/* What a definition says, what of it is refused, and the statements that are made of it. */

typedef enum Level { LOW, HIGH } Level;

typedef struct User {
    int64_t id;
    const char *name;
    Level level;
    ar_decimal fee;
    ar_timestamp made_at;
    void *cache;
} User;
AR_MODEL_DECLARE(User);
AR_MODEL_DEFINE(User, "us\"ers", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(User, name, AR_NOT_NULL, .name = "full name", .default_sql = "'x'"), AR_COLUMN(User, level),
                AR_COLUMN(User, fee), AR_COLUMN(User, made_at, AR_CREATED_AT), AR_IGNORE(User, cache));

typedef struct Pair {
    ar_decimal a;
    const char *b;
    int32_t c;
} Pair;
AR_MODEL_DECLARE(Pair);
AR_MODEL_DEFINE(Pair, "pairs", AR_COLUMN(Pair, a, AR_PRIMARY_KEY), AR_COLUMN(Pair, b, AR_PRIMARY_KEY),
                AR_COLUMN(Pair, c));

static counting_env counting;
static ari_statement_cache *cache;

static int set_up(void **state)
{
    (void)state;
    counting_env_init(&counting);
    cache = ari_statement_cache_create(&counting.env);
    return cache != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ari_statement_cache_destroy(cache);
    return counting.live == 0 ? 0 : -1;
}

static void a_definition_describes_the_struct(void **state)
{
    (void)state;
    assert_string_equal(User_model.name, "User");
    assert_string_equal(User_model.table, "us\"ers");
    assert_int_equal(User_model.record_size, sizeof(User));
    assert_int_equal(User_model.column_count, 6);
    const ar_column *name = &User_model.columns[1];
    assert_string_equal(name->member, "name");
    assert_string_equal(name->name, "full name");
    assert_string_equal(name->default_sql, "'x'");
    assert_int_equal(name->offset, offsetof(User, name));
    assert_int_equal(name->size, sizeof(char *));
    assert_int_equal(name->kind, AR_KIND_STRING);
    assert_int_equal(name->flags, AR_NOT_NULL);
    assert_int_equal(User_model.columns[2].kind, AR_KIND_ENUM);
    assert_int_equal(User_model.columns[5].kind, AR_KIND_NONE);
    assert_int_equal(User_model.columns[5].flags, AR_IGNORE);
}

static ari_plan *plan_of(const ar_dialect *dialect, const ar_model *model)
{
    ari_plan *plan = NULL;
    ar_error err;
    assert_int_equal(ari_plan_create(&counting.env, dialect, cache, model, &plan, &err), AR_OK);
    return plan;
}

static const char *sql_of(const ari_plan *plan, ari_plan_verb verb, const ari_mask *mask)
{
    static char text[512];
    const ar_statement *statement;
    bool owned;
    ar_error err;
    assert_int_equal(ari_plan_statement_get(plan, verb, mask, &statement, &owned, &err), AR_OK);
    assert_true(strlen(statement->sql) < sizeof text);
    strcpy(text, statement->sql);
    assert_true(statement->generated);
    bool reads =
        verb == ARI_PLAN_FIND || (verb == ARI_PLAN_FIND_FOR_UPDATE && plan->dialect->lock_for_update[0] == '\0');
    assert_int_equal(statement->statement_class, reads ? AR_STATEMENT_READ : AR_STATEMENT_WRITE);
    if (owned)
        ari_statement_unref(statement);
    return text;
}

static ari_mask mask_of(unsigned bits)
{
    return (ari_mask){ { bits } };
}

static void statements_for_sqlite(void **state)
{
    (void)state;
    ari_plan *plan = plan_of(&question_dialect, &User_model);
    ari_mask some = mask_of(6), all = mask_of(31), none = mask_of(0);
    assert_string_equal(sql_of(plan, ARI_PLAN_FIND, NULL),
                        "SELECT \"id\", \"full name\", \"level\", \"fee\", \"made_at\" FROM \"us\"\"ers\" WHERE "
                        "\"id\" = ?");
    assert_string_equal(sql_of(plan, ARI_PLAN_INSERT, &some),
                        "INSERT INTO \"us\"\"ers\" (\"full name\", \"level\") VALUES (?, ?)");
    assert_string_equal(sql_of(plan, ARI_PLAN_INSERT, &none), "INSERT INTO \"us\"\"ers\" DEFAULT VALUES");
    assert_string_equal(sql_of(plan, ARI_PLAN_UPDATE, &some),
                        "UPDATE \"us\"\"ers\" SET \"full name\" = ?, \"level\" = ? WHERE \"id\" = ?");
    assert_string_equal(sql_of(plan, ARI_PLAN_DELETE, NULL), "DELETE FROM \"us\"\"ers\" WHERE \"id\" = ?");
    assert_string_equal(sql_of(plan, ARI_PLAN_UPSERT, &all),
                        "INSERT INTO \"us\"\"ers\" (\"id\", \"full name\", \"level\", \"fee\", \"made_at\") VALUES "
                        "(?, ?, ?, ?, ?) ON CONFLICT (\"id\") DO UPDATE SET \"full name\" = excluded.\"full name\", "
                        "\"level\" = excluded.\"level\", \"fee\" = excluded.\"fee\" RETURNING \"made_at\"");
    ari_plan_destroy(plan);
    plan = plan_of(&question_dialect, &Pair_model);
    ari_mask keys = mask_of(3);
    assert_string_equal(sql_of(plan, ARI_PLAN_DELETE, NULL),
                        "DELETE FROM \"pairs\" WHERE \"a\" COLLATE AR_DECIMAL = ? AND \"b\" = ?");
    assert_string_equal(sql_of(plan, ARI_PLAN_UPSERT, &keys),
                        "INSERT INTO \"pairs\" (\"a\", \"b\") VALUES (?, ?) ON CONFLICT (\"a\", \"b\") DO NOTHING");
    ari_plan_destroy(plan);
}

static void statements_for_other_engines(void **state)
{
    (void)state;
    ari_plan *plan = plan_of(&dollar_dialect, &User_model);
    ari_mask some = mask_of(6), all = mask_of(7), none = mask_of(0);
    assert_string_equal(sql_of(plan, ARI_PLAN_INSERT, &some),
                        "INSERT INTO \"us\"\"ers\" (\"full name\", \"level\") VALUES ($1, $2) RETURNING \"id\"");
    assert_string_equal(sql_of(plan, ARI_PLAN_INSERT, &all),
                        "INSERT INTO \"us\"\"ers\" (\"id\", \"full name\", \"level\") VALUES ($1, $2, $3)");
    assert_string_equal(sql_of(plan, ARI_PLAN_UPDATE, &some),
                        "UPDATE \"us\"\"ers\" SET \"full name\" = $1, \"level\" = $2 WHERE \"id\" = $3");
    assert_non_null(strstr(sql_of(plan, ARI_PLAN_FIND_FOR_UPDATE, NULL), "\"id\" = $1 FOR UPDATE"));
    ari_plan_destroy(plan);
    plan = plan_of(&backtick_dialect, &User_model);
    assert_string_equal(sql_of(plan, ARI_PLAN_INSERT, &none), "INSERT INTO `us\"ers` () VALUES ()");
    assert_string_equal(sql_of(plan, ARI_PLAN_UPSERT, &all),
                        "INSERT INTO `us\"ers` (`id`, `full name`, `level`) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE "
                        "`id` = IF(`id` = VALUES(`id`), `id`, (SELECT 1 UNION SELECT 2)), "
                        "`full name` = VALUES(`full name`), `level` = VALUES(`level`)");
    all = mask_of(1);
    assert_string_equal(sql_of(plan, ARI_PLAN_UPSERT, &all),
                        "INSERT INTO `us\"ers` (`id`) VALUES (?) ON DUPLICATE KEY UPDATE "
                        "`id` = IF(`id` = VALUES(`id`), `id`, (SELECT 1 UNION SELECT 2))");
    ari_plan_destroy(plan);
    plan = plan_of(&backtick_dialect, &Pair_model);
    assert_non_null(
        strstr(sql_of(plan, ARI_PLAN_UPSERT, &some), "`a` = IF(`a` = VALUES(`a`) AND `b` = VALUES(`b`), `a`, ("));
    ari_plan_destroy(plan);
}

static void statements_for_many(void **state)
{
    (void)state;
    const ar_statement *statement;
    ar_error err;
    ari_plan *plan = plan_of(&question_dialect, &Pair_model);
    ari_mask all = mask_of(7);
    assert_int_equal(ari_plan_insert_rows(plan, &all, 2, false, &statement, &err), AR_OK);
    assert_string_equal(statement->sql, "INSERT INTO \"pairs\" (\"a\", \"b\", \"c\") VALUES (?, ?, ?), (?, ?, ?)");
    assert_int_equal(statement->parameter_count, 6);
    ari_statement_unref(statement);
    assert_int_equal(ari_plan_find_many(plan, 3, &statement, &err), AR_OK);
    assert_non_null(strstr(statement->sql, "WHERE ((\"a\" COLLATE AR_DECIMAL = ? AND \"b\" = ?) OR (("));
    assert_int_equal(statement->parameter_count, 6);
    ari_statement_unref(statement);
    ari_plan_destroy(plan);
    plan = plan_of(&question_dialect, &User_model);
    assert_int_equal(ari_plan_find_many(plan, 4, &statement, &err), AR_OK);
    assert_non_null(strstr(statement->sql, "WHERE \"id\" IN (?, ?, ?, ?)"));
    ari_statement_unref(statement);
    assert_int_equal(ari_plan_insert_rows(plan, &(ari_mask){ { 2 } }, 1, true, &statement, &err), AR_OK);
    assert_non_null(strstr(statement->sql, "VALUES (?) RETURNING \"id\""));
    ari_statement_unref(statement);
    ari_plan_destroy(plan);
}

static const ar_statement *statement_of(const ari_plan *plan, ari_plan_verb verb)
{
    const ar_statement *statement;
    ar_error err;
    bool owned;
    assert_int_equal(ari_plan_statement_get(plan, verb, NULL, &statement, &owned, &err), AR_OK);
    assert_false(owned);
    return statement;
}

static void rows_as_arrays(void **state)
{
    (void)state;
    const ar_statement *statement;
    ar_error err;
    ari_plan *plan = plan_of(&dollar_dialect, &User_model);
    assert_int_equal(ari_plan_insert_rows(plan, &(ari_mask){ { 14 } }, 0, true, &statement, &err), AR_OK);
    assert_string_equal(statement->sql,
                        "INSERT INTO \"us\"\"ers\" (\"full name\", \"level\", \"fee\") SELECT v1, v2, v3 FROM "
                        "unnest($1::text[], $2::bigint[], $3::numeric[]) WITH ORDINALITY AS r(v1, v2, v3, n) ORDER BY "
                        "n RETURNING \"id\"");
    assert_int_equal(statement->parameter_count, 3);
    ari_statement_unref(statement);
    assert_int_equal(ari_plan_find_many(plan, 1000, &statement, &err), AR_OK);
    assert_non_null(strstr(statement->sql, "WHERE \"id\" = ANY ($1)"));
    assert_int_equal(statement->parameter_count, 1);
    ari_statement_unref(statement);
    ari_plan_destroy(plan);
}

static void finds_know_how_they_run_together(void **state)
{
    (void)state;
    ari_plan *plan = plan_of(&dollar_dialect, &User_model);
    const ar_find_together *together = statement_of(plan, ARI_PLAN_FIND)->together;
    assert_true(together->as_array);
    assert_int_equal(together->count, 1);
    assert_int_equal(together->key_column, 0);
    assert_non_null(strstr(together->statements[0]->sql, "WHERE \"id\" = ANY ($1)"));
    assert_null(statement_of(plan, ARI_PLAN_FIND_FOR_UPDATE)->together);
    assert_int_equal(statement_of(plan, ARI_PLAN_FIND_FOR_UPDATE)->statement_class, AR_STATEMENT_WRITE);
    ari_plan_destroy(plan);
    plan = plan_of(&backtick_dialect, &User_model);
    together = statement_of(plan, ARI_PLAN_FIND)->together;
    assert_false(together->as_array);
    assert_int_equal(together->count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(together->statements[i]->parameter_count, 2u << i);
    ari_plan_destroy(plan);
    plan = plan_of(&dollar_dialect, &Pair_model);
    assert_null(statement_of(plan, ARI_PLAN_FIND)->together);
    ari_plan_destroy(plan);
    plan = plan_of(&question_dialect, &User_model);
    assert_null(statement_of(plan, ARI_PLAN_FIND)->together);
    ari_plan_destroy(plan);
}

static void a_plan_makes_each_statement_once(void **state)
{
    (void)state;
    ari_plan *plan = plan_of(&question_dialect, &User_model);
    const ar_statement *first, *again;
    bool owned;
    ar_error err;
    for (unsigned bits = 1; bits < 32; bits++) {
        ari_mask mask = mask_of(bits);
        assert_int_equal(ari_plan_statement_get(plan, ARI_PLAN_UPDATE, &mask, &first, &owned, &err), AR_OK);
        if (owned)
            ari_statement_unref(first); /* its place is taken: found by its text each time */
        bool owned_again;
        assert_int_equal(ari_plan_statement_get(plan, ARI_PLAN_UPDATE, &mask, &again, &owned_again, &err), AR_OK);
        assert_ptr_equal(first, again);
        assert_int_equal(owned, owned_again);
        if (owned_again)
            ari_statement_unref(again);
    }
    size_t before = counting.allocations;
    assert_int_equal(ari_plan_statement_get(plan, ARI_PLAN_FIND, NULL, &first, &owned, &err), AR_OK);
    assert_true(counting.allocations > before);
    before = counting.allocations;
    assert_int_equal(ari_plan_statement_get(plan, ARI_PLAN_FIND, NULL, &again, &owned, &err), AR_OK);
    assert_int_equal(counting.allocations, before);
    ari_plan_destroy(plan);
}

static void refuse_each(const ar_dialect *dialect)
{
    for (size_t n = 1; n < 100; n++) {
        counting.refuse_at = counting.allocations + n;
        size_t until = counting.refuse_at;
        ari_plan *plan = NULL;
        ar_error err;
        const ar_statement *statement;
        bool owned = false;
        ari_mask mask = mask_of(6);
        ar_status status = ari_plan_create(&counting.env, dialect, cache, &User_model, &plan, &err);
        if (status == AR_OK)
            status = ari_plan_statement_get(plan, ARI_PLAN_FIND, NULL, &statement, &owned, &err);
        if (status == AR_OK)
            status = ari_plan_statement_get(plan, ARI_PLAN_UPSERT, &mask, &statement, &owned, &err);
        if (status == AR_OK && owned)
            ari_statement_unref(statement);
        if (plan != NULL)
            ari_plan_destroy(plan);
        bool hit = counting.allocations >= until;
        counting.refuse_at = 0;
        if (!hit) {
            assert_int_equal(status, AR_OK);
            return;
        }
        assert_true(status == AR_OK || status == AR_E_NO_MEMORY);
    }
    fail();
}

static void every_allocation_of_a_plan_may_fail(void **state)
{
    (void)state;
    refuse_each(&question_dialect);
    refuse_each(&dollar_dialect);
    refuse_each(&backtick_dialect);
}

static void keys_take_the_types_of_their_columns(void **state)
{
    (void)state;
    ari_plan *plan = plan_of(&question_dialect, &Pair_model);
    ar_value values[ARI_MAX_KEY];
    ar_error err;
    ar_key key = ar_key(5, "x");
    assert_int_equal(ari_plan_key_values(plan, &key, values, &err), AR_OK);
    assert_int_equal(values[0].type, AR_TYPE_DECIMAL);
    assert_int_equal(values[0].as.decimal.low, 5);
    key = ar_key(5);
    assert_int_equal(ari_plan_key_values(plan, &key, values, &err), AR_E_INVALID);
    key = ar_key(5, AR_NULL);
    assert_int_equal(ari_plan_key_values(plan, &key, values, &err), AR_E_INVALID);
    key = ar_key(5, 6);
    assert_int_equal(ari_plan_key_values(plan, &key, values, &err), AR_E_TYPE);
    key = ar_key(1, 2, 3, 4, 5);
    assert_int_equal(ari_plan_key_values(plan, &key, values, &err), AR_E_INVALID);
    assert_int_equal(ari_plan_key_values(plan, NULL, values, &err), AR_E_INVALID);
    ari_plan_destroy(plan);
}

/* A model with one thing wrong. */
typedef struct wrong {
    ar_column columns[3];
    ar_model model;
} wrong;

static wrong *right(void)
{
    static wrong made;
    made.columns[0] = (ar_column){ .member = "id", .size = 8, .kind = AR_KIND_INT64, .flags = AR_PRIMARY_KEY };
    made.columns[1] = (ar_column){ .member = "a", .offset = 8, .size = 8, .kind = AR_KIND_DOUBLE };
    made.columns[2] = (ar_column){ .member = "b", .offset = 16, .size = 8, .kind = AR_KIND_TIMESTAMP };
    made.model = (ar_model){ .struct_size = sizeof(ar_model),
                             .name = "Wrong",
                             .table = "wrong",
                             .record_size = 24,
                             .record_alignment = 8,
                             .columns = made.columns,
                             .column_size = sizeof(ar_column),
                             .column_count = 3 };
    return &made;
}

static void refused(const wrong *made, const char *because)
{
    size_t columns, keys;
    ar_error err;
    assert_int_equal(ari_model_check(&made->model, &columns, &keys, &err), AR_E_INVALID);
    if (strstr(err.message, because) == NULL)
        print_error("%s\n", err.message);
    assert_non_null(strstr(err.message, because));
}

static void models_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    size_t columns, keys;
    wrong *made = right();
    assert_int_equal(ari_model_check(&made->model, &columns, &keys, NULL), AR_OK);
    assert_int_equal(columns, 3);
    assert_int_equal(keys, 1);
    assert_int_equal(ari_model_check(NULL, &columns, &keys, NULL), AR_E_INVALID);
    (made = right())->model.table = "";
    refused(made, "no table");
    (made = right())->model.struct_size = 8;
    refused(made, "AR_MODEL_DEFINE");
    (made = right())->model.record_alignment = 64;
    refused(made, "aligned");
    (made = right())->model.column_count = 0;
    refused(made, "0 columns");
    (made = right())->columns[1].member = "";
    refused(made, "no name");
    (made = right())->columns[1].name = "id";
    refused(made, "same name");
    (made = right())->columns[1].name = "iD";
    refused(made, "same name");
    (made = right())->columns[1].kind = AR_KIND_NONE;
    refused(made, "cannot be stored");
    (made = right())->columns[1].kind = AR_KIND_VALUE;
    refused(made, "cannot be stored");
    (made = right())->columns[1].size = 4;
    refused(made, "cannot be stored");
    (made = right())->columns[1].offset = 20;
    refused(made, "outside");
    (made = right())->columns[1].offset = SIZE_MAX;
    refused(made, "outside");
    (made = right())->columns[1].flags = AR_AUTO;
    refused(made, "AR_AUTO");
    (made = right())->columns[1].flags = AR_PRIMARY_KEY;
    refused(made, "primary key");
    (made = right())->columns[1].flags = AR_CREATED_AT;
    refused(made, "timestamps");
    made = right();
    made->columns[0].flags = AR_PRIMARY_KEY | AR_AUTO;
    made->columns[2].flags = AR_PRIMARY_KEY;
    refused(made, "AR_AUTO column is the whole primary key, which here has 2 columns");
    for (uint32_t flag = UINT32_C(1) << 16; flag != 0; flag <<= 1) {
        (made = right())->columns[1].flags = AR_NOT_NULL | flag;
        refused(made, "flags");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_definition_describes_the_struct, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statements_for_sqlite, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statements_for_other_engines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statements_for_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_as_arrays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_know_how_they_run_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_makes_each_statement_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_allocation_of_a_plan_may_fail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_take_the_types_of_their_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(models_that_make_no_sense_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
