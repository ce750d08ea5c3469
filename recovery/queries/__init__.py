"""Reading doors, authenticators and backups.

Which function for which page:

- a list, Today, a person: `door_picture(member, at=, office=)`, slim and fast, with `.by_login()`, `.by_holder()`,
  `.census()`;
- one account: `doors_of_account(account, member, at=, office=)` gives cards with reason and bolts, from which `plates`
  and `validated_devices` are made without a query;
- any other doors: `load(doors, member, at=, office=).cards()`, and `.cards(also_lost=…)` for what a loss would do;
- one thing, or many in a list: `thing_page`, `summaries`;
- authenticators and backups: `rings` for all logins, `independent_backups` for one, `lines` for who has none.
"""

from recovery.picture import DoorFacts, Picture, door_picture
from recovery.queries.alone import Line, line_of, lines
from recovery.queries.doors import (
    Cell,
    DeviceProof,
    DoorCard,
    Loaded,
    Matrix,
    Plate,
    doors_of_account,
    in_order,
    load,
    need,
    plates,
    validated_devices,
)
from recovery.queries.keys import (
    Carrier,
    Key,
    Keys,
    Ring,
    Spare,
    independent_backups,
    keys_of,
    keys_of_logins,
    rings,
)
from recovery.queries.things import IfLost, Summary, ThingPage, summaries, thing_page

__all__ = [
    "Carrier",
    "Cell",
    "DeviceProof",
    "DoorCard",
    "DoorFacts",
    "IfLost",
    "Key",
    "Keys",
    "Line",
    "Loaded",
    "Matrix",
    "Picture",
    "Plate",
    "Ring",
    "Spare",
    "Summary",
    "ThingPage",
    "door_picture",
    "doors_of_account",
    "in_order",
    "independent_backups",
    "keys_of",
    "keys_of_logins",
    "line_of",
    "lines",
    "load",
    "need",
    "plates",
    "rings",
    "summaries",
    "thing_page",
    "validated_devices",
]
