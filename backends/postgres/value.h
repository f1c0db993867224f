/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_VALUE_H
#define BACKENDS_POSTGRES_VALUE_H

#include <libpq-fe.h>

#include <actrec/sys/backend.h>

#include "values/memory.h"

/* How values travel: in the binary format of the parameter's or column's own type, as src/backend/utils/adt of the server reads and writes it, where the type is one of
 * oid.h; else as text. A value goes into a parameter of another type only where nothing is lost: an int64 into an integer when it fits, a decimal into a float8 when it is
 * the same number. NaN is refused, as on the other engines. */

/* The parameters of one execution, as libpq takes them; the memory is used again by the next. */
typedef struct ari_postgres_parameters {
    const ar_env *env;
    ari_text_buffer bytes;
    const char **values; /* into `bytes`, or into the values that were encoded */
    size_t *offsets;     /* in `bytes`; SIZE_MAX: not there */
    int *lengths;
    int *formats;
    Oid *types; /* room for a caller's */
    size_t capacity;
} ari_postgres_parameters;

void ari_postgres_parameters_init(ari_postgres_parameters *parameters, const ar_env *env);
void ari_postgres_parameters_fini(ari_postgres_parameters *parameters);
bool ari_postgres_parameters_reserve(ari_postgres_parameters *parameters, size_t count);

/* `count` values for parameters of these types. Large texts and bytes are borrowed. */
ar_status ari_postgres_encode(ari_postgres_parameters *parameters, const Oid *types, size_t count,
                              const ar_value *values, ar_error *err);

/* `rows` times `count` values, row by row, for parameters that are arrays: each of one column of all rows. */
ar_status ari_postgres_encode_rows(ari_postgres_parameters *parameters, const Oid *types, size_t count,
                                   const ar_value *values, size_t rows, ar_error *err);

/* One parameter, an array of `count` elements, the i-th of them *keys[i]. AR_E_TYPE for the first that does not fit. */
ar_status ari_postgres_encode_keys(ari_postgres_parameters *parameters, Oid type, const ar_value *const *keys,
                                   size_t count, ar_error *err);

/* Whether a parameter that is an array of `type` could hold the key. */
bool ari_postgres_key_fits(Oid type, const ar_value *key);

/* How the columns of one result are read: chosen once, used for each row. */
typedef struct ari_postgres_decoder ari_postgres_decoder;
typedef bool (*ari_postgres_decode_fn)(const ari_postgres_decoder *column, const char *data, size_t length,
                                       ar_value *out);
struct ari_postgres_decoder {
    ari_postgres_decode_fn decode; /* false: it does not fit */
    Oid type;
    ar_type wanted;
    char *scratch; /* ARI_POSTGRES_SCRATCH bytes for texts that are made */
};

enum { ARI_POSTGRES_SCRATCH = 64 };

typedef struct ari_postgres_columns {
    const ar_env *env;
    ari_postgres_decoder *decoders;
    ar_value *values; /* one row */
    ar_result_column *names;
    char *scratch;
    size_t capacity;
    size_t count;
} ari_postgres_columns;

void ari_postgres_columns_fini(ari_postgres_columns *columns);

/* Makes ready for the rows of `result`; `wanted` may be NULL, else has as many types as there are columns. */
ar_status ari_postgres_columns_prepare(ari_postgres_columns *columns, const PGresult *result, const ar_type *wanted,
                                       ar_error *err);

/* Decodes row `row` into columns->values. Texts and bytes are borrowed from the result. */
ar_status ari_postgres_decode(ari_postgres_columns *columns, const PGresult *result, int row, ar_error *err);

/* Whether the binary format of the type is understood; else its columns are asked for as text. */
bool ari_postgres_reads_binary(Oid type);

/* Its name; NULL when it is not known. */
const char *ari_postgres_type_name(Oid type);

/* The type of the elements of an array type; 0: not known. */
Oid ari_postgres_element_of(Oid array);

/* numeric.c: the binary format of numeric. `out` gets at most ARI_POSTGRES_NUMERIC_SIZE bytes. */
enum { ARI_POSTGRES_NUMERIC_SIZE = 64 };
size_t ari_postgres_numeric_write(ar_decimal value, unsigned char *out);
bool ari_postgres_numeric_read(const char *data, size_t length, ar_decimal *out);

/* The double nearest to a numeric of any size, NaN and infinities too. */
bool ari_postgres_numeric_to_double(const char *data, size_t length, double *out);

/* encode.c: whether `length` bytes are UTF-8 without a NUL. */
bool ari_postgres_is_text(const char *text, size_t length);

#endif
