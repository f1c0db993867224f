/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "tests/support/fixture.h"

/* Rules and validators: what they find, how it is told, and that nothing is sent then. */

typedef enum Level { LOW = 1, MIDDLE = 2, HIGH = 3 } Level;

typedef struct Article {
    int64_t id;
    const char *title;
    const char *slug;
    ar_text state;
    Level level;
    ar_opt_int32 pages;
    ar_date published;
    double rating;
    ar_decimal price;
    ar_bytes cover;
    const char *summary;
    int32_t first, last;
} Article;

static ar_status is_no_shouting(const ar_value *value, ar_error *error)
{
    if (value->type != AR_TYPE_TEXT)
        return ar_error_set(error, AR_E_TYPE, "a text was expected");
    if (memchr(value->as.text.data, '!', value->as.text.length) != NULL)
        return ar_error_set(error, AR_E_INVALID, "shouts");
    if (value->as.text.length == 4 && memcmp(value->as.text.data, "busy", 4) == 0)
        return ar_error_set(error, AR_E_BUSY, "the dictionary is away");
    return AR_OK;
}

static ar_status first_is_before_last(const Article *article, ar_failures *failures, ar_error *error)
{
    (void)error;
    if (article->first > article->last)
        ar_failures_add(failures, "first", "must not be behind last, by %d", article->first - article->last);
    return AR_OK;
}

static ar_status high_is_dear(const Article *article, ar_failures *failures, ar_error *error)
{
    (void)failures;
    if (article->level == HIGH && ar_decimal_is_zero(article->price))
        return ar_error_set(error, AR_E_INVALID, "what is high has a price");
    return AR_OK;
}

AR_MODEL_DECLARE(Article);
AR_MODEL_DEFINE(
    Article, "articles", AR_COLUMN(Article, id, AR_PRIMARY_KEY | AR_AUTO),
    AR_COLUMN(Article, title, AR_NOT_NULL, .name = "headline",
              .rules = AR_RULES(.required = true, .min_length = 2, .max_length = 5)),
    AR_COLUMN(Article, slug, 0, .rules = AR_RULES(.pattern = "^[a-z]+(-[a-z]+)*$", .max_length = 12)),
    AR_COLUMN(Article, state, 0, .rules = AR_RULES(.pattern = "^[a-z]+$", .one_of = AR_ONE_OF("draft", "done"))),
    AR_COLUMN(Article, level, AR_NOT_NULL, .rules = AR_RULES(.one_of_integers = AR_ONE_OF_INTEGERS(LOW, HIGH))),
    AR_COLUMN(Article, pages, 0, .rules = AR_RULES(.min = AR_BOUND(1), .max = AR_BOUND(1000L))),
    AR_COLUMN(Article, rating, AR_NOT_NULL, .rules = AR_RULES(.min = AR_BOUND(0), .max = AR_BOUND(0.5))),
    AR_COLUMN(Article, price, AR_NOT_NULL, .rules = AR_RULES(.min = AR_BOUND("0.00"), .max = AR_BOUND("19.99"))),
    AR_COLUMN(Article, published, AR_NOT_NULL,
              .rules = AR_RULES(.min = AR_BOUND("1970-01-01"), .max = AR_BOUND("2100-12-31"))),
    AR_COLUMN(Article, cover, 0, .rules = AR_RULES(.min_length = 1, .max_length = 3)),
    AR_COLUMN(Article, summary, 0, .rules = AR_RULES(.custom = is_no_shouting)), AR_COLUMN(Article, first, AR_NOT_NULL),
    AR_COLUMN(Article, last, AR_NOT_NULL), AR_VALIDATE(Article, first_is_before_last),
    AR_VALIDATE(Article, high_is_dear));

static const ar_model *const models[] = { &Article_model };

static Article fine(void)
{
    return (Article){ .title = "Title", .slug = "a-b", .state = { "draft", 5 }, .level = LOW };
}

static int64_t count_articles(void)
{
    int64_t count = -1;
    ok(ar_query_count(Article_query(db), &count, &err));
    return count;
}

/* That the only failure of `article` is that one. */
static void fails_only(const Article *article, const char *column, const char *rule, const char *message)
{
    ar_failures failures;
    fails(Article_validate(article, &failures, &err), AR_E_INVALID);
    assert_int_equal(failures.count, 1);
    assert_string_equal(failures.items[0].column, column);
    assert_string_equal(failures.items[0].rule, rule);
    assert_string_equal(failures.items[0].message, message);
    assert_string_equal(err.column, column);
    ar_failures_free(&failures);
    assert_null(failures.items);
}

