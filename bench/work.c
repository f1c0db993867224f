/* SPDX-License-Identifier: MIT */
#include "bench/work.h"

#include "bench/bench.h"

/* The clock is read once in so many operations. */
enum { between_finds = 32, between_inserts = 16 };

void work_check(const User *user, int64_t key)
{
    if (user->id != key || user->name[0] != 'J' || user->email[0] != 'j')
        bench_fail("another row came back than number %lld", (long long)key);
}

uint64_t work_find(ar_db *db, uint64_t *seed, uint64_t rows, int64_t deadline)
{
    uint64_t done = 0;
    for (; done % between_finds != 0 || bench_now() < deadline; done++) {
        ar_error error;
        User *user = NULL;
        int64_t key = user_random_key(seed, rows);
        bench_expect(User_find_one(db, ar_key(key), &user, &error), &error, "find");
        work_check(user, key);
        User_free(user);
    }
    return done;
}

uint64_t work_find_in_flight(ar_db *db, uint64_t *seed, uint64_t rows, int64_t deadline)
{
    User_future futures[work_in_flight];
    int64_t keys[work_in_flight];
    uint64_t sent = 0, done = 0;
    bool more = true;
    while (more || done < sent) {
        for (; more && sent < done + work_in_flight; sent++) {
            keys[sent % work_in_flight] = user_random_key(seed, rows);
            futures[sent % work_in_flight] = User_find_one_async(db, ar_key(keys[sent % work_in_flight]));
        }
        ar_error error;
        User *user = NULL;
        bench_expect(User_await(&futures[done % work_in_flight], &user, &error), &error, "find");
        work_check(user, keys[done % work_in_flight]);
        User_free(user);
        done++;
        more = more && (done % between_finds != 0 || bench_now() < deadline);
    }
    return done;
}

static User_list_future select_user(ar_db *db, int64_t key)
{
    char email[user_email_size];
    user_email_of((uint64_t)key, email);
    ar_query *query = User_query(db);
    ar_query_filter(query, AR_EQ(User, email, email));
    return User_all_async(query);
}

uint64_t work_select_in_flight(ar_db *db, uint64_t *seed, uint64_t rows, int64_t deadline)
{
    User_list_future futures[work_in_flight];
    int64_t keys[work_in_flight];
    uint64_t sent = 0, done = 0;
    bool more = true;
    while (more || done < sent) {
        for (; more && sent < done + work_in_flight; sent++) {
            keys[sent % work_in_flight] = user_random_key(seed, rows);
            futures[sent % work_in_flight] = select_user(db, keys[sent % work_in_flight]);
        }
        ar_error error;
        User_list users;
        bench_expect(User_list_await(&futures[done % work_in_flight], &users, &error), &error, "select");
        if (users.count != 1)
            bench_fail("select: %zu rows came back, not one", users.count);
        work_check(users.items[0], keys[done % work_in_flight]);
        User_list_free(&users);
        done++;
        more = more && (done % between_finds != 0 || bench_now() < deadline);
    }
    return done;
}

static User *make_user(uint64_t number)
{
    const user_texts *texts = user_texts_of(number);
    User *user = User_new();
    if (user == NULL)
        bench_fail("out of memory");
    user->name = texts->name;
    user->email = texts->email;
    user->is_active = true;
    user->score = 1.5;
    return user;
}

static void finish_user(User *user)
{
    if (user->id <= 0)
        bench_fail("insert: no id came back");
    User_free(user);
}

uint64_t work_insert(ar_db *db, uint64_t *number, int64_t deadline)
{
    uint64_t done = 0;
    for (; done % between_inserts != 0 || bench_now() < deadline; done++) {
        ar_error error;
        User *user = make_user((*number)++);
        bench_expect(User_save(db, user, &error), &error, "save");
        finish_user(user);
    }
    return done;
}

uint64_t work_insert_in_flight(ar_db *db, uint64_t *number, int64_t deadline)
{
    ar_done futures[work_in_flight];
    User *users[work_in_flight];
    uint64_t sent = 0, done = 0;
    bool more = true;
    while (more || done < sent) {
        for (; more && sent < done + work_in_flight; sent++) {
            users[sent % work_in_flight] = make_user((*number)++);
            futures[sent % work_in_flight] = User_save_async(db, users[sent % work_in_flight]);
        }
        ar_error error;
        bench_expect(ar_done_await(&futures[done % work_in_flight], &error), &error, "save");
        finish_user(users[done % work_in_flight]);
        done++;
        more = more && (done % between_inserts != 0 || bench_now() < deadline);
    }
    return done;
}

User *work_bulk_open(void)
{
    return bench_allocate(work_bulk_rows * sizeof(User));
}

void work_bulk_reset(User *rows)
{
    for (unsigned i = 0; i < work_bulk_rows; i++) {
        const user_texts *texts = user_texts_of(i);
        rows[i] = (User){ .name = texts->name, .email = texts->email, .is_active = true, .score = (double)i };
    }
}

void work_bulk_check(const User *rows)
{
    for (unsigned i = 0; i < work_bulk_rows; i++) {
        if (rows[i].id <= 0 || (i > 0 && rows[i].id == rows[i - 1].id))
            bench_fail("insert: row %u got no id of its own", i);
    }
}

uint64_t work_insert_bulk(ar_db *db, User *rows, int64_t deadline)
{
    uint64_t done = 0;
    for (; done == 0 || bench_now() < deadline; done += work_bulk_rows) {
        ar_error error;
        work_bulk_reset(rows);
        bench_expect(User_insert_many(db, rows, work_bulk_rows, &error), &error, "insert many");
        work_bulk_check(rows);
    }
    return done;
}

uint64_t work_hydrate(ar_db *db, uint64_t rows, int64_t deadline)
{
    uint64_t done = 0;
    for (; done == 0 || bench_now() < deadline; done += rows) {
        ar_error error;
        User_list users;
        bench_expect(User_all(User_query(db), &users, &error), &error, "all");
        if (users.count != rows)
            bench_fail("all: %zu rows came back, not %llu", users.count, (unsigned long long)rows);
        work_check(users.items[rows - 1], users.items[rows - 1]->id);
        User_list_free(&users);
    }
    return done;
}
