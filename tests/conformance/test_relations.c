/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/writers.h"

/* Relations that are loaded for records that are there, on each database that there is. */

typedef struct Shelf Shelf;
typedef struct Book Book;
typedef struct Page Page;
typedef struct Loan Loan;
typedef struct Node Node;

struct Shelf {
    int64_t id;
    const char *label;
    AR_MANY(Book) books;
};
struct Book {
    int64_t id;
    int64_t shelf_id;
    AR_MANY(Page) pages;
    AR_ONE(Loan) loan;
};
struct Page {
    int64_t id;
    int64_t book_id;
};
struct Loan {
    int64_t id;
    int64_t book_id;
};
struct Node {
    int64_t id;
    ar_opt_int64 parent_id;
    AR_ONE(Node) parent;
    AR_MANY(Node) children;
};

AR_MODEL_DECLARE(Shelf);
AR_MODEL_DECLARE(Book);
AR_MODEL_DECLARE(Page);
AR_MODEL_DECLARE(Loan);
AR_MODEL_DECLARE(Node);

AR_MODEL_DEFINE(Shelf, "shelves", AR_COLUMN(Shelf, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Shelf, label),
                AR_HAS_MANY(Shelf, books, Book, shelf_id, .dependent = AR_DEPENDENT_DELETE));
AR_MODEL_DEFINE(Book, "books", AR_COLUMN(Book, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Book, shelf_id),
                AR_HAS_MANY(Book, pages, Page, book_id, .dependent = AR_DEPENDENT_DELETE),
                AR_HAS_ONE(Book, loan, Loan, book_id, .dependent = AR_DEPENDENT_RESTRICT));
AR_MODEL_DEFINE(Page, "pages", AR_COLUMN(Page, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Page, book_id));
AR_MODEL_DEFINE(Loan, "loans", AR_COLUMN(Loan, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Loan, book_id));
AR_MODEL_DEFINE(Node, "nodes", AR_COLUMN(Node, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Node, parent_id),
                AR_BELONGS_TO(Node, parent, Node, parent_id),
                AR_HAS_MANY(Node, children, Node, parent_id, .inverse = AR_INVERSE(Node, parent),
                            .dependent = AR_DEPENDENT_DELETE));

typedef struct Leaf Leaf;
typedef struct Branch {
    int64_t id;
    AR_MANY(Leaf) leaves;
} Branch;
struct Leaf {
    int64_t id;
    int64_t branch_id;
    int64_t owner;
    ar_opt_timestamp deleted_at;
};
AR_MODEL_DECLARE(Branch);
AR_MODEL_DECLARE(Leaf);
AR_MODEL_DEFINE(Branch, "branches", AR_COLUMN(Branch, id, AR_PRIMARY_KEY | AR_AUTO),
                AR_HAS_MANY(Branch, leaves, Leaf, branch_id));
AR_MODEL_DEFINE(Leaf, "leaves", AR_COLUMN(Leaf, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Leaf, branch_id),
                AR_COLUMN(Leaf, owner, AR_TENANT), AR_COLUMN(Leaf, deleted_at, AR_DELETED_AT));

typedef struct WrongType {
    int64_t id;
    const char *node_id;
    AR_ONE(Node) node;
} WrongType;
typedef struct WrongInverse {
    int64_t id;
    AR_MANY(Node) nodes;
} WrongInverse;
typedef struct WrongNullify {
    int64_t id;
    AR_MANY(Page) pages;
} WrongNullify;

AR_MODEL_DECLARE(WrongType);
AR_MODEL_DECLARE(WrongInverse);
AR_MODEL_DECLARE(WrongNullify);
AR_MODEL_DEFINE(WrongType, "wrong", AR_COLUMN(WrongType, id, AR_PRIMARY_KEY), AR_COLUMN(WrongType, node_id),
                AR_BELONGS_TO(WrongType, node, Node, node_id));
AR_MODEL_DEFINE(WrongInverse, "wrong", AR_COLUMN(WrongInverse, id, AR_PRIMARY_KEY),
                AR_HAS_MANY(WrongInverse, nodes, Node, parent_id, .inverse = AR_INVERSE(Node, parent)));
