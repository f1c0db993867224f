/* SPDX-License-Identifier: MIT */
/* How an executor sleeps and is rung: the model of actors/worker.c on actors/doorbell.c, one level below
 * actor_wakeup.pml, whose `bell!1` is a ring here. Keep model and code in step.
 *
 * A ringer pushes its runner on `rung`, exchanges `asleep` for 0, and only when that was 1 takes the doorbell's one
 * message out of `spare` and sends it. The executor empties `rung`, sets `asleep`, looks once more, and waits for the
 * message; it puts the message back before it looks again.
 *
 * Checked: every runner that was rung gets its turn (no invalid end state), the message is never sent twice at a time
 * (the doorbell's buffer of one), and nobody touches a worker that was freed.
 *
 *   -DNRING=n    ringers, each with a runner that ends after its turn; -DMUTANT_x breaks the protocol: see model.cmake */
#ifndef NRING
#define NRING 3
#endif

bool asleep, quit, left, freed;
bool spare = true;
byte rung, turned, ringing;
chan message = [1] of { bit };

#define TOUCH assert(!freed)

inline doorbell_ring()
{
    atomic { TOUCH; got = spare; spare = false };
    if
    :: got -> TOUCH; assert(nfull(message)); message!1
    :: else
    fi
}

active [NRING] proctype Ringer()
{
    bool was, got;
    byte me = (1 << _pid);

#ifndef MUTANT_NOT_COUNTED
    atomic { TOUCH; ringing++ };            /* before the push: stop waits for it */
#endif
    atomic { TOUCH; rung = rung | me };
    atomic { TOUCH; was = asleep; asleep = false };
    if
    :: was -> doorbell_ring()
    :: else
    fi;
#ifndef MUTANT_NOT_COUNTED
    atomic { TOUCH; ringing-- };
#endif
    turned & me                             /* its turn comes */
}

active proctype Executor()
{
    byte taken;

    do
    :: asleep = false;
       do
       :: atomic { rung != 0 -> taken = rung; rung = 0 };
          turned = turned | taken; taken = 0
       :: rung == 0 -> break
       od;
       asleep = true;
       if
#ifndef MUTANT_NO_SECOND_LOOK
       :: rung != 0 -> skip
#endif
       :: else ->
          if
          :: quit -> break
          :: else ->
             message?_;
#ifndef MUTANT_MESSAGE_KEPT
             spare = true
#endif
          fi
       fi
    od;
    left = true
}

active proctype Stopper()                   /* once every runner has ended */
{
    bool got;

    turned == (1 << NRING) - 1;
    ringing == 0;
    quit = true;
    doorbell_ring();
    left;
    freed = true
}
