"""Reading accounts: what one page shows, in one frozen answer."""

from accounts.queries.brokers import (
    BrokerLine,
    BrokerPage,
    Cell,
    DoorLine,
    Known,
    Row,
    Section,
    broker_lines,
    broker_page,
    door_lines,
)
from accounts.queries.logins import (
    LoginPage,
    all_doors,
    closing,
    ending,
    left_without,
    login_page,
    sole_entity,
    taking_away,
)

__all__ = [
    "BrokerLine",
    "BrokerPage",
    "Cell",
    "DoorLine",
    "Known",
    "LoginPage",
    "Row",
    "Section",
    "all_doors",
    "broker_lines",
    "broker_page",
    "closing",
    "door_lines",
    "ending",
    "left_without",
    "login_page",
    "sole_entity",
    "taking_away",
]
