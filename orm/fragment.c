/* SPDX-License-Identifier: MIT */
#include "orm/fragment.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "orm/bind.h"
#include "orm/column.h"
#include "orm/convert.h"
#include "orm/scan.h"
#include "orm/source.h"

/* Design. A fragment is read token by token. To give an argument the type of the column that it is compared with, the
 * reader keeps the column it last passed, for as long as what follows can only be a comparison with it: `column = ?`,
 * `column between ? and ?`, `column in (?, ?)`; and the argument it last passed, for `? = column`. Anything else
 * between them, a `+` say, forgets the column, and the argument stays as it was bound.
 *
 * Engines may keep decimals, dates, times and UUIDs as something else: text, numbers, bytes. A literal beside such a
 * column would be compared with that, and silently be wrong: it becomes an argument as well, or is refused. Where they
 * are to be put into something to be compared (decimal_before), that is done wherever a condition names one. */

enum { PADDED_LIST = 4096 }; /* longer lists are not padded: it would cost more than another statement */

static const size_t NOTHING = SIZE_MAX, LITERAL = SIZE_MAX - 1;

typedef enum place {
    PLACE_ANYWHERE,
    PLACE_COLUMN,      /* behind `column` */
    PLACE_OPERATOR,    /* column = */
    PLACE_IN,          /* column in */
    PLACE_LIST,        /* column in (… */
    PLACE_LOW,         /* column between */
    PLACE_BETWEEN_AND, /* column between ? */
    PLACE_HIGH         /* column between ? and */
} place;

/* Whether a name is one side of a `+` or the like, and so not what is compared. */
typedef enum operand { OPERAND_NONE, OPERAND_NEXT, OPERAND_NAME } operand;

/* (column) is the column, f(column) is not. */
typedef enum enclosed { ENCLOSED_NOT, ENCLOSED_OPEN, ENCLOSED_NAME } enclosed;

typedef struct fragment {
    ari_clause *clause;
    const ar_dialect *dialect;
    const ari_naming *naming; /* of no tables: no types */
    ari_token qualifier;      /* the name before a point */
    const ar_value *values;
    ar_error *err;
    size_t count;
    size_t used;
    size_t words; /* of the first three, so far */
    size_t depth; /* open parentheses */
    size_t list;  /* the depth inside those of an IN; 0: not in one */
    const ar_column *column;
    const ar_column *left;           /* that the name that was read is compared with */
    const ar_column *waiting_column; /* `? = column`, unless a parenthesis makes it a function */
    size_t waiting;                  /* the value of the clause that `? =` stands for; LITERAL: `1 =`; NOTHING: none */
    /* Offsets in the text of the clause. */
    size_t waiting_end; /* behind the placeholder that waits */
    size_t name_at;     /* of the name that was read last, with that of its table */
    size_t name_end;    /* of a name that is put into decimal_before; 0: it is not */
    size_t in_at;       /* of the IN that was read last, and of a NOT before it */
    size_t not_at;      /* of the NOT before this; NOTHING: there is none */
    place place;
    operand operand;
    enclosed enclosed;
    bool condition;
    bool ended;  /* a semicolon came */
    bool nested; /* CREATE TRIGGER: semicolons end the statements inside it */
    bool after_in;
    bool negated;    /* NOT IN */
    bool dotted;     /* a table's name and a point were read */
    bool after_name; /* the token before this may be the name of a function */
    bool compared;   /* the name before this is a decimal column that another is compared with */
    bool waiting_compared;
    char sign; /* held back: it may be that of a literal; '\0': none */
} fragment;

static ar_status refuse(const fragment *reader, const char *what)
{
    return ar_error_set(reader->err, AR_E_INVALID, "building a query: the SQL %s", what);
}

static const char *column_label(const ar_column *column)
{
    return column != NULL ? ari_column_name(column) : "an argument";
}

