/* SPDX-License-Identifier: MIT */
#include <actrec/supervisor.h>

#include <string.h>

#include "actors/actor.h"
#include "values/memory.h"

/* A supervisor is an ordinary actor; its children are actors that it monitors. Each child is running (it has an actor),
 * waiting (a restart message is on its way) or down for good. The monitor is made before the child is, so that there is
 * never one that nobody looks after.
 *
 * Ending, because it was asked to stop or because children failed too often, is a walk from the last child to the
 * first: stop the last that runs, wait to be told that it is down, go on. When none runs any more the supervisor ends
 * itself, with `reason`. */

enum {
    RESTARTS_DEFAULT = 3,
    RESTARTS_MOST = 10000,
    PERIOD_DEFAULT = 5000,
    BACKOFF_DEFAULT = 10,
    BACKOFF_MAX_DEFAULT = 1000
};

typedef struct child {
    ar_child spec; /* options.name is `name` */
    char name[64];
    ar_actor *actor; /* NULL: not running */
    uint64_t monitor;
    bool waiting;
    uint32_t streak;    /* restarts, each within the period after the one before */
    int64_t restart_at; /* when the last was planned */
} child;

typedef struct supervisor {
    ar_runtime *runtime;
    uint32_t max_restarts;
    int64_t period_ms;
    int64_t backoff_ms;
    int64_t backoff_max_ms;
    int64_t *restarts; /* when the last ones were planned: a ring of max_restarts */
    uint32_t restart_first;
    uint32_t restart_count;
    bool ending;
    ar_status reason;
    ar_error error;
    size_t child_count;
    child children[];
} supervisor;

static const char *name_of(const child *c)
{
    return c->name[0] != '\0' ? c->name : "(anonymous)";
}

/* --- ending --- */

/* Asks the last child that runs to stop. False: none does. */
static bool stop_last(supervisor *self)
{
    for (size_t i = self->child_count; i > 0; i--) {
        if (self->children[i - 1].actor == NULL)
            continue;
        ar_ignore(ar_actor_stop(self->children[i - 1].actor,
                                NULL)); /* AR_E_CLOSED: it is ending, and its monitor will say so */
        return true;
    }
    return false;
}

static bool stopping(ar_context *context, void *state)
{
    supervisor *self = state;
    (void)context;
    if (self->ending)
        return false; /* it fails already */
    self->ending = true;
    return !stop_last(self);
}

/* After a child is down: AR_OK, or the reason to end with. */
static ar_status go_on_ending(ar_context *context, supervisor *self, ar_error *err)
{
    if (stop_last(self))
        return AR_OK;
    if (self->reason == AR_OK)
        ari_context_end(context);
    else if (err != NULL)
        *err = self->error;
    return self->reason;
}

static ar_status give_up(ar_context *context, supervisor *self, ar_error *err)
{
    self->reason = self->error.status;
    self->ending = true;
    return go_on_ending(context, self, err);
}

/* --- restarts --- */

static bool too_many_restarts(supervisor *self, int64_t now)
{
    while (self->restart_count > 0 && now - self->restarts[self->restart_first] > self->period_ms * 1000) {
        self->restart_first = (self->restart_first + 1) % self->max_restarts;
        self->restart_count--;
    }
    if (self->restart_count == self->max_restarts)
        return true;
    self->restarts[(self->restart_first + self->restart_count++) % self->max_restarts] = now;
    return false;
}

static int64_t next_wait(supervisor *self, child *c, int64_t now)
{
    const ar_env *env = &self->runtime->env;
    if (c->streak > 0 && now - c->restart_at > self->period_ms * 1000)
        c->streak = 0;
    int64_t backoff = self->backoff_ms;
    for (uint32_t i = 0; i < c->streak && backoff < self->backoff_max_ms; i++)
        backoff = backoff > self->backoff_max_ms / 2 ? self->backoff_max_ms : backoff * 2;
    if (backoff > self->backoff_max_ms)
        backoff = self->backoff_max_ms;
    c->streak++;
    c->restart_at = now;
    int64_t least = backoff / 2;
    return least + (int64_t)(env->random(env->ctx) % (uint64_t)(backoff - least + 1));
}

