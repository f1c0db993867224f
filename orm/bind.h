/* SPDX-License-Identifier: MIT */
#ifndef ORM_BIND_H
#define ORM_BIND_H

#include <actrec/bind.h>
#include <actrec/error.h>

/* The inside of what ar_bind makes. A list and a number that was too large are ar_values of types that no ar_type
 * names, so that arguments are one array of one type. */
#define ARI_TYPE_LIST      0x100 /* | its ar_kind; as.bytes: the items and their count */
#define ARI_TYPE_TOO_LARGE 0x200

static inline bool ari_value_is_list(const ar_value *value)
{
    return ((unsigned)value->type & ARI_TYPE_LIST) != 0;
}

static inline size_t ari_list_count(const ar_value *list)
{
    return list->as.bytes.length;
}

/* Item `index` of a list as a value, borrowed from the list. */
ar_value ari_list_at(const ar_value *list, size_t index);

/* Bytes that an object of `kind` takes; 0 for a number that is none. */
size_t ari_kind_size(ar_kind kind);

/* The type that values of `kind` have in the database; AR_TYPE_NULL for AR_KIND_NONE and AR_KIND_VALUE. */
ar_type ari_kind_type(ar_kind kind);

/* The value of the object of `kind` at `object`; texts and bytes are borrowed from where it points. */
ar_value ari_kind_load(ar_kind kind, const void *object);

/* Puts `value` into the object of `kind` at `object`, pointing at value's own texts and bytes. False: the value is of
 * another type than ari_kind_type, does not fit, or is NULL where the kind has none; the object is left alone. A
 * string must have a NUL behind it. */
bool ari_kind_store(ar_kind kind, void *object, const ar_value *value);

/* Whether objects of `kind` can say SQL NULL. */
bool ari_kind_is_nullable(ar_kind kind);

/* Whether `a` and `b` are the same value: numbers and floats by their bits, texts and bytes by content. */
bool ari_value_equal(const ar_value *a, const ar_value *b);

/* AR_E_INVALID for what cannot be a parameter on its own: a list, a number above INT64_MAX, a type that is none; a
 * text too long to send. */
ar_status ari_value_check(const ar_value *value, const char *what, ar_error *err);

#endif
