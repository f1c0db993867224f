/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/writers.h"

/* Relations that come with a query, on each database that there is. */

static int fill(void **state)
{
    (void)state;
    writers_fill(db);
    return 0;
}

static Writer_list all_writers(ar_path path)
{
    Writer_list list;
    ar_query *q = Writer_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, path);
    ok(Writer_all(q, &list, &err));
    return list;
}

static Story_list posts_of(const Writer *writer)
{
    Story_list posts;
    ok(AR_GET_MANY(writer, posts, &posts, &err));
    return posts;
}

static void has_many_comes_in_groups(void **state)
{
    (void)state;
    Writer_list writers = all_writers(AR_PATH(Writer, posts));
    assert_int_equal(writers.count, 3);
    Story_list posts = posts_of(writers.items[0]);
    assert_int_equal(posts.count, 2);
    assert_string_equal(posts.items[0]->title, "first");
    assert_string_equal(posts.items[1]->title, "second");
    posts = posts_of(writers.items[1]);
    assert_int_equal(posts.count, 1);
    assert_string_equal(posts.items[0]->title, "third");
    assert_int_equal(posts_of(writers.items[2]).count, 0);
    Story_list_free(&posts); /* nobody's: does nothing */
    Writer_list_free(&writers);
}

static void what_was_not_loaded_says_so(void **state)
{
    (void)state;
    Writer_list writers = all_writers(AR_PATH(Writer, posts));
    Comment_list comments = { .count = 7 };
    Profile *profile = (Profile *)(void *)&comments;
    fails(AR_GET_MANY(posts_of(writers.items[0]).items[0], comments, &comments, &err), AR_E_NOT_LOADED);
    assert_int_equal(comments.count, 0);
    assert_non_null(strstr(err.message, "comments"));
    fails(AR_GET_ONE(writers.items[0], profile, &profile, &err), AR_E_NOT_LOADED);
    assert_null(profile);
    Writer_list_free(&writers);
}

static void belongs_to_shares_its_records(void **state)
{
    (void)state;
    Story_list posts;
    Writer *first, *second, *third, *none;
    ar_query *q = Story_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Story, author));
    ok(Story_all(q, &posts, &err));
    assert_int_equal(posts.count, 4);
    ok(AR_GET_ONE(posts.items[0], author, &first, &err));
    ok(AR_GET_ONE(posts.items[1], author, &second, &err));
    ok(AR_GET_ONE(posts.items[2], author, &third, &err));
    assert_ptr_equal(first, second);
    assert_string_equal(first->name, "Ann");
    assert_string_equal(third->name, "Bob");
    fails(AR_GET_ONE(posts.items[3], author, &none, &err), AR_E_NOT_FOUND);
    assert_null(none);
    Story_list_free(&posts);
}

static void has_one_comes_with_its_way_back(void **state)
{
    (void)state;
    Profile *profile;
    Writer *back;
    Writer_list writers = all_writers(AR_PATH(Writer, profile));
    ok(AR_GET_ONE(writers.items[1], profile, &profile, &err));
    assert_string_equal(profile->motto, "bob's");
    ok(AR_GET_ONE(profile, writer, &back, &err));
    assert_ptr_equal(back, writers.items[1]);
    fails(AR_GET_ONE(writers.items[2], profile, &profile, &err), AR_E_NOT_FOUND);
    Writer_list_free(&writers);
}

/* The names of a post's tags. */
static const char *tags_of(const Story *post)
{
    static char names[64];
    Tag_list tags;
    ok(AR_GET_MANY(post, tags, &tags, &err));
    names[0] = '\0';
    for (size_t i = 0; i < tags.count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i > 0 ? " " : "", tags.items[i]->name);
    return names;
}

