/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/entry_points.h"

/* Each way in that the public headers declare has its place in one of the lists of support/entry_points.h, whose programs send
 * hostile texts through it. */

static const char *const declared[] = {
#include "text_functions.inc"
};
enum { DECLARED = sizeof declared / sizeof declared[0] };

static const char *const lists[] = { ENTRIES_OF_VALUES, ENTRIES_OF_KEYS,    ENTRIES_OF_QUERIES, ENTRIES_OF_NAMES,
                                     ENTRIES_OF_SCHEMA, ENTRIES_OF_OUTSIDE, ENTRIES_OF_NONE };
enum { LISTS = sizeof lists / sizeof lists[0] };

static void no_entry_point_is_forgotten(void **state)
{
    (void)state;
    int complaints = 0;
    assert_true(DECLARED > 200);
    for (size_t i = 0; i < DECLARED; i++) {
        bool listed = false;
        for (size_t j = 0; j < LISTS; j++)
            listed = listed || entry_is_listed(lists[j], declared[i], strlen(declared[i]));
        if (!listed) {
            print_error("%s is in no list\n", declared[i]);
            complaints++;
        }
    }
    assert_int_equal(complaints, 0);
}

static bool is_declared(const char *name, size_t length)
{
    for (size_t i = 0; i < DECLARED; i++) {
        if (strlen(declared[i]) == length && strncmp(declared[i], name, length) == 0)
            return true;
    }
    return false;
}

static void what_is_listed_is_there(void **state)
{
    (void)state;
    int complaints = 0;
    for (size_t i = 0; i < LISTS; i++) {
        for (const char *at = lists[i]; *at != '\0'; at += strspn(at, " ")) {
            size_t length = strcspn(at, " ");
            if (!is_declared(at, length)) {
                print_error("%.*s is no way in\n", (int)length, at);
                complaints++;
            }
            at += length;
        }
    }
    assert_int_equal(complaints, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_entry_point_is_forgotten),
                                        cmocka_unit_test(what_is_listed_is_there) };
    return cmocka_run_group_tests_name("injection_entries", tests, NULL, NULL);
}
