/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/counted.h"
#include "tests/support/fixture.h"
#include "tests/support/writers.h"

/* Many-to-many relations: one statement a level, whatever the tables between look like, on each database that there is.
 * Courses, students and the rows between have columns of the same names. */

typedef struct Course Course;
typedef struct Student Student;
typedef struct Seat Seat;

struct Course {
    int64_t id;
    const char *name;
    AR_MANY(Student) students;
};
struct Student {
    const char *id;
    const char *name;
    int64_t school;
    ar_opt_timestamp deleted_at;
    AR_MANY(Course) courses;
};
struct Seat {
    int64_t id;
    ar_opt_int64 course;
    const char *student;
    const char *name;
    int64_t school;
    bool hidden;
    ar_opt_timestamp deleted_at;
};
AR_MODEL_DECLARE(Course);
AR_MODEL_DECLARE(Student);
AR_MODEL_DECLARE(Seat);

AR_MODEL_DEFINE(Course, "courses", AR_COLUMN(Course, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Course, name),
                AR_MANY_TO_MANY(Course, students, Student, Seat, course, student));
AR_MODEL_DEFINE(Student, "students", AR_COLUMN(Student, id, AR_PRIMARY_KEY), AR_COLUMN(Student, name),
                AR_COLUMN(Student, school, AR_TENANT), AR_COLUMN(Student, deleted_at, AR_DELETED_AT),
                AR_MANY_TO_MANY(Student, courses, Course, Seat, student, course));
AR_MODEL_DEFINE(Seat, "seats", AR_COLUMN(Seat, id, AR_PRIMARY_KEY | AR_AUTO), AR_COLUMN(Seat, course),
                AR_COLUMN(Seat, student), AR_COLUMN(Seat, name), AR_COLUMN(Seat, school, AR_TENANT),
                AR_COLUMN(Seat, hidden), AR_COLUMN(Seat, deleted_at, AR_DELETED_AT),
                AR_OPTIONS(Seat, .default_scope = "hidden = false"));

enum { MODELS = WRITERS_MODELS + 3 };
static const ar_model *models[MODELS];

static ar_db *school;

static ar_opt_int64 in(int64_t course)
{
    return (ar_opt_int64){ .has = course != 0, .value = course };
}

#define DELETED                          \
    {                                    \
        .has = true, .value = {.us = 1 } \
    }

/* Students a, b, c and d of school 1, of which d was deleted; all sit in course 1, b and c in 2; besides, seats that do
 * not count. */
static void fill_school(void)
{
    Course courses[] = { { .name = "one" }, { .name = "two" }, { .name = "three" } };
    Student students[] = { { .id = "d", .name = "D", .deleted_at = DELETED },
                           { .id = "c", .name = "C" },
                           { .id = "a", .name = "A" },
                           { .id = "b", .name = "B" },
                           { .id = "e", .name = "E" } };
    Student stranger = { .id = "s", .name = "S", .school = 2 };
    Seat strange = { .course = in(1), .student = "a", .school = 2 };
    Seat seats[] = {
        { .course = in(1), .student = "a", .name = "x" },
        { .course = in(1), .student = "d", .name = "x" },
        { .course = in(1), .student = "c", .name = "x" },
        { .course = in(2), .student = "b", .name = "x" },
        { .course = in(1), .student = "b", .name = "x" },
        { .course = in(2), .student = "c", .name = "x" },
        { .course = in(2), .student = "c", .name = "again" },
        { .course = in(2), .student = "a", .hidden = true },
        { .course = in(1), .student = "s" },
        { .course = in(2), .student = NULL },
        { .course = in(0), .student = "e" },
        { .course = in(3), .student = "E" }, /* nobody, whatever the collation says */
        { .course = in(3), .student = "e", .deleted_at = DELETED },
    };
    ar_db *other = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(2) });
    ok(Course_insert_many(school, courses, 3, &err));
    ok(Student_insert_many(school, students, 5, &err));
    ok(Seat_insert_many(school, seats, sizeof seats / sizeof seats[0], &err));
    ok(Student_insert(other, &stranger, &err));
    ok(Seat_insert(other, &strange, &err));
    ar_scope_close(&other);
}

static int fill(void **state)
{
    (void)state;
    school = ar_scope_open(db, &(ar_scope_options){ .tenant = ar_bind(1) });
    fill_school();
    return 0;
}

static int leave(void **state)
{
    (void)state;
    ar_scope_close(&school);
    return 0;
}

