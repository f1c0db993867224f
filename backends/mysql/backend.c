/* SPDX-License-Identifier: MIT */
#include "backends/mysql/backend.h"

#include "backends/mysql/classify.h"
#include "backends/mysql/config.h"
#include "backends/mysql/connection.h"
#include "backends/mysql/dialect.h"

static const char *const schemes[] = { "mysql", "mariadb", NULL };

const ar_backend ari_mysql_backend = {
    .struct_size = sizeof(ar_backend),
    .name = "mysql",
    .schemes = schemes,
    .dialect = &ari_mysql_dialect,
    .configure = ari_mysql_configure,
    .config_free = ari_mysql_config_free,
    .classify = ari_mysql_classify,
    .open = ari_mysql_open,
    .submit = ari_mysql_submit,
    .usable = ari_mysql_usable,
    .close = ari_mysql_close,
#if !AR_MYSQL_BLOCKING
    .progress = ari_mysql_progress,
    .shed = ari_mysql_shed,
#endif
    .dialect_of = ari_mysql_reached_dialect,
};