static bool is_numeric(ar_type type)
{
    return (type >= AR_TYPE_BOOL && type <= AR_TYPE_DOUBLE) || type == AR_TYPE_DECIMAL || type == AR_TYPE_ENUM;
}

/* A number that is not one of the column's, 1.5 beside an integer, is right in a comparison; only what would never
 * compare is refused. */
static ar_status take_type(const ar_value *in, const ar_column *column, ar_value *out, ar_error *err)
{
    ar_type type = column != NULL ? ari_column_type(column) : AR_TYPE_NULL;
    ar_status status = ari_value_check(in, column_label(column), err);
    if (status != AR_OK)
        return status;
    if (ari_value_as(in, type, ARI_FROM_ARGUMENT, out))
        return AR_OK;
    if (is_numeric(in->type) && is_numeric(type) && type != AR_TYPE_BOOL) {
        *out = *in;
        return AR_OK;
    }
    return ar_error_set(err, AR_E_TYPE, "building a query: a value of type %s is compared with column %s, which is %s",
                        ar_type_name(in->type), column_label(column), ar_type_name(type));
}

ar_status ari_fragment_value(ari_clause *clause, const ar_value *value, ar_type type, const char *what, ar_error *err)
{
    ar_value typed;
    ar_status status = ari_value_check(value, what, err);
    if (status != AR_OK)
        return status;
    if (!ari_value_as(value, type, ARI_FROM_ARGUMENT, &typed))
        return ar_error_set(err, AR_E_TYPE, "building a query: %s is %s, and the value of type %s does not fit it",
                            what, ar_type_name(type), ar_type_name(value->type));
    ari_clause_value(clause, &typed);
    return AR_OK;
}

ar_status ari_fragment_list(ari_clause *clause, const ar_dialect *dialect, const ar_value *list, ar_type type,
                            const char *what, ar_error *err)
{
    size_t count = ari_list_count(list);
    size_t padded = 1;
    if (count == 0) {
        bool needs_table = dialect->identifier_quote == '`'; /* MySQL before 8.0 */
        ari_clause_sql(clause, needs_table ? "SELECT NULL FROM DUAL WHERE 1 = 0" : "SELECT NULL WHERE 1 = 0");
        return AR_OK;
    }
    if (count > dialect->max_parameters)
        return ar_error_set(err, AR_E_INVALID,
                            "building a query: %s is compared with a list of %zu values; %s takes %u", what, count,
                            dialect->name, dialect->max_parameters);
    if (list->as.bytes.data == NULL)
        return ar_error_set(err, AR_E_INVALID, "building a query: %s is compared with a list of %zu values at NULL",
                            what, count);
    while (padded < count && padded < PADDED_LIST)
        padded *= 2;
    for (size_t i = 0; i < count || i < padded; i++) {
        ar_value value = ari_list_at(list, i < count ? i : count - 1);
        if (i > 0)
            ari_clause_sql(clause, ", ");
        ar_status status = ari_fragment_value(clause, &value, type, what, err);
        if (status != AR_OK || clause->failed)
            return status;
    }
    return AR_OK;
}

/* Where there are arrays, x IN () is x = ANY ('{}'), which takes the type of x; a subquery would be one of texts. False:
 * something stands before it in the parentheses. */
static bool empty_array(fragment *reader)
{
    ari_text_buffer *text = &reader->clause->text;
    size_t end = text->length;
    while (end > reader->in_at && (unsigned char)text->data[end - 1] <= ' ')
        end--;
    if (text->failed || end == reader->in_at || text->data[end - 1] != '(' ||
        memchr(text->data + reader->in_at, '(', end - 1 - reader->in_at) != NULL)
        return false;
    text->length = reader->in_at;
    ari_clause_sql(reader->clause, reader->negated ? "<> ALL ('{}'" : "= ANY ('{}'");
    return true;
}

