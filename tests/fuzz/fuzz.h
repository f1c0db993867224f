/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the fuzz targets share: the entry that libFuzzer calls, a reader that cuts its input into values, and a claim that ends
 * the run when it is wrong. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CLAIM(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: it is not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

typedef struct fuzz_input {
    const uint8_t *at;
    size_t left;
} fuzz_input;

static inline uint8_t fuzz_byte(fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

/* Fills `size` bytes; those that the input no longer has are zero. */
static inline void fuzz_bytes(fuzz_input *input, void *to, size_t size)
{
    size_t some = size < input->left ? size : input->left;
    memset(to, 0, size);
    if (some > 0)
        memcpy(to, input->at, some);
    input->at += some;
    input->left -= some;
}

/* The input up to the next newline, or all of it, as a string: on the heap, so that reading beyond its end is found. NULs in it
 * are left out. */
static inline char *fuzz_line(fuzz_input *input, size_t *length)
{
    const uint8_t *end = input->left > 0 ? memchr(input->at, '\n', input->left) : NULL;
    size_t size = end != NULL ? (size_t)(end - input->at) : input->left;
    size_t used = 0;
    char *text = malloc(size + 1);
    CLAIM(text != NULL);
    for (size_t i = 0; i < size; i++)
        if (input->at[i] != '\0')
            text[used++] = (char)input->at[i];
    char *exact = realloc(text, used + 1);
    CLAIM(exact != NULL);
    exact[used] = '\0';
    size_t step = end != NULL ? size + 1 : size;
    input->at += step;
    input->left -= step;
    if (length != NULL)
        *length = used;
    return exact;
}

#endif