static const char *students_of(const Course *course)
{
    static char ids[64];
    Student_list students;
    ok(AR_GET_MANY(course, students, &students, &err));
    ids[0] = '\0';
    for (size_t i = 0; i < students.count; i++)
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s", students.items[i]->id);
    return ids;
}

static Course_list courses_with(ar_path path)
{
    Course_list courses;
    ar_query *q = Course_query(school);
    ar_query_order_by(q, "id");
    ar_query_include(q, path);
    Course_list_future future = Course_all_async(ar_query_clone(q));
    ok(Course_all(q, &courses, &err));
    Course_list_free(&courses);
    ok(Course_list_await(&future, &courses, &err));
    assert_int_equal(courses.count, 3);
    return courses;
}

static void scopes_of_both_tables_hold(void **state)
{
    (void)state;
    Course_list courses = courses_with(AR_PATH(Course, students));
    assert_string_equal(students_of(courses.items[0]), "abc");
    assert_string_equal(students_of(courses.items[1]), "bc");
    assert_string_equal(students_of(courses.items[2]), "");
    Course_list_free(&courses);
}

static void without_a_tenant_there_is_none(void **state)
{
    (void)state;
    Course *course;
    fails(Course_find_one_with(db, ar_key(1), AR_PATH(Course, students), &course, &err), AR_E_INVALID);
    Course_future future = Course_find_one_with_async(db, ar_key(1), AR_PATH(Course, students));
    fails(Course_await(&future, &course, &err), AR_E_INVALID);
}

/* The columns that it names are those of the students, although the rows between have such ones too. */
static void named(ar_query *query, void *arg)
{
    ar_query_where(query, "name <> ? and id <> ?", (const char *)arg, "x");
    ar_query_order_by(query, "name desc");
}

static void with_deleted(ar_query *query, void *arg)
{
    (void)arg;
    ar_query_with_deleted(query);
    ar_query_filter(query, AR_GT(Student, id, "b"));
}

static void by_seat(ar_query *query, void *arg)
{
    (void)arg;
    ar_query_join(query, AR_INNER_JOIN, Seat, NULL, AR_ON(Seat, student, Student, id));
    ar_query_filter(query, AR_EQ(Seat, name, "again"));
}

static void a_level_is_narrowed_by_its_own_columns(void **state)
{
    (void)state;
    char out[] = "B";
    Course_list courses = courses_with(ar_path_by(AR_PATH(Course, students), named, out));
    assert_string_equal(students_of(courses.items[0]), "ca");
    assert_string_equal(students_of(courses.items[1]), "c");
    Course_list_free(&courses);
    courses = courses_with(ar_path_by(AR_PATH(Course, students), with_deleted, NULL));
    assert_string_equal(students_of(courses.items[0]), "cd");
    Course_list_free(&courses);
    courses = courses_with(ar_path_by(AR_PATH(Course, students), by_seat, NULL));
    assert_string_equal(students_of(courses.items[0]), "c");
    assert_string_equal(students_of(courses.items[1]), "c");
    Course_list_free(&courses);
}

static void a_record_of_several_is_one(void **state)
{
    (void)state;
    Student_list first, second;
    Course_list courses, taken;
    ar_query *q = Course_query(school);
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Course, students, Student, courses));
    ok(Course_all(q, &courses, &err));
    ok(AR_GET_MANY(courses.items[0], students, &first, &err));
    ok(AR_GET_MANY(courses.items[1], students, &second, &err));
    assert_ptr_equal(first.items[1], second.items[0]);
    ok(AR_GET_MANY(first.items[1], courses, &taken, &err));
    assert_int_equal(taken.count, 2);
    assert_string_equal(taken.items[0]->name, "one");
    assert_string_equal(taken.items[1]->name, "two");
    Course_list_free(&courses);
}

enum { MANY = 20000, TAGS = 3000 };

