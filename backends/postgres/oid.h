/* SPDX-License-Identifier: MIT */
#ifndef BACKENDS_POSTGRES_OID_H
#define BACKENDS_POSTGRES_OID_H

/* Types of the server whose numbers never change (src/include/catalog/pg_type.dat). */
enum {
    ARI_OID_BOOL = 16,
    ARI_OID_BYTEA = 17,
    ARI_OID_CHAR = 18, /* "char", one byte */
    ARI_OID_NAME = 19,
    ARI_OID_INT8 = 20,
    ARI_OID_INT2 = 21,
    ARI_OID_INT4 = 23,
    ARI_OID_TEXT = 25,
    ARI_OID_OID = 26,
    ARI_OID_JSON = 114,
    ARI_OID_FLOAT4 = 700,
    ARI_OID_FLOAT8 = 701,
    ARI_OID_UNKNOWN = 705,
    ARI_OID_BPCHAR = 1042,
    ARI_OID_VARCHAR = 1043,
    ARI_OID_DATE = 1082,
    ARI_OID_TIME = 1083,
    ARI_OID_TIMESTAMP = 1114,
    ARI_OID_TIMESTAMPTZ = 1184,
    ARI_OID_NUMERIC = 1700,
    ARI_OID_VOID = 2278,
    ARI_OID_UUID = 2950,
    ARI_OID_JSONB = 3802
};

/* Days and microseconds from 1970-01-01 to 2000-01-01, from where the server counts. */
#define ARI_POSTGRES_EPOCH_DAYS 10957
#define ARI_POSTGRES_EPOCH_US   INT64_C(946684800000000)

#endif
