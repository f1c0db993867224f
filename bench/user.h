/* SPDX-License-Identifier: MIT */
#ifndef BENCH_USER_H
#define BENCH_USER_H

#include <actrec.h>
#include <actrec/query.h>
#include <actrec/schema.h>

/* The table that the benchmarks of databases work on. */
typedef struct User {
    int64_t id;
    const char *name;
    const char *email;
    bool is_active;
    ar_timestamp created_at;
    double score;
} User;

AR_MODEL_DECLARE(User);

enum { user_email_size = 32 };

/* Names and addresses for user `number`; they repeat after 1,024. */
typedef struct user_texts {
    char name[24];
    char email[user_email_size];
} user_texts;

const user_texts *user_texts_of(uint64_t number);

/* The address of row `number` of a table that user_db_fill filled; no other row has it. */
void user_email_of(uint64_t number, char *out);

/* The next of a row of random numbers from 1 to `most`. */
int64_t user_random_key(uint64_t *seed, uint64_t most);

/* Opens the database "<folder>/<file>" of SQLite with the options of `query`, "?synchronous=normal", or the one of the
 * URL, and makes the table. */
ar_db *user_db_open(const char *folder, const char *file, const char *query);
ar_db *user_db_open_url(const char *url);

/* Puts users into it whose ids are 1 to `count`. */
void user_db_fill(ar_db *db, uint64_t count);

#endif
