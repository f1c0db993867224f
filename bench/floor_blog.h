/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_BLOG_H
#define BENCH_FLOOR_BLOG_H

#include <stddef.h>

/* Users, their posts and the comments on these, as a careful program reads them without actrec: three statements
 * prepared for good, rows copied once, grouped through a table of their keys. */
typedef struct floor_blog floor_blog;

/* Opens "<folder>/<file>", which has the tables already, as the backend of actrec opens its connections. */
floor_blog *floor_blog_open(const char *folder, const char *file);
void floor_blog_close(floor_blog *floor);

/* Reads all of it, counts what each one has, and frees it; gives how many records there were. */
size_t floor_blog_read(floor_blog *floor);

#endif
