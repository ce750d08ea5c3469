"""Which doors stand open, given what a login holds and what was proven. Pure Python, no Django.

A door stands in one of five states. What is asked:

1. Is it used at all? If not, `none`.
2. Do the factors at hand satisfy its requirement? Factors that nobody enrols (password, caller's identity, a running
   session, a network) are taken as held. If not, it is `shut` when lost things would have satisfied it, and `unknown`
   when nothing on file would.
3. Was it proven? One device at hand whose proof has not run out makes it `open`. A proof that ran out, failed, or was
   made on a thing that is gone makes it `bolted`: it needs action. No proof at all leaves it `unknown`.

A door that recognises no devices (reports, telephone) and a program's login without any validation on file are proven
by their authenticators instead: open when what was itself proven, or needs no proof, satisfies them.

Losing more never opens a door.
"""

from recovery.accessgraph.doors import (
    STATES,
    Held,
    Proof,
    Seen,
    State,
    Verdict,
    door_state,
    judge,
    proof_in_sum,
)
from recovery.accessgraph.spares import Way, common, independent
from recovery.accessgraph.things import gone, parts

__all__ = [
    "STATES",
    "Held",
    "Proof",
    "Seen",
    "State",
    "Verdict",
    "Way",
    "common",
    "door_state",
    "gone",
    "independent",
    "judge",
    "parts",
    "proof_in_sum",
]