static ar_status read_list(fragment *reader, const ar_value *list)
{
    if (reader->list == 0 || reader->list != reader->depth)
        return refuse(reader, "has a list for a placeholder that is not in the parentheses of an IN");
    const ar_column *column = reader->place == PLACE_LIST ? reader->column : NULL;
    reader->waiting = NOTHING;
    if (ari_list_count(list) == 0 && reader->dialect->find_by_array && empty_array(reader))
        return AR_OK;
    return ari_fragment_list(reader->clause, reader->dialect, list,
                             column != NULL ? ari_column_type(column) : AR_TYPE_NULL, column_label(column),
                             reader->err);
}

static void after_value(fragment *reader)
{
    switch (reader->place) {
    case PLACE_LIST: return;
    case PLACE_LOW: reader->place = PLACE_BETWEEN_AND; return;
    case PLACE_ANYWHERE:
    case PLACE_COLUMN:
    case PLACE_IN:
    case PLACE_BETWEEN_AND:
    case PLACE_OPERATOR:
    case PLACE_HIGH: reader->place = PLACE_ANYWHERE; return;
    }
}

/* The column that a value here is compared with; NULL: none. */
static const ar_column *column_beside(const fragment *reader)
{
    bool beside = reader->place == PLACE_OPERATOR || reader->place == PLACE_LIST || reader->place == PLACE_LOW ||
                  reader->place == PLACE_HIGH;
    return beside ? reader->column : NULL;
}

/* Whether engines differ in what they keep for such a column, so that a literal is none of its values. */
static bool takes_no_literal(const ar_column *column)
{
    ar_type type = column != NULL ? ari_column_type(column) : AR_TYPE_NULL;
    return type == AR_TYPE_DECIMAL || type == AR_TYPE_TIMESTAMP || type == AR_TYPE_DATE || type == AR_TYPE_TIME ||
           type == AR_TYPE_UUID;
}

static ar_status refuse_literal(const fragment *reader, const ar_column *column, const char *what)
{
    return ar_error_set(reader->err, AR_E_INVALID,
                        "building a query: %s beside column %s, which is %s; bind it: %s = ?", what,
                        ari_column_name(column), ar_type_name(ari_column_type(column)), ari_column_name(column));
}

/* What is between the quotes; as it stands, because none of those types has a quote or a backslash in it. */
static ari_token unquoted(const ari_token *token)
{
    ari_token inner = *token;
    if (token->kind == ARI_TOKEN_STRING) {
        inner.text++;
        inner.length -= 2;
    }
    return inner;
}

static bool literal_value(const fragment *reader, const ari_token *token, const ar_column *column, ar_value *out)
{
    ar_type type = ari_column_type(column);
    ari_token inner = unquoted(token);
    const ar_value text = { .type = AR_TYPE_TEXT, .as.text = { .data = inner.text, .length = inner.length } };
    bool number = token->kind == ARI_TOKEN_NUMBER;
    if ((number || reader->sign != '\0') && (type != AR_TYPE_DECIMAL || !number))
        return false;
    if (!ari_value_as(&text, type, ARI_FROM_ARGUMENT, out))
        return false;
    if (reader->sign == '-' && (out->as.decimal.low != 0 || out->as.decimal.high != 0))
        out->as.decimal.negative = true;
    return true;
}

/* What stands behind what is compared with a decimal column; where the column itself is put into something, nothing. */
static const char *decimal_suffix(const ar_dialect *dialect)
{
    return dialect->decimal_before == NULL ? dialect->decimal_compare : "";
}

/* A server that infers the type of $1 from the column is told when it is another: a 1.5 beside integers. */
static const char *cast_of(const ar_dialect *dialect, const ar_value *value, const ar_column *column)
{
    if (dialect->placeholder != AR_PLACEHOLDER_DOLLAR || value->type == AR_TYPE_NULL ||
        value->type == ari_column_type(column))
        return NULL;
    return dialect->column_types[value->type];
}

