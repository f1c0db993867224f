/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"

/* Indexes, checks and foreign keys, as ar_table_create makes them, and tables that reference each other. */

typedef struct Author {
    int64_t id;
    const char *handle;
    int32_t age;
} Author;

typedef struct Book {
    int64_t id;
    int64_t author_id;
    ar_opt_int64 editor_id;
    const char *title;
    const char *isbn;
    int32_t stars;
} Book;

typedef struct Left {
    int64_t id;
    ar_opt_int64 right_id;
} Left;

typedef struct Right {
    int64_t id;
    ar_opt_int64 left_id;
    ar_opt_int64 parent_id;
} Right;

typedef struct Tag {
    const char *name;
} Tag;

typedef struct Tagging {
    int64_t id;
    const char *tag;
} Tagging;

typedef struct Lost {
    int64_t id;
    int64_t not_a_column;
} Lost;

AR_MODEL_DECLARE(Author);
AR_MODEL_DECLARE(Book);
AR_MODEL_DECLARE(Left);
AR_MODEL_DECLARE(Right);
AR_MODEL_DECLARE(Tag);
AR_MODEL_DECLARE(Tagging);
AR_MODEL_DECLARE(Lost);
AR_MODEL_DEFINE(Author, "authors", AR_COLUMN(Author, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Author, handle, AR_NOT_NULL),
                AR_COLUMN(Author, age, AR_NOT_NULL, .name = "years", .check_sql = "years >= 0"),
                AR_UNIQUE_INDEX(Author, "authors handle", handle, age));
AR_MODEL_DEFINE(Book, "books", AR_COLUMN(Book, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Book, author_id, AR_NOT_NULL, .references = AR_REFERENCES(Author, id),
                          .on_delete = AR_CASCADE),
                AR_COLUMN(Book, editor_id, 0, .references = AR_REFERENCES(Author, id), .on_delete = AR_SET_NULL,
                          .on_update = AR_CASCADE),
                AR_COLUMN(Book, title, AR_NOT_NULL), AR_COLUMN(Book, isbn), AR_COLUMN(Book, stars, AR_NOT_NULL),
                AR_INDEX(Book, "books_by_title", title, stars), AR_UNIQUE_INDEX(Book, "books_isbn", isbn),
                AR_CHECK(Book, "books_stars", "stars BETWEEN 0 AND 5"));
AR_MODEL_DEFINE(Left, "lefts", AR_COLUMN(Left, id, AR_PRIMARY_KEY),
                AR_COLUMN(Left, right_id, 0, .references = AR_REFERENCES(Right, id)));
AR_MODEL_DEFINE(Right, "rights", AR_COLUMN(Right, id, AR_PRIMARY_KEY),
                AR_COLUMN(Right, left_id, 0, .references = AR_REFERENCES(Left, id)),
                AR_COLUMN(Right, parent_id, 0, .references = AR_REFERENCES(Right, id)));
AR_MODEL_DEFINE(Tag, "tags", AR_COLUMN(Tag, name, AR_PRIMARY_KEY));
AR_MODEL_DEFINE(Tagging, "taggings", AR_COLUMN(Tagging, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Tagging, tag, AR_NOT_NULL, .references = AR_REFERENCES(Tag, name), .on_update = AR_CASCADE));
AR_MODEL_DEFINE(Lost, "losts", AR_COLUMN(Lost, id, AR_PRIMARY_KEY), AR_IGNORE(Lost, not_a_column),
                AR_INDEX(Lost, "losts_index", not_a_column));

static const ar_model *const models[] = { &Book_model,  &Author_model,  &Left_model,
                                          &Right_model, &Tagging_model, &Tag_model };
enum { MODELS = sizeof models / sizeof models[0] };

static int drop_tables(void **state)
{
    (void)state;
    return ar_tables_drop_if_exists(db, models, MODELS, &err) == AR_OK ? 0 : -1;
}

static int create_tables(void **state)
{
    if (drop_tables(state) != 0)
        return -1;
    return ar_tables_create(db, models, MODELS, &err) == AR_OK ? 0 : -1;
}

static Author add_author(const char *handle, int32_t age)
{
    Author author = { .handle = handle, .age = age };
    ok(Author_insert(db, &author, &err));
    return author;
}

static Book a_book(int64_t author, const char *isbn)
{
    return (Book){ .author_id = author, .title = "T", .isbn = isbn, .stars = 3 };
}

