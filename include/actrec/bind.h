/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_BIND_H
#define ACTREC_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <actrec/value.h>

/* From C values to bound ones. `ar_bind(x)` makes an ar_value of any integer, bool, float, double, `char *`, `const
 * char *`, type of actrec/value.h or optional one; a type that is not listed does not compile. A NULL `const char *`
 * and an optional without a value are SQL NULL, and so is AR_NULL. An unsigned integer above INT64_MAX is
 * AR_E_INVALID for whoever is given it. Texts and bytes are borrowed until the call that the value is given to has
 * returned. A list for IN is AR_LIST(pointer, count), typed by its pointer. */

/* How a C object holds a value: a member of a record, an element of a list. The numbers are part of the ABI. */
typedef enum ar_kind {
    AR_KIND_NONE = 0, /* nothing that can be stored: ignored members */
    AR_KIND_BOOL = 1,
    AR_KIND_INT16 = 2,
    AR_KIND_INT32 = 3,
    AR_KIND_INT64 = 4,
    AR_KIND_ENUM = 5, /* unsigned int, which is what enums are */
    AR_KIND_FLOAT = 6,
    AR_KIND_DOUBLE = 7,
    AR_KIND_STRING = 8, /* const char *, NUL-terminated */
    AR_KIND_TEXT = 9,
    AR_KIND_BYTES = 10,
    AR_KIND_JSON = 11,
    AR_KIND_TIMESTAMP = 12,
    AR_KIND_DATE = 13,
    AR_KIND_TIME = 14,
    AR_KIND_DECIMAL = 15,
    AR_KIND_UUID = 16,
    AR_KIND_OPT_BOOL = 17,
    AR_KIND_OPT_INT16 = 18,
    AR_KIND_OPT_INT32 = 19,
    AR_KIND_OPT_INT64 = 20,
    AR_KIND_OPT_FLOAT = 21,
    AR_KIND_OPT_DOUBLE = 22,
    AR_KIND_OPT_TIMESTAMP = 23,
    AR_KIND_OPT_DATE = 24,
    AR_KIND_OPT_TIME = 25,
    AR_KIND_OPT_DECIMAL = 26,
    AR_KIND_OPT_UUID = 27,
    AR_KIND_INT8 = 28, /* these in lists alone */
    AR_KIND_UINT8 = 29,
    AR_KIND_UINT16 = 30,
    AR_KIND_UINT64 = 31,
    AR_KIND_VALUE = 32 /* ar_value */
} ar_kind;

AR_BEGIN_DECLS

/* An integer that may be too large: above INT64_MAX it becomes a value that every call refuses with AR_E_INVALID.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  later, where the value is used. */
AR_API ar_value ar_bind_unsigned(unsigned long long number);

/* The list that AR_LIST makes: `count` objects of `kind` at `items`, borrowed until the call that is given it has
 * returned. NULL is right for no items alone.
 * Owns:    nothing.
 * Threads: any.
 * Blocks:  never.
 * Errors:  later, where the value is used: a list belongs in an IN and nowhere else. */
AR_API ar_value ar_bind_list(const void *items, size_t count, ar_kind kind);

AR_END_DECLS

/* Kinds of `long` differ between platforms. */
#define AR_KIND_LONG_  (sizeof(long) == 8 ? AR_KIND_INT64 : AR_KIND_INT32)
#define AR_KIND_ULONG_ (sizeof(unsigned long) == 8 ? AR_KIND_UINT64 : AR_KIND_ENUM)

/* Every C type that binds: X(type, name). */
#define AR_BIND_TYPES_(X)              \
    X(bool, bool_)                     \
    X(char, char_)                     \
    X(signed char, schar)              \
    X(unsigned char, uchar)            \
    X(short, short_)                   \
    X(unsigned short, ushort)          \
    X(int, int_)                       \
    X(unsigned, uint)                  \
    X(long, long_)                     \
    X(unsigned long, ulong)            \
    X(long long, llong)                \
    X(unsigned long long, ullong)      \
    X(float, float_)                   \
    X(double, double_)                 \
    X(char *, mutable_string)          \
    X(const char *, string)            \
    X(ar_text, text)                   \
    X(ar_bytes, bytes)                 \
    X(ar_json, json)                   \
    X(ar_timestamp, timestamp)         \
    X(ar_date, date)                   \
    X(ar_time, time)                   \
    X(ar_decimal, decimal)             \
    X(ar_uuid, uuid)                   \
    X(ar_opt_bool, opt_bool)           \
    X(ar_opt_int16, opt_int16)         \
    X(ar_opt_int32, opt_int32)         \
    X(ar_opt_int64, opt_int64)         \
    X(ar_opt_float, opt_float)         \
    X(ar_opt_double, opt_double)       \
    X(ar_opt_timestamp, opt_timestamp) \
    X(ar_opt_date, opt_date)           \
    X(ar_opt_time, opt_time)           \
    X(ar_opt_decimal, opt_decimal)     \
    X(ar_opt_uuid, opt_uuid)