AR_MODEL_DEFINE(WrongNullify, "wrong", AR_COLUMN(WrongNullify, id, AR_PRIMARY_KEY),
                AR_HAS_MANY(WrongNullify, pages, Page, book_id, .dependent = AR_DEPENDENT_NULLIFY));

/* Of a key of two columns, from either side and through rows between. */
typedef struct Grid Grid;
typedef struct Cell {
    int64_t id;
    int64_t grid_x;
    AR_ONE(Grid) grid;
} Cell;
typedef struct Net {
    int64_t id;
    AR_MANY(Grid) grids;
} Net;
struct Grid {
    int64_t x, y;
    AR_MANY(Page) pages;
};
AR_MODEL_DECLARE(Grid);
AR_MODEL_DECLARE(Cell);
AR_MODEL_DECLARE(Net);
AR_MODEL_DEFINE(Grid, "wrong", AR_COLUMN(Grid, x, AR_PRIMARY_KEY), AR_COLUMN(Grid, y, AR_PRIMARY_KEY),
                AR_HAS_MANY(Grid, pages, Page, book_id));
AR_MODEL_DEFINE(Cell, "wrong", AR_COLUMN(Cell, id, AR_PRIMARY_KEY), AR_COLUMN(Cell, grid_x),
                AR_BELONGS_TO(Cell, grid, Grid, grid_x));
AR_MODEL_DEFINE(Net, "wrong", AR_COLUMN(Net, id, AR_PRIMARY_KEY), AR_MANY_TO_MANY(Net, grids, Grid, Loan, id, book_id));

static int fill(void **state)
{
    (void)state;
    writers_fill(db);
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
    Story_list posts;
    ok(AR_GET_MANY(of, posts, &posts, &err));
    return posts.count;
}

static void one_record_loads_its_own(void **state)
{
    (void)state;
    Writer *ann = writer(1), *back;
    Story_list posts;
    ok(Writer_load(db, ann, AR_PATH(Writer, posts, Story, comments), &err));
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
        Story more = { .writer_id = { .has = true, .value = 3 }, .title = "more" };
        ok(Story_insert(db, &more, &err));
        ok(Writer_load(db, writers.items[2], AR_PATH(Writer, posts, Story, author), &err));
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
    ok(Writer_load(db, ann, AR_PATH(Writer, posts, Story, comments), &err));
    ok(Writer_list_load(db, &writers, AR_PATH(Writer, posts), &err));
    size_t before = fixture_live();
    for (int i = 0; i < 20; i++) {
        ok(Writer_load(db, ann, AR_PATH(Writer, posts, Story, comments), &err));
        ok(Writer_list_load(db, &writers, AR_PATH(Writer, posts), &err));
    }
    assert_true(fixture_live() <= before + 16); /* operations under way may still hold some */
    Writer_free(ann);
    Writer_list_free(&writers);
}

static void futures_load_too(void **state)
{
    (void)state;
    Writer *ann = writer(1);
    Writer_list writers = writers_of(db);
    ar_done one = Writer_load_async(db, ann, AR_PATH(Writer, posts, Story, tags));
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
        ar_done all = Writer_list_load_async(db, &writers, AR_PATH(Writer, posts, Story, author));
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

/* What it shares with its list is not its own, whenever it was kept. */
static void a_record_may_be_kept_while_its_list_loads(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        Writer_list writers = writers_of(db);
        Writer *kept = writers.items[i];
        ar_done done = Writer_list_load_async(db, &writers, AR_PATH(Writer, posts, Story, tags));
        ok(Writer_keep(kept, &err));
        ok(ar_done_await(&done, &err));
        if (i == 2)
            Writer_list_free(&writers);
        assert_int_equal(count_of(kept), 2 - i);
        Writer_free(kept);
        if (i == 2)
            continue;
        assert_int_equal(count_of(writers.items[1 - i]), 1 + i);
        Story_list posts;
        ok(AR_GET_MANY(writers.items[1 - i], posts, &posts, &err));
        assert_string_equal(posts.items[0]->title, i == 0 ? "third" : "first");
        Writer_list_free(&writers);
    }
}

