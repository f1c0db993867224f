/* SPDX-License-Identifier: MIT */
#include "orm/introspect.h"

#include <stdalign.h>
#include <string.h>

#include "orm/column.h"
#include "orm/ddl.h"
#include "orm/name.h"
#include "values/memory.h"
#include "values/utf8.h"

/* Design. The catalogue of an engine answers one query for each kind of thing, with the same columns on each engine and
 * what is of one table together (actrec/sys/catalog.h). Each answer is turned into arrays in the arena of the schema
 * right away. What is of a table that was not there in the first answer is left out. */

typedef struct ari_schema {
    ar_schema schema; /* first */
    const ar_env *env;
    ari_arena arena;
    ar_schema_table *tables;
    bool without_texts; /* which the checks would have been read from */
} ari_schema;

enum { TABLES, COLUMNS, INDEXES, FOREIGN_KEYS, CHECKS, DONE };

/* --- rows --- */

static ar_status no_memory(ar_error *err)
{
    return ar_error_set(err, AR_E_NO_MEMORY, "reading a schema: there is no memory left for it");
}

/* A run of rows that are of one thing: those that have the same text in `column` as the first. */
static const ar_text *text_of(const ar_rows *rows, size_t row, size_t column, ar_text *text)
{
    ar_value value;
    if (ar_rows_value(rows, row, column, &value, NULL) != AR_OK)
        return NULL;
    switch ((int)value.type) {
    case AR_TYPE_TEXT:
    case AR_TYPE_JSON: *text = (ar_text){ .data = value.as.text.data, .length = value.as.text.length }; return text;
    case AR_TYPE_BYTES:
        *text = (ar_text){ .data = (const char *)value.as.bytes.data, .length = value.as.bytes.length };
        return text;
    default: return NULL;
    }
}

static bool same_text(const ar_rows *rows, size_t a, size_t b, size_t column)
{
    ar_text first, second;
    if (text_of(rows, a, column, &first) == NULL || text_of(rows, b, column, &second) == NULL)
        return false;
    return first.length == second.length && memcmp(first.data, second.data, first.length) == 0;
}

static size_t end_of_run(const ar_rows *rows, size_t row, size_t end, size_t column)
{
    size_t next = row + 1;
    while (next < end && same_text(rows, row, next, column))
        next++;
    return next;
}

static size_t count_runs(const ar_rows *rows, size_t row, size_t end, size_t column)
{
    size_t count = 0;
    for (; row < end; row = end_of_run(rows, row, end, column))
        count++;
    return count;
}

/* *failed when there is no memory; NULL for NULL. */
static const char *copy_text(ari_schema *schema, const ar_rows *rows, size_t row, size_t column, bool *failed)
{
    ar_text text;
    if (text_of(rows, row, column, &text) == NULL)
        return NULL;
    const char *copy = ari_arena_copy_text(&schema->arena, text.data, text.length);
    *failed = *failed || copy == NULL;
    return copy;
}

static const char *copy_name(ari_schema *schema, const ar_rows *rows, size_t row, size_t column, bool *failed)
{
    const char *copy = copy_text(schema, rows, row, column, failed);
    return copy != NULL ? copy : "";
}

static int number(const ar_rows *rows, size_t row, size_t column)
{
    int64_t value = 0;
    ar_ignore(ar_rows_int64(rows, row, column, &value, NULL));
    return value > 0 && value < 10000 ? (int)value : 0;
}

static bool truth(const ar_rows *rows, size_t row, size_t column)
{
    bool value = false;
    ar_ignore(ar_rows_bool(rows, row, column, &value, NULL));
    return value;
}

static char letter(const ar_rows *rows, size_t row, size_t column)
{
    ar_text text;
    return text_of(rows, row, column, &text) != NULL && text.length > 0 ? text.data[0] : '\0';
}