/* More owners than go in one statement as a list, each with a record of its own and one that all have. */
static void any_number_of_owners(void **state)
{
    (void)state;
    static Story posts[MANY];
    static StoryTag ties[2 * MANY];
    static Tag tags[TAGS];
    static char names[TAGS][8];
    Story_list read;
    Tag_list own;
    writers_fill(db);
    for (int i = 0; i < TAGS; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        tags[i] = (Tag){ .name = names[i], .weight = i };
    }
    ok(Tag_insert_many(db, tags, TAGS, &err));
    for (int i = 0; i < MANY; i++)
        posts[i] = (Story){ .title = "t" };
    ok(Story_insert_many(db, posts, MANY, &err));
    for (int i = 0; i < MANY; i++) {
        ties[2 * i] = (StoryTag){ .post_id = posts[i].id, .tag = "news" };
        ties[2 * i + 1] = (StoryTag){ .post_id = posts[i].id, .tag = names[i % TAGS] };
    }
    ok(StoryTag_insert_many(db, ties, 2 * MANY, &err));
    ar_query *q = Story_query(db);
    ar_query_filter(q, AR_EQ(Story, title, "t"));
    ar_query_order_by(q, "id");
    ar_query_include(q, AR_PATH(Story, tags));
    ok(Story_all(q, &read, &err));
    assert_int_equal(read.count, MANY);
    for (int i = 0; i < MANY; i++) {
        ok(AR_GET_MANY(read.items[i], tags, &own, &err));
        assert_int_equal(own.count, 2);
        assert_string_equal(own.items[0]->name, "news");
        assert_int_equal(own.items[1]->weight, i % TAGS);
    }
    Story_list_free(&read);
}

/* --- Statements --- */

static ar_db *counting;

static int count(void **state)
{
    (void)state;
    if (counted_open(writers_models, WRITERS_MODELS, &counting))
        writers_fill(counting);
    else
        writers_fill(db);
    (void)counted_statements();
    return 0;
}

static int stop_counting(void **state)
{
    (void)state;
    ar_db_close(&counting);
    return 0;
}

static void heaviest_first(ar_query *query, void *arg)
{
    ar_query_order_by(query, "weight desc");
    ar_query_filter(query, AR_GE(Tag, weight, *(const int *)arg));
}

static void by_title(ar_query *query, void *arg)
{
    (void)arg;
    ar_query_order_by(query, "title");
}

static void a_level_is_one_statement(void **state)
{
    (void)state;
    int least = 2;
    Writer_list writers;
    for (int async = 0; async < 2; async++) {
        ar_query *q = Writer_query(counting);
        ar_query_order_by(q, "id");
        ar_query_include(q, ar_path_by(AR_PATH(Writer, posts), by_title, NULL));
        ar_query_include(q, ar_path_by(AR_PATH(Writer, posts, Story, tags), heaviest_first, &least));
        ar_query_include(q, AR_PATH(Writer, posts, Story, tags, Tag, posts, Story, author));
        Writer_list_future future = { NULL };
        if (async)
            future = Writer_all_async(q);
        ok(async ? Writer_list_await(&future, &writers, &err) : Writer_all(q, &writers, &err));
        assert_int_equal(counted_statements(), 5);
        Writer_list_free(&writers);
    }
}

static void so_it_is_for_records_that_are_there(void **state)
{
    (void)state;
    Story_list posts;
    ok(Story_all(Story_query(counting), &posts, &err));
    (void)counted_statements();
    ok(Story_list_load(counting, &posts, AR_PATH(Story, tags), &err));
    assert_int_equal(counted_statements(), 1);
    ar_done done = Story_list_load_async(counting, &posts, AR_PATH(Story, tags, Tag, posts));
    ok(ar_done_await(&done, &err));
    assert_int_equal(counted_statements(), 2);
    Story_list_free(&posts);
}

static ar_status load_ties(void)
{
    Course_list courses;
    ar_query *q = Course_query(school);
    char out[] = "B";
    ar_query_include(q, ar_path_by(AR_PATH(Course, students), named, out));
    ar_query_include(q, AR_PATH(Course, students, Student, courses));
    ar_status status = Course_all(q, &courses, &err);
    assert_int_equal(courses.count, status == AR_OK ? 3 : 0);
    Course_list_free(&courses);
    return status;
}

static void nothing(void) {}

static void without_memory_it_fails_cleanly(void **state)
{
    (void)state;
    fixture_each_refusal(load_ties, nothing);
}

int main(void)
{
#define filled(test)  cmocka_unit_test_setup_teardown(test, fill, leave)
#define counted(test) cmocka_unit_test_setup_teardown(test, count, stop_counting)
    const struct CMUnitTest tests[] = {
        filled(scopes_of_both_tables_hold),
        filled(without_a_tenant_there_is_none),
        filled(a_level_is_narrowed_by_its_own_columns),
        filled(a_record_of_several_is_one),
        cmocka_unit_test(any_number_of_owners),
        counted(a_level_is_one_statement),
        counted(so_it_is_for_records_that_are_there),
        filled(without_memory_it_fails_cleanly),
    };
    memcpy(models, writers_models, sizeof writers_models);
    models[WRITERS_MODELS] = &Course_model;
    models[WRITERS_MODELS + 1] = &Student_model;
    models[WRITERS_MODELS + 2] = &Seat_model;
    return fixture_main("ties", tests, models);
}