static void what_is_as_it_must_be_is_saved(void **state)
{
    (void)state;
    ar_failures failures;
    Article plain = fine();
    ok(Article_validate(&plain, &failures, &err));
    assert_int_equal(failures.count, 0);
    assert_null(failures.raw);
    ok(Article_validate(&plain, NULL, NULL));
    ok(Article_insert(db, &plain, &err));
    assert_int_equal(count_articles(), 1);
}

static void lengths_count_characters(void **state)
{
    (void)state;
    Article article = fine();
    article.title = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80x\xc3\x9f"; /* 5 characters of 1 to 4 bytes */
    ok(Article_validate(&article, NULL, &err));
    article.title = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80x\xc3\x9fy";
    fails_only(&article, "headline", "max_length", "must have at most 5 characters");
    article.title = "\xf0\x9f\x98\x80";
    fails_only(&article, "headline", "min_length", "must have at least 2 characters");
    static const char *const bad[] = { "ab\xff",           "ab\xc3",        "a\xc0\x80", "a\xed\xa0\x80",
                                       "\xf4\x90\x80\x80", "\xe0\x80\x80z", "a\x80" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        article.title = bad[i];
        fails_only(&article, "headline", "max_length", "is not UTF-8");
    }
    article.title = NULL;
    fails_only(&article, "headline", "required", "is required");
    article.title = "";
    fails_only(&article, "headline", "required", "is required");
    article = fine();
    article.cover = (ar_bytes){ "\xff\xff\xff", 3 };
    ok(Article_validate(&article, NULL, &err));
    article.cover.length = 0;
    fails_only(&article, "cover", "min_length", "must have at least 1 bytes");
    article.cover = (ar_bytes){ "1234", 4 };
    fails_only(&article, "cover", "max_length", "must have at most 3 bytes");
}

static void ranges_include_their_bounds(void **state)
{
    (void)state;
    Article article = fine();
    article.pages = (ar_opt_int32){ true, 1000 };
    article.rating = 0.5;
    article.price = ar_decimal_of(1999, 2);
    ok(Article_validate(&article, NULL, &err));
    article.pages.value = 1;
    article.price = ar_decimal_of(19990, 3);
    ok(Article_validate(&article, NULL, &err));
    article.pages.value = 0;
    fails_only(&article, "pages", "min", "must be at least 1");
    article.pages.value = 1001;
    fails_only(&article, "pages", "max", "must be at most 1000");
    article.pages.has = false;
    article.rating = 0.5000001;
    fails_only(&article, "rating", "max", "must be at most 0.5");
    article.rating = -1e-300;
    fails_only(&article, "rating", "min", "must be at least 0");
    article.rating = 0;
    article.price = ar_decimal_of(20, 0);
    fails_only(&article, "price", "max", "must be at most 19.99");
    article.price = ar_decimal_of(-1, 38);
    fails_only(&article, "price", "min", "must be at least 0.00");
    article = fine();
    article.published.days = -1;
    fails_only(&article, "published", "min", "must be at least 1970-01-01");
}

static void nan_is_outside_of_every_range(void **state)
{
    (void)state;
    ar_failures failures;
    Article article = fine();
    article.rating = (double)NAN;
    fails(Article_validate(&article, &failures, &err), AR_E_INVALID);
    assert_int_equal(failures.count, 2);
    ar_failures_free(&failures);
}

static void patterns_and_choices(void **state)
{
    (void)state;
    Article article = fine();
    article.slug = NULL;
    article.state = (ar_text){ NULL, 0 };
    ok(Article_validate(&article, NULL, &err)); /* what is NULL is nobody's concern but `required`'s */
    article = fine();
    article.slug = "a-";
    fails_only(&article, "slug", "pattern", "does not have the form that it must have");
    article.slug = "\xc3\xa4";
    fails_only(&article, "slug", "pattern", "does not have the form that it must have");
    article = fine();
    article.state = (ar_text){ "donexxx", 4 }; /* no NUL behind it */
    ok(Article_validate(&article, NULL, &err));
    article.state = (ar_text){ "gone", 4 };
    fails_only(&article, "state", "one_of", "is none of those that it may be");
    article = fine();
    article.level = MIDDLE;
    fails_only(&article, "level", "one_of_integers", "is none of those that it may be");
    article = fine();
    article.state = (ar_text){ "done\0x", 6 };
    ar_failures failures;
    fails(Article_validate(&article, &failures, &err), AR_E_INVALID);
    assert_int_equal(failures.count, 2);
    assert_string_equal(failures.items[0].rule, "one_of");
    assert_string_equal(failures.items[1].rule, "pattern");
    ar_failures_free(&failures);
}

