/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actrec/introspect.h>
#include <actrec/schema.h>
#include <actrec/schema_diff.h>

#include "tests/support/hostile.h"

/* Hostile texts as names of tables, columns, indexes, checks and schemas, and as the SQL that a model has beside them: a
 * table of that name is made, used, found in the catalogue under it and dropped, or it is refused and there is none. */

static const ar_model *const models[] = { &Canary_model };

typedef struct Thing {
    int64_t id;
    const char *value;
} Thing;

/* Models stay where they are while their database is open. */
typedef struct made_model {
    ar_model model;
    ar_column columns[5];
    ar_index index;
    ar_check check;
    ar_model_options options;
    char name[2 * 65 + 1]; /* where it is made too */
} made_model;

enum { MOST = 2048 };
static made_model *made[MOST];
static size_t made_count;

static made_model *make(const char *table, const char *column)
{
    made_model *m = calloc(1, sizeof *m);
    assert_true(m != NULL && made_count < MOST);
    made[made_count++] = m;
    m->columns[0] = (ar_column){ .member = "id", .size = sizeof(int64_t), .kind = AR_KIND_INT64, AR_PRIMARY_KEY };
    m->columns[1] = (ar_column){ .member = "value",
                                 .offset = offsetof(Thing, value),
                                 .size = sizeof(char *),
                                 .kind = AR_KIND_STRING,
                                 .name = column };
    m->model = (ar_model){ .struct_size = sizeof(ar_model),
                           .name = "Thing",
                           .table = table,
                           .record_size = sizeof(Thing),
                           .record_alignment = _Alignof(Thing),
                           .columns = m->columns,
                           .column_size = sizeof(ar_column),
                           .column_count = 2 };
    return m;
}

static void add(made_model *m, ar_entry entry, const void *extra)
{
    m->columns[m->model.column_count++] = (ar_column){ .flags = AR_IGNORE, .entry = entry, .extra = extra };
}

static int free_models(void **state)
{
    (void)state;
    ar_db_close(&db); /* which looks at them */
    while (made_count > 0)
        free(made[--made_count]);
    return 0;
}

/* --- tables --- */

static bool is_told(const ar_model *model, const char *column)
{
    ar_schema *schema = NULL;
    ok(ar_schema_read(db, &(ar_schema_options){ .table = model->table }, &schema, &err));
    const ar_schema_table *table = schema->table_count == 1 ? &schema->tables[0] : NULL;
    bool told = table != NULL && strcmp(table->name, model->table) == 0 && table->column_count == 2 &&
                (column == NULL || strcmp(table->columns[1].name, column) == 0);
    ar_schema_free(schema);
    return told;
}

static void use(const ar_model *model, const hostile *text)
{
    Thing thing = { .id = 1, .value = "x" };
    void *found = NULL;
    ar_key key = ar_key(1);
    named(ar_record_insert(db, model, &thing, &err), AR_OK);
    thing.value = text->text.data;
    named(ar_record_update(db, model, &thing, &err), AR_OK);
    named(ar_record_find_one(db, model, &key, &found, &err), AR_OK);
    same_text(((ar_text){ ((Thing *)found)->value, strlen(((Thing *)found)->value) }), text->text);
    named(ar_record_upsert(db, model, found, &err), AR_OK);
    named(ar_record_delete(db, model, found, &err), AR_OK);
    ar_record_free(found);
}

/* A name that a server takes none of is refused before it is asked; SQLite, which takes long ones, is. */
static bool check_refusal(ar_status status, const hostile *text)
{
    if (status == AR_OK)
        return false;
    if (!text->is_utf8 || (text->is_huge && !fixture_on("sqlite")))
        named(status, AR_E_INVALID);
    ar_ignore(status);
    return true;
}

typedef ar_status change_fn(const ar_model *model);

static ar_status create(const ar_model *model)
{
    return ar_table_create(db, model, &err);
}

static ar_status create_async(const ar_model *model)
{
    return hostile_await(ar_table_create_async(db, model).raw);
}

static ar_status create_if_missing(const ar_model *model)
{
    return ar_table_create_if_missing(db, model, &err);
}

static ar_status create_if_missing_async(const ar_model *model)
{
    return hostile_await(ar_table_create_if_missing_async(db, model).raw);
}

static ar_status create_all(const ar_model *model)
{
    return ar_tables_create(db, &model, 1, &err);
}

static ar_status create_all_async(const ar_model *model)
{
    return hostile_await(ar_tables_create_async(db, &model, 1).raw);
}

static ar_status create_all_missing(const ar_model *model)
{
    return ar_tables_create_if_missing(db, &model, 1, &err);
}

static ar_status create_all_missing_async(const ar_model *model)
{
    return hostile_await(ar_tables_create_if_missing_async(db, &model, 1).raw);
}

static ar_status drop(const ar_model *model)
{
    return ar_table_drop(db, model, &err);
}

static ar_status drop_async(const ar_model *model)
{
    return hostile_await(ar_table_drop_async(db, model).raw);
}