/* Two records of one row have the same posts, which have one way back: to neither of them. */
static void no_way_leads_back_to_one_that_may_go_first(void **state)
{
    (void)state;
    Story_list posts;
    Writer *back, *both[] = { writer(1), writer(1), writer(2) };
    for (int async = 0; async < 2; async++) {
        ar_done done = { NULL };
        if (async)
            done = ar_relation_load_async(db, both, 3, AR_PATH(Writer, posts));
        ok(async ? ar_done_await(&done, &err) : ar_relation_load(db, both, 3, AR_PATH(Writer, posts), &err));
        ok(AR_GET_MANY(both[2], posts, &posts, &err));
        ok(AR_GET_ONE(posts.items[0], author, &back, &err));
        assert_ptr_equal(back, both[2]);
    }
    Writer_free(both[1]);
    ok(AR_GET_MANY(both[0], posts, &posts, &err));
    assert_int_equal(posts.count, 2);
    fails(AR_GET_ONE(posts.items[0], author, &back, &err), AR_E_NOT_LOADED);
    Writer_free(both[0]);
    Writer_free(both[2]);
}

static void what_leads_to_others_must_have_been_read(void **state)
{
    (void)state;
    Story_list posts;
    Writer_list writers;
    ar_query *q = Story_query(db);
    ar_query_select(q, "id, title");
    ar_query_include(q, AR_PATH(Story, author));
    fails(Story_all(ar_query_clone(q), &posts, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "writer_id"));
    Story_list_future future = Story_all_async(q);
    fails(Story_list_await(&future, &posts, &err), AR_E_INVALID);
    q = Story_query(db);
    ar_query_select(q, "title, writer_id");
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Story, author));
    ok(Story_all(q, &posts, &err));
    Writer *author;
    ok(AR_GET_ONE(posts.items[0], author, &author, &err));
    assert_string_equal(author->name, "Ann");
    Story_list_free(&posts);
    q = Writer_query(db);
    ar_query_select(q, "name");
    ok(Writer_all(q, &writers, &err));
    fails(Writer_load(db, writers.items[0], AR_PATH(Writer, posts), &err), AR_E_INVALID);
    ar_done done = Writer_list_load_async(db, &writers, AR_PATH(Writer, posts));
    fails(ar_done_await(&done, &err), AR_E_INVALID);
    assert_non_null(strstr(err.message, "primary key"));
    Writer_list_free(&writers);
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
    done = ar_relation_load_async(db, twice, 2, AR_PATH(Writer, posts, Story, tags));
    ok(ar_done_await(&done, &err));
    assert_int_equal(count_of(ann), 2);
    ok(ar_relation_load(db, twice, 2, AR_PATH(Writer, posts, Story, tags), &err));
    assert_int_equal(count_of(ann), 2);
    Writer_free(ann);
}

static void a_new_record_has_nothing_to_load_by(void **state)
{
    (void)state;
    Story *post = Story_new();
    Writer *author;
    ok(Story_load(db, post, AR_PATH(Story, author), &err));
    fails(AR_GET_ONE(post, author, &author, &err), AR_E_NOT_FOUND);
    post->writer_id = (ar_opt_int64){ .has = true, .value = 2 };
    ok(Story_load(db, post, AR_PATH(Story, author), &err));
    ok(AR_GET_ONE(post, author, &author, &err));
    assert_string_equal(author->name, "Bob");
    Story_free(post);
}

