/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/blog.h"
#include "tests/support/fixture.h"

/* Relations that are loaded for records that are there, on each database that there is. */

static int fill(void **state)
{
    (void)state;
    blog_fill(db);
    return 0;
}

static Writer *writer(int64_t id)
{
    Writer *found;
    ok(Writer_find_one(db, ar_key(id), &found, &err));
    return found;
}

static Writer_list writers_of(ar_db *on)
{
    Writer_list list;
    ar_query *q = Writer_query(on);
    ar_query_order_by(q, "id");
    ok(Writer_all(q, &list, &err));
    return list;
}

static size_t count_of(const Writer *of)
{
    Post_list posts;
    ok(AR_GET_MANY(of, posts, &posts, &err));
    return posts.count;
}

static void one_record_loads_its_own(void **state)
{
    (void)state;
    Writer *ann = writer(1), *back;
    Post_list posts;
    ok(Writer_load(db, ann, AR_PATH(Writer, posts, Post, comments), &err));
    ok(AR_GET_MANY(ann, posts, &posts, &err));
    assert_int_equal(posts.count, 2);
    ok(AR_GET_ONE(posts.items[1], author, &back, &err));
    assert_ptr_equal(back, ann);
    assert_true(ar_related_is_loaded(&ann->posts.many_));
    assert_false(ar_related_is_loaded(&ann->profile.one_));
    Writer_free(ann);
}

static void a_list_loads_at_once(void **state)
{
    (void)state;
    Writer_list writers = writers_of(db);
    Profile *profile;
    ok(Writer_list_load(db, &writers, AR_PATH(Writer, posts), &err));
    ok(Writer_list_load(db, &writers, AR_PATH(Writer, profile, Profile, writer), &err));
    assert_int_equal(count_of(writers.items[0]), 2);
    assert_int_equal(count_of(writers.items[1]), 1);
    assert_int_equal(count_of(writers.items[2]), 0);
    ok(AR_GET_ONE(writers.items[1], profile, &profile, &err));
    assert_string_equal(profile->motto, "bob's");
    Writer_list_free(&writers);
    ok(Writer_list_load(db, &writers, AR_PATH(Writer, posts), &err)); /* none */
}

static void loading_again_sees_what_came_since(void **state)
{
    (void)state;
    Writer_list writers = writers_of(db);
    ok(Writer_list_load(db, &writers, AR_PATH(Writer, posts), &err));
    for (int i = 0; i < 5; i++) {
        Post more = { .writer_id = { .has = true, .value = 3 }, .title = "more" };
        ok(Post_insert(db, &more, &err));
        ok(Writer_load(db, writers.items[2], AR_PATH(Writer, posts, Post, author), &err));
        assert_int_equal(count_of(writers.items[2]), (size_t)i + 1);
        assert_int_equal(count_of(writers.items[0]), 2);
    }
    Writer_list_free(&writers);
}

/* Memory does not pile up with loads of one relation. */
static void what_was_loaded_before_is_let_go_of(void **state)
{
    (void)state;
    Writer *ann = writer(1);
    Writer_list writers = writers_of(db);
    ok(Writer_load(db, ann, AR_PATH(Writer, posts, Post, comments), &err));
    ok(Writer_list_load(db, &writers, AR_PATH(Writer, posts), &err));
    size_t before = fixture_live();
    for (int i = 0; i < 20; i++) {
        ok(Writer_load(db, ann, AR_PATH(Writer, posts, Post, comments), &err));
        ok(Writer_list_load(db, &writers, AR_PATH(Writer, posts), &err));
    }
    assert_int_equal(fixture_live(), before);
    Writer_free(ann);
    Writer_list_free(&writers);
}

static void futures_load_too(void **state)
{
    (void)state;
    Writer *ann = writer(1);
    Writer_list writers = writers_of(db);
    ar_done one = Writer_load_async(db, ann, AR_PATH(Writer, posts, Post, tags));
    ar_done all = Writer_list_load_async(db, &writers, AR_PATH(Writer, posts));
    ok(ar_done_await(&one, &err));
    ok(ar_done_await(&all, &err));
    assert_int_equal(count_of(ann), 2);
    assert_int_equal(count_of(writers.items[1]), 1);
    Writer_free(ann);
    Writer_list_free(&writers);
}

static void a_load_that_nobody_awaits_is_applied_by_the_next_verb(void **state)
{
    (void)state;
    Writer *ann = writer(1);
    ar_done done = Writer_load_async(db, ann, AR_PATH(Writer, posts));
    ok(ar_future_wait(done.raw, -1, &err));
    ar_future_drop(&done.raw);
    ok(Writer_save(db, ann, &err));
    assert_int_equal(count_of(ann), 2);
    Writer_free(ann);
}