static ar_status plan_restart(ar_context *context, supervisor *self, child *c, ar_status reason, const ar_error *error,
                              ar_error *err)
{
    const ar_env *env = &self->runtime->env;
    int64_t now = env->now(env->ctx);
    ar_error trouble;

    if (too_many_restarts(self, now)) {
        ar_error_set(
            &self->error, reason == AR_OK ? AR_E_CLOSED : reason,
            "a supervisor gave up: its child %s ended more than %u times within %lld ms; the last time: %s: %s",
            name_of(c), self->max_restarts, (long long)self->period_ms, ar_status_name(reason),
            reason == AR_OK ? "it was stopped" : error->message);
        return give_up(context, self, err);
    }
    int64_t wait_ms = next_wait(self, c, now);
    ar_message restart = { .kind = ARI_MESSAGE_RESTART, .number = (int64_t)(c - self->children) };
    ar_status status = ari_context_send_after(context, wait_ms, restart, &trouble);
    if (status == AR_E_CLOSED)
        return AR_OK; /* so is its runtime */
    if (status != AR_OK) {
        ar_error_set(&self->error, status, "a supervisor gave up: planning the restart of its child %s: %s", name_of(c),
                     trouble.message);
        return give_up(context, self, err);
    }
    c->waiting = true;
    ari_runtime_log(self->runtime, AR_LOG_WARNING, "child %s ended (%s) and is started again in %lld ms", name_of(c),
                    ar_status_name(reason), (long long)wait_ms);
    return AR_OK;
}

static ar_status child_is_down(ar_context *context, supervisor *self, child *c, ar_status reason, const ar_error *error,
                               ar_error *err)
{
    c->actor = NULL;
    if (self->ending)
        return go_on_ending(context, self, err);
    bool again = c->spec.restart == AR_RESTART_ALWAYS || (c->spec.restart == AR_RESTART_ON_FAILURE && reason != AR_OK);
    if (!again || ari_runtime_is_closing(self->runtime))
        return AR_OK;
    return plan_restart(context, self, c, reason, error, err);
}

static ar_status start_child(ar_context *context, supervisor *self, child *c, ar_error *err)
{
    ar_error error = { .status = AR_E_NO_MEMORY, .message = "monitoring the child: out of memory" };
    ar_status status = AR_E_NO_MEMORY;
    ari_monitor *monitor = ari_monitor_prepare(context);

    c->waiting = false;
    if (monitor != NULL && c->spec.start != NULL) {
        status = c->spec.start(self->runtime, c->spec.arg, &c->actor, &error);
        if (status == AR_OK && c->actor == NULL)
            status = ar_error_set(&error, AR_E_INVALID, "its start gave no actor");
        if (status == AR_OK)
            c->monitor = ari_monitor_place(context, monitor, c->actor);
    } else if (monitor != NULL) {
        ari_spawn spawn = { .watcher = context, .monitor = monitor };
        status = ari_actor_spawn(self->runtime, &c->spec.options, &spawn, &c->actor, &error);
        c->monitor = spawn.number;
    }
    if (status == AR_OK)
        return AR_OK;
    if (monitor != NULL)
        ari_monitor_discard(context, monitor);
    return child_is_down(context, self, c, status, &error, err);
}

/* --- the actor --- */

static ar_status init(ar_context *context, void **state, ar_error *err)
{
    supervisor *self = *state;
    ar_status status = AR_OK;
    for (size_t i = 0; i < self->child_count && status == AR_OK && !self->ending; i++)
        status = start_child(context, self, &self->children[i], err);
    return status;
}

static ar_status down(ar_context *context, supervisor *self, const ar_down *told, ar_error *err)
{
    for (size_t i = 0; i < self->child_count; i++) {
        child *c = &self->children[i];
        if (c->actor != NULL && c->monitor == told->monitor)
            return child_is_down(context, self, c, told->reason, &told->error, err);
    }
    return AR_OK;
}

static ar_status behaviour(ar_context *context, void *state, ar_message *message, ar_error *err)
{
    supervisor *self = state;
    bool is_child = message->number >= 0 && (uint64_t)message->number < self->child_count;

    if (message->kind == AR_MESSAGE_DOWN)
        return down(context, self, message->data, err);
    if (message->kind == ARI_MESSAGE_RESTART && is_child && !self->ending)
        return start_child(context, self, &self->children[message->number], err);
    if (message->kind == AR_SUPERVISOR_CHILD)
        ar_context_reply(context, (ar_message){ .kind = AR_SUPERVISOR_CHILD,
                                                .number = message->number,
                                                .data = is_child ? self->children[message->number].actor : NULL });
    return AR_OK;
}