static void what_is_loaded_belongs_to_its_record(void **state)
{
    (void)state;
    Writer *ann = writer(1), *author;
    ar_db *scope = ar_scope_open(db, NULL);
    ok(Writer_load(scope, ann, AR_PATH(Writer, posts, Story, comments, Comment, author), &err));
    ar_scope_close(&scope);
    Story_list posts;
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
    ok(Writer_list_load(tx, &writers, AR_PATH(Writer, posts, Story, tags), &err));
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
    ar_status status = Writer_load(db, ann, AR_PATH(Writer, posts, Story, comments), &err);
    assert_int_equal(status, AR_E_QUERY);
    assert_int_equal(count_of(ann), 2);
    ar_done done = Writer_load_async(db, ann, AR_PATH(Writer, posts, Story, comments));
    fails(ar_done_await(&done, &err), AR_E_QUERY);
    assert_int_equal(count_of(ann), 2);
    ok(ar_query_exec(ar_sql(db, "alter table hidden rename to comments"), NULL, &err));
    fails(Writer_load(db, NULL, AR_PATH(Writer, posts), &err), AR_E_INVALID);
    fails(Writer_load(db, ann, AR_PATH(Story, author), &err), AR_E_INVALID);
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

static void levels_keep_to_tenants_and_see_nothing_that_is_deleted(void **state)
{
    (void)state;
    Branch branch = { .id = 0 };
    ok(Branch_insert(db, &branch, &err));
    for (int64_t owner = 1; owner <= 2; owner++) {
        ar_db *scope = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(owner) });
        Leaf leaves[3] = { { .branch_id = branch.id }, { .branch_id = branch.id }, { .branch_id = branch.id } };
        ok(Leaf_insert_many(scope, leaves, 3, &err));
        Leaf *gone;
        ok(Leaf_find_one(scope, ar_key(leaves[0].id), &gone, &err));
        ok(Leaf_delete(scope, gone, &err));
        Branch *found;
        Leaf_list left;
        ok(Branch_find_one_with(scope, ar_key(branch.id), AR_PATH(Branch, leaves), &found, &err));
        ok(AR_GET_MANY(found, leaves, &left, &err));
        assert_int_equal(left.count, 2);
        ar_scope_close(&scope);
    }
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

static int logged;
static char last_log[512];

static void count_log(void *ctx, ar_log_level level, const char *message)
{
    (void)ctx;
    if (level != AR_LOG_WARNING)
        return;
    logged++;
    snprintf(last_log, sizeof last_log, "%s", message);
}

static void a_strict_database_tells_the_log(void **state)
{
    (void)state;
    ar_runtime *runtime;
    ar_db *own = NULL, *outer = db;
    ar_runtime_options options = { .workers = 1, .log = count_log };
    ok(ar_runtime_create(&options, &runtime, &err));
    ok(ar_db_open("sqlite::memory:", &(ar_db_options){ .runtime = runtime, .lazy_loads = 1 }, &own, &err));
    for (size_t i = 0; i < WRITERS_MODELS; i++)
        ok(ar_table_create(own, writers_models[i], &err));
    writers_fill(own);
    logged = 0;
    db = own;
    Writer_list writers = writers_of(own);
    for (size_t i = 0; i < writers.count; i++)
        ok(Writer_load(own, writers.items[i], AR_PATH(Writer, posts), &err));
    db = outer;
    assert_int_equal(logged, 1);
    assert_non_null(strstr(last_log, "test_relations.c:"));
    Writer_list_free(&writers);
    ar_db_close(&own);
    ok(ar_runtime_close(&runtime, &err));
}

/* --- Deletes --- */

static int64_t rows(ar_query *q)
{
    int64_t count = -1;
    ok(ar_query_count(q, &count, &err));
    return count;
}

static void a_delete_sees_to_what_depends(void **state)
{
    (void)state;
    Story *post;
    Writer *ann = writer(1);
    ok(Story_find_one(db, ar_key(1), &post, &err));
    ok(Story_delete(db, post, &err));
    assert_true(Story_is_new(post));
    assert_int_equal(rows(Story_query(db)), 3);
    assert_int_equal(rows(Comment_query(db)), 1);
    assert_int_equal(rows(StoryTag_query(db)), 1);
    assert_int_equal(rows(Tag_query(db)), 3);
    Story_free(post);
    ok(Writer_delete(db, ann, &err));
    assert_int_equal(rows(Writer_query(db)), 2);
    assert_int_equal(rows(Profile_query(db)), 1);
    assert_int_equal(rows(Story_query(db)), 3);
    ar_query *q = Story_query(db);
    ar_query_filter(q, AR_IS_NULL(Story, writer_id));
    assert_int_equal(rows(q), 2);
    fails(Writer_delete(db, ann, &err), AR_E_INVALID);
    Writer_free(ann);
}