#ifdef __cplusplus
#define AR_BIND_FUNCTION_(type, name) static inline AR_UNUSED ar_value ar_bind(type x)
#else
#define AR_BIND_FUNCTION_(type, name) static inline AR_UNUSED ar_value ar_bind_##name(type x)
#endif

/* One function a type: AR_BIND_DEFINE_(C type, name, ar_type, member of the union, converted to, condition for not
 * being NULL, value). */
#define AR_BIND_DEFINE_(ctype, name, tag, member, not_null, expression) \
    AR_BIND_FUNCTION_(ctype, name)                                      \
    {                                                                   \
        ar_value value;                                                 \
        memset(&value, 0, sizeof value);                                \
        if (not_null) {                                                 \
            value.type = tag;                                           \
            value.as.member = expression;                               \
        }                                                               \
        return value;                                                   \
    }

static inline AR_UNUSED ar_text ar_bind_text_of_(const char *text)
{
    ar_text result;
    result.data = text;
    result.length = text != NULL ? strlen(text) : 0;
    return result;
}

static inline AR_UNUSED ar_text ar_bind_text_of_json_(ar_json json)
{
    ar_text result;
    result.data = json.data;
    result.length = json.length;
    return result;
}

AR_BIND_DEFINE_(bool, bool_, AR_TYPE_BOOL, boolean, true, x)
AR_BIND_DEFINE_(char, char_, AR_TYPE_INT16, integer, true, x)
AR_BIND_DEFINE_(signed char, schar, AR_TYPE_INT16, integer, true, x)
AR_BIND_DEFINE_(unsigned char, uchar, AR_TYPE_INT16, integer, true, x)
AR_BIND_DEFINE_(short, short_, AR_TYPE_INT16, integer, true, x)
AR_BIND_DEFINE_(unsigned short, ushort, AR_TYPE_INT32, integer, true, x)
AR_BIND_DEFINE_(int, int_, AR_TYPE_INT32, integer, true, x)
AR_BIND_DEFINE_(unsigned, uint, AR_TYPE_INT64, integer, true, x)
AR_BIND_DEFINE_(long, long_, AR_TYPE_INT64, integer, true, x)
AR_BIND_DEFINE_(long long, llong, AR_TYPE_INT64, integer, true, x)
AR_BIND_DEFINE_(float, float_, AR_TYPE_FLOAT, single, true, x)
AR_BIND_DEFINE_(double, double_, AR_TYPE_DOUBLE, real, true, x)
AR_BIND_DEFINE_(char *, mutable_string, AR_TYPE_TEXT, text, x != NULL, ar_bind_text_of_(x))
AR_BIND_DEFINE_(const char *, string, AR_TYPE_TEXT, text, x != NULL, ar_bind_text_of_(x))
AR_BIND_DEFINE_(ar_text, text, AR_TYPE_TEXT, text, x.data != NULL, x)
AR_BIND_DEFINE_(ar_bytes, bytes, AR_TYPE_BYTES, bytes, x.data != NULL, x)
AR_BIND_DEFINE_(ar_json, json, AR_TYPE_JSON, text, x.data != NULL, ar_bind_text_of_json_(x))
AR_BIND_DEFINE_(ar_timestamp, timestamp, AR_TYPE_TIMESTAMP, timestamp, true, x)
AR_BIND_DEFINE_(ar_date, date, AR_TYPE_DATE, date, true, x)
AR_BIND_DEFINE_(ar_time, time, AR_TYPE_TIME, time, true, x)
AR_BIND_DEFINE_(ar_decimal, decimal, AR_TYPE_DECIMAL, decimal, true, x)
AR_BIND_DEFINE_(ar_uuid, uuid, AR_TYPE_UUID, uuid, true, x)
AR_BIND_DEFINE_(ar_opt_bool, opt_bool, AR_TYPE_BOOL, boolean, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_int16, opt_int16, AR_TYPE_INT16, integer, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_int32, opt_int32, AR_TYPE_INT32, integer, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_int64, opt_int64, AR_TYPE_INT64, integer, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_float, opt_float, AR_TYPE_FLOAT, single, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_double, opt_double, AR_TYPE_DOUBLE, real, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_timestamp, opt_timestamp, AR_TYPE_TIMESTAMP, timestamp, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_date, opt_date, AR_TYPE_DATE, date, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_time, opt_time, AR_TYPE_TIME, time, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_decimal, opt_decimal, AR_TYPE_DECIMAL, decimal, x.has, x.value)
AR_BIND_DEFINE_(ar_opt_uuid, opt_uuid, AR_TYPE_UUID, uuid, x.has, x.value)