static void bind_beside(fragment *reader, const ar_column *column, const ar_value *value)
{
    const char *cast = column != NULL ? cast_of(reader->dialect, value, column) : NULL;
    ari_clause_value(reader->clause, value);
    if (cast != NULL) {
        ari_clause_sql(reader->clause, "::");
        ari_clause_sql(reader->clause, cast);
    }
    if (column != NULL && ari_column_type(column) == AR_TYPE_DECIMAL && reader->place != PLACE_LIST)
        ari_clause_sql(reader->clause, decimal_suffix(reader->dialect));
    after_value(reader);
}

static ar_status read_literal(fragment *reader, const ari_token *token)
{
    const ar_column *column = column_beside(reader);
    ar_value value;
    if (!takes_no_literal(column)) {
        reader->waiting = LITERAL;
        reader->waiting_compared = false;
        reader->waiting_column = NULL;
        after_value(reader);
        ari_clause_bytes(reader->clause, token->text, token->length);
        return AR_OK;
    }
    if (!literal_value(reader, token, column, &value))
        return refuse_literal(reader, column, "a literal that is none of its values stands");
    reader->sign = '\0';
    reader->waiting = NOTHING;
    bind_beside(reader, column, &value);
    return AR_OK;
}

/* The sign was not that of a literal. */
static void let_sign_go(fragment *reader)
{
    if (reader->sign == '\0')
        return;
    ari_clause_bytes(reader->clause, &reader->sign, 1);
    reader->sign = '\0';
    reader->operand = OPERAND_NEXT;
    reader->place = PLACE_ANYWHERE;
}

static ar_status read_placeholder(fragment *reader)
{
    if (reader->used == reader->count)
        return refuse(reader,
                      "has more placeholders than there are arguments; write ?? for a question mark of the engine's");
    const ar_value *value = &reader->values[reader->used++];
    if (ari_value_is_list(value))
        return read_list(reader, value);
    const ar_column *column = column_beside(reader);
    ar_value typed;
    ar_status status = take_type(value, column, &typed, reader->err);
    if (status != AR_OK)
        return status;
    reader->waiting = column == NULL ? reader->clause->count : NOTHING;
    reader->waiting_compared = false;
    reader->waiting_column = NULL;
    bind_beside(reader, column, &typed);
    reader->waiting_end = reader->clause->text.length;
    return AR_OK;
}

static bool is_decimal(const ar_column *column)
{
    return column != NULL && ari_column_type(column) == AR_TYPE_DECIMAL;
}

static const ar_column *column_called(const fragment *reader, const ari_token *token)
{
    size_t index;
    return ari_source_column(reader->naming, reader->dotted ? &reader->qualifier : NULL, token, &index);
}

/* Where it stands, and whether it is to be put into decimal_before when it turns out to be a column. */
static void note_name(fragment *reader, const ari_token *token)
{
    size_t here = reader->clause->text.length;
    bool wraps = reader->dialect->decimal_before != NULL && is_decimal(column_called(reader, token));
    if (!reader->dotted)
        reader->name_at = here;
    reader->name_end = wraps ? here + token->length : 0;
}

static void read_name(fragment *reader, const ari_token *token)
{
    note_name(reader, token);
    if (!reader->dotted) {
        reader->left = column_beside(reader);
        reader->operand = reader->operand == OPERAND_NEXT ? OPERAND_NAME : OPERAND_NONE;
        reader->enclosed = reader->enclosed == ENCLOSED_OPEN ? ENCLOSED_NAME : ENCLOSED_NOT;
    }
    reader->column = reader->operand == OPERAND_NONE ? column_called(reader, token) : NULL;
    reader->dotted = false;
    reader->qualifier = *token;
    reader->place = reader->column != NULL ? PLACE_COLUMN : PLACE_ANYWHERE;
    reader->compared = is_decimal(reader->left) && is_decimal(reader->column);
    if (reader->waiting != NOTHING && reader->waiting_compared)
        reader->waiting_column = reader->column;
    else
        reader->waiting = NOTHING;
}

