"""The rail: where a member can go. Shorter for those who may do less."""

from __future__ import annotations

from dataclasses import dataclass

from core.addresses import address


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the rail. `count` is shown when it is not zero."""

    url: str
    icon: str
    label: str
    count: int = 0
    current: bool = False


# (route, icon, label, who sees it, name of the count in the frame)
GROUPS = [
    ("", [("dashboard:today", "calendar-check", "Today", "any", "")]),
    (
        "What you have",
        [
            ("dashboard:list_accounts", "vault", "Accounts", "any", ""),
            ("devices:list_assets", "laptop", "Devices", "any", ""),
            ("devices:list_authenticators", "key-round", "Authenticators", "any", ""),
            ("dashboard:list_members", "users-round", "People", "all", ""),
        ],
    ),
    (
        "Keeping up",
        [
            ("notices:list_notices", "inbox", "Broker notices", "any", "notices"),
            ("notices:list_letters", "mail", "Letters", "any", ""),
        ],
    ),
    (
        "Office",
        [
            ("exchange:import_start", "upload", "Import and export", "all", ""),
            ("accounts:list_brokers", "landmark", "Brokers", "any", ""),
            ("dashboard:show_trail", "history", "Trail", "all", ""),
            ("identity:edit_office", "settings", "Settings", "manager", ""),
        ],
    ),
]

# Pages that belong to another line than their address says.
BELONGS_TO = {
    "/logins/": "/accounts/",
    "/grants/": "/accounts/",
    "/findings/": "/accounts/",
    "/validations/": "/devices/",
    "/backups/": "/authenticators/",
    "/office/export/": "/office/import/",
    "/office/demo/": "/office/import/",
}


def rail(member, path: str, facts) -> list[tuple[str, list[Item]]]:
    """The groups this member sees, with the line of the present page marked."""
    path = next((line for start, line in BELONGS_TO.items() if path.startswith(start)), path)
    seen = [(heading, [line for line in lines if _sees(member, line[3])]) for heading, lines in GROUPS]
    urls = (address(route) for _, lines in seen for route, *_ in lines)
    here = max((url for url in urls if _covers(url, path)), key=len, default="")
    return [(heading, [_item(line, here, facts) for line in lines]) for heading, lines in seen if lines]


def _covers(url: str, path: str) -> bool:
    """Whether the present page stands below this line; Today is only itself."""
    return path == url or (url != "/" and path.startswith(url))


def _sees(member, who: str) -> bool:
    return {"any": True, "all": member.sees_everything, "manager": member.is_manager}[who]


def _item(line, here: str, facts) -> Item:
    route, icon, label, _, count = line
    url = address(route)
    return Item(url=url, icon=icon, label=label, count=getattr(facts, count) if count else 0, current=url == here)
