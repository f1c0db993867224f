/* SPDX-License-Identifier: MIT */
#include "backends/postgres/value.h"

#include "backends/postgres/oid.h"

/* Types that have the same number on every server, and the arrays of them (src/include/catalog/pg_type.dat). */
static const struct known_type {
    Oid type;
    Oid array;
    const char *name;
} known_types[] = {
    { ARI_OID_INT8, 1016, "bigint" },
    { ARI_OID_INT4, 1007, "integer" },
    { ARI_OID_TEXT, 1009, "text" },
    { ARI_OID_BOOL, 1000, "boolean" },
    { ARI_OID_TIMESTAMPTZ, 1185, "timestamptz" },
    { ARI_OID_FLOAT8, 1022, "double precision" },
    { ARI_OID_NUMERIC, 1231, "numeric" },
    { ARI_OID_UUID, 2951, "uuid" },
    { ARI_OID_BYTEA, 1001, "bytea" },
    { ARI_OID_VARCHAR, 1015, "varchar" },
    { ARI_OID_INT2, 1005, "smallint" },
    { ARI_OID_DATE, 1182, "date" },
    { ARI_OID_TIME, 1183, "time" },
    { ARI_OID_TIMESTAMP, 1115, "timestamp" },
    { ARI_OID_JSON, 199, "json" },
    { ARI_OID_JSONB, 3807, "jsonb" },
    { ARI_OID_FLOAT4, 1021, "real" },
    { ARI_OID_BPCHAR, 1014, "char" },
    { ARI_OID_NAME, 1003, "name" },
    { ARI_OID_OID, 1028, "oid" },
};

const char *ari_postgres_type_name(Oid type)
{
    for (size_t i = 0; i < sizeof known_types / sizeof known_types[0]; i++)
        if (known_types[i].type == type)
            return known_types[i].name;
    return NULL;
}

Oid ari_postgres_element_of(Oid array)
{
    for (size_t i = 0; i < sizeof known_types / sizeof known_types[0]; i++)
        if (known_types[i].array == array)
            return known_types[i].type;
    return 0;
}