static void records_may_go_while_they_load(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        Writer *ann = writer(1);
        Writer_list writers = writers_of(db);
        Writer *kept = writers.items[1];
        ok(Writer_keep(kept, &err));
        ar_done one = Writer_load_async(db, ann, AR_PATH(Writer, posts));
        ar_done all = Writer_list_load_async(db, &writers, AR_PATH(Writer, posts, Post, author));
        Writer_list_free(&writers);
        Writer_free(ann);
        if (i % 2 == 0)
            Writer_free(kept);
        if (i < 2) {
            ok(ar_done_await(&one, &err));
            ok(ar_done_await(&all, &err));
        } else {
            ar_future_drop(&one.raw);
            ok(ar_done_await(&all, &err));
        }
        if (i % 2 != 0) {
            assert_int_equal(count_of(kept), 1);
            Writer_free(kept);
        }
    }
}

static void a_record_that_loads_is_busy(void **state)
{
    (void)state;
    Writer *ann = writer(1);
    ar_done done = Writer_load_async(db, ann, AR_PATH(Writer, posts));
    ar_status status = Writer_load(db, ann, AR_PATH(Writer, posts), &err);
    assert_true(status == AR_OK || status == AR_E_BUSY);
    ok(ar_done_await(&done, &err));
    assert_int_equal(count_of(ann), 2);
    Writer *twice[] = { ann, ann };
    done = ar_relation_load_async(db, twice, 2, AR_PATH(Writer, posts, Post, tags));
    ok(ar_done_await(&done, &err));
    assert_int_equal(count_of(ann), 2);
    ok(ar_relation_load(db, twice, 2, AR_PATH(Writer, posts, Post, tags), &err));
    assert_int_equal(count_of(ann), 2);
    Writer_free(ann);
}

static void a_new_record_has_nothing_to_load_by(void **state)
{
    (void)state;
    Post *post = Post_new();
    Writer *author;
    ok(Post_load(db, post, AR_PATH(Post, author), &err));
    fails(AR_GET_ONE(post, author, &author, &err), AR_E_NOT_FOUND);
    post->writer_id = (ar_opt_int64){ .has = true, .value = 2 };
    ok(Post_load(db, post, AR_PATH(Post, author), &err));
    ok(AR_GET_ONE(post, author, &author, &err));
    assert_string_equal(author->name, "Bob");
    Post_free(post);
}

static void what_is_loaded_belongs_to_its_record(void **state)
{
    (void)state;
    Writer *ann = writer(1), *author;
    ar_db *scope = ar_scope_open(db, NULL);
    ok(Writer_load(scope, ann, AR_PATH(Writer, posts, Post, comments, Comment, author), &err));
    ar_scope_close(&scope);
    Post_list posts;
    Comment_list comments;
    ok(AR_GET_MANY(ann, posts, &posts, &err));
    ok(AR_GET_MANY(posts.items[0], comments, &comments, &err));
    Comment *kept = comments.items[0];
    ok(Comment_keep(kept, &err));
    Writer_free(ann);
    ok(AR_GET_ONE(kept, author, &author, &err));
    assert_string_equal(author->name, "Bob");
    ok(Comment_load(db, kept, AR_PATH(Comment, author, Writer, posts), &err));
    ok(AR_GET_ONE(kept, author, &author, &err));
    assert_int_equal(count_of(author), 1);
    ok(Comment_load(db, kept, AR_PATH(Comment, author), &err));
    Comment_free(kept);
}

static void in_a_transaction_records_die_with_the_attempt(void **state)
{
    (void)state;
    ar_db *tx = ar_tx_begin(db, NULL);
    Writer_list writers = writers_of(tx);
    ok(Writer_list_load(tx, &writers, AR_PATH(Writer, posts, Post, tags), &err));
    assert_int_equal(count_of(writers.items[0]), 2);
    ar_done done = Writer_list_load_async(tx, &writers, AR_PATH(Writer, profile));
    ok(ar_done_await(&done, &err));
    ok(ar_tx_commit(&tx, &err));
}