/* Keywords that may stand between a column and what it is compared with. */
static bool read_keyword(fragment *reader, const ari_token *token)
{
    switch (reader->place) {
    case PLACE_COLUMN:
        if (ari_token_is(token, "is"))
            reader->place = PLACE_OPERATOR;
        else if (ari_token_is(token, "in"))
            reader->place = PLACE_IN;
        else if (ari_token_is(token, "between"))
            reader->place = PLACE_LOW;
        else
            return ari_token_is(token, "not");
        return true;
    case PLACE_OPERATOR:
        return ari_token_is(token, "not") || ari_token_is(token, "distinct") || ari_token_is(token, "from");
    case PLACE_BETWEEN_AND:
        if (!ari_token_is(token, "and"))
            return false;
        reader->place = PLACE_HIGH;
        return true;
    case PLACE_ANYWHERE:
    case PLACE_IN:
    case PLACE_LIST:
    case PLACE_LOW:
    case PLACE_HIGH: return false;
    }
    return false;
}

/* Of those that make a value of two, not those that compare. */
static bool is_operator(const ari_token *token)
{
    return token->kind == ARI_TOKEN_OTHER && strchr("=<>!(),.;", token->text[0]) == NULL;
}

/* Behind a name, and what separates it from the next token, which was written already. */
static void compare_by_value(fragment *reader, const ari_token *next)
{
    if (decimal_suffix(reader->dialect)[0] == '\0')
        return;
    ari_clause_sql(reader->clause, decimal_suffix(reader->dialect));
    ari_clause_sql(reader->clause, next->kind == ARI_TOKEN_END ? "" : " ");
}

static void wrap_name(fragment *reader, const ari_token *next)
{
    size_t end = reader->name_end;
    reader->name_end = 0;
    if (end == 0 || ari_token_is_char(next, '.') || ari_token_is_char(next, '('))
        return;
    ari_clause_insert(reader->clause, end, reader->dialect->decimal_compare);
    ari_clause_insert(reader->clause, reader->name_at, reader->dialect->decimal_before);
}

/* The argument that waited for its column takes the type of that. */
static ar_status type_waiting(fragment *reader, const ar_column *column, ar_value *value)
{
    ar_status status = take_type(value, column, value, reader->err);
    const char *cast = status == AR_OK ? cast_of(reader->dialect, value, column) : NULL;
    if (cast != NULL) {
        ari_clause_insert(reader->clause, reader->waiting_end, cast);
        ari_clause_insert(reader->clause, reader->waiting_end, "::");
    }
    return status;
}

/* The column of `? = column` is known when what follows is no parenthesis. */
static ar_status settle_waiting(fragment *reader, const ari_token *next)
{
    const ar_column *column = reader->waiting_column;
    wrap_name(reader, next);
    bool name_ends = !ari_token_is_char(next, '.') && !ari_token_is_char(next, '(') && !is_operator(next);
    reader->waiting_column = NULL;
    if (reader->compared && name_ends)
        compare_by_value(reader, next);
    reader->compared = false;
    if (column == NULL || ari_token_is_char(next, '.'))
        return AR_OK;
    size_t index = reader->waiting;
    reader->waiting = NOTHING;
    if (!name_ends || reader->clause->failed)
        return AR_OK;
    if (index == LITERAL)
        return takes_no_literal(column) ? refuse_literal(reader, column, "a literal stands") : AR_OK;
    if (ari_column_type(column) == AR_TYPE_DECIMAL)
        compare_by_value(reader, next);
    return type_waiting(reader, column, &reader->clause->values[index]);
}

static void read_comparison(fragment *reader)
{
    if (reader->waiting != NOTHING)
        reader->waiting_compared = true;
    reader->place = reader->place == PLACE_COLUMN || reader->place == PLACE_OPERATOR ? PLACE_OPERATOR : PLACE_ANYWHERE;
}