static void checks_hold(void **state)
{
    (void)state;
    Author author = { .handle = "ann", .age = -1 };
    fails(Author_insert(db, &author, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_CHECK);
    author.age = 1;
    ok(Author_insert(db, &author, &err));
    Book book = a_book(author.id, NULL);
    book.stars = 6;
    fails(Book_insert(db, &book, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_CHECK);
    assert_string_equal(err.constraint, "books_stars");
}

static void unique_indexes_hold(void **state)
{
    (void)state;
    Author author = add_author("ann", 1);
    (void)add_author("ann", 2);
    Author twin = { .handle = "ann", .age = 1 };
    fails(Author_insert(db, &twin, &err), AR_E_CONSTRAINT);
    Book book = a_book(author.id, "1"), other = a_book(author.id, "1"), none = a_book(author.id, NULL);
    ok(Book_insert(db, &book, &err));
    fails(Book_insert(db, &other, &err), AR_E_CONSTRAINT);
    ok(Book_insert(db, &none, &err));
    none.id = 0;
    ok(Book_insert(db, &none, &err));
}

/* Without a length that an index could have. */
static void an_index_does_not_shorten_a_text(void **state)
{
    (void)state;
    char title[4000];
    Author author = add_author("ann", 1);
    Book book = a_book(author.id, NULL), *found;
    memset(title, 'x', sizeof title);
    title[sizeof title - 1] = '\0';
    title[3000] = 'y';
    if (fixture_on("postgres")) /* whose indexes take 2,704 bytes of what does not compress */
        title[100] = '\0';
    book.title = title;
    ok(Book_insert(db, &book, &err));
    ok(Book_find_one(db, ar_key(book.id), &found, &err));
    assert_string_equal(found->title, title);
    Book_free(found);
}

static void foreign_keys_hold_and_act(void **state)
{
    (void)state;
    Author author = add_author("ann", 1), editor = add_author("ed", 2);
    Book book = a_book(999, NULL), *found;
    fails(Book_insert(db, &book, &err), AR_E_CONSTRAINT);
    assert_int_equal(err.constraint_kind, AR_CONSTRAINT_FOREIGN_KEY);
    book.author_id = author.id;
    book.editor_id = (ar_opt_int64){ .has = true, .value = editor.id };
    ok(Book_insert(db, &book, &err));
    ok(ar_query_exec(ar_sql(db, "delete from authors where id = ?", editor.id), NULL, &err));
    ok(Book_find_one(db, ar_key(book.id), &found, &err));
    assert_false(found->editor_id.has);
    Book_free(found);
    ok(ar_query_exec(ar_sql(db, "delete from authors where id = ?", author.id), NULL, &err));
    fails(Book_find_one(db, ar_key(book.id), &found, &err), AR_E_NOT_FOUND);
}

static void a_text_can_be_referenced(void **state)
{
    (void)state;
    Tag tag = { .name = "red" };
    Tagging tagging = { .tag = "blue" }, *found;
    ok(Tag_insert(db, &tag, &err));
    fails(Tagging_insert(db, &tagging, &err), AR_E_CONSTRAINT);
    tagging.tag = "red";
    ok(Tagging_insert(db, &tagging, &err));
    ok(ar_query_exec(ar_sql(db, "update tags set name = 'rot'"), NULL, &err));
    ok(Tagging_find_one(db, ar_key(tagging.id), &found, &err));
    assert_string_equal(found->tag, "rot");
    Tagging_free(found);
}

static void tables_that_reference_each_other_are_made_and_dropped(void **state)
{
    (void)state;
    Left left = { .id = 1, .right_id = { .has = true, .value = 1 } };
    fails(Left_insert(db, &left, &err), AR_E_CONSTRAINT);
    left.right_id.has = false;
    ok(Left_insert(db, &left, &err));
    Right right = { .id = 1, .left_id = { .has = true, .value = 2 } };
    fails(Right_insert(db, &right, &err), AR_E_CONSTRAINT);
    right.left_id.value = 1;
    right.parent_id = (ar_opt_int64){ .has = true, .value = 1 };
    ok(Right_insert(db, &right, &err));
    ok(ar_query_exec(ar_sql(db, "update rights set parent_id = NULL"), NULL, &err));
    ok(ar_query_exec(ar_sql(db, "delete from rights"), NULL, &err));
    ok(ar_query_exec(ar_sql(db, "delete from lefts"), NULL, &err));
    ok(ar_tables_drop(db, models, MODELS, &err));
    fails(ar_tables_drop(db, models, MODELS, &err), AR_E_QUERY);
}

static void what_is_there_is_left_alone_when_asked_for(void **state)
{
    (void)state;
    bool exists;
    (void)add_author("ann", 1);
    fails(ar_tables_create(db, models, MODELS, &err), AR_E_QUERY);
    ok(ar_tables_create_if_missing(db, models, MODELS, &err));
    ok(ar_query_exists(Author_query(db), &exists, &err));
    assert_true(exists);
    ok(ar_table_create_if_missing(db, &Book_model, &err));
    ok(ar_table_drop(db, &Book_model, &err));
    ok(ar_tables_create_if_missing(db, models, MODELS, &err));
    Book book = a_book(1, "1"), other = a_book(1, "1");
    ok(Book_insert(db, &book, &err));
    fails(Book_insert(db, &other, &err), AR_E_CONSTRAINT);
}

/* Of other columns than the index would be on. */
static void a_table_of_other_columns_is_left_alone(void **state)
{
    (void)state;
    ok(ar_table_drop(db, &Book_model, &err));
    ok(ar_query_exec(ar_sql(db, "create table books (id int)"), NULL, &err));
    ok(ar_table_create_if_missing(db, &Book_model, &err));
    ok(ar_query_exec(ar_sql(db, "insert into books values (1)"), NULL, &err));
}

static void what_is_referenced_cannot_be_dropped(void **state)
{
    (void)state;
    Author author = add_author("ann", 1);
    Book book = a_book(author.id, NULL);
    ok(Book_insert(db, &book, &err));
    if (!fixture_on("sqlite")) /* which deletes the rows, and what hangs on them */
        assert_int_not_equal(ar_table_drop(db, &Author_model, &err), AR_OK);
}

static void nothing_is_left_of_what_failed_half_way(void **state)
{
    (void)state;
    static const ar_model *const both[] = { &Author_model, &Book_model };
    bool exists;
    ok(ar_tables_drop(db, both, 2, &err));
    ok(ar_query_exec(ar_sql(db, "create table books (id int)"), NULL, &err));
    fails(ar_tables_create(db, both, 2, &err), AR_E_QUERY);
    assert_non_null(strstr(err.message, "books"));
    ar_status left = ar_query_exists(Author_query(db), &exists, &err);
    assert_int_equal(left, fixture_on("mysql") ? AR_OK : AR_E_QUERY);
}

static void in_a_transaction_they_go_with_it(void **state)
{
    (void)state;
    bool exists;
    ok(ar_tables_drop(db, models, MODELS, &err));
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(ar_tables_create(tx, models, MODELS, &err));
    ok(ar_query_exists(Book_query(tx), &exists, &err));
    ok(ar_tx_rollback(&tx, &err));
    fails(ar_query_exists(Book_query(db), &exists, &err), AR_E_QUERY);
}

static void the_same_asynchronously(void **state)
{
    (void)state;
    ar_done done = ar_tables_create_if_missing_async(db, models, MODELS);
    ok(ar_done_await(&done, &err));
    done = ar_tables_create_async(db, models, MODELS);
    fails(ar_done_await(&done, &err), AR_E_QUERY);
    done = ar_tables_drop_async(db, models, MODELS);
    ok(ar_done_await(&done, &err));
    done = ar_tables_drop_if_exists_async(db, models, MODELS);
    ok(ar_done_await(&done, &err));
    done = ar_tables_create_async(db, models, MODELS);
    ok(ar_done_await(&done, &err));
    (void)add_author("ann", 1);
}

static void bad_calls_are_answered(void **state)
{
    (void)state;
    static const ar_model *const twice[] = { &Author_model, &Author_model }, *const nothing[] = { NULL };
    fails(ar_tables_create(NULL, models, 1, &err), AR_E_INVALID);
    fails(ar_tables_create(db, NULL, 1, &err), AR_E_INVALID);
    fails(ar_tables_create(db, twice, 2, &err), AR_E_INVALID);
    fails(ar_tables_drop(db, nothing, 1, NULL), AR_E_INVALID);
    ok(ar_tables_create(db, NULL, 0, &err));
    fails(ar_table_create(db, &Lost_model, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "losts_index"));
    ar_done done = ar_tables_create_async(db, NULL, 3);
    fails(ar_done_await(&done, &err), AR_E_INVALID);
}

static ar_status create_all(void)
{
    return ar_tables_create_if_missing(db, models, MODELS, &err);
}

static ar_status create_all_async(void)
{
    ar_done done = ar_tables_create_if_missing_async(db, models, MODELS);
    return ar_done_await(&done, &err);
}

static void drop_all(void)
{
    ok(ar_tables_drop_if_exists(db, models, MODELS, &err));
}

static void a_refused_allocation_is_said(void **state)
{
    (void)state;
    drop_all();
    fixture_each_refusal(create_all, drop_all);
    drop_all();
    fixture_each_refusal(create_all_async, drop_all);
}

#define on_tables(test) cmocka_unit_test_setup_teardown(test, create_tables, drop_tables)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        on_tables(checks_hold),
        on_tables(unique_indexes_hold),
        on_tables(an_index_does_not_shorten_a_text),
        on_tables(foreign_keys_hold_and_act),
        on_tables(a_text_can_be_referenced),
        on_tables(tables_that_reference_each_other_are_made_and_dropped),
        on_tables(what_is_there_is_left_alone_when_asked_for),
        on_tables(a_table_of_other_columns_is_left_alone),
        on_tables(what_is_referenced_cannot_be_dropped),
        on_tables(nothing_is_left_of_what_failed_half_way),
        fixture_test_setup_on("sqlite postgres", in_a_transaction_they_go_with_it, create_tables, drop_tables),
        on_tables(the_same_asynchronously),
        on_tables(bad_calls_are_answered),
        on_tables(a_refused_allocation_is_said),
    };
    return fixture_run("constraints", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
