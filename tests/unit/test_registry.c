/* SPDX-License-Identifier: MIT */
#include "pools/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <actrec/db.h>

#include "tests/support/script_backend.h"

/* Backends and the schemes that they are known under. */

static ar_error err;

/* Complete, as far as the registry can see: the script backend's entries under other schemes. */
static ar_backend complete(const char *const *schemes)
{
    ar_backend backend = *ari_backend_find("test", NULL);
    backend.name = "copy";
    backend.schemes = schemes;
    return backend;
}

static void assert_refused(const ar_backend *backend, ar_status status)
{
    assert_int_equal(ar_backend_register(backend, &err), status);
    assert_int_equal(err.status, status);
    assert_int_equal(ar_backend_register(backend, NULL), status);
}

static void a_backend_without_an_entry_is_refused(void **state)
{
    (void)state;
    static const char *const schemes[] = { "incomplete", NULL };
    static const char *const none[] = { NULL };
#define REFUSED_WITHOUT(entry)                  \
    {                                           \
        ar_backend backend = complete(schemes); \
        backend.entry = 0;                      \
        assert_refused(&backend, AR_E_INVALID); \
    }
    REFUSED_WITHOUT(struct_size)
    REFUSED_WITHOUT(name)
    REFUSED_WITHOUT(schemes)
    REFUSED_WITHOUT(dialect)
    REFUSED_WITHOUT(configure)
    REFUSED_WITHOUT(config_free)
    REFUSED_WITHOUT(classify)
    REFUSED_WITHOUT(open)
    REFUSED_WITHOUT(submit)
    REFUSED_WITHOUT(usable)
    REFUSED_WITHOUT(close)
    ar_backend backend = complete(none);
    assert_refused(&backend, AR_E_INVALID);
    backend = complete(schemes);
    backend.struct_size++;
    assert_refused(&backend, AR_E_INVALID);
    assert_refused(NULL, AR_E_INVALID);
    assert_null(ari_backend_find("incomplete", NULL));
}

static void a_scheme_that_no_url_can_have_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][3] = { { "", NULL },    { "Test2", NULL }, { "1a", NULL },
                                          { "a b", NULL }, { "a:", NULL },    { "fine2", "a_b", NULL } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ar_backend backend = complete(bad[i]);
        assert_refused(&backend, AR_E_INVALID);
    }
    assert_null(ari_backend_find("fine2", NULL)); /* not half of it */
}

static void a_scheme_belongs_to_the_first(void **state)
{
    (void)state;
    static const char *const again[] = { "new", "test+more", NULL };
    static const char *const built_in[] = { "sqlite", NULL };
    ar_backend backend = complete(again);
    assert_refused(&backend, AR_E_BUSY);
    assert_non_null(strstr(err.message, "test+more"));
    assert_null(ari_backend_find("new", NULL));
#ifdef AR_HAVE_SQLITE
    backend = complete(built_in);
    assert_refused(&backend, AR_E_BUSY);
#else
    (void)built_in;
#endif
    assert_refused(ari_backend_find("test", NULL), AR_E_BUSY);
}

static void an_unknown_scheme_lists_what_there_is(void **state)
{
    (void)state;
    ar_db *db = NULL;
    assert_int_equal(ar_db_open("oracle://scott:tiger@h/x", NULL, &db, &err), AR_E_UNSUPPORTED);
    assert_null(db);
    assert_non_null(strstr(err.message, "oracle"));
    assert_non_null(strstr(err.message, "test"));
    assert_null(strstr(err.message, "tiger"));
#ifdef AR_HAVE_SQLITE
    assert_non_null(strstr(err.message, "sqlite"));
#endif
}

static void a_registered_backend_is_found_under_each_scheme(void **state)
{
    (void)state;
    assert_non_null(ari_backend_find("test", &err));
    assert_ptr_equal(ari_backend_find("test", &err), ari_backend_find("test+more", &err));
    assert_null(ari_backend_find("tes", &err));
    assert_int_equal(err.status, AR_E_UNSUPPORTED);
}

/* Last: it fills the registry up. */
static void there_is_room_for_sixteen(void **state)
{
    (void)state;
    static char names[17][8];
    static const char *schemes[17][2];
    static ar_backend backends[17];
    int made = 1; /* the script backend */
    for (;; made++) {
        assert_true(made < 18);
        snprintf(names[made - 1], sizeof names[0], "fill%d", made);
        schemes[made - 1][0] = names[made - 1];
        backends[made - 1] = complete(schemes[made - 1]);
        ar_status status = ar_backend_register(&backends[made - 1], &err);
        if (status == AR_E_NO_MEMORY)
            break;
        assert_int_equal(status, AR_OK);
        assert_ptr_equal(ari_backend_find(names[made - 1], NULL), &backends[made - 1]);
    }
    assert_int_equal(made, 16);
    assert_null(ari_backend_find("none", &err)); /* its message holds them all, or is cut */
    assert_int_equal(err.status, AR_E_UNSUPPORTED);
}

static int set_up(void **state)
{
    (void)state;
    script_start();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backend_without_an_entry_is_refused),
        cmocka_unit_test(a_scheme_that_no_url_can_have_is_refused),
        cmocka_unit_test(a_scheme_belongs_to_the_first),
        cmocka_unit_test(an_unknown_scheme_lists_what_there_is),
        cmocka_unit_test(a_registered_backend_is_found_under_each_scheme),
        cmocka_unit_test(there_is_room_for_sixteen),
    };
    return cmocka_run_group_tests_name("registry", tests, set_up, NULL);
}