static void functions_of_the_application(void **state)
{
    (void)state;
    Article article = fine();
    article.summary = "Buy!";
    fails_only(&article, "summary", "custom", "shouts");
    article.summary = "fine";
    article.first = 3;
    article.last = 1;
    fails_only(&article, "first", "record", "must not be behind last, by 2");
    article = fine();
    article.level = HIGH;
    fails_only(&article, "", "record", "what is high has a price");
    article.price = ar_decimal_of(1, 0);
    article.summary = "busy"; /* the function itself fails: that is no failure of the record's */
    ar_failures failures;
    fails(Article_validate(&article, &failures, &err), AR_E_BUSY);
    assert_string_equal(err.message, "the dictionary is away");
    assert_int_equal(failures.count, 0);
    fails(Article_insert(db, &article, &err), AR_E_BUSY);
    assert_int_equal(count_articles(), 0);
}

/* Wrong in four ways. */
static void spoil(Article *article)
{
    article->title = "!!!!secret!!!!";
    article->slug = "--";
    article->rating = 7;
    article->first = 9;
}

static void all_failures_are_told_at_once(void **state)
{
    (void)state;
    Article article = fine();
    ar_failures failures;
    spoil(&article);
    fails(Article_validate(&article, &failures, &err), AR_E_INVALID);
    static const char *const columns[] = { "headline", "slug", "rating", "first" };
    assert_int_equal(failures.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(failures.items[i].column, columns[i]);
    ar_failures_free(&failures);
    assert_string_equal(err.column, "headline");
    assert_string_equal(err.message, "articles: headline must have at most 5 characters; slug does not have the form "
                                     "that it must have; rating must be at most 0.5; first must not be behind last, by "
                                     "9");
    assert_null(strstr(err.message, "secret"));
}

static void every_verb_refuses_before_anything_is_sent(void **state)
{
    (void)state;
    Article plain = fine(), rows[3] = { fine(), fine(), fine() };
    Article *record = Article_new();
    assert_non_null(record);
    spoil(&plain);
    spoil(record);
    ar_db *tx = ar_tx_begin(db, NULL); /* which a statement that failed would abort */
    fails(Article_insert(tx, &plain, &err), AR_E_INVALID);
    fails(Article_update(tx, &plain, &err), AR_E_INVALID);
    fails(Article_save(tx, record, &err), AR_E_INVALID);
    fails(Article_upsert(tx, record, &err), AR_E_INVALID);
    assert_string_equal(err.column, "headline");
    ar_done done = Article_save_async(tx, record);
    assert_true(ar_future_is_done(done.raw));
    fails(ar_done_await(&done, &err), AR_E_INVALID);
    assert_string_equal(err.column, "headline");
    done = Article_insert_async(tx, &plain);
    assert_true(ar_future_is_done(done.raw));
    fails(ar_done_await(&done, &err), AR_E_INVALID);
    rows[1].slug = "-";
    rows[2].title = "x";
    fails(Article_insert_many(tx, rows, 3, &err), AR_E_INVALID);
    assert_string_equal(err.column, "slug");
    assert_string_equal(err.message, "articles: row 1: slug does not have the form that it must have; row 2: headline "
                                     "must have at least 2 characters");
    done = Article_insert_many_async(tx, rows, 3);
    assert_true(ar_future_is_done(done.raw));
    fails(ar_done_await(&done, &err), AR_E_INVALID);
    ok(Article_insert_many(tx, rows, 1, &err));
    ok(ar_tx_commit(&tx, &err));
    assert_true(Article_is_new(record));
    assert_int_equal(record->id, 0);
    assert_int_equal(count_articles(), 1);
    Article_free(record);
}

static void rows_are_told_by_index(void **state)
{
    (void)state;
    Article rows[4] = { fine(), fine(), fine(), fine() };
    ar_failures failures;
    ok(Article_validate_many(rows, 4, &failures, &err));
    ok(Article_validate_many(NULL, 0, &failures, &err));
    rows[1].first = 1;
    rows[3].level = HIGH;
    rows[3].slug = "";
    fails(Article_validate_many(rows, 4, &failures, &err), AR_E_INVALID);
    assert_int_equal(failures.count, 3);
    assert_int_equal(failures.items[0].row, 1);
    assert_string_equal(failures.items[0].column, "first");
    assert_int_equal(failures.items[1].row, 3);
    assert_string_equal(failures.items[1].column, "slug");
    assert_int_equal(failures.items[2].row, 3);
    ar_failures_free(&failures);
}

static void an_update_checks_the_whole_record(void **state)
{
    (void)state;
    Article *record = Article_new();
    assert_non_null(record);
    record->title = "Title";
    record->level = LOW;
    ok(Article_save(db, record, &err));
    record->title = "x";
    fails(Article_save(db, record, &err), AR_E_INVALID);
    ok(Article_delete(db, record, &err)); /* which checks nothing */
    assert_int_equal(count_articles(), 0);
    Article_free(record);
}

typedef struct Part {
    int64_t id;
    const char *name;
    const char *label;
} Part;

AR_MODEL_DECLARE(Part);
AR_MODEL_DEFINE(Part, "articles", AR_COLUMN(Part, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_COLUMN(Part, name, 0, .name = "headline", .rules = AR_RULES(.required = true)),
                AR_COLUMN(Part, label, 0, .name = "slug", .rules = AR_RULES(.max_length = 3)));

/* Members that were not read are not what the row has. */
static void a_record_without_some_columns_is_checked_where_it_changed(void **state)
{
    (void)state;
    Article plain = fine(), *article;
    Part *part;
    ok(Article_insert(db, &plain, &err));
    ar_query *q = Part_query(db);
    ar_query_select(q, "id, slug");
    ok(Part_first(q, &part, &err));
    part->label = "abc";
    ok(Part_save(db, part, &err));
    part->label = "abcd";
    fails(Part_save(db, part, &err), AR_E_INVALID);
    assert_string_equal(err.column, "slug");
    Part_free(part);
    q = Article_query(db);
    ar_query_select(q, "id, slug");
    ok(Article_first(q, &article, &err));
    article->slug = "abc";
    fails(Article_save(db, article, &err), AR_E_INVALID); /* its validators need all of it */
    Article_free(article);
}

static const ar_rules wrong[] = {
    { .min = AR_BOUND(1) },       { .min_length = 3, .max_length = 2 },
    { .pattern = "(" },           { .one_of_integers = AR_ONE_OF_INTEGERS(1) },
    { .max = AR_BOUND("never") },
};

static void a_model_whose_rules_make_no_sense_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const ar_column columns[] = {
            { .member = "title", .size = sizeof(const char *), .kind = AR_KIND_STRING, .rules = &wrong[i] }
        };
        const ar_model model = { .struct_size = sizeof model,
                                 .name = "Wrong",
                                 .table = "wrong",
                                 .record_size = sizeof(const char *),
                                 .record_alignment = _Alignof(const char *),
                                 .columns = columns,
                                 .column_size = sizeof columns[0],
                                 .column_count = 1 };
        const char *plain = "title";
        fails(ar_record_validate(&model, &plain, NULL, &err), AR_E_INVALID);
        assert_non_null(strstr(err.message, "model Wrong, the rules of column title"));
    }
}