static void a_delete_is_restricted_by_what_depends(void **state)
{
    (void)state;
    Tag *tag;
    ok(Tag_find_one(db, ar_key("news"), &tag, &err));
    fails(Tag_delete(db, tag, &err), AR_E_CONSTRAINT);
    assert_false(Tag_is_new(tag));
    assert_non_null(strstr(err.message, "post_tags"));
    assert_int_equal(rows(Tag_query(db)), 3);
    ar_done done = Tag_delete_async(db, tag);
    fails(ar_done_await(&done, &err), AR_E_CONSTRAINT);
    assert_false(Tag_is_new(tag));
    Tag_free(tag);
    Tag free_one = { .name = "free", .weight = 1 };
    ok(Tag_insert(db, &free_one, &err));
    ok(Tag_find_one(db, ar_key("free"), &tag, &err));
    done = Tag_delete_async(db, tag);
    ok(ar_done_await(&done, &err));
    assert_true(Tag_is_new(tag));
    Tag_free(tag);
}

static void a_delete_that_is_rolled_back_undoes_all(void **state)
{
    (void)state;
    Story *post;
    ok(Story_find_one(db, ar_key(1), &post, &err));
    ar_db *tx = ar_tx_begin(db, NULL);
    ok(Story_delete(tx, post, &err));
    assert_int_equal(rows(Comment_query(tx)), 1);
    ok(ar_tx_rollback(&tx, &err));
    assert_false(Story_is_new(post));
    assert_int_equal(rows(Comment_query(db)), 3);
    ok(ar_query_exec(ar_sql(db, "delete from posts where id = ?", 1), NULL, &err));
    fails(Story_delete(db, post, &err), AR_E_NOT_FOUND);
    assert_int_equal(rows(Comment_query(db)), 3);
    ar_done late = Story_delete_async(db, post);
    fails(ar_done_await(&late, &err), AR_E_NOT_FOUND);
    assert_int_equal(rows(Comment_query(db)), 3);
    Story_free(post);
    ar_done done = Story_delete_async(db, NULL);
    fails(ar_done_await(&done, &err), AR_E_INVALID);
}

static void what_depends_on_what_depends_goes_too(void **state)
{
    (void)state;
    Shelf shelf = { .label = "top" };
    ok(Shelf_insert(db, &shelf, &err));
    Book books[] = { { .shelf_id = shelf.id }, { .shelf_id = shelf.id } };
    ok(Book_insert_many(db, books, 2, &err));
    Page pages[] = { { .book_id = books[0].id }, { .book_id = books[1].id } };
    ok(Page_insert_many(db, pages, 2, &err));
    Loan loan = { .book_id = books[1].id };
    ok(Loan_insert(db, &loan, &err));
    Shelf *found;
    ok(Shelf_find_one(db, ar_key(shelf.id), &found, &err));
    fails(Shelf_delete(db, found, &err), AR_E_CONSTRAINT);
    assert_int_equal(rows(Page_query(db)), 2);
    ok(ar_query_exec(ar_sql(db, "delete from loans"), NULL, &err));
    ok(Shelf_delete(db, found, &err));
    assert_int_equal(rows(Page_query(db)), 0);
    assert_int_equal(rows(Book_query(db)), 0);
    assert_int_equal(rows(Shelf_query(db)), 0);
    Shelf_free(found);
}

/* --- What makes no sense --- */