static void *allocate(ari_schema *schema, size_t count, size_t size)
{
    void *block = ari_arena_alloc_array(&schema->arena, count, size, alignof(max_align_t));
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

static const char *const *copy_names(ari_schema *schema, const ar_rows *rows, size_t row, size_t end, size_t column,
                                     bool *failed)
{
    const char **names = allocate(schema, end - row, sizeof *names);
    *failed = *failed || names == NULL;
    for (size_t i = row; names != NULL && i < end; i++)
        names[i - row] = copy_text(schema, rows, i, column, failed);
    return names;
}

/* --- each kind of thing: false for no memory --- */

static bool take_tables(ari_schema *schema, const ar_rows *rows, const ar_dialect *dialect)
{
    bool failed = false;
    size_t count = ar_rows_count(rows);
    schema->tables = allocate(schema, count, sizeof *schema->tables);
    if (schema->tables == NULL)
        return false;
    for (size_t i = 0; i < count && !failed; i++) {
        ar_schema_table *table = &schema->tables[i];
        ar_schema_check *checks = NULL;
        table->name = copy_name(schema, rows, i, 0, &failed);
        table->is_view = letter(rows, i, 1) == 'v';
        const char *text = copy_text(schema, rows, i, 2, &failed);
        if (table->is_view || dialect->catalog->checks != NULL)
            continue;
        schema->without_texts = schema->without_texts || text == NULL;
        if (text != NULL)
            failed = failed || !ari_checks_scan(&schema->arena, dialect, text, &checks, &table->check_count);
        table->checks = checks;
    }
    schema->schema.tables = schema->tables;
    schema->schema.table_count = count;
    return !failed;
}

static bool take_key(ari_schema *schema, ar_schema_table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        table->key_count += table->columns[i].key_position > 0;
    const char **key = allocate(schema, table->key_count, sizeof *key);
    for (size_t i = 0; key != NULL && i < table->column_count; i++) {
        int position = table->columns[i].key_position;
        if (position > 0 && (size_t)position <= table->key_count)
            key[position - 1] = table->columns[i].name;
    }
    table->key = key;
    return key != NULL;
}

static bool take_columns(ari_schema *schema, ar_schema_table *table, const ar_rows *rows, size_t row, size_t end)
{
    bool failed = false;
    ar_schema_column *columns = allocate(schema, end - row, sizeof *columns);
    for (size_t i = row; columns != NULL && i < end; i++) {
        char generated = letter(rows, i, 5);
        columns[i - row] = (ar_schema_column){
            .name = copy_name(schema, rows, i, 1, &failed),
            .type = copy_name(schema, rows, i, 2, &failed),
            .is_not_null = truth(rows, i, 3),
            .default_sql = copy_text(schema, rows, i, 4, &failed),
            .generated = generated == 's'   ? AR_SCHEMA_STORED
                         : generated == 'v' ? AR_SCHEMA_VIRTUAL
                                            : AR_SCHEMA_NOT_GENERATED,
            .is_auto = truth(rows, i, 6),
            .key_position = number(rows, i, 7),
        };
    }
    table->columns = columns;
    table->column_count = columns != NULL ? end - row : 0;
    return columns != NULL && !failed && take_key(schema, table);
}

static ar_schema_origin origin_of(char letter)
{
    return letter == 'p'   ? AR_SCHEMA_PRIMARY
           : letter == 'u' ? AR_SCHEMA_UNIQUE
           : letter == 'f' ? AR_SCHEMA_FOREIGN_KEY
                           : AR_SCHEMA_INDEX;
}

static const char *condition_of(ari_schema *schema, const ar_dialect *dialect, const ar_rows *rows, size_t row,
                                bool *failed)
{
    const char *text = copy_text(schema, rows, row, 4, failed);
    return text != NULL && dialect->catalog->checks == NULL ? ari_condition_scan(dialect, text) : text;
}

static bool take_indexes(ari_schema *schema, const ar_dialect *dialect, ar_schema_table *table, const ar_rows *rows,
                         size_t row, size_t end)
{
    bool failed = false;
    ar_schema_index *indexes = allocate(schema, count_runs(rows, row, end, 1), sizeof *indexes);
    while (indexes != NULL && row < end) {
        size_t next = end_of_run(rows, row, end, 1);
        indexes[table->index_count++] = (ar_schema_index){
            .name = copy_name(schema, rows, row, 1, &failed),
            .is_unique = truth(rows, row, 2),
            .origin = origin_of(letter(rows, row, 3)),
            .condition = condition_of(schema, dialect, rows, row, &failed),
            .column_count = next - row,
            .columns = copy_names(schema, rows, row, next, 5, &failed),
        };
        row = next;
    }
    table->indexes = indexes;
    return indexes != NULL && !failed;
}

static bool take_foreign_keys(ari_schema *schema, ar_schema_table *table, const ar_rows *rows, size_t row, size_t end,
                              bool named)
{
    bool failed = false;
    ar_schema_foreign_key *keys = allocate(schema, count_runs(rows, row, end, 1), sizeof *keys);
    while (keys != NULL && row < end) {
        size_t next = end_of_run(rows, row, end, 1);
        keys[table->foreign_key_count++] = (ar_schema_foreign_key){
            .name = named ? copy_text(schema, rows, row, 1, &failed) : NULL,
            .schema = copy_text(schema, rows, row, 3, &failed),
            .table = copy_name(schema, rows, row, 4, &failed),
            .column_count = next - row,
            .columns = copy_names(schema, rows, row, next, 2, &failed),
            .references = copy_names(schema, rows, row, next, 5, &failed),
            .on_delete = copy_name(schema, rows, row, 6, &failed),
            .on_update = copy_name(schema, rows, row, 7, &failed),
        };
        row = next;
    }
    table->foreign_keys = keys;
    return keys != NULL && !failed;
}

static bool take_checks(ari_schema *schema, ar_schema_table *table, const ar_rows *rows, size_t row, size_t end)
{
    bool failed = false;
    ar_schema_check *checks = allocate(schema, end - row, sizeof *checks);
    for (size_t i = row; checks != NULL && i < end; i++)
        checks[i - row] = (ar_schema_check){ .name = copy_text(schema, rows, i, 1, &failed),
                                             .condition = copy_name(schema, rows, i, 2, &failed) };
    table->checks = checks;
    table->check_count = checks != NULL ? end - row : 0;
    return checks != NULL && !failed;
}

static ar_schema_table *table_named(ari_schema *schema, const ar_rows *rows, size_t row)
{
    ar_text name;
    if (text_of(rows, row, 0, &name) == NULL)
        return NULL;
    for (size_t i = 0; i < schema->schema.table_count; i++) {
        const char *other = schema->tables[i].name;
        if (strlen(other) == name.length && memcmp(other, name.data, name.length) == 0)
            return &schema->tables[i];
    }
    return NULL;
}

static bool take_run(const ari_reader *reader, const ar_dialect *dialect, const ar_rows *rows, size_t row, size_t end)
{
    ar_schema_table *table = table_named(reader->schema, rows, row);
    if (table == NULL)
        return true;
    switch (reader->stage) {
    case COLUMNS: return take_columns(reader->schema, table, rows, row, end);
    case INDEXES: return take_indexes(reader->schema, dialect, table, rows, row, end);
    case FOREIGN_KEYS:
        return take_foreign_keys(reader->schema, table, rows, row, end, dialect->catalog->drop_foreign_key != NULL);
    case CHECKS: return take_checks(reader->schema, table, rows, row, end);
    default: return true;
    }
}

/* --- the reader --- */

static ar_value text_or_null(const char *text)
{
    return text != NULL ? ar_bind_string(text) : (ar_value){ .type = AR_TYPE_NULL };
}

static bool copy_asked(ari_schema *schema, const char *name, const char **copy)
{
    *copy = name != NULL ? ari_arena_copy_text(&schema->arena, name, strlen(name)) : NULL;
    return name == NULL || *copy != NULL;
}

/* Asking would find what the name is cut to; what is no text is refused when it is bound. */
static bool cannot_be(const ar_dialect *dialect, const char *name)
{
    return name != NULL && ari_utf8_is_valid(name, strlen(name)) && ari_name_trouble(dialect, name) != NULL;
}

ar_status ari_reader_init(ari_reader *reader, const ari_script *script, const char *schema, const char *table,
                          ar_error *err)
{
    const char *names[2];
    *reader = (ari_reader){ .env = script->env };
    if (script->dialect->catalog == NULL)
        return ar_error_set(err, AR_E_UNSUPPORTED, "reading a schema: %s tells nothing of its tables",
                            script->dialect->name);
    reader->schema = ari_allocate_zero(script->env, sizeof *reader->schema);
    if (reader->schema == NULL)
        return no_memory(err);
    reader->schema->env = script->env;
    ari_arena_init(&reader->schema->arena, script->env, 0);
    if (!copy_asked(reader->schema, schema, &names[0]) || !copy_asked(reader->schema, table, &names[1]))
        return no_memory(err);
    reader->schema->schema.name = names[0];
    reader->names[0] = text_or_null(names[0]);
    reader->names[1] = text_or_null(names[1]);
    if (cannot_be(script->dialect, names[0]) || cannot_be(script->dialect, names[1]))
        reader->stage = DONE;
    return AR_OK;
}

void ari_reader_fini(ari_reader *reader)
{
    if (reader->schema != NULL)
        ar_schema_free(&reader->schema->schema);
    reader->schema = NULL;
}

static const char *query_of(const ar_catalog *catalog, int stage)
{
    switch (stage) {
    case TABLES: return catalog->tables;
    case COLUMNS: return catalog->columns;
    case INDEXES: return catalog->indexes;
    case FOREIGN_KEYS: return catalog->foreign_keys;
    case CHECKS: return catalog->checks;
    default: return NULL;
    }
}

bool ari_reader_query(ari_reader *reader, ari_script *script, ar_db *db)
{
    const char *query = query_of(script->dialect->catalog, reader->stage);
    bool nothing = reader->stage > TABLES && reader->schema->schema.table_count == 0;
    if (query == NULL || nothing)
        return false;
    ari_clause *clause = ari_script_query(script, db, AR_STATEMENT_READ);
    if (clause != NULL)
        ari_clause_catalog(clause, query, &reader->names[0], &reader->names[1]);
    return true;
}

/* SQLite leaves the columns out when they are the primary key. */
static void fill_references(ari_schema *schema)
{
    for (size_t i = 0; i < schema->schema.table_count; i++) {
        for (size_t k = 0; k < schema->tables[i].foreign_key_count; k++) {
            const ar_schema_foreign_key *key = &schema->tables[i].foreign_keys[k];
            const ar_schema_table *to = ar_schema_find(&schema->schema, key->table);
            const char **references = (const char **)(uintptr_t)key->references;
            for (size_t c = 0; c < key->column_count; c++) {
                if (references[c] == NULL && to != NULL && c < to->key_count)
                    references[c] = to->key[c];
            }
        }
    }
}

ar_status ari_reader_take_rows(ari_reader *reader, const ari_script *script, ar_error *err)
{
    const ar_rows *rows = script->rows;
    size_t count = ar_rows_count(rows);
    bool taken = reader->stage != TABLES || take_tables(reader->schema, rows, script->dialect);
    for (size_t row = 0; taken && reader->stage != TABLES && row < count;) {
        size_t end = end_of_run(rows, row, count, 0);
        taken = take_run(reader, script->dialect, rows, row, end);
        row = end;
    }
    if (taken && reader->stage == FOREIGN_KEYS)
        fill_references(reader->schema);
    reader->stage++;
    return taken ? AR_OK : no_memory(err);
}

const ar_schema *ari_reader_schema(const ari_reader *reader)
{
    return &reader->schema->schema;
}

bool ari_reader_knows_checks(const ari_reader *reader)
{
    return !reader->schema->without_texts;
}

ar_schema *ari_reader_take(ari_reader *reader)
{
    ar_schema *schema = &reader->schema->schema;
    reader->schema = NULL;
    return schema;
}

void ar_schema_free(ar_schema *schema)
{
    if (schema == NULL)
        return;
    ari_schema *freed = (ari_schema *)schema;
    ari_arena_fini(&freed->arena);
    ari_release(freed->env, freed);
}

static bool same_name(const char *a, const char *b, bool exact)
{
    return exact ? strcmp(a, b) == 0 : ari_same_name(a, b);
}

const ar_schema_table *ar_schema_find(const ar_schema *schema, const char *table)
{
    for (int exact = 1; schema != NULL && table != NULL && exact >= 0; exact--) {
        for (size_t i = 0; i < schema->table_count; i++) {
            if (same_name(schema->tables[i].name, table, exact))
                return &schema->tables[i];
        }
    }
    return NULL;
}

const ar_schema_column *ar_schema_table_column(const ar_schema_table *table, const char *column)
{
    for (int exact = 1; table != NULL && column != NULL && exact >= 0; exact--) {
        for (size_t i = 0; i < table->column_count; i++) {
            if (same_name(table->columns[i].name, column, exact))
                return &table->columns[i];
        }
    }
    return NULL;
}