static ar_status read_character(fragment *reader, char character)
{
    switch (character) {
    case '=':
    case '<':
    case '>':
    case '!': read_comparison(reader); return AR_OK;
    case ',':
        if (reader->place != PLACE_LIST)
            reader->place = PLACE_ANYWHERE;
        break;
    case '(':
        reader->depth++;
        reader->enclosed = reader->after_name || reader->operand != OPERAND_NONE ? ENCLOSED_NOT : ENCLOSED_OPEN;
        if (reader->after_in)
            reader->list = reader->depth;
        reader->place = reader->place == PLACE_IN ? PLACE_LIST : PLACE_ANYWHERE;
        break;
    case ')':
        if (reader->condition && reader->depth == 0)
            return refuse(reader, "closes a parenthesis that it did not open");
        if (reader->list == reader->depth)
            reader->list = 0;
        if (reader->depth > 0)
            reader->depth--;
        if (reader->enclosed != ENCLOSED_NAME || reader->place != PLACE_COLUMN)
            reader->place = PLACE_ANYWHERE;
        reader->enclosed = ENCLOSED_NOT;
        break;
    case '.': /* table.column: the next name counts; .5 */
        reader->dotted = true;
        return takes_no_literal(column_beside(reader)) ? refuse_literal(reader, column_beside(reader), "a point stands")
                                                       : AR_OK;
    case ';':
        if (reader->condition)
            return refuse(reader, "has a semicolon; it is to be one condition");
        reader->ended = !reader->nested;
        break;
    default: reader->place = PLACE_ANYWHERE;
    }
    reader->waiting = NOTHING;
    return AR_OK;
}

static void note_in(fragment *reader, const ari_token *token)
{
    size_t here = reader->clause->text.length;
    if (ari_token_is(token, "in")) {
        reader->negated = reader->not_at != NOTHING;
        reader->in_at = reader->negated ? reader->not_at : here;
    }
    reader->not_at = ari_token_is(token, "not") ? here : NOTHING;
}

/* CREATE TRIGGER, CREATE TEMP TRIGGER. Whether something stands behind the whole of it is for the engine to see. */
static void note_word(fragment *reader, const ari_token *token)
{
    if (reader->words == 0 && !ari_token_is(token, "create"))
        reader->words = 3;
    if (reader->words < 3 && ari_token_is(token, "trigger"))
        reader->nested = true;
    if (reader->words < 3)
        reader->words++;
}

static ar_status read_significant(fragment *reader, const ari_token *token)
{
    ar_status status = settle_waiting(reader, token);
    if (status != AR_OK)
        return status;
    if (reader->ended && !ari_token_is_char(token, ';'))
        return refuse(reader, "has something behind its semicolon; send one statement at a time");
    if (token->kind == ARI_TOKEN_NUMBER || token->kind == ARI_TOKEN_STRING)
        return read_literal(reader, token);
    let_sign_go(reader);
    note_in(reader, token);
    if ((ari_token_is_char(token, '-') || ari_token_is_char(token, '+')) && takes_no_literal(column_beside(reader))) {
        reader->sign = token->text[0];
        return AR_OK;
    }
    switch (token->kind) {
    case ARI_TOKEN_PLACEHOLDER: return read_placeholder(reader);
    case ARI_TOKEN_UNTERMINATED: return refuse(reader, "opens a quote or a comment that it does not close");
    case ARI_TOKEN_NUMBERED: return refuse(reader, "numbers a placeholder; write ? for each, in order");
    case ARI_TOKEN_OTHER:
        status = read_character(reader, token->text[0]);
        if (!reader->dotted)
            reader->operand = is_operator(token) ? OPERAND_NEXT : OPERAND_NONE;
        break;
    case ARI_TOKEN_WORD:
        note_word(reader, token);
        if (!read_keyword(reader, token))
            read_name(reader, token);
        break;
    case ARI_TOKEN_NAME: read_name(reader, token); break;
    case ARI_TOKEN_QUESTION:
        ari_clause_bytes(reader->clause, "?", 1);
        reader->place = PLACE_ANYWHERE;
        return AR_OK;
    case ARI_TOKEN_END:
    case ARI_TOKEN_SPACE:
    case ARI_TOKEN_COMMENT:
    case ARI_TOKEN_STRING:
    case ARI_TOKEN_NUMBER: break;
    }
    if (status == AR_OK && !reader->ended)
        ari_clause_bytes(reader->clause, token->text, token->length);
    return status;
}

