/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_H
#define ACTREC_H

/* All of actrec. */

#include <actrec/actor.h>
#include <actrec/arguments.h>
#include <actrec/bind.h>
#include <actrec/config.h>
#include <actrec/db.h>
#include <actrec/decimal.h>
#include <actrec/declare.h>
#include <actrec/error.h>
#include <actrec/executor.h>
#include <actrec/future.h>
#include <actrec/key.h>
#include <actrec/model.h>
#include <actrec/record.h>
#include <actrec/rows.h>
#include <actrec/runtime.h>
#include <actrec/supervisor.h>
#include <actrec/terminal.h>
#include <actrec/time.h>
#include <actrec/timer.h>
#include <actrec/uuid.h>
#include <actrec/value.h>

#endif