static void clones_have_paths_of_their_own(void **state)
{
    (void)state;
    Story_list posts;
    Tag_list tags;
    Writer *author;
    ar_query *q = Story_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Story, author));
    ar_query *both = ar_query_clone(q);
    ar_query_include(both, AR_PATH(Story, tags));
    ok(Story_all(q, &posts, &err));
    ok(AR_GET_ONE(posts.items[0], author, &author, &err));
    fails(AR_GET_MANY(posts.items[0], tags, &tags, &err), AR_E_NOT_LOADED);
    Story_list_free(&posts);
    ar_query *other = Writer_query(db);
    ar_query_include(other, AR_PATH(Writer, profile));
    ok(Story_all(both, &posts, &err));
    ok(AR_GET_ONE(posts.items[0], author, &author, &err));
    assert_string_equal(author->name, "Ann");
    assert_string_equal(tags_of(posts.items[0]), "c database news");
    Story_list_free(&posts);
    ar_query_free(other);
}

static void heaviest_first(ar_query *query, void *arg)
{
    ar_query_order_by(query, "weight desc");
    if (arg != NULL)
        ar_query_filter(query, AR_GE(Tag, weight, *(const int *)arg));
}

static void many_to_many_shares_its_records(void **state)
{
    (void)state;
    Story_list posts;
    Tag_list mine, others;
    ar_query *q = Story_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Story, tags));
    ok(Story_all(q, &posts, &err));
    assert_string_equal(tags_of(posts.items[0]), "c database news");
    assert_string_equal(tags_of(posts.items[1]), "");
    assert_string_equal(tags_of(posts.items[2]), "news");
    ok(AR_GET_MANY(posts.items[0], tags, &mine, &err));
    ok(AR_GET_MANY(posts.items[2], tags, &others, &err));
    assert_ptr_equal(mine.items[2], others.items[0]);
    Story_list_free(&posts);
}

static void a_level_may_be_narrowed_and_ordered(void **state)
{
    (void)state;
    int least = 2;
    Story_list posts;
    ar_query *q = Story_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, ar_path_by(AR_PATH(Story, tags), heaviest_first, &least));
    ok(Story_all(q, &posts, &err));
    assert_string_equal(tags_of(posts.items[0]), "news database");
    Story_list_free(&posts);
    q = Story_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, ar_path_by(AR_PATH(Story, tags), heaviest_first, NULL));
    ok(Story_all(q, &posts, &err));
    assert_string_equal(tags_of(posts.items[0]), "news database c");
    Story_list_free(&posts);
}

static void either(ar_query *query, void *arg)
{
    (void)arg;
    ar_query_filter(query, AR_EQ(Story, title, "second"));
    ar_query_or(query);
    ar_query_where(query, "title = ?", "orphan");
    ar_query_order_by(query, "title desc");
}

static void a_narrowed_level_keeps_to_its_parents(void **state)
{
    (void)state;
    Writer_list writers = all_writers(ar_path_by(AR_PATH(Writer, posts), either, NULL));
    assert_int_equal(posts_of(writers.items[0]).count, 1);
    assert_string_equal(posts_of(writers.items[0]).items[0]->title, "second");
    assert_int_equal(posts_of(writers.items[1]).count, 0);
    Writer_list_free(&writers);
}

static void backwards(ar_query *query, void *arg)
{
    (void)arg;
    ar_query_order_by(query, "id desc");
}

static void paths_that_begin_alike_load_once(void **state)
{
    (void)state;
    Writer_list writers;
    Comment_list comments;
    Profile *profile;
    Writer *author;
    Story *post;
    ar_query *q = Writer_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Writer, posts, Story, comments, Comment, author, Writer, profile));
    ar_query_include(q, ar_path_by(AR_PATH(Writer, posts), backwards, NULL));
    ar_query_include(q, AR_PATH(Writer, posts, Story, tags));
    ar_query_include(q, AR_PATH(Writer, profile));
    ok(Writer_all(q, &writers, &err));
    Story_list posts = posts_of(writers.items[0]);
    assert_string_equal(posts.items[0]->title, "second");
    assert_string_equal(posts.items[1]->title, "first");
    assert_string_equal(tags_of(posts.items[1]), "c database news");
    ok(AR_GET_MANY(posts.items[1], comments, &comments, &err));
    assert_int_equal(comments.count, 2);
    ok(AR_GET_ONE(comments.items[0], post, &post, &err));
    assert_ptr_equal(post, posts.items[1]);
    if (post == NULL)
        fail_msg("the comment has no post");
    ok(AR_GET_ONE(post, author, &author, &err));
    assert_ptr_equal(author, writers.items[0]);
    ok(AR_GET_ONE(comments.items[0], author, &author, &err));
    assert_string_equal(author->name, "Bob");
    ok(AR_GET_ONE(author, profile, &profile, &err));
    assert_string_equal(profile->motto, "bob's");
    fails(AR_GET_ONE(comments.items[1], author, &author, &err), AR_E_NOT_FOUND);
    ok(AR_GET_ONE(writers.items[0], profile, &profile, &err));
    assert_string_equal(profile->motto, "ann's");
    Writer_list_free(&writers);
}

