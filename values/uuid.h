/* SPDX-License-Identifier: MIT */
#ifndef VALUES_UUID_H
#define VALUES_UUID_H

#include <actrec/sys/env.h>
#include <actrec/uuid.h>

/* ar_uuid_v4 and ar_uuid_v7 with the generator and the clock of an environment other than the default. */
ar_status ari_uuid_v4(const ar_env *env, ar_uuid *out, ar_error *err);
ar_status ari_uuid_v7(const ar_env *env, ar_uuid *out, ar_error *err);

#endif