AR_BIND_FUNCTION_(unsigned long, ulong)
{
    return ar_bind_unsigned(x);
}

AR_BIND_FUNCTION_(unsigned long long, ullong)
{
    return ar_bind_unsigned(x);
}

AR_BIND_FUNCTION_(ar_value, value)
{
    return x;
}

/* Every element type that makes a list: X(type, kind), each for pointers to it and to const it. */
#define AR_LIST_TYPES_(X)                 \
    X(bool, AR_KIND_BOOL)                 \
    X(signed char, AR_KIND_INT8)          \
    X(unsigned char, AR_KIND_UINT8)       \
    X(short, AR_KIND_INT16)               \
    X(unsigned short, AR_KIND_UINT16)     \
    X(int, AR_KIND_INT32)                 \
    X(unsigned, AR_KIND_ENUM)             \
    X(long, AR_KIND_LONG_)                \
    X(unsigned long, AR_KIND_ULONG_)      \
    X(long long, AR_KIND_INT64)           \
    X(unsigned long long, AR_KIND_UINT64) \
    X(float, AR_KIND_FLOAT)               \
    X(double, AR_KIND_DOUBLE)             \
    X(ar_text, AR_KIND_TEXT)              \
    X(ar_bytes, AR_KIND_BYTES)            \
    X(ar_json, AR_KIND_JSON)              \
    X(ar_timestamp, AR_KIND_TIMESTAMP)    \
    X(ar_date, AR_KIND_DATE)              \
    X(ar_time, AR_KIND_TIME)              \
    X(ar_decimal, AR_KIND_DECIMAL)        \
    X(ar_uuid, AR_KIND_UUID)              \
    X(ar_value, AR_KIND_VALUE)

#ifdef __cplusplus

/* The template is for the arrays of arguments below: a temporary that lives until the call has returned. */
template <size_t N> struct ar_values_ {
    ar_value items[N];
};
#define AR_VALUE_ARRAY_(count, ...) (ar_values_<count>{ { __VA_ARGS__ } }.items)

static inline AR_UNUSED ar_value ar_bind_null_()
{
    ar_value value;
    memset(&value, 0, sizeof value);
    return value;
}
#define AR_NULL ar_bind_null_()

#define AR_LIST_DEFINE_(type, kind)                                            \
    static inline AR_UNUSED ar_value ar_list_(const type *items, size_t count) \
    {                                                                          \
        return ar_bind_list(items, count, kind);                               \
    }
AR_LIST_TYPES_(AR_LIST_DEFINE_)
static inline AR_UNUSED ar_value ar_list_(const char *const *items, size_t count)
{
    return ar_bind_list(items, count, AR_KIND_STRING);
}
#define AR_LIST(pointer, count) ar_list_((pointer), static_cast<size_t>(count))

#else

#define AR_VALUE_ARRAY_(count, ...) ((const ar_value[]){ __VA_ARGS__ })

/* SQL NULL as an argument. */
#define AR_NULL                     ((ar_value){ .type = AR_TYPE_NULL })

#define AR_BIND_CASE_(type, name) \
    type:                         \
    ar_bind_##name,
/* Without parentheses round the first x: an error is then at the caller's line, also where this is no system header. */
#define ar_bind(x) (_Generic(x, AR_BIND_TYPES_(AR_BIND_CASE_) ar_value : ar_bind_value)(x))

/* A pointer to an enum is another type for clang than one to the integer that the enum is compatible with, while
 * their values are not: this looks at the value. Anything else gives an object of a type that is named for the
 * message that the compiler writes then. */
struct ar_type_that_cannot_be_stored {
    int unused;
};
#define AR_KIND_OF_ENUM_(x) \
    _Generic((x), int : AR_KIND_INT32, unsigned : AR_KIND_ENUM, default : (struct ar_type_that_cannot_be_stored){ 0 })

/* `count` objects at `pointer`, as one argument of an IN. */
#define AR_LIST_CASE_(type, kind) type * : kind, const type * : kind,
#define AR_LIST_KIND_(pointer) \
    _Generic((pointer), AR_LIST_TYPES_(AR_LIST_CASE_) char **: AR_KIND_STRING, char *const *: AR_KIND_STRING,          \
             const char **: AR_KIND_STRING, const char *const *: AR_KIND_STRING,                                       \
             default: AR_KIND_OF_ENUM_(*(pointer)))
#define AR_LIST(pointer, count) ar_bind_list((pointer), (size_t)(count), AR_LIST_KIND_(pointer))

#endif

#endif