static void release(supervisor *self)
{
    if (self == NULL)
        return;
    ari_release(&self->runtime->env, self->restarts);
    ari_release(&self->runtime->env, self);
}

static void terminate(void *state, ar_status reason)
{
    (void)reason;
    release(state);
}

static ar_status check_children(const ar_supervisor_options *options, ar_error *err)
{
    if (options->children == NULL && options->child_count > 0)
        return ar_error_set(err, AR_E_INVALID, "spawning a supervisor: `children` is NULL");
    for (size_t i = 0; i < options->child_count; i++) {
        ar_actor_options child_options = options->children[i].options;
        ar_error wrong;
        if (options->children[i].start != NULL)
            child_options.behaviour = behaviour; /* not used */
        ar_status status = ari_actor_check_options(&child_options, &wrong);
        if (status != AR_OK)
            return ar_error_set(err, status, "spawning a supervisor: child %zu: %s", i, wrong.message);
    }
    return AR_OK;
}

static ar_status check(const ar_supervisor_options *options, ar_actor *const *out, ar_error *err)
{
    if (options == NULL || out == NULL)
        return ar_error_set(err, AR_E_INVALID, "spawning a supervisor: options and `out` must be there");
    if (!ari_struct_size_fits(options->struct_size, sizeof *options))
        return ar_error_set(err, AR_E_INVALID, "spawning a supervisor: struct_size is %zu, must be 0 or %zu",
                            options->struct_size, sizeof *options);
    if (options->max_restarts > RESTARTS_MOST || options->period_ms < 0 || options->period_ms > INT64_MAX / 1000 ||
        options->backoff_ms < 0 || options->backoff_max_ms < 0)
        return ar_error_set(err, AR_E_INVALID,
                            "spawning a supervisor: times must not be negative, nor max_restarts above %d",
                            RESTARTS_MOST);
    return check_children(options, err);
}

static void copy_child(child *c, const ar_child *spec)
{
    c->spec = *spec;
    if (spec->options.name == NULL)
        return;
    strcpy(c->name, spec->options.name); /* at most 63 bytes: checked */
    c->spec.options.name = c->name;
}

static supervisor *make(ar_runtime *runtime, const ar_supervisor_options *options)
{
    size_t size = 0;
    supervisor *self = NULL;
    if (ari_size_multiply(options->child_count, sizeof(child), &size) && ari_size_add(size, sizeof *self, &size))
        self = ari_allocate_zero(&runtime->env, size);
    if (self == NULL)
        return NULL;
    self->runtime = runtime;
    self->max_restarts = options->max_restarts == 0 ? RESTARTS_DEFAULT : options->max_restarts;
    self->period_ms = options->period_ms == 0 ? PERIOD_DEFAULT : options->period_ms;
    self->backoff_ms = options->backoff_ms == 0 ? BACKOFF_DEFAULT : options->backoff_ms;
    self->backoff_max_ms = options->backoff_max_ms == 0 ? BACKOFF_MAX_DEFAULT : options->backoff_max_ms;
    self->child_count = options->child_count;
    for (size_t i = 0; i < options->child_count; i++)
        copy_child(&self->children[i], &options->children[i]);
    self->restarts = ari_allocate_array(&runtime->env, self->max_restarts, sizeof *self->restarts);
    if (self->restarts != NULL)
        return self;
    release(self);
    return NULL;
}

ar_status ar_supervisor_spawn(ar_runtime *runtime, const ar_supervisor_options *options, ar_actor **out, ar_error *err)
{
    ar_error error;
    if (out != NULL)
        *out = NULL;
    ar_status status = check(options, out, err);
    if (status != AR_OK)
        return status;
    runtime = ari_runtime_resolve(runtime, &error);
    if (runtime == NULL) {
        if (err != NULL)
            *err = error;
        return error.status;
    }
    supervisor *self = make(runtime, options);
    if (self == NULL)
        return ar_error_set(err, AR_E_NO_MEMORY, "spawning a supervisor: out of memory");
    ar_actor_options actor_options = {
        .name = options->name, .behaviour = behaviour, .state = self, .init = init, .terminate = terminate
    };
    ari_spawn spawn = { .stopping = stopping };
    status = ari_actor_spawn(runtime, &actor_options, &spawn, out, err);
    if (status != AR_OK)
        release(self);
    return status;
}
