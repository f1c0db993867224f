/* SPDX-License-Identifier: MIT */
#include "bench/user.h"

#include <stdio.h>

#include "bench/bench.h"

AR_MODEL_DEFINE(User, "bench_users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name, AR_NOT_NULL),
                AR_COLUMN(User, email, AR_NOT_NULL), AR_COLUMN(User, is_active, AR_NOT_NULL),
                AR_COLUMN(User, created_at, AR_CREATED_AT), AR_COLUMN(User, score, AR_NOT_NULL));

enum { text_count = 1024, fill_batch = 1000 };

const user_texts *user_texts_of(uint64_t number)
{
    static user_texts texts[text_count];
    if (texts[0].name[0] == '\0') {
        for (unsigned i = 0; i < text_count; i++) {
            snprintf(texts[i].name, sizeof texts[i].name, "John Doe %u", 1000 + i);
            snprintf(texts[i].email, sizeof texts[i].email, "john.doe.%u@example.com", 1000 + i);
        }
    }
    return &texts[number % text_count];
}

int64_t user_random_key(uint64_t *seed, uint64_t most)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return 1 + (int64_t)(*seed % most);
}

void user_email_of(uint64_t number, char *out)
{
    snprintf(out, user_email_size, "john.doe.%llu@example.com", 1000000 + (unsigned long long)number);
}

ar_db *user_db_open(const char *folder, const char *file, const char *query)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/%s%s", folder, file, query);
    return user_db_open_url(url);
}

ar_db *user_db_open_url(const char *url)
{
    ar_error error;
    ar_db *db = NULL;
    bench_expect(ar_db_open(url, NULL, &db, &error), &error, "opening the database");
    bench_expect(ar_table_create_if_missing(db, &User_model, &error), &error, "making the table");
    return db;
}

void user_db_fill(ar_db *db, uint64_t count)
{
    ar_error error;
    static User users[fill_batch];
    static char emails[fill_batch][user_email_size];
    for (uint64_t done = 0; done < count; done += fill_batch) {
        for (unsigned i = 0; i < fill_batch; i++) {
            user_email_of(done + i + 1, emails[i]);
            users[i] = (User){ .id = (int64_t)(done + i + 1),
                               .name = user_texts_of(done + i)->name,
                               .email = emails[i],
                               .is_active = true,
                               .score = (double)i };
        }
        bench_expect(User_insert_many(db, users, fill_batch, &error), &error, "filling the table");
    }
}