static void models_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const ar_model *const wrong[] = { &WrongType_model, &WrongInverse_model, &WrongNullify_model,
                                      &Grid_model,      &Cell_model,         &Net_model };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        void *out;
        fails(ar_query_first(ar_query_create(db, wrong[i]), wrong[i], &out, &err), AR_E_INVALID);
        assert_non_null(strstr(err.message, "relation"));
        assert_true((i >= 3) == (strstr(err.message, "primary key of Grid is to be one column") != NULL));
    }
    Node node = { .parent_id = { .has = false } };
    Node *found;
    ok(Node_insert(db, &node, &err));
    ok(Node_find_one(db, ar_key(node.id), &found, &err));
    fails(Node_delete(db, found, &err), AR_E_UNSUPPORTED);
    assert_false(Node_is_new(found));
    ok(Node_load(db, found, AR_PATH(Node, children, Node, children, Node, parent), &err));
    Node_free(found);
}

/* --- Refusals --- */

static Writer *loaded;
static Writer_list listed;

static ar_status load_refused(void)
{
    ar_status status = Writer_load(db, loaded, AR_PATH(Writer, posts, Story, comments), &err);
    if (status == AR_OK)
        status = Writer_list_load(db, &listed, AR_PATH(Writer, posts, Story, tags), &err);
    return status;
}

static ar_status load_refused_async(void)
{
    ar_done one = Writer_load_async(db, loaded, AR_PATH(Writer, posts, Story, comments));
    ar_done all = Writer_list_load_async(db, &listed, AR_PATH(Writer, posts, Story, tags));
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

static Story *doomed;

static ar_status delete_refused(void)
{
    return Story_delete(db, doomed, &err);
}

static ar_status delete_refused_async(void)
{
    ar_done done = Story_delete_async(db, doomed);
    return ar_done_await(&done, &err);
}

static void deletes_all_or_nothing(ar_status (*work)(void))
{
    for (size_t i = 1; i < 400; i++) {
        fixture_refuse(i, false);
        ar_status status = work();
        bool refused = fixture_refused();
        fixture_refuse(0, false);
        if (status == AR_OK) {
            assert_int_equal(rows(Comment_query(db)), 1);
            return;
        }
        assert_true(refused);
        assert_false(Story_is_new(doomed));
        assert_int_equal(rows(Story_query(db)), 4);
        assert_int_equal(rows(Comment_query(db)), 3);
    }
    fail_msg("it never came to an end");
}

static void a_delete_without_memory_deletes_nothing(void **state)
{
    (void)state;
    ok(Story_find_one(db, ar_key(1), &doomed, &err));
    deletes_all_or_nothing(delete_refused);
    Story_free(doomed);
}

static void an_asynchronous_one_neither(void **state)
{
    (void)state;
    ok(Story_find_one(db, ar_key(1), &doomed, &err));
    deletes_all_or_nothing(delete_refused_async);
    Story_free(doomed);
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
        filled(a_record_may_be_kept_while_its_list_loads),
        filled(no_way_leads_back_to_one_that_may_go_first),
        filled(what_leads_to_others_must_have_been_read),
        filled(a_record_that_loads_is_busy),
        filled(a_new_record_has_nothing_to_load_by),
        filled(what_is_loaded_belongs_to_its_record),
        filled(in_a_transaction_records_die_with_the_attempt),
        filled(a_failure_changes_nothing),
        cmocka_unit_test(levels_keep_to_tenants_and_see_nothing_that_is_deleted),
        filled(a_strict_scope_refuses_loads_one_by_one),
        cmocka_unit_test(a_strict_database_tells_the_log),
        filled(a_delete_sees_to_what_depends),
        filled(a_delete_is_restricted_by_what_depends),
        filled(a_delete_that_is_rolled_back_undoes_all),
        cmocka_unit_test(what_depends_on_what_depends_goes_too),
        cmocka_unit_test(models_that_make_no_sense_are_refused),
        filled(without_memory_nothing_is_changed),
        filled(a_delete_without_memory_deletes_nothing),
        filled(an_asynchronous_one_neither),
    };
    const ar_model *models[WRITERS_MODELS + 7] = { &Shelf_model, &Book_model,   &Page_model, &Loan_model,
                                                   &Node_model,  &Branch_model, &Leaf_model };
    memcpy(models + 7, writers_models, sizeof writers_models);
    return fixture_main("relations", tests, models);
}
