/* SPDX-License-Identifier: MIT */
/* Linked into every test program. With AR_TEST_LOCALE=de_DE.UTF-8 the whole suite runs under a locale whose decimal
 * point is a comma; a locale that is asked for and missing fails the test rather than testing nothing. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void set_locale(void)
{
    const char *wanted = getenv("AR_TEST_LOCALE");
    if (wanted == NULL || wanted[0] == '\0')
        return;
    if (setlocale(LC_ALL, wanted) == NULL) {
        fprintf(stderr, "AR_TEST_LOCALE=%s: there is no such locale (LOCPATH?)\n", wanted);
        exit(1);
    }
}