static ar_status drop_if_exists(const ar_model *model)
{
    return ar_table_drop_if_exists(db, model, &err);
}

static ar_status drop_if_exists_async(const ar_model *model)
{
    return hostile_await(ar_table_drop_if_exists_async(db, model).raw);
}

static ar_status drop_all(const ar_model *model)
{
    return ar_tables_drop(db, &model, 1, &err);
}

static ar_status drop_all_async(const ar_model *model)
{
    return hostile_await(ar_tables_drop_async(db, &model, 1).raw);
}

static ar_status drop_all_existing(const ar_model *model)
{
    return ar_tables_drop_if_exists(db, &model, 1, &err);
}

static ar_status drop_all_existing_async(const ar_model *model)
{
    return hostile_await(ar_tables_drop_if_exists_async(db, &model, 1).raw);
}

static void through_tables(const hostile *text)
{
    static const struct {
        change_fn *create, *drop;
    } ways[] = { { create, drop },
                 { create_async, drop_async },
                 { create_if_missing, drop_if_exists },
                 { create_if_missing_async, drop_if_exists_async },
                 { create_all, drop_all },
                 { create_all_async, drop_all_async },
                 { create_all_missing, drop_all_existing },
                 { create_all_missing_async, drop_all_existing_async } };
    const ar_model *model = &make(text->text.data, NULL)->model;
    if (!hostile_is_string(text))
        return;
    size_t other = 1 + (size_t)(text - hostiles) % 7; /* each now and then */
    for (size_t i = 0; i <= other; i += other) {
        ar_status status = ways[i].create(model);
        if (check_refusal(status, text)) {
            assert_int_not_equal(drop(model), AR_OK);
            continue;
        }
        assert_true(is_told(model, NULL));
        if (i == 0)
            use(model, text);
        named(ways[i].drop(model), AR_OK);
    }
}

static void through_columns(const hostile *text)
{
    const ar_model *model = &make("things", text->text.data)->model;
    if (!hostile_is_string(text) || check_refusal(create(model), text))
        return;
    assert_true(is_told(model, text->text.data));
    use(model, text);
    ar_query *query = ar_query_create(db, model);
    int64_t count = -1;
    ar_query_filter(query,
                    ar_predicate_of(AR_COMPARE_EQ, model, offsetof(Thing, value), "value", ar_bind("x"), AR_NULL));
    ar_query_order_by(query, "value desc");
    named(ar_query_count(query, &count, &err), AR_OK);
    named(drop(model), AR_OK);
}

static void through_indexes(const hostile *text)
{
    for (int unique = 0; unique < 2 && hostile_is_string(text); unique++) {
        made_model *m = make("things", NULL);
        m->index = (ar_index){ .name = text->text.data, .is_unique = unique == 1, .count = 1, .offsets = { 0 } };
        add(m, AR_ENTRY_INDEX, &m->index);
        if (check_refusal(create(&m->model), text))
            ar_ignore(drop(&m->model)); /* which is there on MySQL, or not */
        else
            named(drop(&m->model), AR_OK);
    }
}

static void through_checks(const hostile *text)
{
    made_model *m = make("things", NULL);
    if (!hostile_is_string(text))
        return;
    m->check = (ar_check){ .name = text->text.data, .sql = "id > 0" };
    add(m, AR_ENTRY_CHECK, &m->check);
    if (check_refusal(create(&m->model), text))
        return;
    Thing thing = { .id = -1, .value = "x" };
    named(ar_record_insert(db, &m->model, &thing, &err), AR_E_CONSTRAINT);
    named(drop(&m->model), AR_OK);
}

/* One that there is not. */
static void through_schemas(const hostile *text)
{
    made_model *m = make("things", NULL);
    if (!hostile_is_string(text))
        return;
    m->options = (ar_model_options){ .schema = text->text.data };
    add(m, AR_ENTRY_OPTIONS, &m->options);
    ar_status status = create(&m->model);
    assert_true(check_refusal(status, text));
    Thing thing = { .id = 1 };
    void *found = NULL;
    ar_key key = ar_key(1);
    assert_true(check_refusal(ar_record_insert(db, &m->model, &thing, &err), text));
    assert_true(check_refusal(ar_record_find_one(db, &m->model, &key, &found, &err), text));
}

/* SQL of the application's own: whatever it is, it stays where it stands. */
static void through_sql(const hostile *text)
{
    if (!hostile_is_string(text))
        return;
    for (int i = 0; i < 5; i++) {
        made_model *m = make("things", NULL);
        m->check = (ar_check){ .name = "checked", .sql = text->text.data };
        m->options = (ar_model_options){ .default_scope = text->text.data };
        switch (i) {
        case 0: m->columns[1].default_sql = text->text.data; break;
        case 1: m->columns[1].check_sql = text->text.data; break;
        case 2: add(m, AR_ENTRY_CHECK, &m->check); break;
        case 3: add(m, AR_ENTRY_OPTIONS, &m->options); break;
        default:
            m->columns[1].sql = text->text.data;
            m->columns[1].flags = AR_DERIVED;
            break;
        }
        ar_ignore(create(&m->model));
        Thing thing = { .id = 1 };
        void *found = NULL;
        ar_key key = ar_key(1);
        ar_ignore(ar_record_insert(db, &m->model, &thing, &err));
        if (ar_record_find_one(db, &m->model, &key, &found, &err) == AR_OK)
            ar_record_free(found);
        named(drop_if_exists(&make("things", NULL)->model), AR_OK);
    }
}