static void a_failure_changes_nothing(void **state)
{
    (void)state;
    Writer *ann = writer(1);
    Writer plain = { .id = 1 };
    ok(Writer_load(db, ann, AR_PATH(Writer, posts), &err));
    ok(ar_query_exec(ar_sql(db, "alter table comments rename to hidden"), NULL, &err));
    ar_status status = Writer_load(db, ann, AR_PATH(Writer, posts, Post, comments), &err);
    assert_int_equal(status, AR_E_QUERY);
    assert_int_equal(count_of(ann), 2);
    ar_done done = Writer_load_async(db, ann, AR_PATH(Writer, posts, Post, comments));
    fails(ar_done_await(&done, &err), AR_E_QUERY);
    assert_int_equal(count_of(ann), 2);
    ok(ar_query_exec(ar_sql(db, "alter table hidden rename to comments"), NULL, &err));
    fails(Writer_load(db, NULL, AR_PATH(Writer, posts), &err), AR_E_INVALID);
    fails(Writer_load(db, ann, AR_PATH(Post, author), &err), AR_E_INVALID);
    fails(Writer_list_load(db, NULL, AR_PATH(Writer, posts), &err), AR_E_INVALID);
    ar_db *closed = ar_scope_open(db, NULL), *stale = closed;
    ar_scope_close(&closed);
    fails(Writer_load(stale, ann, AR_PATH(Writer, posts), &err), AR_E_CLOSED);
    done = Writer_load_async(stale, ann, AR_PATH(Writer, posts));
    fails(ar_done_await(&done, &err), AR_E_CLOSED);
    ar_path deep = AR_PATH(Writer, posts);
    deep.count = AR_PATH_LENGTH + 1;
    fails(Writer_load(db, ann, deep, &err), AR_E_INVALID);
    (void)plain;
    Writer_free(ann);
}

/* --- Strict --- */

static void a_strict_scope_refuses_loads_one_by_one(void **state)
{
    (void)state;
    ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .lazy_loads = 2, .lazy_refused = true });
    Writer_list writers = writers_of(scope);
    ok(Writer_load(scope, writers.items[0], AR_PATH(Writer, posts), &err));
    ok(Writer_load(scope, writers.items[1], AR_PATH(Writer, posts), &err));
    ok(Writer_load(scope, writers.items[2], AR_PATH(Writer, profile), &err));
    fails(Writer_load(scope, writers.items[2], AR_PATH(Writer, posts), &err), AR_E_NOT_LOADED);
    assert_non_null(strstr(err.message, "test_relations.c:"));
    assert_non_null(strstr(err.message, "Writer.posts"));
    ok(Writer_list_load(scope, &writers, AR_PATH(Writer, posts), &err));
    ar_db *inner = ar_tx_begin(scope, NULL);
    ar_done done = Writer_load_async(inner, writers.items[1], AR_PATH(Writer, posts));
    fails(ar_done_await(&done, &err), AR_E_NOT_LOADED);
    ok(ar_tx_rollback(&inner, &err));
    ok(Writer_load(db, writers.items[2], AR_PATH(Writer, posts), &err));
    Writer *alone = NULL;
    ok(Writer_find_one(scope, ar_key(1), &alone, &err));
    for (int i = 0; i < 4; i++)
        ok(Writer_load(scope, alone, AR_PATH(Writer, posts), &err));
    ar_scope_close(&scope);
}

/* --- Refusals --- */

static Writer *loaded;
static Writer_list listed;

static ar_status load_refused(void)
{
    ar_status status = Writer_load(db, loaded, AR_PATH(Writer, posts, Post, comments), &err);
    if (status == AR_OK)
        status = Writer_list_load(db, &listed, AR_PATH(Writer, posts, Post, tags), &err);
    return status;
}

static ar_status load_refused_async(void)
{
    ar_done one = Writer_load_async(db, loaded, AR_PATH(Writer, posts, Post, comments));
    ar_done all = Writer_list_load_async(db, &listed, AR_PATH(Writer, posts, Post, tags));
    ar_status status = ar_done_await(&one, &err), other = ar_done_await(&all, &err);
    return status != AR_OK ? status : other;
}

static void as_before(void)
{
    assert_int_equal(count_of(loaded), 2);
    assert_int_equal(count_of(listed.items[1]), 1);
}

static void without_memory_nothing_is_changed(void **state)
{
    (void)state;
    loaded = writer(1);
    listed = writers_of(db);
    ok(load_refused());
    fixture_each_refusal(load_refused, as_before);
    fixture_each_refusal(load_refused_async, as_before);
    Writer_free(loaded);
    Writer_list_free(&listed);
}

int main(void)
{
#define filled(test) cmocka_unit_test_setup(test, fill)
    const struct CMUnitTest tests[] = {
        filled(one_record_loads_its_own),
        filled(a_list_loads_at_once),
        filled(loading_again_sees_what_came_since),
        filled(what_was_loaded_before_is_let_go_of),
        filled(futures_load_too),
        filled(a_load_that_nobody_awaits_is_applied_by_the_next_verb),
        filled(records_may_go_while_they_load),
        filled(a_record_that_loads_is_busy),
        filled(a_new_record_has_nothing_to_load_by),
        filled(what_is_loaded_belongs_to_its_record),
        filled(in_a_transaction_records_die_with_the_attempt),
        filled(a_failure_changes_nothing),
        filled(a_strict_scope_refuses_loads_one_by_one),
        filled(without_memory_nothing_is_changed),
    };
    return fixture_main("relations", tests, blog_models);
}