static void one_record_comes_with_its_own(void **state)
{
    (void)state;
    Writer *writer;
    ok(Writer_find_one_with(db, ar_key(1), AR_PATH(Writer, posts, Story, tags), &writer, &err));
    assert_int_equal(posts_of(writer).count, 2);
    Writer_free(writer);
    fails(Writer_find_one_with(db, ar_key(77), AR_PATH(Writer, posts), &writer, &err), AR_E_NOT_FOUND);
    assert_null(writer);
    ar_query *q = Writer_query(db);
    ar_query_order_by(q, "name desc");
    ar_query_include(q, AR_PATH(Writer, posts));
    ok(Writer_first(q, &writer, &err));
    assert_int_equal(posts_of(writer).count, 0);
    Writer_free(writer);
    fails(Writer_find_one_with(db, ar_key("x"), AR_PATH(Writer, posts), &writer, &err), AR_E_TYPE);
}

static void futures_do_the_same(void **state)
{
    (void)state;
    Writer *writer;
    Writer_list writers;
    Writer_future one = Writer_find_one_with_async(db, ar_key(1), AR_PATH(Writer, posts, Story, comments));
    ar_query *q = Writer_query(db);
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Writer, posts, Story, comments));
    Writer_list_future all = Writer_all_async(q);
    ok(Writer_list_await(&all, &writers, &err));
    ok(Writer_await(&one, &writer, &err));
    assert_int_equal(posts_of(writer).count, 2);
    assert_int_equal(posts_of(writers.items[0]).count, 2);
    Writer_free(writer);
    Writer_list_free(&writers);
    q = Writer_query(db);
    ar_query_filter(q, AR_EQ(Writer, id, 77));
    ar_query_include(q, AR_PATH(Writer, posts));
    all = Writer_all_async(q);
    ok(Writer_list_await(&all, &writers, &err));
    assert_int_equal(writers.count, 0);
    one = Writer_find_one_with_async(db, ar_key(2), AR_PATH(Writer, posts));
    ar_future_drop(&one.raw);
}

static void a_future_that_is_cancelled_ends(void **state)
{
    (void)state;
    Writer_list writers;
    ar_query *q = Writer_query(db);
    ar_query_include(q, AR_PATH(Writer, posts, Story, comments));
    Writer_list_future all = Writer_all_async(q);
    ar_ignore(ar_future_cancel(all.raw, NULL));
    ar_status status = Writer_list_await(&all, &writers, &err);
    assert_true(status == AR_OK || status == AR_E_CANCELLED);
    Writer_list_free(&writers);
}

static void nonsense(ar_query *query, void *arg)
{
    switch (*(const int *)arg) {
    case 0: ar_query_limit(query, 3); break;
    case 1: ar_query_select(query, "id"); break;
    case 2: ar_query_group_by(query, "id"); break;
    case 3: ar_query_order_by(query, "no_such_column"); break;
    case 4: ar_query_where(query, "no_such_column = 1"); break;
    case 5: ar_query_or(query); break;
    case 6: ar_query_filter(query, AR_EQ(Tag, weight, 1)); break;
    default: ar_query_include(query, AR_PATH(Story, tags)); break;
    }
}

static void a_level_that_fails_fails_the_whole(void **state)
{
    (void)state;
    for (int i = 0; i <= 7; i++) {
        Writer_list writers = { .count = 7 };
        ar_query *q = Writer_query(db);
        ar_query_include(q, AR_PATH(Writer, profile));
        ar_query_include(q, ar_path_by(AR_PATH(Writer, posts), nonsense, &i));
        ar_status status = Writer_all(q, &writers, &err);
        assert_int_equal(status, i == 4 ? AR_E_QUERY : AR_E_INVALID);
        assert_int_equal(writers.count, 0);
        assert_null(writers.items);
    }
}

