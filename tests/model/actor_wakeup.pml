/* SPDX-License-Identifier: MIT */
/* How an actor is woken, run and closed: the model that actors/ implements. Keep the two in step: a change of the
 * protocol is made here first, and every mutant below must still be caught.
 *
 * S, one atomic word in the code, is the six flags here; what the code does in one CAS stands in one `atomic`.
 *   RUN    somebody holds the run token        BELL  a doorbell message is under way, at most one
 *   EV     the socket had an event             PARK  the holder of the token sleeps in poll and wants to be nudged
 *   CLOSE  closing was asked for               GONE  the executor has left: whoever posts fails the operation itself
 * `mailbox` is the multi-producer list, a set of operations as bits; taking all of it is one exchange.
 *
 * Checked: never two runners; PARK only while somebody holds the token; never a second bell; an executor that leaves
 * leaves nothing behind; and, as the absence of invalid end states, no lost wake-up: every caller that waits gets its
 * operation done.
 *
 *   -DNOPS=n     callers, one operation each (2 or 3)
 *   -DBLOCKING   the engine blocks: an operation is done when it was sent, there is no socket
 *   -DPARTIAL    a batch may handle one operation and keep the others for another turn (with BLOCKING)
 *   -DCLOSING    somebody closes the actor at any moment
 *   -DDEP        the reply to operation 1 comes only after operation 2 was sent
 *   -DMUTANT_x   breaks the protocol in one place; see model.cmake for the list */
bool RUN, BELL, EV, PARK, CLOSE, GONE;
byte mailbox;                   /* posted, not taken */
byte kept;                      /* taken, for another turn; under the token */
byte inflight;                  /* sent, no reply read */
byte replies;                   /* the socket is readable for these */
byte completed;                 /* futures that are complete */
byte runners;                   /* holders of the token: an invariant's ghost */
bool armed;                     /* the socket is watched, ONESHOT */
bool nudge;                     /* the eventfd of a parked holder */
chan bell = [1] of { bit };     /* the doorbell: nng's pair */

#ifndef NOPS
#define NOPS 2
#endif
#ifdef BLOCKING
#define SEND(op) completed = completed | op
#else
#define SEND(op) inflight = inflight | op
#endif

#define TAKE_TOKEN RUN = true; held = true; runners++; assert(runners == 1); assert(!PARK)

inline claim_to_fail()          /* CAS !RUN -> +RUN; GONE does not matter */
{
    atomic { if :: !RUN -> TAKE_TOKEN :: else -> held = false fi }
}

inline fail_rest()              /* S has GONE: nobody else will look at the mailbox again */
{
    do
    :: mailbox != 0 ->
        claim_to_fail();
        if
        :: held ->
            d_step { batch = mailbox; mailbox = 0 };
            completed = completed | batch; batch = 0;
            atomic { RUN = false; runners-- }
        :: else -> break
        fi
    :: else -> break
    od
}

#define NOTHING 0
#define RING 1
#define NUDGE 2
#define FAIL 3

inline wake()
{
    atomic {
        if
#ifdef MUTANT_NO_FAIL_REST
        :: GONE -> todo = NOTHING
#else
        :: GONE -> todo = FAIL
#endif
        :: else ->
            if
            :: RUN && PARK -> PARK = false; todo = NUDGE
            :: RUN && !PARK -> todo = NOTHING
#ifdef MUTANT_RING_TWICE
            :: !RUN -> BELL = true; todo = RING
#else
            :: !RUN && BELL -> todo = NOTHING
            :: !RUN && !BELL -> BELL = true; todo = RING
#endif
            fi
        fi
    };
    if
    :: todo == RING -> assert(nfull(bell)); bell!1
    :: todo == NUDGE ->
#ifndef MUTANT_NO_NUDGE
        nudge = true
#else
        skip
#endif
    :: todo == FAIL -> fail_rest()
    :: else
    fi;
    todo = NOTHING
}

/* Runs the actor. The token is held on entry and given up on exit. `own` is the operation of a helper, 0 for the
 * executor. */
