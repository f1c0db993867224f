/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_ISOLATION_H
#define ACTREC_ISOLATION_H

#include <actrec/config.h>

AR_BEGIN_DECLS

/* What a transaction may see of others that run at the same time. It is the least that is asked for: SQLite is always serializable. */
typedef enum ar_isolation {
    AR_ISOLATION_DEFAULT = 0,     /* the engine's: see docs/transactions.md */
    AR_ISOLATION_READ_COMMITTED,  /* each statement sees what was committed before it */
    AR_ISOLATION_REPEATABLE_READ, /* all statements see what was committed before the first of them */
    AR_ISOLATION_SERIALIZABLE     /* as if the transactions ran one after the other; else AR_E_CONFLICT */
} ar_isolation;

AR_END_DECLS

#endif