static void failures_outlive_nothing_but_their_list(void **state)
{
    (void)state;
    ar_failures failures = { .items = NULL };
    char name[] = "name";
    ar_failures_add(&failures, name, "says %s", "no");
    ar_failures_add(&failures, NULL, "%0300d", 1);
    name[0] = 'g';
    assert_int_equal(failures.count, 2);
    assert_string_equal(failures.items[0].column, "name");
    assert_string_equal(failures.items[0].message, "says no");
    assert_string_equal(failures.items[1].column, "");
    assert_int_equal(strlen(failures.items[1].message), 255);
    ar_failures_free(&failures);
    ar_failures_free(&failures);
    ar_failures_add(NULL, "x", "y");
    ar_failures_add(&failures, "x", NULL);
    assert_int_equal(failures.count, 0);
}

static Article *refused;

static ar_status save_the_refused(void)
{
    return Article_save(db, refused, &err);
}

static void nothing(void) {}

static void refused_memory_is_no_failure_of_the_record(void **state)
{
    (void)state;
    refused = Article_new();
    assert_non_null(refused);
    refused->title = "Title";
    refused->state = (ar_text){ "draft", 5 };
    refused->level = LOW;
    fixture_each_refusal(save_the_refused, nothing);
    assert_false(Article_is_new(refused));
    Article_free(refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_as_it_must_be_is_saved),
        cmocka_unit_test(lengths_count_characters),
        cmocka_unit_test(ranges_include_their_bounds),
        cmocka_unit_test(nan_is_outside_of_every_range),
        cmocka_unit_test(patterns_and_choices),
        cmocka_unit_test(functions_of_the_application),
        cmocka_unit_test(all_failures_are_told_at_once),
        cmocka_unit_test(every_verb_refuses_before_anything_is_sent),
        cmocka_unit_test(rows_are_told_by_index),
        cmocka_unit_test(an_update_checks_the_whole_record),
        cmocka_unit_test(a_record_without_some_columns_is_checked_where_it_changed),
        cmocka_unit_test(a_model_whose_rules_make_no_sense_is_refused),
        cmocka_unit_test(failures_outlive_nothing_but_their_list),
        cmocka_unit_test(refused_memory_is_no_failure_of_the_record),
    };
    return fixture_main("validation", tests, models);
}