inline drive(own)
{
    skip;
again:
    skip;
    EV = false;
    saw_close = CLOSE;
    d_step { batch = mailbox; mailbox = 0 };
    if
    :: saw_close ->
#ifdef PARTIAL
        d_step { batch = batch | kept; kept = 0 };
#endif
        completed = completed | batch;
        d_step { completed = completed | inflight; inflight = 0; replies = 0; armed = false }
    :: else ->
#ifdef PARTIAL
        d_step { batch = batch | kept; kept = 0 };
        if
        :: true -> skip
        :: batch & 1 -> d_step { kept = batch & 6; batch = 1 }
        :: (batch & 3) == 2 -> d_step { kept = batch & 4; batch = 2 }
        fi;
#ifndef MUTANT_KEPT_FORGOTTEN
        again_wanted = kept != 0;
#endif
#endif
        if :: batch & 1 -> SEND(1) :: else fi;
        if :: batch & 2 -> SEND(2) :: else fi;
        if :: batch & 4 -> SEND(4) :: else fi
    fi;
    d_step {                    /* read what the socket has, complete those futures */
        batch = replies; replies = 0;
        completed = completed | (batch & inflight);
        inflight = inflight & ~batch;
        batch = 0
    };
#ifndef BLOCKING
    if
    :: own != 0 && !(completed & own) ->
#ifdef MUTANT_PARK_LATE
        if
        :: mailbox != 0 || CLOSE || EV -> skip
        :: else -> PARK = true; (replies != 0 || nudge)
        fi;
#else
        PARK = true;            /* first say so, then look: whoever posts in between sees PARK */
        if
        :: mailbox != 0 || CLOSE || EV -> skip
        :: else -> (replies != 0 || nudge)
        fi;
#endif
#ifndef MUTANT_PARK_KEPT
        PARK = false;
#endif
        nudge = false;
        goto again
    :: else
    fi;
#ifndef MUTANT_NOT_ARMED
    if :: inflight != 0 -> armed = true :: else fi;
#endif
#endif
    atomic {
        if
#ifndef MUTANT_EV_IGNORED
        :: EV -> batch = 1
#endif
#ifdef MUTANT_GONE_UNDER_BELL
        :: !EV && own == 0 && saw_close -> GONE = true; RUN = false; runners--; batch = 2
#else
        :: !EV && own == 0 && saw_close && !BELL -> GONE = true; RUN = false; runners--; batch = 2
#endif
        :: else -> RUN = false; runners--; batch = 0
        fi
    };
    if
    :: batch == 1 -> batch = 0; goto again
    :: batch == 2 -> batch = 0; fail_rest()
    :: else ->
#ifdef MUTANT_NO_RECHECK
        skip
#else
        if :: again_wanted || mailbox != 0 || CLOSE -> wake() :: else fi
#endif
    fi;
    again_wanted = false;
    skip
}

active [NOPS] proctype Caller()
{
    byte todo, batch;
    bool held, sync, saw_close, again_wanted;
    byte me = (1 << _pid);

    if :: sync = true :: sync = false fi;
    mailbox = mailbox | me;     /* push */
    if
    :: !sync ->
        wake();
        if :: goto waits :: skip fi     /* awaits later as a helper, or only waits */
    :: else
    fi;
    if :: completed & me -> goto out :: else fi;
#ifdef MUTANT_TORN_CLAIM
    held = !GONE && !RUN;
    if :: held -> atomic { TAKE_TOKEN } :: else fi;
#else
    atomic { if :: GONE -> held = false :: !GONE && !RUN -> TAKE_TOKEN :: else -> held = false fi };
#endif
    if
    :: held -> drive(me)
    :: else -> wake()
    fi;
waits:
    completed & me;
out:
    skip
}

active proctype Executor()
{
    byte todo, batch;
    bool held, saw_close, again_wanted;

end:
    do
    :: GONE -> goto out
    :: !GONE && bell?[1] ->
        bell?_;
        atomic {
#ifndef MUTANT_BELL_KEPT
            BELL = false;
#endif
            if :: !RUN -> TAKE_TOKEN :: else -> held = false fi
        };
        if :: held -> drive(0) :: else fi
#ifndef BLOCKING
    :: !GONE && armed && replies != 0 ->
        armed = false;
        atomic {
            EV = true;
            if
            :: !RUN -> TAKE_TOKEN
            :: RUN && PARK -> held = false; PARK = false; todo = NUDGE
            :: else -> held = false
            fi
        };
        if :: todo == NUDGE -> nudge = true; todo = NOTHING :: else fi;
        if :: held -> drive(0) :: else fi
#endif
    od;
out:
    assert(empty(bell) && inflight == 0 && !BELL)
}

#ifndef BLOCKING
active proctype Server()
{
end:
    do
#ifdef DEP
    :: atomic { (inflight & 1) && !(replies & 1) && ((inflight | completed) & 2) -> replies = replies | 1 }
#else
    :: atomic { (inflight & 1) && !(replies & 1) -> replies = replies | 1 }
#endif
    :: atomic { (inflight & 2) && !(replies & 2) -> replies = replies | 2 }
    :: atomic { (inflight & 4) && !(replies & 4) -> replies = replies | 4 }
    od
}
#endif

#ifdef CLOSING
active proctype Closer()
{
    byte todo, batch;
    bool held;

    CLOSE = true;
    wake();
    GONE                        /* joins the executor */
}
#endif