static void paths_of_others_are_refused(void **state)
{
    (void)state;
    Writer_list writers;
    ar_rows *rows;
    ar_query *q = Writer_query(db);
    ar_query_include(q, AR_PATH(Story, author));
    fails(Writer_all(q, &writers, &err), AR_E_INVALID);
    q = Writer_query(db);
    ar_query_include(q, ar_path_by(AR_PATH(Writer, posts), backwards, NULL));
    ar_query_include(q, ar_path_by(AR_PATH(Writer, posts), either, NULL));
    fails(Writer_all(q, &writers, &err), AR_E_INVALID);
    q = ar_sql(db, "select * from writers");
    ar_query_include(q, AR_PATH(Writer, posts));
    fails(ar_query_rows(q, &rows, &err), AR_E_INVALID);
    q = Writer_query(db);
    ar_query_include(q, AR_PATH(Writer, posts));
    fails(ar_query_rows(q, &rows, &err), AR_E_INVALID);
    ar_path empty = { .count = 0 };
    q = Writer_query(db);
    ar_query_include(q, empty);
    fails(Writer_all(q, &writers, &err), AR_E_INVALID);
    q = Writer_query(db);
    ar_query_include(q, AR_PATH(Writer, posts));
    int64_t count;
    ok(ar_query_count(q, &count, &err));
    assert_int_equal(count, 3);
}

static void what_a_scope_reads_goes_with_it(void **state)
{
    (void)state;
    Writer_list writers;
    Writer *kept;
    ar_db *scope = ar_scope_open(db, NULL);
    ar_query *q = Writer_query(scope);
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Writer, posts, Story, comments));
    ok(Writer_all(q, &writers, &err));
    kept = writers.items[0];
    ok(Writer_keep(kept, &err));
    ar_scope_close(&scope);
    assert_int_equal(posts_of(kept).count, 2);
    assert_string_equal(posts_of(kept).items[1]->title, "second");
    Writer_free(kept);
    scope = ar_scope_open(db, NULL);
    ok(Writer_find_one_with(scope, ar_key(1), AR_PATH(Writer, posts), &kept, &err));
    ar_scope_close(&scope);
}

static void in_a_transaction_it_sees_what_that_wrote(void **state)
{
    (void)state;
    Writer *writer;
    ar_db *tx = ar_tx_begin(db, NULL);
    Story more = { .writer_id = { .has = true, .value = 3 }, .title = "new" };
    ok(Story_insert(tx, &more, &err));
    ok(Writer_find_one_with(tx, ar_key(3), AR_PATH(Writer, posts), &writer, &err));
    assert_int_equal(posts_of(writer).count, 1);
    ok(ar_tx_rollback(&tx, &err));
}

static void a_child_that_is_kept_outlives_its_parent(void **state)
{
    (void)state;
    Writer *author;
    Comment_list comments;
    Story *back;
    Writer_list writers = all_writers(AR_PATH(Writer, posts, Story, comments));
    Story *kept = posts_of(writers.items[0]).items[0];
    ok(AR_GET_ONE(kept, author, &author, &err));
    ok(Story_keep(kept, &err));
    Writer_list_free(&writers);
    assert_string_equal(kept->title, "first");
    fails(AR_GET_ONE(kept, author, &author, &err), AR_E_NOT_LOADED);
    ok(AR_GET_MANY(kept, comments, &comments, &err));
    assert_string_equal(comments.items[1]->body, "two");
    ok(AR_GET_ONE(comments.items[1], post, &back, &err));
    assert_ptr_equal(back, kept);
    Story_free(kept);
}

