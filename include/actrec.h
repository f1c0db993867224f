/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_H
#define ACTREC_H

/* Everything but actrec/sys/, which is for those who extend the library: new backends, other environments. */
#include <actrec/actor.h>
#include <actrec/bulk.h>
#include <actrec/change.h>
#include <actrec/changes.h>
#include <actrec/combine.h>
#include <actrec/config.h>
#include <actrec/db.h>
#include <actrec/decimal.h>
#include <actrec/declare.h>
#include <actrec/declare_async.h>
#include <actrec/eager.h>
#include <actrec/error.h>
#include <actrec/event.h>
#include <actrec/executor.h>
#include <actrec/expression.h>
#include <actrec/future.h>
#include <actrec/inspect.h>
#include <actrec/introspect.h>
#include <actrec/isolation.h>
#include <actrec/join.h>
#include <actrec/key.h>
#include <actrec/listen.h>
#include <actrec/members.h>
#include <actrec/migration.h>
#include <actrec/model.h>
#include <actrec/page.h>
#include <actrec/pluck.h>
#include <actrec/predicate.h>
#include <actrec/query.h>
#include <actrec/record.h>
#include <actrec/relation.h>
#include <actrec/row.h>
#include <actrec/rows.h>
#include <actrec/runtime.h>
#include <actrec/schema.h>
#include <actrec/schema_diff.h>
#include <actrec/select.h>
#include <actrec/supervisor.h>
#include <actrec/time.h>
#include <actrec/timer.h>
#include <actrec/uuid.h>
#include <actrec/validation.h>
#include <actrec/value.h>

#endif
