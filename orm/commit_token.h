/* SPDX-License-Identifier: MIT */
#ifndef ORM_COMMIT_TOKEN_H
#define ORM_COMMIT_TOKEN_H

#include "orm/db.h"

/* The statements of AR_TX_VERIFY_COMMIT, for all transactions of a database. */
typedef struct ari_commit_tokens ari_commit_tokens;

/* Those of `slot`, made when there are none yet; they live until it is destroyed. NULL: no memory. Any thread. */
ari_token_statements *ari_commit_tokens_get(_Atomic(ari_commit_tokens *) *slot, const ari_db *db);

void ari_commit_tokens_destroy(ari_commit_tokens *tokens); /* NULL does nothing */

#endif