static bool may_be_function(const ari_token *token)
{
    static const char *const keywords[] = { "and", "or", "not", "when", "then", "else", "case" };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (ari_token_is(token, keywords[i]))
            return false;
    }
    return token->kind == ARI_TOKEN_WORD || token->kind == ARI_TOKEN_NAME;
}

static ar_status read_all(fragment *reader, const char *sql)
{
    ari_scan scan;
    bool something = false;
    ari_scan_init(&scan, reader->dialect, sql, strlen(sql));
    for (;;) {
        ari_token token = ari_scan_next(&scan);
        if (token.kind == ARI_TOKEN_SPACE || (token.kind == ARI_TOKEN_COMMENT && !reader->condition)) {
            if (!reader->ended)
                ari_clause_bytes(reader->clause, token.text, token.length);
            continue;
        }
        if (token.kind == ARI_TOKEN_COMMENT) {
            ari_clause_bytes(reader->clause, " ", 1);
            continue;
        }
        ar_status status =
            token.kind == ARI_TOKEN_END ? settle_waiting(reader, &token) : read_significant(reader, &token);
        reader->after_in = ari_token_is(&token, "in");
        reader->after_name = may_be_function(&token);
        if (status != AR_OK)
            return status;
        if (token.kind == ARI_TOKEN_END)
            break;
        something = something || !ari_token_is_char(&token, ';');
    }
    if (!something)
        return refuse(reader, "is empty");
    if (reader->condition && reader->depth > 0)
        return refuse(reader, "opens a parenthesis that it does not close");
    if (reader->used < reader->count)
        return refuse(reader, "has fewer placeholders than there are arguments");
    return AR_OK;
}

static ar_status read_sql(fragment *reader, const char *sql)
{
    if (sql == NULL)
        return ar_error_set(reader->err, AR_E_INVALID, "building a query: the SQL is NULL");
    if (reader->values == NULL && reader->count > 0)
        return ar_error_set(reader->err, AR_E_INVALID, "building a query: the arguments are NULL");
    return read_all(reader, sql);
}

ar_status ari_fragment_condition_in(ari_clause *clause, const ari_naming *naming, const char *sql,
                                    const ar_value *values, size_t count, ar_error *err)
{
    fragment reader = { .clause = clause,
                        .dialect = naming->dialect,
                        .naming = naming,
                        .values = values,
                        .count = count,
                        .condition = true,
                        .waiting = SIZE_MAX,
                        .not_at = SIZE_MAX,
                        .err = err };
    return read_sql(&reader, sql);
}

ar_status ari_fragment_condition(ari_clause *clause, const ar_dialect *dialect, const ar_model *model, const char *sql,
                                 const ar_value *values, size_t count, ar_error *err)
{
    const ari_source source = { .model = model };
    const ari_naming naming = { .dialect = dialect, .sources = &source, .count = model != NULL ? 1 : 0 };
    return ari_fragment_condition_in(clause, &naming, sql, values, count, err);
}

ar_status ari_fragment_statement(ari_clause *clause, const ar_dialect *dialect, const char *sql, const ar_value *values,
                                 size_t count, ar_error *err)
{
    const ari_naming none = { .dialect = dialect };
    fragment reader = { .clause = clause,
                        .dialect = dialect,
                        .naming = &none,
                        .values = values,
                        .count = count,
                        .waiting = SIZE_MAX,
                        .not_at = SIZE_MAX,
                        .err = err };
    return read_sql(&reader, sql);
}
