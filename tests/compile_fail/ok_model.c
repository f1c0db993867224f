/* SPDX-License-Identifier: MIT */
#include <actrec/declare.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

typedef struct Account {
    int64_t id;
} Account;

AR_MODEL_DECLARE(User);

/* Everything that a definition may be. */
typedef enum Color { RED, GREEN } Color;
typedef enum Sign { MINUS = -1, PLUS = 1 } Sign;

typedef struct Every {
    bool a;
    int16_t b;
    int32_t c;
    int64_t d;
    long long e;
    float f;
    double g;
    const char *h;
    ar_text i;
    ar_bytes j;
    ar_json k;
    ar_timestamp l;
    ar_date m;
    ar_time n;
    ar_decimal o;
    ar_uuid p;
    ar_opt_bool q;
    ar_opt_int16 r;
    ar_opt_int32 s;
    ar_opt_int64 t;
    ar_opt_float u;
    ar_opt_double v;
    ar_opt_timestamp w;
    ar_opt_date x;
    ar_opt_time y;
    ar_opt_decimal z;
    ar_opt_uuid aa;
    Color bb;
    Sign cc;
    char dd[32];
    void *ee;
    unsigned ff;
} Every;

AR_MODEL_DECLARE_SYNC(Every);
AR_MODEL_DEFINE(Every, "everything", AR_COLUMN(Every, a), AR_COLUMN(Every, b, AR_PRIMARY_KEY), AR_COLUMN(Every, c, 0),
                AR_COLUMN(Every, d, AR_NOT_NULL | AR_UNIQUE), AR_COLUMN(Every, e, .name = "eee"),
                AR_COLUMN(Every, f, AR_NOT_NULL, .name = "fff", .default_sql = "1"), AR_COLUMN(Every, g),
                AR_COLUMN(Every, h), AR_COLUMN(Every, i), AR_COLUMN(Every, j), AR_COLUMN(Every, k),
                AR_COLUMN(Every, l, AR_CREATED_AT), AR_COLUMN(Every, m), AR_COLUMN(Every, n), AR_COLUMN(Every, o),
                AR_COLUMN(Every, p), AR_COLUMN(Every, q), AR_COLUMN(Every, r), AR_COLUMN(Every, s), AR_COLUMN(Every, t),
                AR_COLUMN(Every, u), AR_COLUMN(Every, v), AR_COLUMN(Every, w, AR_UPDATED_AT), AR_COLUMN(Every, x),
                AR_COLUMN(Every, y), AR_COLUMN(Every, z), AR_COLUMN(Every, aa), AR_COLUMN(Every, bb),
                AR_COLUMN(Every, cc), AR_IGNORE(Every, dd), AR_IGNORE(Every, ee), AR_COLUMN(Every, ff, AR_IGNORE));
AR_MODEL_DEFINE(User, "users", AR_COLUMN(User, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(User, name));

typedef struct Event {
    int64_t id;
} Event;
AR_MODEL_DECLARE_ASYNC(Event);
AR_MODEL_DEFINE(Event, "events", AR_COLUMN(Event, id));

/* Names of a program's own that the generated functions must not disturb, or be disturbed by. */
ar_db *db, *tx;
ar_error err, *error;
ar_status status;
int key, keys, count, record, list, query, fn, arg, row, rows, plain, future, executor, raw, value, x;
typedef struct Late {
    int64_t id;
} Late;
AR_MODEL_DECLARE(Late);

ar_status use(User **user, User_list *users);

ar_status use(User **user, User_list *users)
{
    const ar_key many[] = { ar_key(1), ar_key(2) };
    ar_status first = User_find_one(db, ar_key(1), user, &err);
    ar_status second = User_find_many(db, many, 2, users, NULL);
    Event_future event = Event_find_one_async(db, ar_key(1, "b", true, AR_NULL));
    ar_future_drop(&event.raw);
    return first == AR_OK ? second : first;
}
