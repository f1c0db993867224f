/* SPDX-License-Identifier: MIT */
#include <actrec/value.h>

const char *ar_type_name(ar_type type)
{
    switch (type) {
    case AR_TYPE_NULL: return "null";
    case AR_TYPE_BOOL: return "bool";
    case AR_TYPE_INT16: return "int16";
    case AR_TYPE_INT32: return "int32";
    case AR_TYPE_INT64: return "int64";
    case AR_TYPE_FLOAT: return "float";
    case AR_TYPE_DOUBLE: return "double";
    case AR_TYPE_TEXT: return "text";
    case AR_TYPE_BYTES: return "bytes";
    case AR_TYPE_TIMESTAMP: return "timestamp";
    case AR_TYPE_DATE: return "date";
    case AR_TYPE_TIME: return "time";
    case AR_TYPE_DECIMAL: return "decimal";
    case AR_TYPE_UUID: return "uuid";
    case AR_TYPE_JSON: return "json";
    case AR_TYPE_ENUM: return "enum";
    }
    return "?";
}