/* --- the catalogue --- */

static void through_catalogue(const hostile *text)
{
    const ar_schema_options wanted[] = { { .table = text->text.data },
                                         { .schema = text->text.data },
                                         { .schema = text->text.data, .table = "canary" } };
    for (size_t i = 0; i < 6 && hostile_is_string(text); i++) {
        ar_schema *schema = NULL;
        ar_schema_future future = { NULL };
        if (i % 2 == 1)
            future = ar_schema_read_async(db, &wanted[i / 2]);
        ar_status status =
            i % 2 == 1 ? ar_schema_await(&future, &schema, &err) : ar_schema_read(db, &wanted[i / 2], &schema, &err);
        answers(status, hostile_status(text));
        if (status == AR_OK)
            assert_int_equal(schema->table_count, 0);
        ar_schema_free(schema);
    }
}

static void through_differences(const hostile *text)
{
    const ar_model *model = &make(text->text.data, NULL)->model;
    for (int is_async = 0; is_async < 2 && hostile_is_string(text); is_async++) {
        ar_schema_diff *diff = NULL;
        ar_schema_diff_future future = { NULL };
        if (is_async)
            future = ar_schema_compare_async(db, &model, 1);
        ar_status status =
            is_async ? ar_schema_diff_await(&future, &diff, &err) : ar_schema_compare(db, &model, 1, &diff, &err);
        if (!check_refusal(status, text))
            assert_true(diff->count >= 1);
        ar_schema_diff_free(diff);
    }
}

static const probe tables[] = {
    { "ar_table_create ar_table_create_async ar_table_create_if_missing ar_table_create_if_missing_async "
      "ar_tables_create ar_tables_create_async ar_tables_create_if_missing ar_tables_create_if_missing_async "
      "ar_table_drop ar_table_drop_async ar_table_drop_if_exists ar_table_drop_if_exists_async "
      "ar_tables_drop ar_tables_drop_async ar_tables_drop_if_exists ar_tables_drop_if_exists_async",
      through_tables },
};

static const probe parts[] = {
    { "ar_table_create", through_columns }, { "ar_table_create", through_indexes },
    { "ar_table_create", through_checks },  { "ar_table_create", through_schemas },
    { "ar_table_create", through_sql },
};

static const probe catalogue[] = {
    { "ar_schema_read ar_schema_read_async", through_catalogue },
    { "ar_schema_compare ar_schema_compare_async", through_differences },
};

static void names_of_tables(void **state)
{
    (void)state;
    hostile_run_all(tables);
}

static void what_tables_are_made_of(void **state)
{
    (void)state;
    hostile_run_all(parts);
}

static void what_is_looked_up_in_the_catalogue(void **state)
{
    (void)state;
    hostile_run_all(catalogue);
}

/* PostgreSQL would cut what is longer than 63 bytes; MySQL takes 64 characters. */
static void names_that_are_long(void **state)
{
    (void)state;
    static const size_t lengths[] = { 31, 32, 64, 65 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char name[2 * 65 + 1] = "";
        for (size_t n = 0; n < lengths[i]; n++)
            (void)strcat(name, "\xc3\xa9");
        made_model *m = make(name, name);
        m->model.table = m->columns[1].name = strcpy(m->name, name);
        bool fits = fixture_on("sqlite") || (fixture_on("postgres") ? 2 * lengths[i] <= 63 : lengths[i] <= 64);
        fails(create(&m->model), fits ? AR_OK : AR_E_INVALID);
        if (!fits)
            continue;
        assert_true(is_told(&m->model, name));
        ok(drop(&m->model));
    }
}

static void no_entry_point_is_left_out(void **state)
{
    (void)state;
    const probe *const probes[] = { tables, parts, catalogue };
    const size_t counts[] = { sizeof tables / sizeof *tables, sizeof parts / sizeof *parts,
                              sizeof catalogue / sizeof *catalogue };
    hostile_check_entries(ENTRIES_OF_SCHEMA, probes, counts, 3);
}

#define TEST(function) fixture_test_setup_on(NULL, function, NULL, free_models)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(names_of_tables), TEST(what_tables_are_made_of),
                                        TEST(what_is_looked_up_in_the_catalogue), TEST(names_that_are_long),
                                        cmocka_unit_test(no_entry_point_is_left_out) };
    return fixture_main("injection_schema", tests, models);
}