static void saves_and_refreshes_leave_relations_alone(void **state)
{
    (void)state;
    Writer *writer;
    ok(Writer_find_one_with(db, ar_key(1), AR_PATH(Writer, posts), &writer, &err));
    ok(Writer_save(db, writer, &err)); /* nothing changed */
    writer->name = "Anna";
    ok(Writer_save(db, writer, &err));
    ok(Writer_refresh(db, writer, &err));
    assert_string_equal(writer->name, "Anna");
    assert_int_equal(posts_of(writer).count, 2);
    Story *post = posts_of(writer).items[0];
    post->title = "renamed";
    ok(Story_save(db, post, &err));
    ok(Story_refresh(db, post, &err));
    assert_string_equal(posts_of(writer).items[0]->title, "renamed");
    ar_db *tx = ar_tx_begin(db, NULL);
    writer->name = "Annie";
    ok(Writer_save(tx, writer, &err));
    ok(Writer_refresh(tx, writer, &err));
    ok(ar_tx_rollback(&tx, &err));
    assert_string_equal(posts_of(writer).items[0]->title, "renamed");
    Writer_free(writer);
}

/* More keys than go in one statement, where they go as a list. */
static void any_number_of_parents(void **state)
{
    (void)state;
    enum { POSTS = 20000 };
    static Story posts[POSTS];
    Story_list read;
    for (int i = 0; i < POSTS; i++)
        posts[i] = (Story){ .writer_id = { .has = true, .value = 1 + i % 3 }, .title = "t" };
    ok(Story_insert_many(db, posts, POSTS, &err));
    Comment last = { .post_id = posts[POSTS - 1].id, .body = "last" };
    ok(Comment_insert(db, &last, &err));
    ar_query *q = Story_query(db);
    ar_query_order_by(q, "id desc");
    ar_query_include(q, AR_PATH(Story, comments, Comment, author));
    ok(Story_all(q, &read, &err));
    assert_int_equal(read.count, POSTS + 4);
    Comment_list comments;
    Story *back;
    ok(AR_GET_MANY(read.items[0], comments, &comments, &err));
    assert_int_equal(comments.count, 1);
    ok(AR_GET_MANY(read.items[read.count - 1], comments, &comments, &err));
    assert_int_equal(comments.count, 2);
    ok(AR_GET_ONE(comments.items[0], post, &back, &err));
    assert_int_equal(back->id, 1);
    Writer *author;
    ok(AR_GET_ONE(comments.items[0], author, &author, &err));
    assert_string_equal(author->name, "Bob");
    Story_list_free(&read);
}

static ar_status load_deeply(void)
{
    Writer_list writers;
    ar_query *q = Writer_query(db);
    ar_query_include(q, AR_PATH(Writer, posts, Story, comments, Comment, author));
    ar_query_include(q, ar_path_by(AR_PATH(Writer, posts, Story, tags), heaviest_first, NULL));
    ar_status status = Writer_all(q, &writers, &err);
    if (status == AR_OK)
        assert_int_equal(writers.count, 3);
    else
        assert_int_equal(writers.count, 0);
    Writer_list_free(&writers);
    return status;
}

static void nothing(void) {}

static void without_memory_it_fails_cleanly(void **state)
{
    (void)state;
    fixture_each_refusal(load_deeply, nothing);
}

int main(void)
{
#define filled(test) cmocka_unit_test_setup(test, fill)
    const struct CMUnitTest tests[] = {
        filled(has_many_comes_in_groups),
        filled(what_was_not_loaded_says_so),
        filled(belongs_to_shares_its_records),
        filled(has_one_comes_with_its_way_back),
        filled(many_to_many_shares_its_records),
        filled(clones_have_paths_of_their_own),
        filled(a_level_may_be_narrowed_and_ordered),
        filled(a_narrowed_level_keeps_to_its_parents),
        filled(paths_that_begin_alike_load_once),
        filled(one_record_comes_with_its_own),
        filled(futures_do_the_same),
        filled(a_future_that_is_cancelled_ends),
        filled(a_level_that_fails_fails_the_whole),
        filled(paths_of_others_are_refused),
        filled(what_a_scope_reads_goes_with_it),
        filled(in_a_transaction_it_sees_what_that_wrote),
        filled(a_child_that_is_kept_outlives_its_parent),
        filled(saves_and_refreshes_leave_relations_alone),
        filled(any_number_of_parents),
        filled(without_memory_it_fails_cleanly),
    };
    return fixture_main("eager", tests, writers_models);
}
